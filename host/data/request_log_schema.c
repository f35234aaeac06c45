/**
 * request_log_schema.c - the tables of requests.db.
 *
 * Read by request_database.c, which applies the steps, and by people: the comments inside the SQL are kept by SQLite,
 * so `.schema` in a shell shows them too. A step that was released is never edited; a change is a new step.
 *
 * Times are microseconds since 1970 UTC. A field that does not apply is NULL. There is no index but by id: rows are
 * written a thousand a second and looked for now and then, among a hundred thousand at most.
 */
#include "data/request_log_schema.h"

static const char first_step[] =
    "CREATE TABLE request_log (\n"
    "  -- the order in which requests ended; lists and --follow go by it, the oldest are removed by it, and none comes\n"
    "  -- twice\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  -- when it came: what a user's story is matched with\n"
    "  started_at INTEGER NOT NULL,\n"
    "  -- X-Request-Id of the answer: what a client quotes; finds it in the log and in ErrorLog\n"
    "  request_id TEXT NOT NULL,\n"
    "  -- the service's name, that is, the pattern that matched: all requests of one endpoint, whatever their ids\n"
    "  route TEXT,\n"
    "  -- with path and query: what was asked\n"
    "  method TEXT,\n"
    "  -- decoded, without secrets; the desk searches by it\n"
    "  path TEXT,\n"
    "  -- as it was sent, without secrets: the same path may be asked in many ways\n"
    "  query TEXT,\n"
    "  -- what the client was answered; lists filter by it\n"
    "  status INTEGER NOT NULL,\n"
    "  -- from the request's head to the answer's last byte: what is slow\n"
    "  duration_us INTEGER NOT NULL,\n"
    "  -- of the answer's body as it was sent: what is large, and what was cut off by the client\n"
    "  bytes INTEGER NOT NULL,\n"
    "  -- whose request: what a user did before they called the desk\n"
    "  user_id INTEGER,\n"
    "  -- the same as people say it; kept when the user is deleted\n"
    "  user_email TEXT,\n"
    "  -- the client's address: one client's trouble or everybody's, attacks\n"
    "  remote_addr TEXT,\n"
    "  -- the client's program: one version's trouble or every one's\n"
    "  user_agent TEXT,\n"
    "  -- the error that is on record for it: mulligan errors show\n"
    "  error_ref TEXT,\n"
    "  -- how many requests this row stands for, where there were too many for all: sums and averages go by it\n"
    "  weight INTEGER NOT NULL,\n"
    "  -- of routes with log_bodies: the beginning of what was sent, without secrets; whoever builds a client needs it\n"
    "  input TEXT,\n"
    "  -- the whole of it in bytes: was the excerpt all\n"
    "  input_bytes INTEGER,\n"
    "  -- of routes with log_bodies: the beginning of what was answered, without secrets\n"
    "  output TEXT\n"
    ");\n"

    "CREATE TABLE request_minute (\n"
    "  -- minutes since 1970 UTC; charts of load, for operators\n"
    "  minute INTEGER NOT NULL,\n"
    "  -- the route's pattern; '' for requests of none\n"
    "  route TEXT NOT NULL,\n"
    "  -- 2 for 200 to 299, and so on: how much of it went wrong\n"
    "  status_class INTEGER NOT NULL,\n"
    "  -- how many in all, with or without a row: totals are exact whatever is sampled\n"
    "  requests INTEGER NOT NULL,\n"
    "  -- how many of them got no row because there were too many: why a list is not complete\n"
    "  sampled INTEGER NOT NULL,\n"
    "  -- how long they took together: averages\n"
    "  duration_us INTEGER NOT NULL,\n"
    "  -- and how much they were answered: traffic\n"
    "  bytes INTEGER NOT NULL,\n"
    "  PRIMARY KEY (minute, route, status_class)\n"
    ") WITHOUT ROWID;\n"

    "CREATE TABLE request_dropped (\n"
    "  -- why requests could not be kept; operators see it with every list\n"
    "  reason TEXT PRIMARY KEY,\n"
    "  -- how many: a list that is not complete says by how much\n"
    "  count INTEGER NOT NULL,\n"
    "  -- since when\n"
    "  first_at INTEGER NOT NULL,\n"
    "  -- and whether it goes on\n"
    "  last_at INTEGER NOT NULL\n"
    ") WITHOUT ROWID;\n";

static const struct migrate_step steps[] = {{1, "0001_request_log.sql", first_step}};

const struct migrate_step *request_log_schema(size_t *count) {
  *count = sizeof steps / sizeof *steps;
  return steps;
}
