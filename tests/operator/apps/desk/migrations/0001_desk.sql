-- Things on a desk, a log that a trigger keeps of them, labels that leave with them, and a table that cannot be recorded.
CREATE TABLE item (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL UNIQUE,
  ready BOOLEAN NOT NULL DEFAULT 0,
  note  TEXT
);
CREATE TABLE label (
  id      INTEGER PRIMARY KEY,
  item_id INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
  word    TEXT NOT NULL
);
CREATE TABLE item_log (
  id   INTEGER PRIMARY KEY,
  line TEXT NOT NULL
);
CREATE TRIGGER item_logged AFTER UPDATE ON item BEGIN
  INSERT INTO item_log (line) VALUES (old.name || ' became ' || new.name);
END;
CREATE TABLE heap (line TEXT);

INSERT INTO item (id, name, ready, note) VALUES (1, 'pen', 0, NULL), (2, 'ink', 1, 'blue'), (3, '종이', 0, '한국어 메모');
INSERT INTO label (item_id, word) VALUES (1, 'old'), (1, 'red');
