/**
 * changeset_world.h - a live database, a private copy of it under a recorder, and what the tests of changesets do with
 * both.
 */
#ifndef MULLIGAN_TESTS_CHANGESET_WORLD_H
#define MULLIGAN_TESTS_CHANGESET_WORLD_H

#include "base/file.h"
#include "data/changeset.h"
#include "data/store.h"
#include "data/write_lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
  char folder[64];
  struct write_lock *lock;
  struct store *live, *copy;
  struct changeset_recorder *recorder;
  struct changeset changes;
  char schema[65];
  struct fault fault;
};

static inline int set_up(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  snprintf(f->folder, sizeof f->folder, "/tmp/mulligan-changeset-XXXXXX");
  assert_non_null(mkdtemp(f->folder));
  char *lock = file_join(f->folder, "write.lock"), *path = file_join(f->folder, "app.db");
  assert_int_equal(write_lock_open(&f->lock, lock, &f->fault), MULLIGAN_OK);
  assert_int_equal(store_open(&f->live, path, STORE_READ_WRITE, f->lock, &f->fault), MULLIGAN_OK);
  free(lock);
  free(path);
  *state = f;
  return 0;
}

static inline int tear_down(void **state) {
  struct fixture *f = *state;
  changeset_abandon(f->recorder);
  changeset_release(&f->changes);
  store_close(f->copy);
  store_close(f->live);
  write_lock_close(f->lock);
  struct file_list files;
  assert_int_equal(file_walk(f->folder, "", &files, &f->fault), MULLIGAN_OK);
  for (size_t i = 0; i < files.count; i++) {
    char *path = file_join(f->folder, files.paths[i]);
    remove(path);
    free(path);
  }
  file_list_release(&files);
  remove(f->folder);
  free(f);
  return 0;
}

/* ---- the work ---- */

static inline void write_to(struct fixture *f, struct store *store, const char *sql) {
  if (store_begin_write(store, &f->fault) != MULLIGAN_OK || store_execute(store, sql, &f->fault) != MULLIGAN_OK ||
      store_commit(store, &f->fault) != MULLIGAN_OK)
    fail_msg("%s: %s", sql, f->fault.message);
}

static inline void on_live(struct fixture *f, const char *sql) {
  write_to(f, f->live, sql);
}

/* Copies the live database and starts recording there. */
static inline void begin_plan_at(struct fixture *f, const char *path) {
  assert_int_equal(store_open(&f->copy, path, STORE_READ_WRITE, NULL, &f->fault), MULLIGAN_OK);
  assert_int_equal(store_copy(f->live, f->copy, &f->fault), MULLIGAN_OK);
  assert_int_equal(changeset_schema_hash(f->copy, f->schema, &f->fault), MULLIGAN_OK);
  if (changeset_begin(&f->recorder, f->copy, &f->fault) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
}

static inline void begin_plan(struct fixture *f) {
  begin_plan_at(f, ":memory:");
}

static inline void on_copy(struct fixture *f, const char *sql) {
  write_to(f, f->copy, sql);
}

static inline void end_plan(struct fixture *f) {
  enum mulligan_status status = changeset_end(f->recorder, &f->changes, &f->fault);
  f->recorder = NULL;
  if (status != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
}

/* The whole plan in one go. */
static inline void plan(struct fixture *f, const char *sql) {
  begin_plan(f);
  on_copy(f, sql);
  end_plan(f);
}

static inline enum mulligan_status apply(struct fixture *f, int64_t *rows) {
  const struct changeset_terms terms = {.schema_hash = f->schema};
  return changeset_apply(&f->changes, f->live, &terms, rows, &f->fault);
}

static inline void assert_applied(struct fixture *f, int64_t expected) {
  int64_t rows = -1;
  if (apply(f, &rows) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
  assert_int_equal(rows, expected);
}

/* The first column of the only row, as text; "(none)" without a row. */
static const char *look(struct fixture *f, struct store *store, const char *sql) {
  static char out[512];
  struct store_statement *statement;
  bool row = false;
  if (store_prepare(store, sql, strlen(sql), &statement, &f->fault) != MULLIGAN_OK ||
      store_step(statement, &row, &f->fault) != MULLIGAN_OK)
    fail_msg("%s: %s", sql, f->fault.message);
  size_t length = 0;
  const char *text = row ? store_column_bytes(statement, 0, &length) : "(none)";
  snprintf(out, sizeof out, "%s", text ? text : "NULL");
  store_finish(statement);
  return out;
}

static inline void assert_live(struct fixture *f, const char *sql, const char *expected) {
  assert_string_equal(look(f, f->live, sql), expected);
}

/* Nothing is applied, the message holds each of the words, and a look at the live database shows what stood there. */
static inline void assert_refused(struct fixture *f, enum mulligan_status expected, const char *first,
                                  const char *second, const char *sql, const char *still) {
  int64_t rows = -1;
  assert_int_equal(apply(f, &rows), expected);
  if (!strstr(f->fault.message, first) || !strstr(f->fault.message, second))
    fail_msg("\"%s\" does not name %s and %s", f->fault.message, first, second);
  assert_int_equal(rows, -1);
  assert_false(store_in_transaction(f->live));
  assert_live(f, sql, still);
}

/* Parents, and children who leave with them. */
#define CHANGESET_FAMILIES                                                                                             \
  "CREATE TABLE parent(id INTEGER PRIMARY KEY);"                                                                       \
  "CREATE TABLE child(id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES parent(id) "                       \
  "ON DELETE CASCADE);"                                                                                                \
  "INSERT INTO parent VALUES (1),(2); INSERT INTO child VALUES (10,1),(11,1),(20,2)"

/* Two rows with a unique text each. */
#define CHANGESET_TWO_ROWS                                                                                             \
  "CREATE TABLE t(id INTEGER PRIMARY KEY, u TEXT UNIQUE, v); INSERT INTO t VALUES (1,'a','old'),(2,'b','old')"

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
