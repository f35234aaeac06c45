/**
 * frozen_sql.c - SQL's clock and random numbers, held still.
 *
 * The clock is that of SQLite's own VFS with one function replaced, made the default; the files are its as before. The
 * time is the thread's, since a plan is one thread's work. Any thread.
 */
#include "data/frozen_sql.h"

#include "data/store_internal.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { BLOB_MOST = 64 << 20 };

static _Thread_local int64_t frozen_us;

/* ---- the clock ---- */

static sqlite3_vfs *real;

static int current_time_ms(sqlite3_vfs *vfs, sqlite3_int64 *out) {
  static const sqlite3_int64 julian_1970_ms = INT64_C(210866760000000);
  if (frozen_us == 0)
    return real->xCurrentTimeInt64(vfs, out);
  *out = julian_1970_ms + frozen_us / 1000;
  return SQLITE_OK;
}

void frozen_sql_install(void) {
  static sqlite3_vfs vfs;
  real = sqlite3_vfs_find(NULL);
  if (!real || real->iVersion < 2 || !real->xCurrentTimeInt64)
    return; /* a build of SQLite without it: its clock is then the real one */
  vfs = *real;
  vfs.zName = "mulligan";
  vfs.pNext = NULL;
  vfs.xCurrentTimeInt64 = current_time_ms;
  sqlite3_vfs_register(&vfs, 1);
}

void frozen_sql_set_clock(int64_t wall_us) {
  frozen_us = wall_us;
}

/* ---- random numbers ---- */

struct stream {
  unsigned char seed[RANDOM_SOURCE_SEED_BYTES];
  uint64_t draws;
  int users; /* functions that hold it */
};

static void release(void *context) {
  struct stream *stream = context;
  if (--stream->users == 0)
    free(stream);
}

static void random_number(sqlite3_context *call, int count, sqlite3_value **values) {
  struct stream *stream = sqlite3_user_data(call);
  sqlite3_int64 out;
  (void)count;
  (void)values;
  random_source_draw(stream->seed, stream->draws++, &out, sizeof out);
  sqlite3_result_int64(call, out);
}

static void random_blob(sqlite3_context *call, int count, sqlite3_value **values) {
  struct stream *stream = sqlite3_user_data(call);
  (void)count;
  sqlite3_int64 size = sqlite3_value_int64(values[0]);
  size = size < 1 ? 1 : size; /* as SQLite's own does it */
  void *bytes = size <= BLOB_MOST ? sqlite3_malloc64((sqlite3_uint64)size) : NULL;
  if (!bytes) {
    sqlite3_result_error_toobig(call);
    return;
  }
  random_source_draw(stream->seed, stream->draws++, bytes, (size_t)size);
  sqlite3_result_blob64(call, bytes, (sqlite3_uint64)size, sqlite3_free);
}

enum mulligan_status frozen_sql_seed(struct store *store, const unsigned char seed[RANDOM_SOURCE_SEED_BYTES],
                                     struct fault *fault) {
  static const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
  struct sqlite3 *db = store_handle(store);
  struct stream *stream = calloc(1, sizeof *stream);
  if (!stream)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  memcpy(stream->seed, seed, sizeof stream->seed);
  stream->users = 2; /* SQLite releases the context of a function that it could not register, too */
  int rc = sqlite3_create_function_v2(db, "random", 0, flags, stream, random_number, NULL, NULL, release);
  int second = sqlite3_create_function_v2(db, "randomblob", 1, flags, stream, random_blob, NULL, NULL, release);
  rc = rc != SQLITE_OK ? rc : second;
  return rc == SQLITE_OK ? MULLIGAN_OK
                         : fault_set(fault, MULLIGAN_ERROR, "cannot seed random(): %s", sqlite3_errstr(rc));
}
