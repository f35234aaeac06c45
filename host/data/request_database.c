/**
 * request_database.c - requests.db, open for writing.
 *
 * Used by the request log's thread. `synchronous` is NORMAL here, unlike in every other database of the host: a commit
 * then waits for no disk. A process that dies loses nothing by that; a machine that loses its power loses the last
 * seconds' requests, but not the file. Nobody was promised a request's row, and ten commits a second that each waited
 * for the disk would take it from those who were.
 */
#include "data/request_database.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"
#include "data/database_file.h"
#include "data/migrate.h"
#include "data/request_log_schema.h"
#include "data/store_call.h"
#include "data/write_lock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  REMOVED_MOST = 5000, /* rows of one transaction */
  TEXT_MOST = 2048     /* bytes of a text that is no body, as in ErrorLog */
};

static const int64_t patience_ns = 500000000; /* the queue holds more than comes in that time */
static const int64_t minute_us = INT64_C(60) * 1000 * 1000;
static const int64_t second_us = INT64_C(1000) * 1000;
static const char probe_sql[] = "SELECT max(id) FROM request_log";

struct request_database {
  struct write_lock *lock;
  struct store *store;
  char *path;
  struct database_file file;
  int64_t age_due_us; /* when to look for rows that are too old */
};

const char *request_loss_reason(enum request_loss loss) {
  static const char *const reasons[REQUEST_LOSS_COUNT] = {
      [REQUEST_LOSS_QUEUE] = "the queue was full",
      [REQUEST_LOSS_DATABASE] = "requests.db could not be written",
      [REQUEST_LOSS_FILE] = "access.log could not be written",
      [REQUEST_LOSS_COUNTS] = "out of memory",
  };
  return reasons[loss];
}

/* ---- opening ---- */

/** A file beside the database: its path and `suffix`. The caller frees it; NULL when out of memory. */
static char *beside(const char *path, const char *suffix) {
  char *name;
  return asprintf(&name, "%s%s", path, suffix) < 0 ? NULL : name;
}

/** Removes what a database that is gone has left: SQLite would take its log for that of the new one. */
static void remove_remains(const char *path) {
  static const char *const suffixes[] = {"-wal", "-shm"};
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    char *name = beside(path, suffixes[i]);
    if (name != NULL)
      unlink(name);
    free(name);
  }
}

static enum mulligan_status open_store(struct request_database *database, struct fault *fault) {
  if (!file_exists(database->path))
    remove_remains(database->path);
  enum mulligan_status status = store_open(&database->store, database->path, STORE_READ_WRITE, database->lock, fault);
  if (status != MULLIGAN_OK)
    return status;
  size_t count;
  const struct migrate_step *steps = request_log_schema(&count);
  store_set_write_wait(database->store, patience_ns);
  status = store_execute(database->store, "PRAGMA synchronous = NORMAL", fault);
  if (status == MULLIGAN_OK)
    status = migrate_apply(database->store, steps, count, NULL, fault);
  return status == MULLIGAN_OK ? database_file_note(&database->file, database->path, probe_sql, fault) : status;
}

enum mulligan_status request_database_open(struct request_database **out, const char *folder, struct fault *fault) {
  *out = NULL;
  struct request_database *database = calloc(1, sizeof *database);
  char *lock_path = file_join(folder, "requests.lock");
  if (database != NULL)
    database->path = file_join(folder, "requests.db");
  enum mulligan_status status = MULLIGAN_OK;
  if (database == NULL || database->path == NULL || lock_path == NULL)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening requests.db");
  if (status == MULLIGAN_OK)
    status = write_lock_open(&database->lock, lock_path, fault);
  if (status == MULLIGAN_OK)
    status = open_store(database, fault);
  free(lock_path);
  if (status != MULLIGAN_OK) {
    request_database_close(database);
    return status;
  }
  *out = database;
  return MULLIGAN_OK;
}

