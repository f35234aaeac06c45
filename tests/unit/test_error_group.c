/**
 * test_error_group.c - the same errors as one thing to be worked on: counted, resolved, back again, and forgotten in
 * time.
 */
#include "base/clock.h"
#include "data/error_group.h"
#include "data/error_log.h"
#include "data/error_retention.h"
#include "remove_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t hour_us = INT64_C(3600000000);

struct world {
  char folder[64];
  struct scrub *scrub;
  struct error_log *log;
  int64_t now;
};

static int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-groups-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  world->scrub = scrub_create(NULL, 0);
  struct error_log_options options = {.folder = world->folder, .scrub = world->scrub, .release = "1", .host = "h"};
  assert_int_equal(error_log_open(&world->log, &options, NULL), MULLIGAN_OK);
  world->now = clock_wall_us();
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  struct world *world = *state;
  error_log_close(world->log);
  scrub_destroy(world->scrub);
  remove_tree(world->folder);
  free(world);
  return 0;
}

/** One occurrence of the error `name` at a time, by a user. */
static void happen(struct world *world, const char *name, int64_t at, int64_t user) {
  struct error_record *record = error_record_create(ERROR_SOURCE_REQUEST);
  record->occurred_at = at;
  record->user_id = user;
  error_record_set(record, &record->fingerprint, name, strlen(name), 100);
  error_record_set(record, &record->message, name, strlen(name), 100);
  record->cause = error_record_create(ERROR_SOURCE_REQUEST);
  record->cause->occurred_at = at - 1;
  error_record_set(record->cause, &record->cause->fingerprint, "cause", 5, 100);
  assert_int_equal(error_log_record(world->log, record, true, NULL), MULLIGAN_OK);
}

/** The group titled "Error: name"; the caller releases it. */
static json_t *group(struct world *world, const char *name) {
  struct error_group_filter filter = {.limit = 100};
  json_t *groups, *one;
  size_t index;
  char title[100];
  snprintf(title, sizeof title, "Error: %s", name);
  assert_int_equal(error_group_list(world->folder, &filter, &groups, NULL), MULLIGAN_OK);
  json_array_foreach(groups, index, one) {
    if (strcmp(json_string_value(json_object_get(one, "title")), title) == 0) {
      json_incref(one);
      json_decref(groups);
      return one;
    }
  }
  fail_msg("there is no group %s", title);
  return NULL;
}

static int64_t number(struct world *world, const char *name, const char *member) {
  json_t *one = group(world, name);
  int64_t value = json_integer_value(json_object_get(one, member));
  json_decref(one);
  return value;
}

static void assert_state(struct world *world, const char *name, const char *expected) {
  json_t *one = group(world, name);
  assert_string_equal(json_string_value(json_object_get(one, "state")), expected);
  json_decref(one);
}

static void a_group_knows_when_how_often_and_whom(void **state) {
  struct world *world = *state;
  happen(world, "a", world->now, 1);
  happen(world, "a", world->now - 5 * hour_us, 1); /* late, out of the spool */
  happen(world, "a", world->now - hour_us, 2);
  happen(world, "b", world->now, 1);
  assert_int_equal(number(world, "a", "total"), 3);
  assert_int_equal(number(world, "a", "users"), 2);
  assert_int_equal(number(world, "a", "first_seen"), world->now - 5 * hour_us);
  assert_int_equal(number(world, "a", "last_seen"), world->now);
  assert_int_equal(number(world, "b", "total"), 1);
}

static void what_comes_back_is_reopened_and_what_is_late_is_not(void **state) {
  struct world *world = *state;
  happen(world, "a", world->now, 1);
  int64_t id = number(world, "a", "id");
  assert_int_equal(error_group_set_state(world->folder, id, "resolved", "kim", "mended", NULL), MULLIGAN_OK);
  happen(world, "a", world->now - hour_us, 1); /* happened before that, arrives after it */
  assert_state(world, "a", "resolved");
  assert_int_equal(number(world, "a", "regressions"), 0);
  happen(world, "a", clock_wall_us() + hour_us, 1);
  assert_state(world, "a", "open");
  assert_int_equal(number(world, "a", "regressions"), 1);
  assert_true(number(world, "a", "regressed_at") > world->now);
  assert_int_equal(number(world, "a", "total"), 3);
  json_t *one = group(world, "a");
  assert_string_equal(json_string_value(json_object_get(one, "note")), "mended");
  json_decref(one);
}

static void a_muted_group_stays_muted(void **state) {
  struct world *world = *state;
  happen(world, "a", world->now, 1);
  assert_int_equal(error_group_set_state(world->folder, number(world, "a", "id"), "muted", NULL, NULL, NULL),
                   MULLIGAN_OK);
  happen(world, "a", clock_wall_us() + hour_us, 1);
  assert_state(world, "a", "muted");
}

static void unknown_groups_and_states_are_named(void **state) {
  struct world *world = *state;
  struct fault fault;
  assert_int_equal(error_group_set_state(world->folder, 4711, "open", NULL, NULL, &fault), MULLIGAN_MISSING);
  assert_non_null(strstr(fault.message, "4711"));
  assert_int_equal(error_group_set_state(world->folder, 1, "gone", NULL, NULL, &fault), MULLIGAN_INVALID);
  assert_non_null(strstr(fault.message, "gone"));
}

static void pruning_forgets_occurrences_and_keeps_counts(void **state) {
  struct world *world = *state;
  for (int i = 0; i < 20; i++)
    happen(world, "a", world->now - (i < 15 ? 48 : 1) * hour_us, i);
  int64_t removed, left;
  struct error_log_filter all = {.limit = 100};
  /* Through the middle of the last error, whose cause is a microsecond older. */
  assert_int_equal(error_log_prune(world->folder, world->now - hour_us, &removed, NULL), MULLIGAN_OK);
  assert_int_equal(removed, 15 * 2 + 5);
  assert_int_equal(error_log_count(world->folder, &all, &left, NULL), MULLIGAN_OK);
  assert_int_equal(left, 5);
  assert_int_equal(number(world, "a", "total"), 20);
  happen(world, "a", world->now, 1);
  assert_int_equal(number(world, "a", "total"), 21);
  assert_int_equal(error_log_prune(world->folder, 0, &removed, NULL), MULLIGAN_OK);
  assert_int_equal(removed, 0);
  assert_int_equal(error_log_prune("/nonexistent", world->now, &removed, NULL), MULLIGAN_OK);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(a_group_knows_when_how_often_and_whom),
      TEST(what_comes_back_is_reopened_and_what_is_late_is_not),
      TEST(a_muted_group_stays_muted),
      TEST(unknown_groups_and_states_are_named),
      TEST(pruning_forgets_occurrences_and_keeps_counts),
  };
  return cmocka_run_group_tests_name("error_group", tests, NULL, NULL);
}
