/**
 * test_error_retention.c - what is older than is kept goes by itself, a step at a time, and no count changes.
 */
#include "error_world.h"

#include "data/error_retention.h"

static const int64_t day_us = INT64_C(24) * 3600 * 1000000;

static void open_keeping(struct world *world, int64_t keep_us) {
  struct error_log_options options = {
      .folder = world->folder, .scrub = world->scrub, .release = "1", .host = "h", .keep_us = keep_us};
  assert_int_equal(error_log_open(&world->log, &options, NULL), MULLIGAN_OK);
}

/** Records so many errors of so many days ago. */
static void fill(struct world *world, int number, int days) {
  for (int i = 0; i < number; i++) {
    struct error_record *made = make("old or new");
    made->occurred_at -= days * day_us;
    assert_int_equal(error_log_record(world->log, made, false, NULL), MULLIGAN_OK);
  }
}

/** Waits for what the thread does by itself; four minutes are more than it ever takes. */
static void await_count(struct world *world, int64_t wanted) {
  for (int i = 0; i < 24000 && count(world) != wanted; i++)
    usleep(10000);
  assert_int_equal(count(world), wanted);
}

static void old_errors_go_at_the_start_and_counts_stay(void **state) {
  struct world *world = *state;
  open_keeping(world, 0);
  fill(world, 1200, 91);
  fill(world, 30, 89);
  close_log(world);
  assert_int_equal(count(world), 1230);

  open_keeping(world, 90 * day_us);
  await_count(world, 30);
  assert_int_equal(ask(world, "SELECT total FROM error_group"), 1230);
  assert_int_equal(ask(world, "SELECT sum(count) FROM error_hour"), 1230);
}

static void nothing_goes_where_all_is_kept(void **state) {
  struct world *world = *state;
  open_keeping(world, 0);
  fill(world, 10, 10000);
  close_log(world);
  open_keeping(world, 0);
  char reference[MULLIGAN_REFERENCE_SIZE];
  assert_int_equal(record(world, "later", reference), MULLIGAN_OK);
  close_log(world);
  assert_int_equal(count(world), 11);
}

static void an_old_cause_goes_before_what_it_caused(void **state) {
  struct world *world = *state;
  open_keeping(world, 0);
  struct error_record *made = make("outer");
  made->cause = make("inner");
  made->cause->occurred_at -= 91 * day_us;
  char reference[MULLIGAN_REFERENCE_SIZE];
  assert_int_equal(error_log_refer(world->log, made, reference, NULL), MULLIGAN_OK);
  close_log(world);
  open_keeping(world, 90 * day_us);
  await_count(world, 1);
  json_t *row = get(world, reference);
  assert_true(json_is_null(json_object_get(row, "cause_ref")));
  json_decref(row);
}

static void steps_follow_each_other_until_nothing_is_left_and_come_daily(void **state) {
  struct world *world = *state;
  open_keeping(world, 0);
  fill(world, 1200, 91);
  close_log(world);

  struct error_database *database;
  assert_int_equal(error_database_open(&database, world->folder, false, 1000000000, NULL), MULLIGAN_OK);
  struct error_retention retention = {.keep_us = 90 * day_us};
  int64_t now = clock_wall_us();
  int steps = 0;
  for (int64_t left = count(world); error_retention_due(&retention, now); left = count(world)) {
    assert_int_equal(error_retention_step(&retention, database, now, NULL), MULLIGAN_OK);
    assert_in_range(left - count(world), 0, 500);
    steps++;
  }
  assert_int_equal(count(world), 0);
  assert_in_range(steps, 3, 4);
  assert_false(error_retention_due(&retention, now + day_us - 1));
  assert_true(error_retention_due(&retention, now + day_us));
  assert_true(error_retention_due(&retention, now - 400 * day_us)); /* a clock that was wrong is none to wait for */

  unlink(world->database);
  assert_int_not_equal(error_retention_step(&retention, database, now, NULL), MULLIGAN_OK);
  assert_false(error_retention_due(&retention, now + 1));
  assert_true(error_retention_due(&retention, now + 60000000));
  error_database_close(database);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(old_errors_go_at_the_start_and_counts_stay),
      TEST(nothing_goes_where_all_is_kept),
      TEST(an_old_cause_goes_before_what_it_caused),
      TEST(steps_follow_each_other_until_nothing_is_left_and_come_daily),
  };
  return cmocka_run_group_tests_name("error_retention", tests, NULL, NULL);
}
