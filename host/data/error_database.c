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
#include "data/error_ledger.h"
#include "data/error_log_schema.h"
#include "data/migrate.h"
#include "data/store_call.h"
#include "data/write_lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct error_database {
  struct write_lock *lock;
  struct store *store;
  char *path;
  struct stat facts; /* of the file, when it was last seen to be sound */
  int64_t now;       /* of the transaction */
};

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
  if (status == MULLIGAN_OK && stat(database->path, &database->facts) != 0)
    status = fault_set(fault, MULLIGAN_MISSING, "%s: %s", database->path, strerror(errno));
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

/* ---- what goes into it ---- */

enum mulligan_status error_database_insert(struct error_database *database, struct error_row *row, bool *inserted,
                                           struct fault *fault) {
  return error_ledger_enter(database->store, row, database->now, inserted, fault);
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
}

/** Is the file that is open still the one of this name? */
static enum mulligan_status check_name(const struct error_database *database, struct stat *now, struct fault *fault) {
  if (stat(database->path, now) != 0)
    return fault_set(fault, MULLIGAN_MISSING, "%s is gone: %s", database->path, strerror(errno));
  if (now->st_dev != database->facts.st_dev || now->st_ino != database->facts.st_ino)
    return fault_set(fault, MULLIGAN_MISSING, "%s was replaced by another file", database->path);
  return MULLIGAN_OK;
}

/* The name is looked at before, too: what is counted in a file that is then put back would be counted there twice. */
enum mulligan_status error_database_begin(struct error_database *database, struct fault *fault) {
  struct stat now;
  database->now = clock_wall_us();
  enum mulligan_status status = store_begin_write(database->store, fault);
  if (status == MULLIGAN_OK)
    status = check_name(database, &now, fault);
  if (status != MULLIGAN_OK)
    store_rollback(database->store);
  return status;
}

static bool same_time(struct timespec a, struct timespec b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/** Reads through a connection that has nothing cached, as the next reader will. */
static enum mulligan_status read_afresh(const struct error_database *database, struct fault *fault) {
  static const char sql[] = "SELECT max(id) FROM error_log";
  struct store *reader;
  enum mulligan_status status = store_open(&reader, database->path, STORE_READ_ONLY, NULL, fault);
  if (status != MULLIGAN_OK)
    return status;
  struct store_call call;
  store_call_prepare(&call, reader, sql, fault);
  store_call_step(&call, fault);
  status = store_call_finish(&call);
  store_close(reader);
  return status;
}

/**
 * SQLite goes on writing to a file that has lost its name, and out of its cache to one that was overwritten; a
 * reference stored there would resolve nowhere. The name is looked up after each commit; the contents are read anew
 * only when the file changed, which it otherwise does at a checkpoint.
 */
static enum mulligan_status check_file(struct error_database *database, struct fault *fault) {
  struct stat now;
  enum mulligan_status status = check_name(database, &now, fault);
  if (status != MULLIGAN_OK)
    return status;
  if (now.st_size == database->facts.st_size && same_time(now.st_mtim, database->facts.st_mtim))
    return MULLIGAN_OK;
  if (now.st_size < database->facts.st_size)
    status = fault_set(fault, MULLIGAN_CORRUPT, "%s was overwritten: it has become shorter", database->path);
  else
    status = read_afresh(database, fault);
  if (status == MULLIGAN_OK)
    database->facts = now;
  return status;
}

enum mulligan_status error_database_commit(struct error_database *database, struct fault *fault) {
  enum mulligan_status status = store_commit(database->store, fault);
  if (status != MULLIGAN_OK)
    store_rollback(database->store);
  return status == MULLIGAN_OK ? check_file(database, fault) : status;
}
