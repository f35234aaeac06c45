CREATE TABLE "order" (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL, password_hash TEXT NOT NULL);
INSERT INTO "order" (id, name) VALUES (1, 'tea'), (2, 'ink');
INSERT INTO account (id, name, password_hash) VALUES (1, 'ada', 'pbkdf2-77aa01-kept-to-oneself');
