/**
 * store_statement.c - prepared statements: found or made, bound, stepped, read, and given back.
 *
 * Called by the bindings and by the host's own modules, on the thread that has the store. It is on the way of every
 * request, so a statement that is in the cache is found without allocating.
 *
 * Invariants: a statement is either in the cache (a bucket's chain and the list of use) or in the list of extra ones;
 * an idle one is always in the cache and has no bindings; only idle ones leave the cache.
 */
#include "base/clock.h"
#include "data/store_internal.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STATEMENTS_KEPT = 256 };

enum state {
  IDLE,     /* in the cache, nobody's */
  READY,    /* given out */
  RUNNING,  /* has given a row */
  ENDED,    /* has given its last row */
  ABANDONED /* its transaction was rolled back under it */
};

struct store_statement {
  struct store *store;
  sqlite3_stmt *handle;
  enum state state;
  bool read;
  bool cached;
  int parameters;
  uint64_t boolean_columns; /* of the first 64: which are declared BOOLEAN */
  int twin;                 /* the first column whose name an earlier one has; -1 if all differ */
  int described;            /* the handle's count of preparations when these two were read; -1: never */
  int64_t changes_before;   /* the connection's total when this run began */
  int64_t started_ns;
  struct store_statement *chain;         /* the next in the bucket */
  struct store_statement *newer, *older; /* in the list of use, or of extra ones */
  uint64_t hash;
  size_t length;
  char sql[];
};

/* ---- the cache ---- */

/* Takes in sixteen bytes, with one multiplication to wait for: SQL texts are long, and this is done for all that runs.
 */
