-- Which pieces of work have begun, so that a test can see that a request is under way.
CREATE TABLE work (
  name TEXT PRIMARY KEY
);
