/**
 * run_table.c - the host's tables in app.db: runs that changed it, and the head of the audit.
 *
 * Called by the audit and by whoever applies a changeset, on the thread that has the store. The store's guard refuses
 * scripts' writes to these tables, so that the statements here run as the store's own. Invariant: the kept head never
 * goes back, whichever of two processes comes last.
 */
#include "data/run_table.h"

#include "base/clock.h"
#include "data/store_internal.h"
#include "data/table_shape.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SQL_CAP = 4096 };

static const char *const tables_sql[] = {"CREATE TABLE IF NOT EXISTS mulligan_run (\n"
                                         "  -- as in audit.db: this run changed this database\n"
                                         "  id TEXT PRIMARY KEY,\n"
                                         "  -- microseconds since 1970 UTC\n"
                                         "  applied_at INTEGER NOT NULL,\n"
                                         "  -- the newest entry of the audit before it was applied\n"
                                         "  audit_hash TEXT NOT NULL\n"
                                         ") WITHOUT ROWID",
                                         "CREATE TABLE IF NOT EXISTS mulligan_audit (\n"
                                         "  id INTEGER PRIMARY KEY CHECK (id = 1),\n"
                                         "  -- how many entries audit.db must have at least\n"
                                         "  entries INTEGER NOT NULL,\n"
                                         "  -- and the hash of the last of them\n"
                                         "  hash TEXT NOT NULL\n"
                                         ")"};

bool run_table_owns(const char *table) {
  return table && (strcasecmp(table, "mulligan_run") == 0 || strcasecmp(table, "mulligan_audit") == 0);
}

/* ---- statements ---- */

struct own_call {
  struct store *store;
  struct sqlite3_stmt *statement;
  enum store_trust trust; /* before */
  enum mulligan_status status;
};

/* The trust lasts until finish(): SQLite may ask again while it steps. */
static void prepare(struct own_call *call, struct store *store, const char *text, struct fault *fault) {
  struct buf sql;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, text);
  *call = (struct own_call){.store = store, .trust = store->trust};
  store->trust = STORE_TRUST_SELF;
  call->status = table_shape_prepare(store_handle(store), &sql, &call->statement, fault);
}

static void bind_text(struct own_call *call, int index, const char *text) {
  if (call->status == MULLIGAN_OK)
    sqlite3_bind_text(call->statement, index, text, -1, SQLITE_STATIC);
}

static void bind_integer(struct own_call *call, int index, int64_t value) {
  if (call->status == MULLIGAN_OK)
    sqlite3_bind_int64(call->statement, index, value);
}

static bool step(struct own_call *call, struct fault *fault) {
  if (call->status != MULLIGAN_OK)
    return false;
  int rc = sqlite3_step(call->statement);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    call->status = store_fail(call->store, rc, NULL, 0, fault);
  return rc == SQLITE_ROW;
}

static enum mulligan_status finish(struct own_call *call) {
  sqlite3_finalize(call->statement);
  call->store->trust = call->trust;
  return call->status;
}

/* ---- writing ---- */

static enum mulligan_status make_tables(struct store *store, struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  for (size_t i = 0; i < sizeof tables_sql / sizeof *tables_sql && status == MULLIGAN_OK; i++) {
    struct own_call call;
    prepare(&call, store, tables_sql[i], fault);
    step(&call, fault);
    status = finish(&call);
  }
  return status;
}

enum mulligan_status run_table_keep(struct store *store, const struct run_table_head *head, struct fault *fault) {
  struct own_call call;
  enum mulligan_status status = make_tables(store, fault);
  if (status != MULLIGAN_OK)
    return status;
  prepare(&call, store,
          "INSERT INTO main.mulligan_audit (id, entries, hash) VALUES (1, ?1, ?2)"
          " ON CONFLICT (id) DO UPDATE SET entries = excluded.entries, hash = excluded.hash"
          " WHERE excluded.entries > entries",
          fault);
  bind_integer(&call, 1, head->entries);
  bind_text(&call, 2, head->hash);
  step(&call, fault);
  return finish(&call);
}

enum mulligan_status run_table_enter(struct store *store, const char *run, const struct run_table_head *head,
                                     struct fault *fault) {
  struct own_call call;
  enum mulligan_status status = run_table_keep(store, head, fault);
  if (status != MULLIGAN_OK)
    return status;
  prepare(&call, store, "INSERT INTO main.mulligan_run (id, applied_at, audit_hash) VALUES (?1, ?2, ?3)", fault);
  bind_text(&call, 1, run);
  bind_integer(&call, 2, clock_wall_us());
  bind_text(&call, 3, head->hash);
  step(&call, fault);
  return finish(&call);
}

/* ---- reading ---- */

/* A database that no run has changed yet lacks the tables. */
static enum mulligan_status has_table(struct store *store, const char *name, bool *found, struct fault *fault) {
  struct own_call call;
  prepare(&call, store, "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1", fault);
  bind_text(&call, 1, name);
  *found = step(&call, fault);
  return finish(&call);
}

enum mulligan_status run_table_has(struct store *store, const char *run, bool *found, struct fault *fault) {
  struct own_call call;
  enum mulligan_status status = has_table(store, "mulligan_run", found, fault);
  if (status != MULLIGAN_OK || !*found)
    return status;
  prepare(&call, store, "SELECT 1 FROM main.mulligan_run WHERE id = ?1", fault);
  bind_text(&call, 1, run);
  *found = step(&call, fault);
  return finish(&call);
}

enum mulligan_status run_table_head(struct store *store, struct run_table_head *head, struct fault *fault) {
  struct own_call call;
  bool found;
  *head = (struct run_table_head){0};
  memset(head->hash, '0', sizeof head->hash - 1);
  enum mulligan_status status = has_table(store, "mulligan_audit", &found, fault);
  if (status != MULLIGAN_OK || !found)
    return status;
  prepare(&call, store, "SELECT entries, hash FROM main.mulligan_audit WHERE id = 1", fault);
  if (step(&call, fault)) {
    const char *hash = (const char *)sqlite3_column_text(call.statement, 1);
    head->entries = sqlite3_column_int64(call.statement, 0);
    snprintf(head->hash, sizeof head->hash, "%s", hash ? hash : "");
  }
  return finish(&call);
}
