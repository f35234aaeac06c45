CREATE TABLE seminar (id INTEGER PRIMARY KEY, name TEXT NOT NULL, capacity INTEGER NOT NULL);
INSERT INTO seminar (name, capacity) VALUES ('Lua', 10), ('SQL', 0);
