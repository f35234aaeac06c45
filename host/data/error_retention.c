/**
 * error_retention.c - how long occurrences are kept.
 *
 * Used by the writer thread on its own connection, and by the command line on one of its own. Both hold errors.lock for
 * one transaction at a time.
 */
#include "data/error_retention.h"

#include "base/log.h"
#include "data/store_call.h"

enum { STEP_ROWS = 500, PRUNE_ROWS = 5000 };

static const int64_t patience_ns = 5000000000;
static const int64_t minute_us = INT64_C(60) * 1000 * 1000;
static const int64_t day_us = INT64_C(24) * 60 * 60 * 1000 * 1000;

#define OLDEST "(SELECT id FROM error_log WHERE occurred_at < ?1 ORDER BY occurred_at, id LIMIT ?2)"

static enum mulligan_status run(struct store *store, const char *sql, int64_t before, int64_t most,
                                struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, store, sql, fault);
  store_call_integer(&call, before, fault);
  store_call_integer(&call, most, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

/** Removes the oldest `most` rows from before `before`, as one transaction. */
static enum mulligan_status remove_oldest(struct error_database *database, int64_t before, int64_t most,
                                          int64_t *removed, struct fault *fault) {
  struct store *store = error_database_store(database);
  *removed = 0;
  enum mulligan_status status = error_database_begin(database, fault);
  if (status != MULLIGAN_OK)
    return status;
  /* A cause may be older than what it caused. */
  status = run(store, "UPDATE error_log SET cause_id = NULL WHERE cause_id IN " OLDEST, before, most, fault);
  if (status == MULLIGAN_OK)
    status = run(store, "DELETE FROM error_log WHERE id IN " OLDEST, before, most, fault);
  int64_t changes = store_changes(store);
  if (status != MULLIGAN_OK)
    error_database_rollback(database);
  else
    status = error_database_commit(database, fault);
  if (status == MULLIGAN_OK)
    *removed = changes;
  return status;
}

bool error_retention_due(const struct error_retention *retention, int64_t now_us) {
  /* A clock that was set back far must not put it off for as long. */
  return retention->keep_us > 0 && (now_us >= retention->due_us || now_us < retention->due_us - day_us);
}

enum mulligan_status error_retention_step(struct error_retention *retention, struct error_database *database,
                                          int64_t now_us, struct fault *fault) {
  int64_t removed;
  enum mulligan_status status = remove_oldest(database, now_us - retention->keep_us, STEP_ROWS, &removed, fault);
  retention->removed += removed;
  if (status != MULLIGAN_OK) {
    retention->due_us = now_us + minute_us;
  } else if (removed == STEP_ROWS) {
    retention->due_us = now_us;
  } else {
    if (retention->removed > 0)
      log_info("%lld errors were older than is kept, and are removed; their groups' counts stay",
               (long long)retention->removed);
    retention->removed = 0;
    retention->due_us = now_us + day_us;
  }
  return status;
}

enum mulligan_status error_log_prune(const char *folder, int64_t before, int64_t *removed, struct fault *fault) {
  *removed = 0;
  struct error_database *database;
  enum mulligan_status status = error_database_open(&database, folder, false, patience_ns, fault);
  if (status == MULLIGAN_MISSING)
    return MULLIGAN_OK; /* nothing was ever recorded here */
  for (int64_t changes = -1; status == MULLIGAN_OK && changes != 0;) {
    status = remove_oldest(database, before, PRUNE_ROWS, &changes, fault);
    *removed += changes;
  }
  error_database_close(database);
  return status;
}
