/**
 * error_group.c - the same error's occurrences, as one thing to be worked on.
 *
 * Called by the command line and by Lua. Reads go through a connection of their own; changes go through
 * error_database.c and so hold errors.lock, as every write to errors.db does, whichever process makes it.
 */
#include "data/error_group.h"

#include "base/clock.h"
#include "data/error_database.h"
#include "data/error_rows.h"

#include <string.h>

static const int64_t patience_ns = 5000000000;

/** Runs one read whose parameters are these numbers, NULL for -1, and one text. */
static enum mulligan_status read_rows(const char *folder, const char *sql, const int64_t *numbers, int count,
                                      const char *text, json_t **out, struct fault *fault) {
  *out = NULL;
  struct store *store = NULL;
  struct store_statement *statement = NULL;
  json_t *rows = json_array();
  enum mulligan_status status = rows != NULL
                                    ? error_rows_open(&store, folder, fault)
                                    : fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading errors.db");
  if (status == MULLIGAN_OK && store != NULL) {
    status = store_prepare(store, sql, strlen(sql), &statement, fault);
    for (int i = 0; status == MULLIGAN_OK && i < count; i++)
      status = store_bind_integer(statement, i + 1, numbers[i], fault);
    if (status == MULLIGAN_OK && text != NULL)
      status = store_bind_text(statement, count + 1, text, strlen(text), fault);
    if (status == MULLIGAN_OK)
      status = error_rows_collect(statement, rows, fault);
    store_finish(statement);
  }
  store_close(store);
  if (status == MULLIGAN_OK)
    *out = json_incref(rows);
  json_decref(rows);
  return status;
}

enum mulligan_status error_group_list(const char *folder, const struct error_group_filter *filter, json_t **out,
                                      struct fault *fault) {
  const int64_t numbers[] = {filter->since, filter->id, filter->limit};
  return read_rows(
      folder,
      "SELECT * FROM error_group WHERE last_seen >= ?1 AND (?2 = 0 OR id = ?2) AND (?4 IS NULL OR state = ?4)"
      " ORDER BY last_seen DESC, id DESC LIMIT ?3",
      numbers, 3, filter->state, out, fault);
}

enum mulligan_status error_dropped_list(const char *folder, json_t **out, struct fault *fault) {
  return read_rows(folder, "SELECT * FROM error_dropped ORDER BY last_at DESC", NULL, 0, NULL, out, fault);
}

/** Ends the transaction as `status` says. */
static enum mulligan_status end(struct error_database *database, enum mulligan_status status, struct fault *fault) {
  if (status == MULLIGAN_OK)
    return error_database_commit(database, fault);
  error_database_rollback(database);
  return status;
}

static enum mulligan_status bind_text_or_null(struct store_statement *statement, int index, const char *text,
                                              struct fault *fault) {
  return text != NULL ? store_bind_text(statement, index, text, strlen(text), fault)
                      : store_bind_null(statement, index, fault);
}

static enum mulligan_status update_state(struct store *store, int64_t id, const char *state, const char *by,
                                         const char *note, struct fault *fault) {
  /* A change by hand makes the last regression old news. */
  static const char sql[] = "UPDATE error_group SET state = ?2, state_by = ?3, state_at = ?5, regressed_at = NULL,"
                            " note = coalesce(?4, note) WHERE id = ?1";
  struct store_statement *statement = NULL;
  bool row;
  enum mulligan_status status = store_prepare(store, sql, sizeof sql - 1, &statement, fault);
  if (status == MULLIGAN_OK)
    status = store_bind_integer(statement, 1, id, fault);
  if (status == MULLIGAN_OK)
    status = store_bind_text(statement, 2, state, strlen(state), fault);
  if (status == MULLIGAN_OK)
    status = bind_text_or_null(statement, 3, by, fault);
  if (status == MULLIGAN_OK)
    status = bind_text_or_null(statement, 4, note, fault);
  if (status == MULLIGAN_OK)
    status = store_bind_integer(statement, 5, clock_wall_us(), fault);
  if (status == MULLIGAN_OK)
    status = store_step(statement, &row, fault);
  store_finish(statement);
  if (status == MULLIGAN_OK && store_changes(store) == 0)
    status = fault_set(fault, MULLIGAN_MISSING, "there is no group %lld", (long long)id);
  return status;
}

enum mulligan_status error_group_set_state(const char *folder, int64_t id, const char *state, const char *by,
                                           const char *note, struct fault *fault) {
  if (strcmp(state, "open") != 0 && strcmp(state, "resolved") != 0 && strcmp(state, "muted") != 0)
    return fault_set(fault, MULLIGAN_INVALID, "a group is open, resolved or muted, not \"%.50s\"", state);
  struct error_database *database;
  enum mulligan_status status = error_database_open(&database, folder, false, patience_ns, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = error_database_begin(database, fault);
  if (status == MULLIGAN_OK)
    status = end(database, update_state(error_database_store(database), id, state, by, note, fault), fault);
  error_database_close(database);
  return status;
}
