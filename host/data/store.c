/**
 * store.c - a connection's life, its transactions and its file.
 *
 * Called by the bindings and by the host's own modules, on the thread that has the store; store_interrupt() also by a
 * signal handler there.
 *
 * Invariants: the write lock is held exactly while `writing` is true (or inside a function here); no transaction is
 * open otherwise; a checkpoint runs only under the lock, between transactions. The last is what keeps clear of the
 * WAL-reset bug of SQLite 3.40.1, and the reason why closing does not checkpoint.
 */
#include "data/store.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/frozen_sql.h"
#include "data/store_internal.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
  PAGES_WORTH_A_CHECKPOINT = 1000,
  STEPS_BETWEEN_QUESTIONS = 4000, /* of SQLite's virtual machine: some tens of microseconds */
  VALUE_BYTES = 64 * 1024 * 1024,
  BUSY_PAUSE_NS = 1000000
};
static const int64_t default_write_wait_ns = INT64_C(5000000000);
static const int64_t busy_wait_ns = INT64_C(2000000000); /* for a lock that only a foreign program can hold */

struct sqlite3 *store_handle(struct store *store) {
  return store->db;
}

const char *store_path(const struct store *store) {
  return store->path;
}

/* ---- the store's own SQL ---- */

/* Runs one of the store's own prepared statements; returns SQLite's extended code. */
static int run_own(struct store *store, sqlite3_stmt *statement) {
  store->trust = STORE_TRUST_SELF;
  sqlite3_step(statement);
  int code = sqlite3_reset(statement);
  store->trust = STORE_TRUST_SCRIPT;
  return code;
}

static enum mulligan_status execute_own(struct store *store, const char *sql, struct fault *fault) {
  store->trust = STORE_TRUST_SELF;
  int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
  store->trust = STORE_TRUST_SCRIPT;
  return code == SQLITE_OK ? MULLIGAN_OK : store_fail(store, code, sql, strlen(sql), fault);
}

/* The first column of the first row, as a short text; "" without a row. */
static enum mulligan_status ask_own(struct store *store, const char *sql, char answer[32], struct fault *fault) {
  sqlite3_stmt *statement = NULL;
  store->trust = STORE_TRUST_SELF;
  int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_step(statement);
  store->trust = STORE_TRUST_SCRIPT;
  enum mulligan_status status = store_status_of(code);
  const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
  if (status)
    store_fail(store, code, sql, strlen(sql), fault);
  else
    snprintf(answer, 32, "%s", text ? (const char *)text : "");
  sqlite3_finalize(statement);
  return status;
}

/* ---- callbacks ---- */

static bool is_stopped(const struct store *store) {
  return store->should_stop && store->should_stop(store->stop_context);
}

/* Not the store's own statements: a COMMIT stopped after its work would be reported as failed, though it was not. */
static int on_progress(void *context) {
  const struct store *store = context;
  return store->trust != STORE_TRUST_SELF && is_stopped(store);
}

/* The lock of a foreign program, or one that SQLite holds for a moment: waits a little, unless told to stop. */
static int on_busy(void *context, int attempts) {
  struct store *store = context;
  int64_t now = clock_monotonic_ns();
  if (attempts == 0)
    store->busy_since_ns = now;
  if (now - store->busy_since_ns >= busy_wait_ns || is_stopped(store))
    return 0;
  nanosleep(&(struct timespec){.tv_nsec = BUSY_PAUSE_NS}, NULL);
  return 1;
}

static int on_commit_to_wal(void *context, sqlite3 *db, const char *schema, int pages) {
  (void)db;
  (void)schema;
  struct store *store = context;
  store->wal_pages = pages;
  return SQLITE_OK;
}

void store_set_interrupt(struct store *store, bool (*should_stop)(void *context), void *context) {
  store->should_stop = should_stop;
  store->stop_context = context;
  sqlite3_progress_handler(store->db, should_stop ? STEPS_BETWEEN_QUESTIONS : 0, on_progress, store);
}

void store_interrupt(struct store *store) {
  if (store->trust != STORE_TRUST_SELF)
    sqlite3_interrupt(store->db);
}

void store_set_trace(struct store *store, void (*trace)(void *context, const char *sql, int64_t duration_ns),
                     void *context) {
  store->trace = trace;
  store->trace_context = context;
}

/* ---- opening ---- */

/* SQLite's count of its memory costs a process-wide lock at each allocation, and nobody reads it. */
static void configure_sqlite(void) {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  frozen_sql_install();
}

/* What SQLite would report as "unable to open database file" has better names. */
static enum mulligan_status check_path(const char *path, enum store_mode mode, struct fault *fault) {
  struct stat found;
  if (stat(path, &found) == 0)
    return S_ISDIR(found.st_mode) ? fault_set(fault, MULLIGAN_ERROR, "%s is a folder, not a database", path)
                                  : MULLIGAN_OK;
  if (mode == STORE_READ_ONLY && errno == ENOENT)
    return fault_set(fault, MULLIGAN_MISSING, "there is no database %s", path);
  return MULLIGAN_OK;
}

