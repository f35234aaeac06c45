/**
 * error_database.c - errors.db, open for writing.
 *
 * Used by ErrorLog's writer thread and by the commands that change groups or prune. A transaction of the writer holds
 * many rows; the statements come out of the store's cache.
 *
 * Invariants: a row, its group's counts and its hour's count are committed together or not at all; a reference is
 * stored once; between begin and the transaction's end nothing else writes.
 */
#include "data/error_database.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "data/error_log_schema.h"
#include "data/migrate.h"
#include "data/write_lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CAUSES_MOST = 16, HOUR_S = 3600, SECOND_US = 1000000 };

struct error_database {
  struct write_lock *lock;
  struct store *store;
  char *path;
  struct buf insert; /* INSERT INTO error_log … */
  struct stat facts; /* of the file, when it was last seen to be sound */
  int64_t now;       /* of the transaction */
};

static const char find_sql[] = "SELECT id, occurred_at, pid FROM error_log WHERE ref = ?";

/* state_at is part of the condition so that an occurrence from before, replayed late, reopens nothing. */
#define COMES_BACK "(state = 'resolved' AND excluded.last_seen > state_at)"
static const char group_sql[] =
    "INSERT INTO error_group (fingerprint, algorithm, explanation, title, culprit, first_seen, last_seen, total)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1)"
    " ON CONFLICT (fingerprint, algorithm) DO UPDATE SET"
    " first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen),"
    " total = total + 1, regressions = regressions + " COMES_BACK ","
    " regressed_at = iif(" COMES_BACK ", excluded.last_seen, regressed_at),"
    " state_by = iif(" COMES_BACK ", NULL, state_by),"
    " state_at = iif(" COMES_BACK ", excluded.last_seen, state_at),"
    " state = iif(" COMES_BACK ", 'open', state)"
    " RETURNING id";

static const char hour_sql[] = "INSERT INTO error_hour (group_id, hour, count) VALUES (?, ?, 1)"
                               " ON CONFLICT (group_id, hour) DO UPDATE SET count = count + 1";
static const char user_sql[] = "INSERT INTO error_group_user (group_id, user) VALUES (?, ?) ON CONFLICT DO NOTHING";
static const char users_sql[] = "UPDATE error_group SET users = users + 1 WHERE id = ?";
static const char dropped_sql[] =
    "INSERT INTO error_dropped (reason, count, first_at, last_at) VALUES (?1, ?2, ?3, ?3)"
    " ON CONFLICT (reason) DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at";

/* ---- opening ---- */

static bool make_insert(struct buf *sql) {
  buf_add_text(sql, "INSERT INTO error_log (");
  for (int i = 0; i < ERROR_FIELD_COUNT; i++)
    buf_addf(sql, "\"%s\", ", error_field_name((enum error_field)i));
  buf_add_text(sql, "recorded_at, group_id, cause_id) VALUES (");
  for (int i = 0; i < ERROR_FIELD_COUNT; i++)
    buf_add_text(sql, "?, ");
  return buf_add_text(sql, "?, ?, ?)");
}

