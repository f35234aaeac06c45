/**
 * error_log_schema.c - the tables of errors.db.
 *
 * Read by error_database.c, which applies the steps, and by people: the comments inside the SQL are kept by SQLite, so
 * `.schema` in a shell shows them too. A step that was released is never edited; a change is a new step.
 *
 * Times are microseconds since 1970 UTC. A field that does not apply is NULL.
 */
#include "data/error_log_schema.h"

static const char first_step[] =
    "CREATE TABLE error_group (\n"
    "  id INTEGER PRIMARY KEY,          -- what a person types: mulligan errors resolve 12\n"
    "  fingerprint TEXT NOT NULL,       -- the writer finds the group of an occurrence by it\n"
    "  algorithm INTEGER NOT NULL,      -- the version that computed it; developers change the rules without mixing old and new\n"
    "  explanation TEXT NOT NULL,       -- for whoever asks why these errors are one: what the fingerprint was made of\n"
    "  title TEXT NOT NULL,             -- one line for lists, alerts and mail subjects: type and message of the first\n"
    "  culprit TEXT NOT NULL,           -- developers look here first: the function, script or route that raised it\n"
    "  first_seen INTEGER NOT NULL,     -- tells a new bug from an old one; which release brought it\n"
    "  last_seen INTEGER NOT NULL,      -- tells a bug that is gone from one that goes on; the order of lists\n"
    "  total INTEGER NOT NULL DEFAULT 0, -- how often in all; alerts at the 10th, 100th, …; retention never lowers it\n"
    "  users INTEGER NOT NULL DEFAULT 0, -- how many different users met it: what to mend first\n"
    "  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved', 'muted')), -- the developers' work list; muted never alerts\n"
    "  state_by TEXT,                   -- who resolved, muted or reopened it, to be asked\n"
    "  state_at INTEGER,                -- when; an occurrence after it makes a regression of a resolved group\n"
    "  note TEXT,                       -- what that person wanted the next one to know\n"
    "  regressions INTEGER NOT NULL DEFAULT 0, -- how often it came back after it was resolved: the mend did not hold\n"
    "  regressed_at INTEGER,            -- when it last came back; set while that is the news about it, for alerts and lists\n"
    "  UNIQUE (fingerprint, algorithm)\n"
    ");\n"
    "CREATE INDEX error_group_last_seen ON error_group (last_seen);\n"

    "CREATE TABLE error_log (\n"
    "  id INTEGER PRIMARY KEY,          -- the order in which occurrences were stored; pages of lists go by it\n"
    "  ref TEXT NOT NULL UNIQUE,        -- what the user quotes to the desk; the spool is replayed once by it\n"
    "  occurred_at INTEGER NOT NULL,    -- when it happened: what a user's story is matched with\n"
    "  recorded_at INTEGER NOT NULL,    -- when it was committed; far from occurred_at means that it came through the spool\n"
    "  group_id INTEGER REFERENCES error_group (id), -- the same error's other occurrences\n"
    "  source TEXT NOT NULL,            -- who had it: request, operator, notebook, reload, alert, warning, host\n"
    "  level TEXT NOT NULL,             -- error or warning: what may wait\n"
    "  handled BOOLEAN NOT NULL,        -- raised on purpose (a refusal) or a bug: developers look at the bugs\n"
    "  status INTEGER,                  -- the HTTP status that the client was sent; alerts and lists filter by it\n"
    "  code TEXT,                       -- the exception's code in the answer (not_found), which client developers quote\n"
    "  app_code INTEGER,                -- the service's own catalogue number in the answer, which its desk knows by heart\n"
    "  exc_type TEXT,                   -- the exception's class or the kind of failure; lists, grouping\n"
    "  message TEXT,                    -- what it said; developers read it first\n"
    "  value TEXT,                      -- an error value that was no text, written out: nothing else shows what was raised\n"
    "  frames TEXT,                     -- JSON list, innermost first: file, line, function, in_app, source around, locals; the developer's debugger\n"
    "  breadcrumbs TEXT,                -- JSON list of at_us, kind, text: the SQL and log lines before it, how it came to this\n"
    "  method TEXT,                     -- with path, query, headers and body: how to send the request again\n"
    "  route TEXT,                      -- the pattern that matched: errors of one endpoint whatever its ids\n"
    "  path TEXT,                       -- the path as asked; the desk searches by it\n"
    "  query TEXT,                      -- the query string, scrubbed\n"
    "  headers TEXT,                    -- JSON object of the request's headers, scrubbed: client versions, content types, proxies\n"
    "  body TEXT,                       -- the body's beginning, scrubbed: the input that broke it\n"
    "  body_length INTEGER,             -- the whole body's bytes: was the excerpt all, was it cut on the way\n"
    "  user_id INTEGER,                 -- whose request: the desk answers that user; groups count users by it\n"
    "  user_email TEXT,                 -- the same as people say it; searched by the desk, kept when the user is deleted\n"
    "  remote_addr TEXT,                -- the client's address: one client's trouble or everybody's, attacks\n"
    "  user_agent TEXT,                 -- the client's program: one version's trouble or every one's\n"
    "  script TEXT,                     -- the operator script or notebook that ran\n"
    "  args TEXT,                       -- JSON object of its parameters, scrubbed: how to run it again\n"
    "  operator TEXT,                   -- who ran it, to be told what became of it\n"
    "  generation INTEGER,              -- which loading of the scripts: before or after that edit\n"
    "  \"release\" TEXT,                  -- the host's version: which deployment brought it\n"
    "  host TEXT,                       -- the machine, where several serve\n"
    "  pid INTEGER,                     -- the process: finds its log lines; a restart between two errors\n"
    "  request_id TEXT,                 -- finds the same request in the log file and the request log\n"
    "  duration_us INTEGER,             -- how long it had run: a time-out, or at once\n"
    "  lua_bytes INTEGER,               -- Lua memory in use: a leak, or the cap\n"
    "  scrubbed INTEGER NOT NULL,       -- how many secrets were taken out: why a value is missing; a leak upstream shows here\n"
    "  truncated BOOLEAN NOT NULL,      -- something was cut: what is not here may still have been there\n"
    "  user_report TEXT,                -- what the user wrote about it on the error page; the desk reads it\n"
    "  cause_id INTEGER REFERENCES error_log (id) -- the error during whose handling this one came\n"
    ");\n"
    "CREATE INDEX error_log_occurred_at ON error_log (occurred_at);\n"
    "CREATE INDEX error_log_group ON error_log (group_id, id);\n"
    "CREATE INDEX error_log_cause ON error_log (cause_id) WHERE cause_id IS NOT NULL;\n"

    "CREATE TABLE error_hour (\n"
    "  group_id INTEGER NOT NULL REFERENCES error_group (id), -- whose count\n"
    "  hour INTEGER NOT NULL,           -- hours since 1970 UTC; charts and spikes, for developers and alerts\n"
    "  count INTEGER NOT NULL,          -- occurrences in it; kept when retention removes the occurrences, so totals stay true\n"
    "  PRIMARY KEY (group_id, hour)\n"
    ") WITHOUT ROWID;\n"

    "CREATE TABLE error_group_user (\n"
    "  group_id INTEGER NOT NULL REFERENCES error_group (id), -- with user: has this user been counted in error_group.users\n"
    "  user TEXT NOT NULL,              -- id, or e-mail where there is no id; nobody is counted by address\n"
    "  PRIMARY KEY (group_id, user)\n"
    ") WITHOUT ROWID;\n"

    "CREATE TABLE error_dropped (\n"
    "  reason TEXT PRIMARY KEY,         -- why occurrences could not be kept; operators see it above every list\n"
    "  count INTEGER NOT NULL,          -- how many: a list that is not complete says by how much\n"
    "  first_at INTEGER NOT NULL,       -- since when\n"
    "  last_at INTEGER NOT NULL         -- and whether it goes on\n"
    ") WITHOUT ROWID;\n";

static const struct migrate_step steps[] = {
    {1, "0001_error_log.sql", first_step},
};

const struct migrate_step *error_log_schema(size_t *count) {
  *count = sizeof steps / sizeof *steps;
  return steps;
}