void request_database_close(struct request_database *database) {
  if (database == NULL)
    return;
  store_close(database->store);
  write_lock_close(database->lock);
  free(database->path);
  free(database);
}

enum mulligan_status request_database_set_aside(const char *folder, struct fault *fault) {
  char *path = file_join(folder, "requests.db");
  char *broken = path != NULL ? beside(path, ".broken") : NULL;
  enum mulligan_status status = MULLIGAN_OK;
  if (broken == NULL)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  else if (rename(path, broken) != 0)
    status = fault_set(fault, MULLIGAN_ERROR, "%s cannot be renamed: %s", path, strerror(errno));
  else
    remove_remains(path);
  free(broken);
  free(path);
  return status;
}

/* ---- what goes into it ---- */

/** Binds a text, repaired to UTF-8 and cut; NULL for an empty one. */
static void add_text(struct store_call *call, struct request_span text, size_t most, struct fault *fault) {
  struct buf repaired;
  buf_init(&repaired, 3 * text.length);
  if (!utf8_valid(text.bytes, text.length) && utf8_add_repaired(&repaired, text.bytes, text.length))
    text = (struct request_span){repaired.data, repaired.length};
  if (text.length > 0)
    store_call_text(call, text.bytes, utf8_cut(text.bytes, text.length, most), fault);
  else
    store_call_null(call, fault);
  buf_release(&repaired);
}

static enum mulligan_status insert(struct store *store, const struct request_entry *entry, struct fault *fault) {
  static const char sql[] =
      "INSERT INTO request_log (started_at, request_id, status, duration_us, bytes, weight, user_id, input_bytes,"
      " route, method, path, query, user_email, remote_addr, user_agent, error_ref, input, output)"
      " VALUES (?, ?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  static const enum request_field fields[] = {
      REQUEST_FIELD_ROUTE,   REQUEST_FIELD_METHOD, REQUEST_FIELD_PATH,  REQUEST_FIELD_QUERY, REQUEST_FIELD_USER,
      REQUEST_FIELD_ADDRESS, REQUEST_FIELD_AGENT,  REQUEST_FIELD_ERROR, REQUEST_FIELD_INPUT, REQUEST_FIELD_OUTPUT,
  };
  struct request_span id = entry->texts[REQUEST_FIELD_ID];
  struct store_call call;
  store_call_prepare(&call, store, sql, fault);
  store_call_integer(&call, entry->started_at, fault);
  store_call_text(&call, id.bytes, id.length, fault);
  store_call_integer(&call, entry->status, fault);
  store_call_integer(&call, entry->duration_us, fault);
  store_call_integer(&call, entry->bytes, fault);
  store_call_integer(&call, entry->weight, fault);
  store_call_integer(&call, entry->user_id, fault);
  store_call_integer(&call, entry->input_bytes, fault);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    bool body = fields[i] == REQUEST_FIELD_INPUT || fields[i] == REQUEST_FIELD_OUTPUT;
    add_text(&call, entry->texts[fields[i]], body ? REQUEST_EXCERPT_MOST : TEXT_MOST, fault);
  }
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

static enum mulligan_status insert_rows(struct store *store, const struct buf *rows, struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  for (size_t at = 0; status == MULLIGAN_OK && at < rows->length;) {
    struct request_entry entry;
    at += request_entry_read(rows->data + at, &entry);
    status = insert(store, &entry, fault);
  }
  return status;
}

static enum mulligan_status count_losses(struct store *store, const int64_t *losses, int64_t now_us,
                                         struct fault *fault) {
  static const char sql[] =
      "INSERT INTO request_dropped (reason, count, first_at, last_at) VALUES (?1, ?2, ?3, ?3)"
      " ON CONFLICT (reason) DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at";
  enum mulligan_status status = MULLIGAN_OK;
  for (int i = 0; status == MULLIGAN_OK && i < REQUEST_LOSS_COUNT; i++) {
    if (losses[i] == 0)
      continue;
    const char *reason = request_loss_reason((enum request_loss)i);
    struct store_call call;
    store_call_prepare(&call, store, sql, fault);
    store_call_text(&call, reason, strlen(reason), fault);
    store_call_integer(&call, losses[i], fault);
    store_call_integer(&call, now_us, fault);
    store_call_step(&call, fault);
    status = store_call_finish(&call);
  }
  return status;
}

