/**
 * test_error_log.c - what is recorded is found again: every member, by every filter, once, whoever else records
 * meanwhile.
 */
#include "error_world.h"

#include <pthread.h>

/* ---- what is recorded is found ---- */

static void every_member_comes_back(void **state) {
  struct world *world = *state;
  open_log(world);
  struct error_record *made = make("always fails");
  char reference[MULLIGAN_REFERENCE_SIZE];
  memcpy(reference, made->reference, sizeof reference);
  int64_t occurred_at = made->occurred_at;
  made->app_code = 9000;
  made->user_id = 7;
  made->generation = 3;
  made->duration_us = 1234;
  made->lua_bytes = 5678;
  made->body_length = 17;
  set(made, &made->code, "error");
  set(made, &made->value, "{x=1}");
  set(made, &made->route, "/debug/{name}/");
  set(made, &made->query, "a=1");
  set(made, &made->body, "hello");
  set(made, &made->user_email, "kim@example.com");
  set(made, &made->remote_addr, "127.0.0.1");
  set(made, &made->user_agent, "curl");
  set(made, &made->request_id, "ab12cd34");
  set(made, &made->script, "operators/x.lua");
  set(made, &made->operator_name, "lee");
  made->frames = json_pack("[{s:s, s:i, s:s, s:b, s:{s:s}}]", "file", "routes/debug.lua", "line", 12, "function",
                           "handler", "in_app", 1, "locals", "n", "3");
  made->breadcrumbs = json_pack("[{s:i, s:s, s:s}]", "at_us", 5, "kind", "sql", "text", "SELECT 1");
  made->headers = json_pack("{s:s}", "accept", "*/*");
  made->args = json_pack("{s:s}", "email", "a@example.com");
  assert_int_equal(error_log_record(world->log, made, true, NULL), MULLIGAN_OK);

  json_t *row = get(world, reference);
  assert_string_equal(text_of(row, "ref"), reference);
  assert_int_equal(number_of(row, "occurred_at"), occurred_at);
  assert_true(number_of(row, "recorded_at") >= occurred_at);
  assert_true(number_of(row, "id") > 0 && number_of(row, "group_id") > 0);
  assert_string_equal(text_of(row, "source"), "request");
  assert_string_equal(text_of(row, "level"), "error");
  assert_true(json_is_false(json_object_get(row, "handled")));
  assert_int_equal(number_of(row, "status"), 500);
  assert_int_equal(number_of(row, "app_code"), 9000);
  assert_int_equal(number_of(row, "user_id"), 7);
  assert_int_equal(number_of(row, "generation"), 3);
  assert_int_equal(number_of(row, "duration_us"), 1234);
  assert_int_equal(number_of(row, "lua_bytes"), 5678);
  assert_int_equal(number_of(row, "body_length"), 17);
  assert_int_equal(number_of(row, "pid"), getpid());
  const char *const texts[][2] = {
      {"code", "error"},
      {"exc_type", "LuaError"},
      {"message", "always fails"},
      {"value", "{x=1}"},
      {"method", "GET"},
      {"route", "/debug/{name}/"},
      {"query", "a=1"},
      {"path", "/debug/always-500/"},
      {"body", "hello"},
      {"operator", "lee"},
      {"user_email", "kim@example.com"},
      {"remote_addr", "127.0.0.1"},
      {"user_agent", "curl"},
      {"request_id", "ab12cd34"},
      {"script", "operators/x.lua"},
      {"release", "1.2.3"},
      {"host", "testhost"},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    assert_string_equal(text_of(row, texts[i][0]), texts[i][1]);
  const json_t *frame = json_array_get(json_object_get(row, "frames"), 0);
  assert_string_equal(text_of(frame, "file"), "routes/debug.lua");
  assert_string_equal(text_of(json_object_get(frame, "locals"), "n"), "3");
  assert_string_equal(text_of(json_array_get(json_object_get(row, "breadcrumbs"), 0), "text"), "SELECT 1");
  assert_string_equal(text_of(json_object_get(row, "headers"), "accept"), "*/*");
  assert_string_equal(text_of(json_object_get(row, "args"), "email"), "a@example.com");
  assert_true(json_is_null(json_object_get(row, "cause_id")) && json_is_null(json_object_get(row, "cause_ref")));
  assert_true(json_is_null(json_object_get(row, "user_report")));
  json_decref(row);
}

static void a_reference_is_read_as_a_person_types_it(void **state) {
  struct world *world = *state;
  open_log(world);
  char reference[MULLIGAN_REFERENCE_SIZE], typed[32];
  assert_int_equal(record(world, "x", reference), MULLIGAN_OK);
  snprintf(typed, sizeof typed, " %s ", reference + 4);
  for (char *at = typed; *at != '\0'; at++)
    *at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
  assert_found(world, typed, "x");
}

static void an_unknown_reference_is_named(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  json_t *row;
  assert_int_equal(error_log_get(world->folder, "ERR-0000-0000", &row, &fault), MULLIGAN_MISSING);
  assert_non_null(strstr(fault.message, "ERR-0000-0000"));
  open_log(world);
  assert_int_equal(error_log_get(world->folder, "err 0000 0000", &row, &fault), MULLIGAN_MISSING);
  assert_non_null(strstr(fault.message, "ERR-0000-0000"));
  assert_int_equal(error_log_get(world->folder, "what?", &row, &fault), MULLIGAN_INVALID);
  assert_null(row);
}

static void lists_are_filtered_and_paged(void **state) {
  struct world *world = *state;
  open_log(world);
  for (int i = 0; i < 10; i++) {
    struct error_record *made = make(i % 2 == 0 ? "even" : "odd");
    made->occurred_at = 1000 + i;
    made->status = i % 2 == 0 ? 404 : 500;
    made->user_id = i;
    set(made, &made->path, i < 5 ? "/a/" : "/b/");
    set(made, &made->user_email, i == 3 ? "kim@example.com" : "lee@example.com");
    assert_int_equal(error_log_record(world->log, made, true, NULL), MULLIGAN_OK);
  }
  const struct {
    struct error_log_filter filter;
    size_t found;
    const char *first;
  } cases[] = {
      {{.limit = 50}, 10, "odd"},
      {{.limit = 3}, 3, "odd"},
      {{.status = 404, .limit = 50}, 5, "even"},
      {{.path = "/a/", .limit = 50}, 5, "even"},
      {{.since = 1008, .limit = 50}, 2, "odd"},
      {{.user = "kim@example.com", .limit = 50}, 1, "odd"},
      {{.user = "6", .limit = 50}, 1, "even"},
      {{.path = "/a/", .status = 500, .limit = 50}, 2, "odd"},
      {{.path = "'; DROP TABLE error_log; --", .limit = 50}, 0, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *rows;
    int64_t total;
    assert_int_equal(error_log_list(world->folder, &cases[i].filter, &rows, NULL), MULLIGAN_OK);
    assert_int_equal(json_array_size(rows), cases[i].found);
    if (cases[i].first != NULL)
      assert_string_equal(text_of(json_array_get(rows, 0), "message"), cases[i].first);
    assert_int_equal(error_log_count(world->folder, &cases[i].filter, &total, NULL), MULLIGAN_OK);
    assert_int_equal(total, cases[i].filter.limit == 3 ? 10 : cases[i].found);
    json_decref(rows);
  }

  json_t *rows, *next;
  struct error_log_filter filter = {.limit = 4};
  assert_int_equal(error_log_list(world->folder, &filter, &rows, NULL), MULLIGAN_OK);
  filter.after = number_of(json_array_get(rows, 3), "id");
  assert_int_equal(error_log_list(world->folder, &filter, &next, NULL), MULLIGAN_OK);
  assert_int_equal(number_of(json_array_get(next, 0), "id"), filter.after - 1);
  json_decref(rows);
  json_decref(next);
}

static void a_cause_is_a_row_of_its_own(void **state) {
  struct world *world = *state;
  open_log(world);
  struct error_record *made = make("the handler failed");
  made->cause = make("while handling this");
  made->cause->cause = make("which came from here");
  char first[MULLIGAN_REFERENCE_SIZE], second[MULLIGAN_REFERENCE_SIZE];
  memcpy(first, made->reference, sizeof first);
  memcpy(second, made->cause->reference, sizeof second);
  assert_int_equal(error_log_record(world->log, made, true, NULL), MULLIGAN_OK);
  json_t *outer = get(world, first), *inner = get(world, text_of(outer, "cause_ref"));
  assert_string_equal(text_of(inner, "ref"), second);
  assert_int_equal(number_of(outer, "cause_id"), number_of(inner, "id"));
  assert_found(world, text_of(inner, "cause_ref"), "which came from here");
  assert_int_equal(count(world), 3);
  json_decref(outer);
  json_decref(inner);
}

static void causes_are_kept_five_deep(void **state) {
  struct world *world = *state;
  open_log(world);
  struct error_record *made = make("depth 0"), *innermost = made;
  for (int depth = 1; depth <= 7; depth++) {
    char text[16];
    snprintf(text, sizeof text, "depth %d", depth);
    innermost = innermost->cause = make(text);
  }
  char reference[MULLIGAN_REFERENCE_SIZE];
  assert_int_equal(error_log_refer(world->log, made, reference, NULL), MULLIGAN_OK);
  json_t *row = get(world, reference);
  for (int depth = 0; depth <= 5; depth++) {
    char text[16];
    snprintf(text, sizeof text, "depth %d", depth);
    assert_string_equal(text_of(row, "message"), text);
    assert_int_equal(json_is_true(json_object_get(row, "truncated")), depth == 5);
    json_t *cause = depth < 5 ? get(world, text_of(row, "cause_ref")) : NULL;
    assert_int_equal(json_is_null(json_object_get(row, "cause_ref")), depth == 5);
    json_decref(row);
    row = cause;
  }
  assert_int_equal(count(world), 6);
}

static void hostile_text_is_repaired_and_cut(void **state) {
  struct world *world = *state;
  open_log(world);
  struct error_record *made = make("");
  static const char hostile[] = "a\0b\xff\xfe\xed\xa0\x80 \x1b[31m \xea\xb0\x80";
  error_record_set(made, &made->message, hostile, sizeof hostile - 1, MULLIGAN_ERROR_MESSAGE_MOST);
  size_t megabyte = 1 << 20;
  char *korean = malloc(megabyte * 3);
  for (size_t i = 0; i < megabyte; i++)
    memcpy(korean + i * 3, "\xea\xb0\x80", 3);
  error_record_set(made, &made->value, korean, megabyte * 3, megabyte * 3);
  error_record_set(made, &made->body, korean, megabyte * 3, 1000);
  assert_int_equal(strlen(made->body), 999);
  made->frames = json_array();
  for (int i = 0; i < 200; i++) {
    json_t *frame = json_pack("{s:i, s:s#}", "line", i, "source", korean, 3000);
    json_array_append_new(made->frames, frame);
  }
  free(korean);
  char reference[MULLIGAN_REFERENCE_SIZE];
  memcpy(reference, made->reference, sizeof reference);
  assert_int_equal(error_log_record(world->log, made, true, NULL), MULLIGAN_OK);
  json_t *row = get(world, reference);
  assert_string_equal(text_of(row, "message"),
                      "a\xEF\xBF\xBD"
                      "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD \x1b[31m \xea\xb0\x80");
  assert_in_range(strlen(text_of(row, "value")), MULLIGAN_ERROR_MESSAGE_MOST - 3, MULLIGAN_ERROR_MESSAGE_MOST);
  assert_true(json_is_true(json_object_get(row, "truncated")));
  const json_t *frames = json_object_get(row, "frames");
  assert_in_range(json_array_size(frames), 10, 100);
  assert_int_equal(number_of(json_array_get(frames, 0), "line"), 0);
  json_decref(row);
}

static void setting_a_member_from_itself_keeps_it(void **state) {
  (void)state;
  struct error_record *made = make("the same text");
  error_record_set(made, &made->message, made->message, 8, 100);
  assert_string_equal(made->message, "the same");
  error_record_set(made, &made->message, NULL, 0, 100);
  assert_null(made->message);
  error_record_destroy(made);
}

/* ---- many at once ---- */

enum { THREADS = 16, EACH = 200 };

struct crowd {
  struct world *world;
  int number;
  char references[EACH][MULLIGAN_REFERENCE_SIZE];
};

static void *record_many(void *context) {
  struct crowd *crowd = context;
  for (int i = 0; i < EACH; i++) {
    if (record(crowd->world, "crowded", crowd->references[i]) != MULLIGAN_OK)
      return crowd;
  }
  return NULL;
}

static void many_threads_lose_and_double_nothing(void **state) {
  struct world *world = *state;
  open_log(world);
  struct crowd *crowds = calloc(THREADS, sizeof *crowds);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    crowds[i] = (struct crowd){.world = world, .number = i};
    assert_int_equal(pthread_create(&threads[i], NULL, record_many, &crowds[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  assert_int_equal(count(world), THREADS * EACH);
  assert_int_equal(ask(world, "SELECT count(*) FROM error_group"), 1);
  assert_int_equal(ask(world, "SELECT total FROM error_group"), THREADS * EACH);
  assert_int_equal(ask(world, "SELECT sum(count) FROM error_hour"), THREADS * EACH);
  for (int i = 0; i < THREADS; i++)
    assert_found(world, crowds[i].references[i], "crowded");
  free(crowds);
}

/** Keeps every writer out, as another process's long transaction would. */
static struct write_lock *hold_errors_lock(struct world *world) {
  struct write_lock *lock;
  char *path = file_join(world->folder, "errors.lock");
  assert_int_equal(write_lock_open(&lock, path, NULL), MULLIGAN_OK);
  assert_int_equal(write_lock_take(lock, clock_monotonic_ns() + INT64_C(600000000000), NULL), MULLIGAN_OK);
  free(path);
  return lock;
}

static void release(struct write_lock *lock) {
  write_lock_give(lock);
  write_lock_close(lock);
}

static void what_is_queued_together_is_committed_together(void **state) {
  struct world *world = *state;
  open_log(world);
  struct write_lock *lock = hold_errors_lock(world);
  for (int i = 0; i < 50; i++) /* so few that all are there before the writer gives the lock up */
    assert_int_equal(error_log_record(world->log, make("queued"), false, NULL), MULLIGAN_OK);
  release(lock);
  close_log(world);
  assert_int_equal(count(world), 50);
  assert_in_range(ask(world, "SELECT count(DISTINCT recorded_at) FROM error_log"), 1, 3);
}

static void closing_writes_what_is_queued(void **state) {
  struct world *world = *state;
  open_log(world);
  for (int i = 0; i < 1500; i++)
    assert_int_equal(error_log_record(world->log, make("last words"), false, NULL), MULLIGAN_OK);
  close_log(world);
  assert_int_equal(count(world), 1500);
  assert_false(file_exists(world->spool));
}

static void what_a_full_queue_drops_is_counted(void **state) {
  struct world *world = *state;
  struct error_log_options options = {
      .folder = world->folder, .scrub = world->scrub, .release = "1", .host = "h", .queue_rows = 10};
  assert_int_equal(error_log_open(&world->log, &options, NULL), MULLIGAN_OK);
  struct write_lock *lock = hold_errors_lock(world);
  int64_t dropped = 0, pushed = 0;
  struct fault fault = {0};
  while (dropped < 100) {
    pushed++;
    dropped += error_log_record(world->log, make("storm"), false, &fault) == MULLIGAN_FULL;
  }
  assert_non_null(strstr(fault.message, "ERR-"));
  release(lock);
  close_log(world);
  open_log(world);
  close_log(world);
  assert_int_equal(count(world), pushed - dropped);
  assert_int_equal(ask(world, "SELECT sum(count) FROM error_dropped"), dropped);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_member_comes_back),
      TEST(a_reference_is_read_as_a_person_types_it),
      TEST(an_unknown_reference_is_named),
      TEST(lists_are_filtered_and_paged),
      TEST(a_cause_is_a_row_of_its_own),
      TEST(causes_are_kept_five_deep),
      TEST(hostile_text_is_repaired_and_cut),
      TEST(setting_a_member_from_itself_keeps_it),
      TEST(many_threads_lose_and_double_nothing),
      TEST(what_is_queued_together_is_committed_together),
      TEST(closing_writes_what_is_queued),
      TEST(what_a_full_queue_drops_is_counted),
  };
  return cmocka_run_group_tests_name("error_log", tests, NULL, NULL);
}