static enum mulligan_status fail_open(struct store *store, int code, struct fault *fault) {
  int reason = sqlite3_system_errno(store->db);
  if ((code & 0xff) != SQLITE_CANTOPEN)
    return store_fail(store, code, NULL, 0, fault);
  enum mulligan_status status = reason == ENOENT || reason == ENOTDIR ? MULLIGAN_MISSING
                                : reason == EACCES || reason == EROFS ? MULLIGAN_READONLY
                                                                      : MULLIGAN_ERROR;
  return fault_set(fault, status, "cannot open the database %s: %s", store->path,
                   reason ? strerror(reason) : sqlite3_errmsg(store->db));
}

static enum mulligan_status connect(struct store *store, bool private, struct fault *fault) {
  int flags = store->mode == STORE_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  int code = sqlite3_open_v2(store->path, &store->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
  if (!store->db)
    return fault_set(fault, MULLIGAN_NOMEM, "%s: out of memory", store->path);
  if (code != SQLITE_OK)
    return fail_open(store, code, fault);
  /* SQLite falls back to reading without a word. */
  if (!private && store->mode == STORE_READ_WRITE && sqlite3_db_readonly(store->db, "main") == 1)
    return fault_set(fault, MULLIGAN_READONLY, "the database %s is not writable", store->path);
  return MULLIGAN_OK;
}

static void configure(struct store *store) {
  sqlite3 *db = store->db;
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES);
  sqlite3_busy_handler(db, on_busy, store);
  sqlite3_wal_hook(db, on_commit_to_wal, store); /* takes the place of SQLite's own, which would checkpoint */
  store_guard_install(store);
}

/* A new file gets its WAL; the switch writes, so it is made under the lock. */
static enum mulligan_status enter_wal(struct store *store, struct fault *fault) {
  char journal[32];
  enum mulligan_status status = ask_own(store, "PRAGMA journal_mode", journal, fault);
  if (status || store->mode == STORE_READ_ONLY || strcmp(journal, "wal") == 0)
    return status;
  if (store->lock)
    status = write_lock_take(store->lock, clock_monotonic_ns() + store->write_wait_ns, fault);
  if (status)
    return status;
  status = ask_own(store, "PRAGMA journal_mode = WAL", journal, fault);
  if (store->lock)
    write_lock_give(store->lock);
  if (!status && strcmp(journal, "wal") != 0)
    return fault_set(fault, MULLIGAN_ERROR, "%s: this file system does not allow a write-ahead log", store->path);
  return status;
}

static enum mulligan_status check_encoding(struct store *store, struct fault *fault) {
  char encoding[32];
  enum mulligan_status status = ask_own(store, "PRAGMA encoding", encoding, fault);
  if (!status && strcmp(encoding, "UTF-8") != 0)
    return fault_set(fault, MULLIGAN_CORRUPT, "%s: its texts are in %s, not UTF-8", store->path, encoding);
  return status;
}

static enum mulligan_status prepare_own(struct store *store, struct fault *fault) {
  struct {
    const char *sql;
    sqlite3_stmt **out;
  } const own[] = {{"BEGIN IMMEDIATE", &store->begin}, {"COMMIT", &store->commit}, {"ROLLBACK", &store->rollback}};
  int code = SQLITE_OK;
  store->trust = STORE_TRUST_SELF;
  for (size_t i = 0; i < sizeof own / sizeof *own && code == SQLITE_OK; i++)
    code = sqlite3_prepare_v3(store->db, own[i].sql, -1, SQLITE_PREPARE_PERSISTENT, own[i].out, NULL);
  store->trust = STORE_TRUST_SCRIPT;
  return code == SQLITE_OK ? MULLIGAN_OK : store_fail(store, code, NULL, 0, fault);
}

enum mulligan_status store_open(struct store **out, const char *path, enum store_mode mode, struct write_lock *lock,
                                struct fault *fault) {
  static pthread_once_t configured = PTHREAD_ONCE_INIT;
  pthread_once(&configured, configure_sqlite);
  *out = NULL;
  bool private = !*path || strcmp(path, ":memory:") == 0;
  enum mulligan_status status = private ? MULLIGAN_OK : check_path(path, mode, fault);
  if (status)
    return status;

  size_t size = strlen(path) + 1;
  struct store *store = calloc(1, sizeof *store + size);
  if (!store)
    return fault_set(fault, MULLIGAN_NOMEM, "%s: out of memory", path);
  memcpy(store->path, path, size);
  store->mode = mode;
  store->lock = lock;
  store->write_wait_ns = default_write_wait_ns;
  store->checkpoint_at = PAGES_WORTH_A_CHECKPOINT;

  status = connect(store, private, fault);
  if (!status) {
    configure(store);
    /* The journal's mode is read from the file: here it shows whether this is a database at all. */
    status = private ? MULLIGAN_OK : enter_wal(store, fault);
  }
  if (!status)
    status = check_encoding(store, fault);
  if (!status)
    status = execute_own(store,
                         "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; "
                         "PRAGMA journal_size_limit = 67108864",
                         fault);
  if (!status)
    status = prepare_own(store, fault);
  if (status) {
    store_close(store);
    return status;
  }
  *out = store;
  return MULLIGAN_OK;
}

