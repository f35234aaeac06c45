/**
 * test_error_storm.c - the same error very often within a minute: exact counts, bounded rows, and every reference that
 * somebody was told is found.
 */
#include "error_world.h"

#include "data/error_retention.h"

#include <pthread.h>
#include <stdatomic.h>

enum { LIMIT = 3, ROWS = 10 * LIMIT, STORM = 100 };

/* So far ahead that no minute ends while a test runs. */
static int64_t this_minute(void) {
  static const int64_t minute_us = 60000000;
  return (clock_wall_us() / minute_us + 60) * minute_us;
}

static void open_limited(struct world *world, int64_t limit) {
  struct error_log_options options = {
      .folder = world->folder, .scrub = world->scrub, .release = "1.2.3", .host = "testhost", .storm_limit = limit};
  assert_int_equal(error_log_open(&world->log, &options, NULL), MULLIGAN_OK);
}

/** An error with all that a storm does without. */
static struct error_record *make_at(const char *type, int64_t occurred_at) {
  struct error_record *made = make("the same again");
  set(made, &made->exc_type, type);
  set(made, &made->query, "page=1");
  set(made, &made->body, "hello");
  set(made, &made->value, "{}");
  set(made, &made->user_agent, "curl");
  set(made, &made->request_id, "ab12");
  made->occurred_at = occurred_at;
  made->frames = json_pack("[{s:s, s:s, s:b}]", "file", "routes/a.lua", "function", "handler", "in_app", 1);
  made->breadcrumbs = json_pack("[{s:s}]", "text", "SELECT 1");
  made->headers = json_pack("{s:s}", "accept", "*/*");
  made->args = json_pack("{s:i}", "n", 1);
  return made;
}

static void refer(struct world *world, struct error_record *made, char reference[MULLIGAN_REFERENCE_SIZE]) {
  assert_int_equal(error_log_refer(world->log, made, reference, NULL), MULLIGAN_OK);
}

static bool has_payload(const json_t *row) {
  static const char *const names[] = {"frames", "breadcrumbs", "headers", "body", "query", "args", "value"};
  size_t there = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    there += !json_is_null(json_object_get(row, names[i]));
  assert_true(there == 0 || there == sizeof names / sizeof *names);
  return there > 0;
}

static void a_storm_is_whole_then_slim_then_shared(void **state) {
  struct world *world = *state;
  char told[STORM][MULLIGAN_REFERENCE_SIZE];
  open_limited(world, LIMIT);
  int64_t now = this_minute();
  for (int i = 0; i < STORM; i++)
    refer(world, make_at("Storm", now + i), told[i]);
  for (int i = 0; i < STORM; i++) {
    json_t *row = get(world, told[i]);
    assert_int_equal(has_payload(row), i < LIMIT || i >= ROWS);
    assert_int_equal(json_is_true(json_object_get(row, "storm")), i >= LIMIT && i < ROWS);
    assert_string_equal(text_of(row, "message"), "the same again");
    assert_string_equal(text_of(row, "request_id"), "ab12");
    assert_int_equal(number_of(row, "occurred_at"), i < ROWS ? now + i : now);
    if (i >= ROWS)
      assert_string_equal(told[i], told[0]);
    json_decref(row);
  }
  assert_int_equal(count(world), ROWS);
  assert_int_equal(ask(world, "SELECT total FROM error_group"), STORM);
  assert_int_equal(ask(world, "SELECT sum(count) FROM error_hour"), STORM);
  assert_int_equal(ask(world, "SELECT sum(1 + repeats) FROM error_log"), STORM);
  assert_int_equal(ask(world, "SELECT last_seen FROM error_group"), now + STORM - 1);
}

static void other_errors_and_other_minutes_are_no_storm(void **state) {
  struct world *world = *state;
  char reference[MULLIGAN_REFERENCE_SIZE];
  open_limited(world, LIMIT);
  int64_t now = this_minute();
  for (int i = 0; i < STORM; i++)
    refer(world, make_at("Storm", now), reference);
  for (int i = 0; i < 200; i++) {
    char type[32];
    snprintf(type, sizeof type, "Calm%d", i);
    refer(world, make_at(type, now), reference);
    json_t *row = get(world, reference);
    assert_true(has_payload(row));
    json_decref(row);
  }
  for (int minute = 1; minute <= 3; minute++) {
    refer(world, make_at("Storm", now + minute * INT64_C(60000000)), reference);
    json_t *row = get(world, reference);
    assert_true(has_payload(row));
    json_decref(row);
  }
  /* The clock was set back by an hour. */
  refer(world, make_at("Storm", now - INT64_C(3600000000)), reference);
  json_t *row = get(world, reference);
  assert_true(has_payload(row));
  json_decref(row);
  assert_int_equal(ask(world, "SELECT total FROM error_group WHERE title LIKE 'Storm%'"), STORM + 4);
}

