-- Something to write secrets into. The text index quotes what it is asked for when it cannot make sense of it.
CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  password TEXT NOT NULL CHECK (length(password) < 10)
);
CREATE VIRTUAL TABLE note USING fts5 (text);
