/**
 * request_world.h - a request log in a temporary folder, and short ways to fill and ask it, for its tests.
 */
#ifndef MULLIGAN_TESTS_REQUEST_WORLD_H
#define MULLIGAN_TESTS_REQUEST_WORLD_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "data/request_log.h"
#include "data/request_log_read.h"
#include "data/store.h"
#include "remove_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 60 };

struct world {
  char folder[64];
  struct scrub *scrub;
  struct request_log_options options;
  struct request_log *log;
  struct buf scratch;
  char id[32]; /* of the last request that was made */
  int number;  /* of them */
};

/* ---- the world ---- */

static inline int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/request_log_XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  world->scrub = scrub_create(NULL, 0);
  world->options = (struct request_log_options){.folder = world->folder,
                                                .scrub = world->scrub,
                                                .lines = true,
                                                .rows = true,
                                                .file_bytes = 10 << 20,
                                                .old_files = 3,
                                                .rate = 1000000,
                                                .most_rows = 1000000};
  buf_init(&world->scratch, 1 << 20);
  log_set_level(LOG_LEVEL_ERROR);
  *state = world;
  return 0;
}

static inline int tear_down(void **state) {
  struct world *world = *state;
  request_log_close(world->log);
  assert_int_equal(remove_tree(world->folder), 0);
  scrub_destroy(world->scrub);
  buf_release(&world->scratch);
  free(world);
  return 0;
}

static inline void open_log(struct world *world) {
  struct fault fault;
  assert_int_equal(request_log_open(&world->log, &world->options, &fault), MULLIGAN_OK);
}

static inline void close_log(struct world *world) {
  request_log_close(world->log);
  world->log = NULL;
}

static inline char *path_of(const struct world *world, const char *name) {
  char *path = file_join(world->folder, name);
  assert_non_null(path);
  return path;
}

/** A request as most are, to be changed before it is added. */
static inline struct request_entry request(struct world *world) {
  struct request_entry entry;
  memset(&entry, 0, sizeof entry);
  snprintf(world->id, sizeof world->id, "%020d", world->number++);
  entry.started_at = clock_wall_us();
  entry.duration_us = 412;
  entry.bytes = 28;
  entry.weight = 1;
  entry.status = 200;
  entry.texts[REQUEST_FIELD_ID] = request_span_of(world->id);
  entry.texts[REQUEST_FIELD_ROUTE] = request_span_of("/hello/{name}/");
  entry.texts[REQUEST_FIELD_METHOD] = request_span_of("GET");
  entry.texts[REQUEST_FIELD_PATH] = request_span_of("/hello/Grace/");
  entry.texts[REQUEST_FIELD_VERSION] = request_span_of("1.1");
  entry.texts[REQUEST_FIELD_ADDRESS] = request_span_of("127.0.0.1");
  return entry;
}

static inline void add(struct world *world, const struct request_entry *entry) {
  request_log_add(world->log, entry, NULL, 0, &world->scratch);
}

static inline void add_many(struct world *world, int count) {
  for (int i = 0; i < count; i++) {
    struct request_entry entry = request(world);
    add(world, &entry);
  }
}

/** What stands in a file of the folder; "" if there is none. The caller frees it. */
static inline char *content(const struct world *world, const char *name) {
  struct buf text;
  char *path = path_of(world, name);
  buf_init(&text, 64 << 20);
  if (file_exists(path))
    assert_int_equal(file_read(path, &text, NULL), MULLIGAN_OK);
  free(path);
  char *detached = buf_detach(&text);
  buf_release(&text);
  return detached;
}

static inline int count_lines(const char *text) {
  int count = 0;
  for (; *text; text++)
    count += *text == '\n';
  return count;
}

static inline json_t *rows(const struct world *world) {
  const struct request_filter filter = {.limit = 1000000};
  json_t *list;
  struct fault fault;
  if (request_log_list(world->folder, &filter, &list, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  return list;
}

static inline int64_t ask(const struct world *world, const char *sql) {
  struct store *store;
  struct store_statement *statement;
  struct fault fault;
  bool row;
  char *path = path_of(world, "requests.db");
  assert_int_equal(store_open(&store, path, STORE_READ_ONLY, NULL, &fault), MULLIGAN_OK);
  free(path);
  if (store_prepare(store, sql, strlen(sql), &statement, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  assert_int_equal(store_step(statement, &row, &fault), MULLIGAN_OK);
  int64_t answer = row ? store_column_integer(statement, 0) : -1;
  store_finish(statement);
  store_close(store);
  return answer;
}

static inline const char *text_of(const json_t *row, const char *name) {
  return json_string_value(json_object_get(row, name));
}

static inline int64_t number_of(const json_t *row, const char *name) {
  return json_integer_value(json_object_get(row, name));
}

/** Waits until there are so many rows, since what was broken is tried again by and by. */
static inline void await_rows(const struct world *world, size_t wanted) {
  const struct request_filter filter = {.limit = 1000000};
  int64_t until = clock_monotonic_ns() + PATIENCE_S * INT64_C(1000000000);
  size_t found;
  do {
    json_t *list = NULL;
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    request_log_list(world->folder, &filter, &list, NULL);
    found = json_array_size(list);
    json_decref(list);
  } while (found != wanted && clock_monotonic_ns() < until);
  assert_int_equal(found, wanted);
}

/** Is this text in the access log, or in a row, or anywhere else in the folder? */
static inline void assert_nowhere(const struct world *world, const char *text) {
  char command[256];
  snprintf(command, sizeof command, "grep -rlaF -e '%s' %s", text, world->folder);
  assert_int_not_equal(system(command), 0);
}

#endif