static uint64_t mix(uint64_t hash, const char *bytes) {
  uint64_t first, second;
  memcpy(&first, bytes, sizeof first);
  memcpy(&second, bytes + sizeof first, sizeof second);
  uint64_t both = first * UINT64_C(0xd6e8feb86659fd93) + second;
  return ((hash << 5 | hash >> 59) ^ both) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t hash_text(const char *text, size_t length) {
  char rest[16] = {0};
  uint64_t hash = length;
  for (; length >= sizeof rest; text += sizeof rest, length -= sizeof rest)
    hash = mix(hash, text);
  memcpy(rest, text, length);
  hash = mix(hash, rest);
  return hash ^ hash >> 32;
}

static struct store_statement **bucket_of(struct store_cache *cache, uint64_t hash) {
  return &cache->buckets[hash & (STORE_CACHE_BUCKETS - 1)];
}

static void link_newest(struct store_cache *cache, struct store_statement *statement) {
  statement->newer = NULL;
  statement->older = cache->newest;
  *(cache->newest ? &cache->newest->newer : &cache->oldest) = statement;
  cache->newest = statement;
}

static void unlink_used(struct store_cache *cache, struct store_statement *statement) {
  *(statement->newer ? &statement->newer->older : &cache->newest) = statement->older;
  *(statement->older ? &statement->older->newer : &cache->oldest) = statement->newer;
}

static struct store_statement *cache_find(struct store_cache *cache, uint64_t hash, const char *sql, size_t length) {
  struct store_statement *each = *bucket_of(cache, hash);
  while (each && !(each->hash == hash && each->length == length && memcmp(each->sql, sql, length) == 0))
    each = each->chain;
  if (each && each != cache->newest) {
    unlink_used(cache, each);
    link_newest(cache, each);
  }
  return each;
}

static void destroy(struct store_statement *statement) {
  sqlite3_finalize(statement->handle);
  free(statement);
}

static void cache_remove(struct store_cache *cache, struct store_statement *statement) {
  struct store_statement **link = bucket_of(cache, statement->hash);
  while (*link != statement)
    link = &(*link)->chain;
  *link = statement->chain;
  unlink_used(cache, statement);
  cache->count--;
}

/* Makes room by dropping the idle statement that was used longest ago; false if all are in use. */
static bool cache_make_room(struct store_cache *cache) {
  if (cache->count < STATEMENTS_KEPT)
    return true;
  struct store_statement *each = cache->oldest;
  while (each && each->state != IDLE)
    each = each->newer;
  if (!each)
    return false;
  cache_remove(cache, each);
  destroy(each);
  return true;
}

static void cache_add(struct store_cache *cache, struct store_statement *statement) {
  struct store_statement **bucket = bucket_of(cache, statement->hash);
  statement->chain = *bucket;
  *bucket = statement;
  link_newest(cache, statement);
  statement->cached = true;
  cache->count++;
}

static void add_extra(struct store *store, struct store_statement *statement) {
  statement->newer = NULL;
  statement->older = store->extra;
  if (store->extra)
    store->extra->newer = statement;
  store->extra = statement;
}

static void remove_extra(struct store *store, struct store_statement *statement) {
  *(statement->newer ? &statement->newer->older : &store->extra) = statement->older;
  if (statement->older)
    statement->older->newer = statement->newer;
}

/* ---- prepare and finish ---- */

/* Is there anything but blanks, comments and semicolons? */
static bool holds_statement(sqlite3 *db, const char *sql, const char *end) {
  while (sql < end) {
    sqlite3_stmt *handle = NULL;
    int code = sqlite3_prepare_v2(db, sql, (int)(end - sql), &handle, &sql);
    sqlite3_finalize(handle);
    if (code != SQLITE_OK || handle)
      return true;
  }
  return false;
}

static enum mulligan_status compile(struct store *store, const char *sql, size_t length, sqlite3_stmt **handle,
                                    struct fault *fault) {
  char excerpt[STORE_EXCERPT_SIZE];
  if (memchr(sql, '\0', length))
    return fault_set(fault, MULLIGAN_INVALID, "a NUL byte stands in \"%s\"", store_excerpt(excerpt, sql, length));
  if (length > (size_t)sqlite3_limit(store->db, SQLITE_LIMIT_SQL_LENGTH, -1))
    return fault_set(fault, MULLIGAN_FULL, "the SQL text is too long, in \"%s\"", store_excerpt(excerpt, sql, length));

  const char *tail = sql;
  int code = sqlite3_prepare_v3(store->db, sql, (int)length, SQLITE_PREPARE_PERSISTENT, handle, &tail);
  if (code != SQLITE_OK) {
    enum mulligan_status status = store_fail(store, code, sql, length, fault);
    if (status != MULLIGAN_ERROR)
      return status;
    if (fault)
      fault->status = MULLIGAN_INVALID; /* a syntax error or an unknown name: the text is wrong, not the database */
    return MULLIGAN_INVALID;
  }
  if (!*handle)
    return fault_set(fault, MULLIGAN_INVALID, "there is no statement in \"%s\"", store_excerpt(excerpt, sql, length));
  if (holds_statement(store->db, tail, sql + length)) {
    sqlite3_finalize(*handle);
    store->refusal = NULL; /* the second one may have been refused too */
    return fault_set(fault, MULLIGAN_INVALID, "there is more than one statement in \"%s\"; run them one by one",
                     store_excerpt(excerpt, sql, length));
  }
  return MULLIGAN_OK;
}

static enum mulligan_status create(struct store *store, uint64_t hash, const char *sql, size_t length,
                                   struct store_statement **out, struct fault *fault) {
  sqlite3_stmt *handle = NULL;
  enum mulligan_status status = compile(store, sql, length, &handle, fault);
  if (status)
    return status;
  struct store_statement *statement = calloc(1, sizeof *statement + length + 1);
  if (!statement) {
    sqlite3_finalize(handle);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for an SQL statement");
  }
  statement->store = store;
  statement->handle = handle;
  statement->read = sqlite3_stmt_readonly(handle) || sqlite3_stmt_isexplain(handle);
  statement->parameters = sqlite3_bind_parameter_count(handle);
  statement->twin = -1;
  statement->described = -1;
  statement->hash = hash;
  statement->length = length;
  memcpy(statement->sql, sql, length);
  *out = statement;
  return MULLIGAN_OK;
}

enum mulligan_status store_prepare(struct store *store, const char *sql, size_t length, struct store_statement **out,
                                   struct fault *fault) {
  *out = NULL;
  uint64_t hash = hash_text(sql, length);
  struct store_statement *statement = cache_find(&store->cache, hash, sql, length);
  bool known = statement;
  if (!known || statement->state != IDLE) {
    enum mulligan_status status = create(store, hash, sql, length, &statement, fault);
    if (status)
      return status;
    if (!known && cache_make_room(&store->cache))
      cache_add(&store->cache, statement);
    else
      add_extra(store, statement);
  }
  statement->state = READY;
  store->in_use++;
  *out = statement;
  return MULLIGAN_OK;
}

/* The run is over, well or not. */
static void end_run(struct store_statement *statement) {
  struct store *store = statement->store;
  if (!statement->read) {
    /* SQLite's count of changes is that of the last INSERT, UPDATE or DELETE, whatever ran after it. */
    bool changed = sqlite3_total_changes64(store->db) != statement->changes_before;
    store->changes = changed ? sqlite3_changes64(store->db) : 0;
  }
  if (store->trace)
    store->trace(store->trace_context, statement->sql, clock_monotonic_ns() - statement->started_ns);
}

void store_finish(struct store_statement *statement) {
  if (!statement)
    return;
  struct store *store = statement->store;
  if (statement->state != READY)
    sqlite3_reset(statement->handle);
  if (statement->state == RUNNING)
    end_run(statement);
  store->in_use--;
  if (!statement->cached) {
    remove_extra(store, statement);
    destroy(statement);
    return;
  }
  if (statement->parameters > 0)
    sqlite3_clear_bindings(statement->handle);
  statement->state = IDLE;
}

static void abandon_list(struct store_statement *first) {
  for (; first; first = first->older)
    if (first->state == RUNNING) {
      sqlite3_reset(first->handle);
      end_run(first);
      first->state = ABANDONED;
    }
}

void store_abandon_statements(struct store *store) {
  if (store->in_use == 0)
    return;
  abandon_list(store->cache.newest);
  abandon_list(store->extra);
}

static void drop_list(struct store_statement *first) {
  while (first) {
    struct store_statement *older = first->older;
    destroy(first);
    first = older;
  }
}

void store_drop_statements(struct store *store) {
  drop_list(store->cache.newest);
  drop_list(store->extra);
  store->cache = (struct store_cache){0};
  store->extra = NULL;
  store->in_use = 0;
}

bool store_is_read(const struct store_statement *statement) {
  return statement->read;
}

/* ---- parameters ---- */

int store_parameter_count(const struct store_statement *statement) {
  return statement->parameters;
}

const char *store_parameter_name(const struct store_statement *statement, int index) {
  const char *name = sqlite3_bind_parameter_name(statement->handle, index);
  return name && name[0] != '?' ? name + 1 : NULL;
}

static enum mulligan_status bound(struct store_statement *statement, int code, struct fault *fault) {
  if (code == SQLITE_OK)
    return MULLIGAN_OK;
  return store_fail(statement->store, code, statement->sql, statement->length, fault);
}

enum mulligan_status store_bind_null(struct store_statement *statement, int index, struct fault *fault) {
  return bound(statement, sqlite3_bind_null(statement->handle, index), fault);
}

enum mulligan_status store_bind_integer(struct store_statement *statement, int index, int64_t value,
                                        struct fault *fault) {
  return bound(statement, sqlite3_bind_int64(statement->handle, index, value), fault);
}

enum mulligan_status store_bind_real(struct store_statement *statement, int index, double value, struct fault *fault) {
  return bound(statement, sqlite3_bind_double(statement->handle, index, value), fault);
}

enum mulligan_status store_bind_text(struct store_statement *statement, int index, const char *text, size_t length,
                                     struct fault *fault) {
  int code = sqlite3_bind_text64(statement->handle, index, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
  return bound(statement, code, fault);
}

enum mulligan_status store_bind_blob(struct store_statement *statement, int index, const void *bytes, size_t length,
                                     struct fault *fault) {
  /* An empty blob is not NULL, wherever its bytes are not. */
  int code = sqlite3_bind_blob64(statement->handle, index, length ? bytes : "", length, SQLITE_TRANSIENT);
  return bound(statement, code, fault);
}

enum mulligan_status store_lend_text(struct store_statement *statement, int index, const char *text, size_t length,
                                     struct fault *fault) {
  int code = sqlite3_bind_text64(statement->handle, index, text, length, SQLITE_STATIC, SQLITE_UTF8);
  return bound(statement, code, fault);
}

enum mulligan_status store_lend_blob(struct store_statement *statement, int index, const void *bytes, size_t length,
                                     struct fault *fault) {
  int code = sqlite3_bind_blob64(statement->handle, index, length ? bytes : "", length, SQLITE_STATIC);
  return bound(statement, code, fault);
}

/* ---- running ---- */

static enum mulligan_status check_run(struct store_statement *statement, struct fault *fault) {
  struct store *store = statement->store;
  char excerpt[STORE_EXCERPT_SIZE];
  if (store->lost)
    return fault_set(fault, store->loss.status, "the transaction was already rolled back, since: %s",
                     store->loss.message);
  if (!statement->read && !store->writing)
    return fault_set(fault, MULLIGAN_DENIED, "a write outside a transaction: \"%s\"",
                     store_excerpt(excerpt, statement->sql, statement->length));
  return MULLIGAN_OK;
}

static bool is_boolean(sqlite3_stmt *handle, int column) {
  const char *type = sqlite3_column_decltype(handle, column);
  return type && strcasecmp(type, "BOOLEAN") == 0;
}

static int find_twin(sqlite3_stmt *handle, int count) {
  for (int i = 1; i < count; i++)
    for (int before = 0; before < i; before++)
      if (strcmp(sqlite3_column_name(handle, before), sqlite3_column_name(handle, i)) == 0)
        return i;
  return -1;
}

/* Reads what is to be known of the columns, again if SQLite has had to prepare the statement anew for a changed schema.
 */
static void describe(struct store_statement *statement) {
  int preparations = sqlite3_stmt_status(statement->handle, SQLITE_STMTSTATUS_REPREPARE, 0);
  if (statement->described == preparations)
    return;
  int count = sqlite3_column_count(statement->handle);
  statement->boolean_columns = 0;
  for (int i = 0; i < count && i < 64; i++)
    if (is_boolean(statement->handle, i))
      statement->boolean_columns |= UINT64_C(1) << i;
  statement->twin = find_twin(statement->handle, count);
  statement->described = preparations;
}

static enum mulligan_status fail_run(struct store_statement *statement, int code, struct fault *fault) {
  struct store *store = statement->store;
  struct fault reason;
  enum mulligan_status status = store_fail(store, code, statement->sql, statement->length, &reason);
  sqlite3_reset(statement->handle);
  if (store->writing && sqlite3_get_autocommit(store->db)) {
    /* A full disk, an interrupt and the like end the whole transaction. What ran next would commit by itself. */
    store->lost = true;
    store->loss = reason;
  }
  return fault_set(fault, status, "%s", reason.message);
}

enum mulligan_status store_step(struct store_statement *statement, bool *row, struct fault *fault) {
  struct store *store = statement->store;
  *row = false;
  switch (statement->state) {
  case ENDED:
    return MULLIGAN_OK;
  case ABANDONED:
    return fault_set(fault, MULLIGAN_ERROR, "the transaction in which these rows were read has been rolled back");
  case RUNNING:
    break;
  default: {
    enum mulligan_status status = check_run(statement, fault);
    if (status)
      return status;
    if (store->trace)
      statement->started_ns = clock_monotonic_ns();
    if (!statement->read)
      statement->changes_before = sqlite3_total_changes64(store->db);
  }
  }

  int code = sqlite3_step(statement->handle);
  if (code == SQLITE_ROW) {
    if (statement->state != RUNNING)
      describe(statement);
    statement->state = RUNNING;
    *row = true;
    return MULLIGAN_OK;
  }
  statement->state = ENDED;
  enum mulligan_status status = code == SQLITE_DONE ? MULLIGAN_OK : fail_run(statement, code, fault);
  end_run(statement);
  return status;
}

/* ---- columns ---- */

int store_column_count(const struct store_statement *statement) {
  return sqlite3_column_count(statement->handle);
}

const char *store_column_name(const struct store_statement *statement, int column) {
  return sqlite3_column_name(statement->handle, column);
}

const char *store_column_twin(const struct store_statement *statement) {
  return statement->twin < 0 ? NULL : sqlite3_column_name(statement->handle, statement->twin);
}

static bool is_boolean_value(const struct store_statement *statement, int column) {
  bool declared = column < 64 ? statement->boolean_columns >> column & 1 : is_boolean(statement->handle, column);
  if (!declared)
    return false;
  int64_t value = sqlite3_column_int64(statement->handle, column);
  return value == 0 || value == 1;
}

enum store_type store_column_type(const struct store_statement *statement, int column) {
  switch (sqlite3_column_type(statement->handle, column)) {
  case SQLITE_INTEGER:
    return is_boolean_value(statement, column) ? STORE_BOOLEAN : STORE_INTEGER;
  case SQLITE_FLOAT:
    return STORE_REAL;
  case SQLITE_TEXT:
    return STORE_TEXT;
  case SQLITE_BLOB:
    return STORE_BLOB;
  default:
    return STORE_NULL;
  }
}

int64_t store_column_integer(const struct store_statement *statement, int column) {
  return sqlite3_column_int64(statement->handle, column);
}

double store_column_real(const struct store_statement *statement, int column) {
  return sqlite3_column_double(statement->handle, column);
}

const char *store_column_bytes(const struct store_statement *statement, int column, size_t *length) {
  const char *bytes = sqlite3_column_blob(statement->handle, column);
  *length = (size_t)sqlite3_column_bytes(statement->handle, column);
  return bytes ? bytes : "";
}

int64_t store_changes(const struct store *store) {
  return store->changes;
}

int64_t store_last_insert(const struct store *store) {
  return sqlite3_last_insert_rowid(store->db);
}
