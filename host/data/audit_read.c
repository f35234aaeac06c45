/**
 * audit_read.c - runs, looked up by whoever has the data folder.
 *
 * Called by commands and by the operator floor, in any process. Opens audit.db read-only for each call. Where a run was
 * ended twice (settled while its process was thought dead), its last word counts.
 */
#include "data/audit.h"

#include "base/clock.h"
#include "data/audit_entry.h"
#include "data/store_call.h"

#include <stdio.h>
#include <string.h>

/* One row a run: what it began as, its last plan, its last end. */
#define RUNS_FROM                                                                                                      \
  " FROM audit_event b"                                                                                                \
  " LEFT JOIN audit_event p ON p.seq = (SELECT max(seq) FROM audit_event WHERE run = b.run AND event = 'plan')"        \
  " LEFT JOIN audit_event e ON e.seq = (SELECT max(seq) FROM audit_event WHERE run = b.run AND event = 'end')"         \
  " WHERE b.event = 'begin'"

static const char list_columns[] = "SELECT b.run, b.at, e.at, b.user, b.as_name, b.kind, b.name, b.reason,"
                                   " coalesce(e.outcome, 'running'), coalesce(e.rows, p.rows, 0)";

/* ---- reading columns ---- */

static json_t *text_column(const struct store_statement *statement, int column) {
  size_t length;
  if (store_column_type(statement, column) != STORE_TEXT)
    return json_null();
  const char *text = store_column_bytes(statement, column, &length);
  json_t *json = json_stringn(text, length);
  return json ? json : json_null(); /* no UTF-8: somebody else wrote it, which verify tells */
}

static json_t *time_column(const struct store_statement *statement, int column) {
  char text[MULLIGAN_RFC3339_SIZE];
  if (store_column_type(statement, column) != STORE_INTEGER)
    return json_null();
  return json_string(clock_rfc3339(store_column_integer(statement, column), text));
}

static json_t *json_column(const struct store_statement *statement, int column) {
  size_t length;
  if (store_column_type(statement, column) != STORE_TEXT)
    return json_null();
  const char *text = store_column_bytes(statement, column, &length);
  json_t *json = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
  return json ? json : json_null();
}

static json_t *read_run(const struct store_statement *row) {
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "id", text_column(row, 0), "started_at",
                   time_column(row, 1), "finished_at", time_column(row, 2), "user", text_column(row, 3), "as",
                   text_column(row, 4), "kind", text_column(row, 5), "name", text_column(row, 6), "reason",
                   text_column(row, 7), "outcome", text_column(row, 8), "rows",
                   (json_int_t)store_column_integer(row, 9));
}

/* ---- list ---- */

enum mulligan_status audit_list(const char *folder, int limit, json_t **out, struct fault *fault) {
  struct store *store;
  struct store_call call;
  struct buf sql;
  *out = json_array();
  enum mulligan_status status = *out ? audit_open_reader(&store, folder, fault) : MULLIGAN_NOMEM;
  if (status == MULLIGAN_MISSING)
    return MULLIGAN_OK; /* nobody has run anything yet */
  if (status != MULLIGAN_OK)
    return status;
  buf_init(&sql, 4096);
  buf_addf(&sql, "%s" RUNS_FROM " ORDER BY b.seq DESC LIMIT %d", list_columns, limit > 0 ? limit : -1);
  store_call_prepare(&call, store, sql.data, fault);
  while (store_call_step(&call, fault))
    json_array_append_new(*out, read_run(call.statement));
  status = store_call_finish(&call);
  buf_release(&sql);
  store_close(store);
  if (status != MULLIGAN_OK) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}

/* ---- one run ---- */

/* The last applied run that took `run` back, in `out`; false if there is none. */
static bool last_undo(struct store *store, const char *run, char out[MULLIGAN_REFERENCE_SIZE], struct fault *fault,
                      enum mulligan_status *status) {
  struct store_call call;
  store_call_prepare(&call, store,
                     "SELECT b.run FROM audit_event b JOIN audit_event e ON e.run = b.run AND e.event = 'end'"
                     " AND e.outcome = 'applied' WHERE b.event = 'begin' AND b.undoes = ? ORDER BY e.seq DESC LIMIT 1",
                     fault);
  store_call_text(&call, run, strlen(run), fault);
  bool found = store_call_step(&call, fault);
  if (found) {
    size_t length;
    const char *text = store_column_bytes(call.statement, 0, &length);
    snprintf(out, MULLIGAN_REFERENCE_SIZE, "%.*s", (int)length, text);
  }
  *status = store_call_finish(&call);
  return found;
}

