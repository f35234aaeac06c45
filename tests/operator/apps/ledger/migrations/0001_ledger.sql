-- Rooms with a number of places, and guests, who leave with their room. updated_at keeps books.
CREATE TABLE room (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  note       TEXT,
  places     INTEGER NOT NULL DEFAULT 1,
  made_at    TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  luck       INTEGER NOT NULL DEFAULT (random()),
  updated_at INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE guest (
  id      INTEGER PRIMARY KEY,
  room_id INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  name    TEXT NOT NULL
);
INSERT INTO room (id, name, note, luck) VALUES (1, 'red', NULL, 7), (2, 'blue', 'sea', 8), (3, 'green', 'wood', 9);
INSERT INTO guest (id, room_id, name) VALUES (1, 2, 'Ada'), (2, 2, '지우');