void store_close(struct store *store) {
  if (!store)
    return;
  store_rollback(store);
  store_drop_statements(store);
  sqlite3_finalize(store->begin);
  sqlite3_finalize(store->commit);
  sqlite3_finalize(store->rollback);
  int code = sqlite3_close(store->db);
  assert(code == SQLITE_OK);
  (void)code;
  free(store);
}

/* ---- the WAL ---- */

/*
 * After a commit, under the lock. What a reader holds back is tried again when the WAL has grown by half as much again,
 * not at each commit: every try reads the whole WAL's index. The next commit that finds the WAL begun anew goes back to
 * the usual mark.
 */
static void checkpoint_if_grown(struct store *store) {
  if (store->wal_pages < PAGES_WORTH_A_CHECKPOINT)
    store->checkpoint_at = PAGES_WORTH_A_CHECKPOINT;
  if (store->wal_pages < store->checkpoint_at)
    return;
  int logged = 0, moved = 0;
  store->trust = STORE_TRUST_SELF; /* what has been committed is no longer the script's to be stopped in */
  int code = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, &logged, &moved);
  store->trust = STORE_TRUST_SCRIPT;
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
    log_warning("checkpoint of %s: %s", store->path, sqlite3_errmsg(store->db));
  bool whole = code == SQLITE_OK && moved == logged;
  store->checkpoint_at = whole ? PAGES_WORTH_A_CHECKPOINT : store->wal_pages + PAGES_WORTH_A_CHECKPOINT / 2;
}

/* ---- transactions ---- */

void store_set_write_wait(struct store *store, int64_t wait_ns) {
  store->write_wait_ns = wait_ns;
}

enum mulligan_status store_begin_write(struct store *store, struct fault *fault) {
  return store_begin_write_until(store, INT64_MAX, fault);
}

enum mulligan_status store_begin_write_until(struct store *store, int64_t deadline_ns, struct fault *fault) {
  assert(!store->writing);
  if (store->mode == STORE_READ_ONLY)
    return fault_set(fault, MULLIGAN_READONLY, "the database %s was opened for reading only", store->path);
  int64_t own_deadline_ns = clock_monotonic_ns() + store->write_wait_ns;
  if (own_deadline_ns < deadline_ns)
    deadline_ns = own_deadline_ns;
  enum mulligan_status status = MULLIGAN_OK;
  if (store->lock)
    status = write_lock_take(store->lock, deadline_ns, fault);
  if (status)
    return status;

  int code = run_own(store, store->begin);
  if (code != SQLITE_OK) {
    status = store_fail(store, code, "BEGIN IMMEDIATE", strlen("BEGIN IMMEDIATE"), fault);
    if (store->lock)
      write_lock_give(store->lock);
    return status;
  }
  store->writing = true;
  store->lost = false;
  store->transactions++;
  /* last_insert_rowid() would tell what an earlier request did on this connection. */
  sqlite3_set_last_insert_rowid(store->db, 0);
  return MULLIGAN_OK;
}

static void end_write(struct store *store) {
  store->writing = false;
  store->lost = false;
  if (store->lock)
    write_lock_give(store->lock);
}

enum mulligan_status store_commit(struct store *store, struct fault *fault) {
  assert(store->writing);
  if (store->lost) {
    fault_set(fault, store->loss.status, "nothing was committed: the transaction was rolled back, since: %s",
              store->loss.message);
    enum mulligan_status status = store->loss.status;
    store_rollback(store);
    return status;
  }
  int code = run_own(store, store->commit);
  if (code != SQLITE_OK) {
    enum mulligan_status status = store_fail(store, code, "COMMIT", strlen("COMMIT"), fault);
    store_rollback(store);
    return status;
  }
  checkpoint_if_grown(store);
  end_write(store);
  return MULLIGAN_OK;
}

void store_rollback(struct store *store) {
  store_abandon_statements(store);
  if (!store->writing)
    return;
  /* SQLite may report an error of the disk here, but the transaction is over all the same. */
  if (!sqlite3_get_autocommit(store->db))
    run_own(store, store->rollback);
  assert(sqlite3_get_autocommit(store->db));
  end_write(store);
}