/*
 * The run that took `run` back and was not itself taken back. An undo is made only of what stands, so that of a run's
 * undos the last alone can stand: whether it does, the length of the chain of undos of undos tells.
 */
static enum mulligan_status standing_undo(struct store *store, const char *run, json_t **out, struct fault *fault) {
  char first[MULLIGAN_REFERENCE_SIZE] = "", at[MULLIGAN_REFERENCE_SIZE], next[MULLIGAN_REFERENCE_SIZE];
  enum mulligan_status status;
  int links = 0;
  snprintf(at, sizeof at, "%s", run);
  while (last_undo(store, at, next, fault, &status)) {
    if (links++ == 0)
      memcpy(first, next, sizeof first);
    memcpy(at, next, sizeof at);
  }
  *out = links % 2 ? json_string(first) : json_null();
  return status;
}

static json_t *read_more(const struct store_statement *row) {
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "command_line", text_column(row, 10),
                   "script", text_column(row, 11), "script_hash", text_column(row, 12), "parameters",
                   json_column(row, 13), "undoes", text_column(row, 14), "plan", text_column(row, 15), "schema_hash",
                   text_column(row, 16), "changes", json_column(row, 17), "message", text_column(row, 18), "output",
                   json_column(row, 19), "hash", text_column(row, 20));
}

/* Opens audit.db for a run that must be there; the name as it is spelt is written to `run`. */
static enum mulligan_status open_for_run(struct store **out, const char *folder, const char *typed,
                                         char run[MULLIGAN_REFERENCE_SIZE], struct fault *fault) {
  *out = NULL;
  if (!reference_normalise_run(typed, run))
    return fault_set(fault, MULLIGAN_INVALID, "\"%s\" is no run: runs are named like RUN-7K3F-9QXA", typed);
  enum mulligan_status status = audit_open_reader(out, folder, fault);
  return status == MULLIGAN_MISSING ? fault_set(fault, status, "there is no run %s", run) : status;
}

enum mulligan_status audit_get(const char *folder, const char *typed, json_t **out, struct fault *fault) {
  char run[MULLIGAN_REFERENCE_SIZE];
  struct store *store;
  struct store_call call;
  struct buf sql;
  *out = NULL;
  enum mulligan_status status = open_for_run(&store, folder, typed, run, fault);
  if (status != MULLIGAN_OK)
    return status;
  buf_init(&sql, 4096);
  buf_addf(&sql,
           "%s, b.command_line, b.script, b.script_hash, b.parameters, b.undoes, p.plan, p.schema_hash, p.changes,"
           " e.message, e.output, (SELECT hash FROM audit_event WHERE run = b.run ORDER BY seq DESC LIMIT 1)" RUNS_FROM
           " AND b.run = ?",
           list_columns);
  store_call_prepare(&call, store, sql.data, fault);
  store_call_text(&call, run, strlen(run), fault);
  if (store_call_step(&call, fault)) {
    json_t *more = read_more(call.statement);
    *out = read_run(call.statement);
    json_object_update(*out, more);
    json_decref(more);
  }
  status = store_call_finish(&call);
  buf_release(&sql);
  if (status == MULLIGAN_OK && !*out)
    status = fault_set(fault, MULLIGAN_MISSING, "there is no run %s", run);
  json_t *undo = NULL;
  if (status == MULLIGAN_OK)
    status = standing_undo(store, run, &undo, fault);
  if (status == MULLIGAN_OK)
    json_object_set_new(*out, "undone_by", undo);
  store_close(store);
  if (status != MULLIGAN_OK) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}

