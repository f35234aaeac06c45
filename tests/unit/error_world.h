/**
 * error_world.h - a data folder with an ErrorLog, for the tests of errors: test_error_log.c, test_error_recovery.c and
 * test_error_secrets.c.
 */
#ifndef MULLIGAN_TESTS_ERROR_WORLD_H
#define MULLIGAN_TESTS_ERROR_WORLD_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "data/error_log.h"
#include "data/store.h"
#include "data/write_lock.h"
#include "remove_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
  char folder[64];
  char database[96];
  char spool[96];
  struct scrub *scrub;
  struct error_log *log;
};

static inline void open_log(struct world *world) {
  struct error_log_options options = {
      .folder = world->folder, .scrub = world->scrub, .release = "1.2.3", .host = "testhost"};
  assert_int_equal(error_log_open(&world->log, &options, NULL), MULLIGAN_OK);
}

static inline void close_log(struct world *world) {
  error_log_close(world->log);
  world->log = NULL;
}

static inline int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-errors-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  snprintf(world->database, sizeof world->database, "%s/errors.db", world->folder);
  snprintf(world->spool, sizeof world->spool, "%s/spool/errors.jsonl", world->folder);
  world->scrub = scrub_create(NULL, 0);
  *state = world;
  return 0;
}

static inline int tear_down(void **state) {
  struct world *world = *state;
  error_log_close(world->log);
  scrub_destroy(world->scrub);
  remove_tree(world->folder);
  free(world);
  return 0;
}

static inline void set(struct error_record *record, char **member, const char *text) {
  error_record_set(record, member, text, strlen(text), 1 << 20);
}

static inline struct error_record *make(const char *message) {
  struct error_record *record = error_record_create(ERROR_SOURCE_REQUEST);
  record->status = 500;
  set(record, &record->exc_type, "LuaError");
  set(record, &record->message, message);
  set(record, &record->method, "GET");
  set(record, &record->path, "/debug/always-500/");
  return record;
}

/** Records and waits; `reference` is what a client would have been told. */
static inline enum mulligan_status record(struct world *world, const char *message,
                                          char reference[MULLIGAN_REFERENCE_SIZE]) {
  struct error_record *made = make(message);
  memcpy(reference, made->reference, MULLIGAN_REFERENCE_SIZE);
  return error_log_record(world->log, made, true, NULL);
}

/** The row of a reference, which must be there; the caller releases it. */
static inline json_t *get(struct world *world, const char *reference) {
  json_t *row;
  struct fault fault = {0};
  if (error_log_get(world->folder, reference, &row, &fault) != MULLIGAN_OK)
    fail_msg("%s: %s", reference, fault.message);
  return row;
}

static inline void assert_found(struct world *world, const char *reference, const char *message) {
  json_t *row = get(world, reference);
  assert_string_equal(json_string_value(json_object_get(row, "message")), message);
  json_decref(row);
}

static inline const char *text_of(const json_t *row, const char *name) {
  return json_string_value(json_object_get(row, name));
}

static inline int64_t number_of(const json_t *row, const char *name) {
  return json_integer_value(json_object_get(row, name));
}

static inline int64_t count(struct world *world) {
  struct error_log_filter filter = {0};
  int64_t found = -1;
  assert_int_equal(error_log_count(world->folder, &filter, &found, NULL), MULLIGAN_OK);
  return found;
}

/** One number out of errors.db, as anybody may ask for it. */
static inline int64_t ask(struct world *world, const char *sql) {
  struct store *store;
  struct store_statement *statement;
  bool row;
  assert_int_equal(store_open(&store, world->database, STORE_READ_ONLY, NULL, NULL), MULLIGAN_OK);
  assert_int_equal(store_prepare(store, sql, strlen(sql), &statement, NULL), MULLIGAN_OK);
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  int64_t value = row ? store_column_integer(statement, 0) : -1;
  store_finish(statement);
  store_close(store);
  return value;
}

static inline void spoil(const char *path) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  for (int i = 0; i < 1000; i++)
    fputs("this is no database at all, ", file);
  fclose(file);
}

/** A test with a world of its own. */
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