static void users_and_nobodys_wait_are_counted_too(void **state) {
  struct world *world = *state;
  open_limited(world, LIMIT);
  int64_t now = this_minute();
  for (int i = 0; i < STORM; i++) {
    struct error_record *made = make_at("Storm", now);
    made->user_id = 1 + i % 50;
    assert_int_equal(error_log_record(world->log, made, false, NULL), MULLIGAN_OK);
  }
  close_log(world);
  assert_int_equal(count(world), ROWS);
  assert_int_equal(ask(world, "SELECT total FROM error_group"), STORM);
  assert_int_equal(ask(world, "SELECT users FROM error_group"), 50);
}

static void causes_are_counted_and_resolve(void **state) {
  struct world *world = *state;
  char told[STORM][MULLIGAN_REFERENCE_SIZE];
  open_limited(world, LIMIT);
  int64_t now = this_minute();
  for (int i = 0; i < STORM; i++) {
    struct error_record *made = make_at("Outer", now);
    made->cause = make_at("Inner", now);
    refer(world, made, told[i]);
  }
  assert_int_equal(count(world), 2 * ROWS);
  assert_int_equal(ask(world, "SELECT min(total) FROM error_group"), STORM);
  assert_int_equal(ask(world, "SELECT max(total) FROM error_group"), STORM);
  for (int i = 0; i < STORM; i++) {
    json_t *outer = get(world, told[i]), *inner = get(world, text_of(outer, "cause_ref"));
    assert_string_equal(text_of(inner, "exc_type"), "Inner");
    json_decref(outer);
    json_decref(inner);
  }
}

/* ---- while errors.db is in trouble ---- */

static void a_storm_in_the_spool_is_counted_once(void **state) {
  struct world *world = *state;
  char told[STORM][MULLIGAN_REFERENCE_SIZE];
  spoil(world->database);
  open_limited(world, LIMIT);
  int64_t now = this_minute();
  for (int i = 0; i < STORM; i++) {
    refer(world, make_at("Storm", now), told[i]);
    json_decref(get(world, told[i]));
  }
  json_t *rows;
  struct error_log_filter filter = {.limit = STORM};
  assert_int_equal(error_log_list(world->folder, &filter, &rows, NULL), MULLIGAN_OK);
  assert_int_equal(json_array_size(rows), ROWS);
  json_decref(rows);
  close_log(world);

  struct buf lines;
  buf_init(&lines, 1 << 24);
  assert_int_equal(file_read(world->spool, &lines, NULL), MULLIGAN_OK);
  unlink(world->database);
  for (int round = 0; round < 3; round++) {
    /* As after crashes between the commit and the file's removal, and in the midst of an append. */
    assert_int_equal(file_replace(world->spool, lines.data, lines.length * (round == 1 ? 9 : 10) / 10, 0600, NULL),
                     MULLIGAN_OK);
    open_limited(world, LIMIT);
    close_log(world);
    assert_int_equal(count(world), ROWS);
    assert_int_equal(ask(world, "SELECT total FROM error_group"), STORM);
    assert_int_equal(ask(world, "SELECT sum(count) FROM error_hour"), STORM);
  }
  for (int i = 0; i < STORM; i++)
    assert_found(world, told[i], "the same again");
  buf_release(&lines);
}

static void what_is_told_after_the_database_was_lost_is_found(void **state) {
  struct world *world = *state;
  char told[MULLIGAN_REFERENCE_SIZE];
  open_limited(world, LIMIT);
  int64_t now = this_minute();
  for (int i = 0; i < STORM; i++)
    refer(world, make_at("Storm", now), told);
  unlink(world->database);
  for (int i = 0; i < STORM; i++) {
    refer(world, make_at("Storm", now), told);
    json_decref(get(world, told));
  }
  assert_int_equal(count(world), ROWS);
}