enum mulligan_status audit_changes(const char *folder, const char *typed, bool inverse, struct changeset *out,
                                   struct fault *fault) {
  char run[MULLIGAN_REFERENCE_SIZE];
  struct store *store;
  struct store_call call;
  *out = (struct changeset){0};
  enum mulligan_status status = open_for_run(&store, folder, typed, run, fault);
  if (status != MULLIGAN_OK)
    return status;
  store_call_prepare(&call, store,
                     inverse ? "SELECT inverse FROM audit_event WHERE run = ? AND event = 'plan' ORDER BY seq DESC"
                             : "SELECT changeset FROM audit_event WHERE run = ? AND event = 'plan' ORDER BY seq DESC",
                     fault);
  store_call_text(&call, run, strlen(run), fault);
  bool found = store_call_step(&call, fault);
  if (found) {
    size_t length = 0;
    const char *bytes = store_column_bytes(call.statement, 0, &length);
    call.status = changeset_load(out, bytes, length, fault);
  }
  status = store_call_finish(&call);
  store_close(store);
  if (status == MULLIGAN_OK && !found)
    status = fault_set(fault, MULLIGAN_MISSING, "%s changed nothing", run);
  return status;
}

enum mulligan_status audit_find_plan(const char *folder, const char *sha, char run[MULLIGAN_REFERENCE_SIZE],
                                     struct fault *fault) {
  struct store *store;
  struct store_call call;
  enum mulligan_status status = audit_open_reader(&store, folder, fault);
  if (status != MULLIGAN_OK)
    return status;
  store_call_prepare(&call, store,
                     "SELECT p.run FROM audit_event p JOIN audit_event e ON e.run = p.run AND e.event = 'end'"
                     " AND e.outcome = 'applied' WHERE p.plan = ? LIMIT 1",
                     fault);
  store_call_text(&call, sha, strlen(sha), fault);
  bool found = store_call_step(&call, fault);
  if (found) {
    size_t length;
    const char *text = store_column_bytes(call.statement, 0, &length);
    snprintf(run, MULLIGAN_REFERENCE_SIZE, "%.*s", (int)length, text);
  }
  status = store_call_finish(&call);
  store_close(store);
  return status == MULLIGAN_OK && !found ? fault_set(fault, MULLIGAN_MISSING, "this plan has not been applied")
                                         : status;
}

/* ---- who changed a row ---- */

static bool touches(const json_t *change, const char *table, const json_t *key, const char *column) {
  const char *own = json_string_value(json_object_get(change, "table"));
  if (!own || strcmp(own, table) != 0 || !json_equal(json_object_get(change, "key"), key))
    return false;
  const json_t *changed = json_object_get(change, "changed");
  if (!column || json_array_size(changed) == 0) /* put in or taken out whole */
    return true;
  size_t index;
  json_t *name;
  json_array_foreach((json_t *)changed, index, name) {
    if (strcmp(json_string_value(name), column) == 0)
      return true;
  }
  return false;
}

static bool any_touches(const json_t *changes, const char *table, const json_t *key, const char *column) {
  size_t index;
  json_t *change;
  json_array_foreach((json_t *)changes, index, change) {
    if (touches(change, table, key, column))
      return true;
  }
  return false;
}

enum mulligan_status audit_who(const char *folder, const char *table, const json_t *key, const char *column,
                               int64_t since, const char *except, json_t **out, struct fault *fault) {
  struct store *store;
  struct store_call call;
  *out = NULL;
  enum mulligan_status status = audit_open_reader(&store, folder, fault);
  if (status != MULLIGAN_OK)
    return status == MULLIGAN_MISSING ? MULLIGAN_OK : status;
  store_call_prepare(
      &call, store,
      "SELECT b.run, coalesce(b.as_name, b.user), e.at, p.changes" RUNS_FROM
      " AND e.outcome = 'applied' AND e.at >= ? AND b.run <> ? AND p.changes IS NOT NULL ORDER BY e.seq DESC",
      fault);
  store_call_integer(&call, since, fault);
  store_call_text(&call, except ? except : "", except ? strlen(except) : 0, fault);
  while (!*out && store_call_step(&call, fault)) {
    json_t *changes = json_column(call.statement, 3);
    if (any_touches(changes, table, key, column))
      *out = json_pack("{s:o, s:o, s:o}", "id", text_column(call.statement, 0), "by", text_column(call.statement, 1),
                       "at", time_column(call.statement, 2));
    json_decref(changes);
  }
  status = store_call_finish(&call);
  store_close(store);
  return status;
}