/* ---- what goes out of it ---- */

static enum mulligan_status run(struct store *store, const char *sql, int64_t first, int64_t second, bool *more,
                                struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, store, sql, fault);
  store_call_integer(&call, first, fault);
  store_call_integer(&call, second, fault);
  store_call_step(&call, fault);
  enum mulligan_status status = store_call_finish(&call);
  *more = *more || (status == MULLIGAN_OK && store_changes(store) >= REMOVED_MOST);
  return status;
}

/** Rows are removed from the oldest on only, so that their ids tell how many there are. */
static enum mulligan_status remove_surplus(struct store *store, int64_t rows, bool *more, struct fault *fault) {
  return run(store,
             "DELETE FROM request_log WHERE id IN (SELECT id FROM request_log"
             " WHERE id <= (SELECT max(id) FROM request_log) - ?1 ORDER BY id LIMIT ?2)",
             rows, REMOVED_MOST, more, fault);
}

static enum mulligan_status remove_old(struct store *store, int64_t before_us, bool *more, struct fault *fault) {
  enum mulligan_status status = run(store,
                                    "DELETE FROM request_log WHERE id IN (SELECT id FROM request_log ORDER BY id"
                                    " LIMIT ?2) AND started_at < ?1",
                                    before_us, REMOVED_MOST, more, fault);
  if (status == MULLIGAN_OK)
    status = run(store,
                 "DELETE FROM request_minute WHERE (minute, route, status_class) IN (SELECT minute, route,"
                 " status_class FROM request_minute WHERE minute < ?1 ORDER BY minute LIMIT ?2)",
                 before_us / minute_us, REMOVED_MOST, more, fault);
  return status;
}

/** Age is looked at once a minute, or a tenth of a shorter time. */
static enum mulligan_status retain(struct request_database *database, const struct request_retention *retention,
                                   int64_t now_us, bool *more, struct fault *fault) {
  *more = false;
  enum mulligan_status status = remove_surplus(database->store, retention->rows, more, fault);
  int64_t pause_us = retention->keep_us / 10;
  pause_us = pause_us < second_us ? second_us : pause_us > minute_us ? minute_us : pause_us;
  /* A clock that was set back must not put it off. */
  bool due = now_us >= database->age_due_us || now_us < database->age_due_us - pause_us;
  if (status != MULLIGAN_OK || retention->keep_us == 0 || !due)
    return status;
  bool old = false;
  status = remove_old(database->store, now_us - retention->keep_us, &old, fault);
  if (status == MULLIGAN_OK)
    database->age_due_us = old ? now_us : now_us + pause_us;
  *more = *more || old;
  return status;
}

/* ---- the transaction ---- */

enum mulligan_status request_database_store(struct request_database *database, const struct request_news *news,
                                            const struct request_retention *retention, bool *more,
                                            struct fault *fault) {
  struct store *store = database->store;
  int64_t now_us = clock_wall_us();
  enum mulligan_status status = store_begin_write(store, fault);
  if (status == MULLIGAN_OK)
    status = database_file_check_name(&database->file, fault);
  if (status == MULLIGAN_OK)
    status = insert_rows(store, news->rows, fault);
  if (status == MULLIGAN_OK)
    status = request_counts_store(news->counts, store, fault);
  if (status == MULLIGAN_OK)
    status = count_losses(store, news->losses, now_us, fault);
  if (status == MULLIGAN_OK)
    status = retain(database, retention, now_us, more, fault);
  if (status == MULLIGAN_OK)
    status = store_commit(store, fault);
  if (status != MULLIGAN_OK) {
    store_rollback(store);
    return status;
  }
  return database_file_check(&database->file, fault);
}