enum mulligan_status error_database_open(struct error_database **out, const char *folder, bool create, int64_t wait_ns,
                                         struct fault *fault) {
  *out = NULL;
  struct error_database *database = calloc(1, sizeof *database);
  if (database == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening errors.db");
  buf_init(&database->insert, 8192);
  database->path = file_join(folder, "errors.db");
  char *lock_path = file_join(folder, "errors.lock");
  enum mulligan_status status;
  if (database->path == NULL || lock_path == NULL || !make_insert(&database->insert))
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
  buf_release(&database->insert);
  free(database->path);
  free(database);
}

struct store *error_database_store(struct error_database *database) {
  return database->store;
}

/* ---- statements ---- */

/** A statement being filled from left to right; the first failure sticks. */
struct call {
  struct store_statement *statement;
  int index;
  enum mulligan_status status;
};

static void call_prepare(struct call *call, struct store *store, const char *sql, size_t length, struct fault *fault) {
  *call = (struct call){0};
  call->status = store_prepare(store, sql, length, &call->statement, fault);
}

static void call_integer(struct call *call, int64_t value, struct fault *fault) {
  if (call->status == MULLIGAN_OK)
    call->status = store_bind_integer(call->statement, ++call->index, value, fault);
}

static void call_text(struct call *call, const char *text, size_t length, struct fault *fault) {
  if (call->status == MULLIGAN_OK)
    call->status = store_bind_text(call->statement, ++call->index, text, length, fault);
}

static void call_null(struct call *call, struct fault *fault) {
  if (call->status == MULLIGAN_OK)
    call->status = store_bind_null(call->statement, ++call->index, fault);
}

static void call_step(struct call *call, bool *row, struct fault *fault) {
  *row = false;
  if (call->status == MULLIGAN_OK)
    call->status = store_step(call->statement, row, fault);
}

static enum mulligan_status call_finish(struct call *call) {
  store_finish(call->statement);
  return call->status;
}

/* ---- storing a row ---- */

static enum mulligan_status count_in_group(struct error_database *database, const struct error_row *row, int64_t *group,
                                           struct fault *fault) {
  const struct error_fingerprint *print = &row->fingerprint;
  int64_t occurred_at = row->values[ERROR_FIELD_OCCURRED_AT].integer;
  struct call call;
  bool found;
  call_prepare(&call, database->store, group_sql, sizeof group_sql - 1, fault);
  call_text(&call, print->hash, strlen(print->hash), fault);
  call_integer(&call, print->algorithm, fault);
  call_text(&call, print->explanation, strlen(print->explanation), fault);
  call_text(&call, print->title, strlen(print->title), fault);
  call_text(&call, print->culprit, strlen(print->culprit), fault);
  call_integer(&call, occurred_at, fault);
  call_step(&call, &found, fault);
  if (found)
    *group = store_column_integer(call.statement, 0);
  if (call_finish(&call) != MULLIGAN_OK)
    return call.status;

  call_prepare(&call, database->store, hour_sql, sizeof hour_sql - 1, fault);
  call_integer(&call, *group, fault);
  call_integer(&call, occurred_at / SECOND_US / HOUR_S, fault);
  call_step(&call, &found, fault);
  return call_finish(&call);
}

static enum mulligan_status count_user(struct error_database *database, const struct error_row *row, int64_t group,
                                       struct fault *fault) {
  const struct error_value *id = &row->values[ERROR_FIELD_USER_ID], *email = &row->values[ERROR_FIELD_USER_EMAIL];
  if (!id->present && !email->present)
    return MULLIGAN_OK;
  struct buf user;
  buf_init(&user, 4096);
  bool good =
      id->present ? buf_addf(&user, "%lld", (long long)id->integer) : buf_add(&user, email->text, email->length);
  struct call call;
  bool found;
  call_prepare(&call, database->store, user_sql, sizeof user_sql - 1, fault);
  call_integer(&call, group, fault);
  call_text(&call, user.data, good ? user.length : 0, fault);
  call_step(&call, &found, fault);
  buf_release(&user);
  if (call_finish(&call) != MULLIGAN_OK || store_changes(database->store) == 0)
    return call.status;

  call_prepare(&call, database->store, users_sql, sizeof users_sql - 1, fault);
  call_integer(&call, group, fault);
  call_step(&call, &found, fault);
  return call_finish(&call);
}

static enum mulligan_status insert_values(struct error_database *database, const struct error_row *row,
                                          const struct buf *reference, int64_t group, int64_t cause,
                                          struct fault *fault) {
  struct call call;
  bool found;
  call_prepare(&call, database->store, database->insert.data, database->insert.length, fault);
  for (int i = 0; i < ERROR_FIELD_COUNT; i++) {
    const struct error_value *value = &row->values[i];
    if (i == ERROR_FIELD_REF)
      call_text(&call, reference->data, reference->length, fault);
    else if (!value->present)
      call_null(&call, fault);
    else if (value->text != NULL)
      call_text(&call, value->text, value->length, fault);
    else
      call_integer(&call, value->integer, fault);
  }
  call_integer(&call, database->now, fault);
  call_integer(&call, group, fault);
  if (cause != 0)
    call_integer(&call, cause, fault);
  else
    call_null(&call, fault);
  call_step(&call, &found, fault);
  return call_finish(&call);
}

/**
 * Finds out under which reference the row is to be stored: its own, unless another occurrence has it. Two of 2^40 may
 * meet in a big enough log; the later one is then kept as "ERR-…~2", since its client was told the same as the
 * earlier one's. `*id` is not 0 if this very occurrence is there already.
 */
static enum mulligan_status settle_reference(struct error_database *database, const struct error_row *row,
                                             struct buf *reference, int64_t *id, struct fault *fault) {
  *id = 0;
  for (int attempt = 1;; attempt++) {
    buf_clear(reference, SIZE_MAX);
    buf_add(reference, row->values[ERROR_FIELD_REF].text, row->values[ERROR_FIELD_REF].length);
    if (attempt > 1)
      buf_addf(reference, "~%d", attempt);
    if (reference->failed)
      return fault_set(fault, MULLIGAN_NOMEM, "out of memory while storing an error");
    struct call call;
    bool found;
    call_prepare(&call, database->store, find_sql, sizeof find_sql - 1, fault);
    call_text(&call, reference->data, reference->length, fault);
    call_step(&call, &found, fault);
    if (found && store_column_integer(call.statement, 1) == row->values[ERROR_FIELD_OCCURRED_AT].integer &&
        store_column_integer(call.statement, 2) == row->values[ERROR_FIELD_PID].integer)
      *id = store_column_integer(call.statement, 0);
    if (call_finish(&call) != MULLIGAN_OK || !found || *id != 0)
      return call.status;
  }
}

static enum mulligan_status insert_one(struct error_database *database, const struct error_row *row, int64_t cause,
                                       int64_t *id, bool *inserted, struct fault *fault) {
  struct buf reference;
  buf_init(&reference, 4096);
  int64_t group = 0;
  *inserted = false;
  enum mulligan_status status = settle_reference(database, row, &reference, id, fault);
  if (status == MULLIGAN_OK && *id == 0) {
    *inserted = true;
    status = count_in_group(database, row, &group, fault);
    if (status == MULLIGAN_OK)
      status = count_user(database, row, group, fault);
    if (status == MULLIGAN_OK)
      status = insert_values(database, row, &reference, group, cause, fault);
    if (status == MULLIGAN_OK)
      *id = store_last_insert(database->store);
  }
  buf_release(&reference);
  return status;
}

enum mulligan_status error_database_insert(struct error_database *database, const struct error_row *row, bool *inserted,
                                           struct fault *fault) {
  /* The innermost cause first: each row names the id of its own. */
  const struct error_row *chain[CAUSES_MOST];
  int count = 0;
  for (const struct error_row *at = row; at != NULL && count < CAUSES_MOST; at = at->cause)
    chain[count++] = at;
  int64_t id = 0;
  enum mulligan_status status = MULLIGAN_OK;
  while (status == MULLIGAN_OK && count > 0)
    status = insert_one(database, chain[--count], id, &id, inserted, fault);
  return status;
}

enum mulligan_status error_database_count_dropped(struct error_database *database, const char *reason, int64_t count,
                                                  struct fault *fault) {
  struct call call;
  bool found;
  call_prepare(&call, database->store, dropped_sql, sizeof dropped_sql - 1, fault);
  call_text(&call, reason, strlen(reason), fault);
  call_integer(&call, count, fault);
  call_integer(&call, database->now, fault);
  call_step(&call, &found, fault);
  return call_finish(&call);
}

/* ---- the transaction ---- */

enum mulligan_status error_database_begin(struct error_database *database, struct fault *fault) {
  database->now = clock_wall_us();
  return store_begin_write(database->store, fault);
}

void error_database_rollback(struct error_database *database) {
  store_rollback(database->store);
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
  struct call call;
  bool found;
  call_prepare(&call, reader, sql, sizeof sql - 1, fault);
  call_step(&call, &found, fault);
  status = call_finish(&call);
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
  if (stat(database->path, &now) != 0)
    return fault_set(fault, MULLIGAN_MISSING, "%s is gone: %s", database->path, strerror(errno));
  if (now.st_dev != database->facts.st_dev || now.st_ino != database->facts.st_ino)
    return fault_set(fault, MULLIGAN_MISSING, "%s was replaced by another file", database->path);
  if (now.st_size == database->facts.st_size && same_time(now.st_mtim, database->facts.st_mtim))
    return MULLIGAN_OK;
  enum mulligan_status status = MULLIGAN_OK;
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
