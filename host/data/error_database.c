/**
 * error_database.c - errors.db, open for writing.
 *
 * Used by ErrorLog's writer thread and by the commands that change groups or prune. A transaction of the writer holds
 * many rows.
 *
 * Invariant: between begin and the transaction's end nothing else writes.
 */
#include "data/error_database.h"

#include "base/clock.h"
#include "base/file.h"
#include "data/database_file.h"
#include "data/error_ledger.h"
#include "data/error_log_schema.h"
#include "data/migrate.h"
#include "data/store_call.h"
#include "data/write_lock.h"

#include <stdlib.h>
#include <string.h>

struct error_database {
  struct write_lock *lock;
  struct store *store;
  char *path;
  struct database_file file;
  int64_t now; /* of the transaction */
  struct alert_judge *judge;
  bool has_alerts; /* the transaction entered messages into the outbox */
};

static const char probe_sql[] = "SELECT max(id) FROM error_log";
static const char dropped_sql[] =
    "INSERT INTO error_dropped (reason, count, first_at, last_at) VALUES (?1, ?2, ?3, ?3)"
    " ON CONFLICT (reason) DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at";

/* ---- opening ---- */

enum mulligan_status error_database_open(struct error_database **out, const char *folder, bool create, int64_t wait_ns,
                                         struct fault *fault) {
  *out = NULL;
  struct error_database *database = calloc(1, sizeof *database);
  if (database == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening errors.db");
  database->path = file_join(folder, "errors.db");
  char *lock_path = file_join(folder, "errors.lock");
  enum mulligan_status status;
  if (database->path == NULL || lock_path == NULL)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening errors.db");
  else if (!create && !file_exists(database->path))
    status = fault_set(fault, MULLIGAN_MISSING, "%s is missing", database->path);
  else
    status = write_lock_open(&database->lock, lock_path, fault);
  free(lock_path);
  if (status == MULLIGAN_OK)
    status = store_open(&database->store, database->path, STORE_READ_WRITE, database->lock, fault);
  if (status == MULLIGAN_OK) {
    size_t count;
    const struct migrate_step *steps = error_log_schema(&count);
    store_set_write_wait(database->store, wait_ns);
    status = migrate_apply(database->store, steps, count, NULL, fault);
  }
  if (status == MULLIGAN_OK)
    status = database_file_note(&database->file, database->path, probe_sql, fault);
  if (status != MULLIGAN_OK) {
    error_database_close(database);
    return status;
  }
  *out = database;
  return MULLIGAN_OK;
}

void error_database_close(struct error_database *database) {
  if (database == NULL)
    return;
  store_close(database->store);
  write_lock_close(database->lock);
  free(database->path);
  free(database);
}

struct store *error_database_store(struct error_database *database) {
  return database->store;
}

void error_database_set_judge(struct error_database *database, struct alert_judge *judge) {
  database->judge = judge;
}

bool error_database_has_alerts(const struct error_database *database) {
  return database->has_alerts;
}

/* ---- what goes into it ---- */

enum mulligan_status error_database_insert(struct error_database *database, struct error_row *row, bool *inserted,
                                           struct fault *fault) {
  struct error_entry entry = {0};
  enum mulligan_status status = error_ledger_enter(database->store, row, database->now, database->judge, &entry, fault);
  *inserted = entry.is_new;
  database->has_alerts = database->has_alerts || entry.alerts;
  return status;
}

enum mulligan_status error_database_count_dropped(struct error_database *database, const char *reason, int64_t count,
                                                  struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, database->store, dropped_sql, fault);
  store_call_text(&call, reason, strlen(reason), fault);
  store_call_integer(&call, count, fault);
  store_call_integer(&call, database->now, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

/* ---- the transaction ---- */

void error_database_rollback(struct error_database *database) {
  store_rollback(database->store);
  database->has_alerts = false;
  alert_judge_take_back(database->judge);
}

/* The name is looked at before, too: what is counted in a file that is then put back would be counted there twice. */
enum mulligan_status error_database_begin(struct error_database *database, struct fault *fault) {
  database->now = clock_wall_us();
  database->has_alerts = false;
  enum mulligan_status status = store_begin_write(database->store, fault);
  if (status == MULLIGAN_OK)
    status = database_file_check_name(&database->file, fault);
  if (status != MULLIGAN_OK)
    store_rollback(database->store);
  return status;
}

enum mulligan_status error_database_commit(struct error_database *database, struct fault *fault) {
  enum mulligan_status status = store_commit(database->store, fault);
  if (status == MULLIGAN_OK)
    status = database_file_check(&database->file, fault);
  if (status != MULLIGAN_OK)
    error_database_rollback(database);
  else
    alert_judge_keep(database->judge);
  return status;
}
