-- 0001_seminar_service.sql - people, their two kinds of profile, seminars, and who is in which.
--
-- Dates are RFC 3339 texts in UTC with microseconds ("2021-11-13T14:59:00.123456Z"): readable in the REPL, and in the
-- order of time when sorted as text. The checks repeat what the serializers refuse, because operators write here too.

CREATE TABLE user (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,     -- never given twice, so an old token cannot name a new person
  username    TEXT NOT NULL CHECK (username <> ''),  -- what the person is called on the site; may repeat
  email       TEXT NOT NULL COLLATE NOCASE UNIQUE    -- the login, kept as it was typed, compared without case
              CHECK (email LIKE '%_@_%'),
  password    TEXT NOT NULL CHECK (password <> ''),  -- argon2id in its text form; named so that the scrubber hides it
  first_name  TEXT NOT NULL DEFAULT '',              -- '' if not given
  last_name   TEXT NOT NULL DEFAULT '',              -- '' if not given; both names are there or neither is
  last_login  TEXT,                                  -- set by every login; NULL until the first
  date_joined TEXT NOT NULL,                         -- when the person signed up
  CHECK ((first_name = '') = (last_name = ''))
);

CREATE TABLE participant_profile (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,      -- shown in the API as the profile's own id
  user_id    INTEGER NOT NULL UNIQUE                 -- whose it is: one-to-one, and it leaves with its user
             REFERENCES user (id) ON DELETE CASCADE,
  university TEXT NOT NULL DEFAULT '',               -- '' if the person did not say
  accepted   BOOLEAN NOT NULL DEFAULT 1              -- only accepted participants join seminars; no user changes it later
             CHECK (accepted IN (0, 1)),
  created_at TEXT NOT NULL,                          -- when the user became a participant
  updated_at TEXT NOT NULL                           -- when a field above last changed
);

CREATE TABLE instructor_profile (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,      -- shown in the API as the profile's own id
  user_id    INTEGER NOT NULL UNIQUE                 -- whose it is: one-to-one, and it leaves with its user
             REFERENCES user (id) ON DELETE CASCADE,
  company    TEXT NOT NULL DEFAULT '',               -- '' if the person did not say
  year       INTEGER                                 -- years of experience; NULL if the person did not say
             CHECK (year IS NULL OR (typeof(year) = 'integer' AND year >= 0)),
  created_at TEXT NOT NULL,                          -- when the user became an instructor
  updated_at TEXT NOT NULL                           -- when a field above last changed
);

CREATE TABLE seminar (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,      -- part of the seminar's address in the API
  name       TEXT NOT NULL CHECK (name <> ''),       -- may repeat; the list is searched by it
  capacity   INTEGER NOT NULL                        -- most active participants at a time; instructors do not count
             CHECK (typeof(capacity) = 'integer' AND capacity > 0),
  count      INTEGER NOT NULL                        -- how many times it meets
             CHECK (typeof(count) = 'integer' AND count > 0),
  time       TEXT NOT NULL                           -- when it starts, HH:MM on a 24-hour clock
             CHECK (time GLOB '[0-2][0-9]:[0-5][0-9]' AND time < '24:00'),
  online     BOOLEAN NOT NULL DEFAULT 1              -- held online, or in a room
             CHECK (online IN (0, 1)),
  created_at TEXT NOT NULL,                          -- the list is ordered by it
  updated_at TEXT NOT NULL                           -- when a field above last changed
);

-- The list, newest or earliest first; the id settles seminars made in the same microsecond.
CREATE INDEX seminar_by_age ON seminar (created_at, id);

CREATE TABLE user_seminar (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,      -- names the row to operators and in changesets
  user_id    INTEGER NOT NULL                        -- who
             REFERENCES user (id) ON DELETE CASCADE,
  seminar_id INTEGER NOT NULL                        -- in which seminar
             REFERENCES seminar (id) ON DELETE CASCADE,
  role       TEXT NOT NULL                           -- as what; settled by joining
             CHECK (role IN ('participant', 'instructor')),
  is_active  BOOLEAN NOT NULL DEFAULT 1              -- false once dropped: the row stays, and bars coming back
             CHECK (is_active IN (0, 1)),
  dropped_at TEXT,                                   -- when it was dropped; NULL while active
  created_at TEXT NOT NULL,                          -- when the user joined: `joined_at` in the API
  updated_at TEXT NOT NULL,                          -- when it was last joined, dropped or reversed
  UNIQUE (user_id, seminar_id),                      -- also finds a user's seminars
  CHECK (is_active = (dropped_at IS NULL)),
  CHECK (is_active OR role = 'participant')          -- an instructor does not leave the own seminar
);

-- A seminar's instructors, its participants, and how many of them are active.
CREATE INDEX user_seminar_by_seminar ON user_seminar (seminar_id, role, is_active);