static void a_storm_goes_on_when_the_database_is_back(void **state) {
  struct world *world = *state;
  char told[3 * STORM][MULLIGAN_REFERENCE_SIZE];
  open_limited(world, LIMIT);
  int64_t now = this_minute();
  char *away = file_join(world->folder, "away.db");
  for (int i = 0; i < 3 * STORM; i++) {
    if (i == STORM)
      assert_int_equal(rename(world->database, away), 0);
    if (i == 2 * STORM)
      assert_int_equal(rename(away, world->database), 0);
    refer(world, make_at("Storm", now), told[i]);
  }
  close_log(world);
  for (int i = 0; i < 3 * STORM; i++)
    assert_found(world, told[i], "the same again");
  assert_int_equal(ask(world, "SELECT total FROM error_group"), 3 * STORM);
  assert_int_equal(ask(world, "SELECT sum(1 + repeats) FROM error_log"), 3 * STORM);
  assert_in_range(count(world), ROWS, 3 * ROWS);
  free(away);
}

static void a_row_that_was_pruned_is_not_told_again(void **state) {
  struct world *world = *state;
  char told[MULLIGAN_REFERENCE_SIZE];
  open_limited(world, LIMIT);
  int64_t now = this_minute(), removed;
  for (int i = 0; i < STORM; i++)
    refer(world, make_at("Storm", now), told);
  assert_int_equal(error_log_prune(world->folder, now + 1, &removed, NULL), MULLIGAN_OK);
  assert_int_equal(removed, ROWS);
  for (int i = 0; i < STORM; i++) {
    refer(world, make_at("Storm", now), told);
    json_decref(get(world, told));
  }
  assert_in_range(count(world), 1, ROWS + 1);
  assert_int_equal(ask(world, "SELECT total FROM error_group"), 2 * STORM);
}

/* ---- a hundred thousand ---- */

#ifdef __SANITIZE_THREAD__
enum { ALL = 10000 }; /* each takes twenty times as long; a race shows among these or not at all */
#else
enum { ALL = 100000 };
#endif
enum { THREADS = 64 };

struct gale {
  struct world *world;
  int64_t now;
  _Atomic int next;
  _Atomic int failed;
  char (*told)[MULLIGAN_REFERENCE_SIZE];
};

/* A light record: what is measured here is the counting. */
static void *blow(void *context) {
  struct gale *gale = context;
  for (int i; (i = atomic_fetch_add(&gale->next, 1)) < ALL;) {
    struct error_record *made = make("the same again");
    made->occurred_at = gale->now;
    if (error_log_refer(gale->world->log, made, gale->told[i], NULL) != MULLIGAN_OK)
      atomic_fetch_add(&gale->failed, 1);
  }
  return NULL;
}

static int compare(const void *a, const void *b) {
  return strcmp(a, b);
}

static void a_hundred_thousand_are_counted_exactly(void **state) {
  struct world *world = *state;
  open_limited(world, 100);
  struct gale gale = {.world = world, .now = this_minute(), .told = calloc(ALL, MULLIGAN_REFERENCE_SIZE)};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, blow, &gale), 0);
  /* Others have errors too, and look them up. */
  for (int seen = 0; seen < ALL; seen = atomic_load(&gale.next)) {
    char reference[MULLIGAN_REFERENCE_SIZE];
    struct error_record *made = make_at("Calm", gale.now + seen * INT64_C(60000000));
    refer(world, made, reference);
    json_t *row = get(world, reference);
    assert_true(has_payload(row));
    json_decref(row);
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(gale.failed, 0);

  static const char storms[] = "SELECT count(*) FROM error_log WHERE exc_type = 'LuaError'";
  assert_int_equal(ask(world, storms), 1000);
  assert_int_equal(ask(world, "SELECT total FROM error_group WHERE title LIKE 'LuaError%'"), ALL);
  assert_int_equal(ask(world, "SELECT sum(count) FROM error_hour WHERE group_id ="
                              " (SELECT id FROM error_group WHERE title LIKE 'LuaError%')"),
                   ALL);
  qsort(gale.told, ALL, sizeof *gale.told, compare);
  int different = 0;
  for (int i = 0; i < ALL; i++) {
    if (i > 0 && strcmp(gale.told[i], gale.told[i - 1]) == 0)
      continue;
    different++;
    assert_found(world, gale.told[i], "the same again");
  }
  assert_int_equal(different, 1000);
  free(gale.told);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_storm_is_whole_then_slim_then_shared),    TEST(other_errors_and_other_minutes_are_no_storm),
      TEST(users_and_nobodys_wait_are_counted_too),    TEST(causes_are_counted_and_resolve),
      TEST(a_storm_in_the_spool_is_counted_once),      TEST(what_is_told_after_the_database_was_lost_is_found),
      TEST(a_storm_goes_on_when_the_database_is_back), TEST(a_row_that_was_pruned_is_not_told_again),
      TEST(a_hundred_thousand_are_counted_exactly),
  };
  return cmocka_run_group_tests_name("error_storm", tests, NULL, NULL);
}