bool store_in_transaction(const struct store *store) {
  return store->writing;
}

uint64_t store_transaction(const struct store *store) {
  return store->writing ? store->transactions : 0;
}

static enum mulligan_status savepoint(struct store *store, const char *verb, int depth, struct fault *fault) {
  if (store->lost)
    return fault_set(fault, store->loss.status, "the transaction was already rolled back, since: %s",
                     store->loss.message);
  char sql[64];
  snprintf(sql, sizeof sql, "%s step_%d", verb, depth);
  return execute_own(store, sql, fault);
}

enum mulligan_status store_savepoint(struct store *store, int depth, struct fault *fault) {
  return savepoint(store, "SAVEPOINT", depth, fault);
}

enum mulligan_status store_release_savepoint(struct store *store, int depth, struct fault *fault) {
  return savepoint(store, "RELEASE", depth, fault);
}

enum mulligan_status store_rollback_savepoint(struct store *store, int depth, struct fault *fault) {
  enum mulligan_status status = savepoint(store, "ROLLBACK TO", depth, fault);
  return status ? status : savepoint(store, "RELEASE", depth, fault);
}

/* ---- scripts of SQL ---- */

/* One statement of a text, from its first step to its last. */
static enum mulligan_status run_part(struct store *store, sqlite3_stmt *statement, const char *sql, size_t length,
                                     struct fault *fault) {
  char excerpt[STORE_EXCERPT_SIZE];
  if (store->lost)
    return fault_set(fault, store->loss.status, "%s", store->loss.message);
  if (!store->writing && !sqlite3_stmt_readonly(statement))
    return fault_set(fault, MULLIGAN_DENIED, "a write outside a transaction: \"%s\"",
                     store_excerpt(excerpt, sql, length));
  int code;
  do
    code = sqlite3_step(statement);
  while (code == SQLITE_ROW);
  return code == SQLITE_DONE ? MULLIGAN_OK : store_fail(store, code, sql, length, fault);
}

enum mulligan_status store_execute(struct store *store, const char *sql, struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  store->trust = STORE_TRUST_HOST;
  while (!status && *sql) {
    sqlite3_stmt *statement = NULL;
    const char *tail = sql;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, &tail);
    if (code != SQLITE_OK)
      status = store_fail(store, code, sql, strlen(sql), fault);
    else if (statement) /* NULL for a comment */
      status = run_part(store, statement, sql, (size_t)(tail - sql), fault);
    sqlite3_finalize(statement);
    sql = tail;
  }
  store->trust = STORE_TRUST_SCRIPT;
  if (status && store->writing && !store->lost && sqlite3_get_autocommit(store->db)) {
    store->lost = true;
    fault_set(&store->loss, status, "%s", fault ? fault->message : "a statement failed");
  }
  return status;
}

/* ---- the file ---- */

enum mulligan_status store_version(struct store *store, int64_t *version, struct fault *fault) {
  char answer[32];
  enum mulligan_status status = ask_own(store, "PRAGMA user_version", answer, fault);
  if (!status)
    *version = strtoll(answer, NULL, 10);
  return status;
}

enum mulligan_status store_copy(struct store *source, struct store *target, struct fault *fault) {
  assert(!source->writing && !target->writing);
  if (target->mode == STORE_READ_ONLY)
    return fault_set(fault, MULLIGAN_READONLY, "the database %s was opened for reading only", target->path);
  enum mulligan_status status = MULLIGAN_OK;
  if (target->lock)
    status = write_lock_take(target->lock, clock_monotonic_ns() + target->write_wait_ns, fault);
  if (status)
    return status;
  sqlite3_backup *backup = sqlite3_backup_init(target->db, "main", source->db, "main");
  int code = backup ? sqlite3_backup_step(backup, -1) : sqlite3_extended_errcode(target->db);
  int end = backup ? sqlite3_backup_finish(backup) : SQLITE_OK;
  if (code != SQLITE_DONE)
    status = fault_set(fault, store_status_of(code), "cannot copy %s to %s: %s", source->path, target->path,
                       sqlite3_errstr(code));
  else if (end != SQLITE_OK)
    status = store_fail(target, end, NULL, 0, fault);
  if (target->lock)
    write_lock_give(target->lock);
  return status;
}

enum mulligan_status store_checkpoint(struct store *store, struct fault *fault) {
  assert(!store->writing);
  enum mulligan_status status = MULLIGAN_OK;
  if (store->lock)
    status = write_lock_take(store->lock, clock_monotonic_ns() + store->write_wait_ns, fault);
  if (status)
    return status;
  int code = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  if (code != SQLITE_OK)
    status = store_fail(store, code, NULL, 0, fault);
  if (store->lock)
    write_lock_give(store->lock);
  return status;
}
