-- 0001_seminar.sql - a thousand rows to read one of.

CREATE TABLE seminar (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  capacity INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  time     TEXT NOT NULL
);

WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1000)
INSERT INTO seminar (id, name, capacity, count, time)
SELECT n, 'Seminar ' || n, 10 + n % 90, 1 + n % 12, printf('%02d:%02d', n % 24, n % 60) FROM number;
