/**
 * store_world.h - a database in a temporary folder, and short ways to ask it, for the tests of the store.
 */
#ifndef MULLIGAN_TESTS_STORE_WORLD_H
#define MULLIGAN_TESTS_STORE_WORLD_H

#include "data/store.h"

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
  char path[96], wal[104], lock_path[96];
  struct write_lock *lock;
  struct store *store;
};

static const char schema[] =
    "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE,"
    "  accepted BOOLEAN, age INTEGER CONSTRAINT adult CHECK (age >= 18), photo BLOB, height REAL);"
    "CREATE TABLE pet (owner INTEGER NOT NULL REFERENCES person (id), name TEXT,"
    "  UNIQUE (owner, name));";

static inline struct store *open_store(struct world *world, enum store_mode mode) {
  struct store *store = NULL;
  struct fault fault = {0};
  if (store_open(&store, world->path, mode, world->lock, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  return store;
}

/* Runs a text in a transaction of its own. */
static inline void write_sql(struct store *store, const char *sql) {
  struct fault fault = {0};
  assert_int_equal(store_begin_write(store, &fault), MULLIGAN_OK);
  if (store_execute(store, sql, &fault) != MULLIGAN_OK || store_commit(store, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
}

static inline int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-store-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  snprintf(world->path, sizeof world->path, "%s/app.db", world->folder);
  snprintf(world->wal, sizeof world->wal, "%s-wal", world->path);
  snprintf(world->lock_path, sizeof world->lock_path, "%s/write.lock", world->folder);
  assert_int_equal(write_lock_open(&world->lock, world->lock_path, NULL), MULLIGAN_OK);
  world->store = open_store(world, STORE_READ_WRITE);
  write_sql(world->store, schema);
  *state = world;
  return 0;
}

static inline int tear_down(void **state) {
  struct world *world = *state;
  store_close(world->store);
  write_lock_close(world->lock);
  const char *const left[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
    char path[128];
    snprintf(path, sizeof path, "%s%s", world->path, left[i]);
    unlink(path);
  }
  unlink(world->lock_path);
  assert_int_equal(rmdir(world->folder), 0);
  free(world);
  return 0;
}

static inline struct store_statement *prepare(struct store *store, const char *sql) {
  struct store_statement *statement = NULL;
  struct fault fault = {0};
  if (store_prepare(store, sql, strlen(sql), &statement, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  return statement;
}

/* Runs one statement and returns its status. */
static inline enum mulligan_status run(struct store *store, const char *sql, struct fault *fault) {
  struct store_statement *statement = NULL;
  bool row = true;
  enum mulligan_status status = store_prepare(store, sql, strlen(sql), &statement, fault);
  while (!status && row)
    status = store_step(statement, &row, fault);
  store_finish(statement);
  return status;
}

/* The integer in the first row. */
static inline int64_t ask(struct store *store, const char *sql) {
  struct store_statement *statement = prepare(store, sql);
  struct fault fault = {0};
  bool row = false;
  if (store_step(statement, &row, &fault) != MULLIGAN_OK || !row)
    fail_msg("%s: %s", sql, fault.message);
  int64_t answer = store_column_integer(statement, 0);
  store_finish(statement);
  return answer;
}

static inline void assert_says(const struct fault *fault, const char *words) {
  if (!strstr(fault->message, words))
    fail_msg("\"%s\" does not say \"%s\"", fault->message, words);
}

static inline off_t size_of(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 ? found.st_size : -1;
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
