/**
 * error_replay.c - the spool taken over by the database that could not take its errors before.
 *
 * Called by error_writer.c on its thread, which lends its connection.
 */
#include "data/error_replay.h"

#include "data/error_row.h"

#include <jansson.h>

enum { REPLAY_ROWS = 1000 /* of one transaction */ };

/** The pass over the lines. */
struct pass {
  struct error_database *database;
  int64_t lines, inserted;
  bool begun;
  bool has_alerts;
};

static enum mulligan_status commit(struct pass *pass, struct fault *fault) {
  if (!pass->begun)
    return MULLIGAN_OK;
  pass->begun = false;
  enum mulligan_status status = error_database_commit(pass->database, fault);
  pass->has_alerts = pass->has_alerts || error_database_has_alerts(pass->database);
  return status;
}

static enum mulligan_status store_row(struct pass *pass, struct error_row *row, struct fault *fault) {
  struct store *store = error_database_store(pass->database);
  enum mulligan_status status = MULLIGAN_OK;
  bool inserted = false;
  if (!pass->begun)
    status = error_database_begin(pass->database, fault);
  pass->begun = pass->begun || status == MULLIGAN_OK;
  /* A row that the table refuses must not take its neighbours with it. */
  if (status == MULLIGAN_OK)
    status = store_savepoint(store, 1, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = error_database_insert(pass->database, row, &inserted, fault);
  if (status == MULLIGAN_OK) {
    pass->inserted += inserted;
    return store_release_savepoint(store, 1, fault);
  }
  if (status != MULLIGAN_CONSTRAINT && status != MULLIGAN_INVALID)
    return status;
  enum mulligan_status undone = store_rollback_savepoint(store, 1, fault);
  return undone == MULLIGAN_OK ? MULLIGAN_INVALID : undone;
}

static enum mulligan_status store_line(void *context, const char *line, size_t length, struct fault *fault) {
  struct pass *pass = context;
  if (line == NULL)
    return commit(pass, fault);
  json_t *value = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
  struct error_row *row = json_is_object(value) ? error_row_read(value, fault) : NULL;
  json_decref(value);
  if (row == NULL)
    return MULLIGAN_INVALID;
  enum mulligan_status status = store_row(pass, row, fault);
  error_row_destroy(row);
  if (status == MULLIGAN_OK && ++pass->lines % REPLAY_ROWS == 0)
    status = commit(pass, fault);
  return status;
}

enum mulligan_status error_replay_run(struct error_replay *replay, struct spool *spool, struct error_database *database,
                                      struct fault *fault) {
  struct pass pass = {.database = database};
  *replay = (struct error_replay){0};
  enum mulligan_status status = spool_drain(spool, store_line, &pass, &replay->refused, fault);
  if (status != MULLIGAN_OK)
    error_database_rollback(database);
  replay->inserted = pass.inserted;
  replay->has_alerts = pass.has_alerts;
  return status;
}
