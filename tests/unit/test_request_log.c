/**
 * test_request_log.c - what a request is in logs/access.log and requests.db, and what of it is not.
 */
#include "request_world.h"

#include "base/taint.h"
#include "data/request_sampler.h"

static void a_request_is_a_line_and_a_row(void **state) {
  struct world *world = *state;
  static const struct request_header headers[] = {
      {"Host", "example.com"}, {"referer", "http://example.com/start/"}, {"User-Agent", "curl/7.88.1"}};
  open_log(world);
  struct request_entry entry = request(world);
  entry.started_at = INT64_C(1636815540123456);
  entry.texts[REQUEST_FIELD_PATH] = request_span_of("/hello/%ED%95%9C/");
  entry.texts[REQUEST_FIELD_QUERY] = request_span_of("a=1&b=%20");
  entry.texts[REQUEST_FIELD_USER] = request_span_of("grace@example.com");
  entry.texts[REQUEST_FIELD_ERROR] = request_span_of("ERR-7K3F-9QXA");
  entry.user_id = 7;
  request_log_add(world->log, &entry, headers, 3, &world->scratch);
  request_log_flush(world->log);

  char *lines = content(world, "logs/access.log");
  assert_string_equal(lines,
                      "127.0.0.1 - grace@example.com [13/Nov/2021:14:59:00 +0000] \"GET /hello/%ED%95%9C/?a=1&b=%20 "
                      "HTTP/1.1\" 200 28 \"http://example.com/start/\" \"curl/7.88.1\" 412\n");
  free(lines);

  json_t *list = rows(world), *row = json_array_get(list, 0);
  assert_int_equal(json_array_size(list), 1);
  assert_int_equal(number_of(row, "started_at"), INT64_C(1636815540123456));
  assert_string_equal(text_of(row, "request_id"), "00000000000000000000");
  assert_string_equal(text_of(row, "route"), "/hello/{name}/");
  assert_string_equal(text_of(row, "method"), "GET");
  assert_string_equal(text_of(row, "path"), "/hello/한/");
  assert_string_equal(text_of(row, "query"), "a=1&b=%20");
  assert_int_equal(number_of(row, "status"), 200);
  assert_int_equal(number_of(row, "duration_us"), 412);
  assert_int_equal(number_of(row, "bytes"), 28);
  assert_int_equal(number_of(row, "user_id"), 7);
  assert_string_equal(text_of(row, "user_email"), "grace@example.com");
  assert_string_equal(text_of(row, "remote_addr"), "127.0.0.1");
  assert_string_equal(text_of(row, "user_agent"), "curl/7.88.1");
  assert_string_equal(text_of(row, "error_ref"), "ERR-7K3F-9QXA");
  assert_int_equal(number_of(row, "weight"), 1);
  assert_true(json_is_null(json_object_get(row, "input")));
  json_decref(list);
}

/* Whatever a client sends, a line is a line, and its fields stay where they are. */
static void hostile_texts_stay_in_their_quotes(void **state) {
  struct world *world = *state;
  static char long_agent[8 * 1024 + 1];
  memset(long_agent, 'x', sizeof long_agent - 1);
  const struct request_header agents[] = {{"User-Agent", "a\"b\\c\nd\re\x1b[31m\x7f"},
                                          {"User-Agent", "\xC2\x85\xE2\x80\xA8\xFF"},
                                          {"User-Agent", long_agent}};
  open_log(world);
  for (int i = 0; i < 3; i++) {
    struct request_entry entry = request(world);
    entry.texts[REQUEST_FIELD_USER] = request_span_of("a b\n@example.com");
    entry.texts[REQUEST_FIELD_PATH] = request_span_of("/a%0ab/\" 200 \x01/");
    entry.texts[REQUEST_FIELD_METHOD] = request_span_of("G\nET");
    request_log_add(world->log, &entry, &agents[i], 1, &world->scratch);
  }
  request_log_flush(world->log);
  char *lines = content(world, "logs/access.log");
  assert_int_equal(count_lines(lines), 3);
  const char *first = strchr(lines, '[');
  assert_memory_equal(lines, "127.0.0.1 - a\\x20b\\x0a@example.com ", 35);
  assert_non_null(strstr(first, "\"G\\x0aET /a%0ab/\\\"\\x20200\\x20\\x01/ HTTP/1.1\" 200 28 \"-\" "
                                "\"a\\\"b\\\\c\\x0ad\\x0de\\x1b[31m\\x7f\" 412\n"));
  assert_non_null(strstr(lines, "\"\\xc2\\x85\\xe2\\x80\\xa8\\xff\" 412\n"));
  assert_non_null(strstr(lines, long_agent));
  free(lines);
  assert_int_equal(ask(world, "SELECT count(*) FROM request_log WHERE length(user_agent) = 2048"), 1);
}

/* A request whose head could not be read has next to nothing to tell. */
static void an_unreadable_request_is_a_line_and_a_row(void **state) {
  struct world *world = *state;
  open_log(world);
  struct request_entry entry = request(world);
  entry.status = 400;
  for (int i = 0; i < REQUEST_FIELD_COUNT; i++)
    if (i != REQUEST_FIELD_ID)
      entry.texts[i] = (struct request_span){0};
  add(world, &entry);
  request_log_flush(world->log);
  char *lines = content(world, "logs/access.log");
  assert_non_null(strstr(lines, "] \"-\" 400 28 \"-\" \"-\" 412\n"));
  assert_memory_equal(lines, "- - - [", 7);
  free(lines);
  assert_int_equal(ask(world, "SELECT count(*) FROM request_log WHERE route IS NULL AND path IS NULL"), 1);
  assert_int_equal(ask(world, "SELECT requests FROM request_minute WHERE route = '' AND status_class = 4"), 1);
}

static void secrets_are_nowhere(void **state) {
  struct world *world = *state;
  static const struct request_header headers[] = {{"Authorization", "JWT h3aderS3cret77"},
                                                  {"User-Agent", "app/1 h3aderS3cret77 b0dyS3cret66"},
                                                  {"Referer", "http://x/?password=ref3rerS3cret&next=/a/"},
                                                  {"Content-Type", "application/json"}};
  open_log(world);
  struct request_entry entry = request(world);
  entry.texts[REQUEST_FIELD_ROUTE] = request_span_of("/reset/{token}/{name}/");
  entry.texts[REQUEST_FIELD_PATH] = request_span_of("/reset/p%61thS3cret55/t%61intS3cret44/");
  entry.texts[REQUEST_FIELD_QUERY] = request_span_of("api_key=qu3ryS3cret33&again=p%61thS3cret55&x=1");
  entry.texts[REQUEST_FIELD_INPUT] = request_span_of("{\"password\": \"b0dyS3cret66\", \"note\": \"taintS3cret44\"}");
  entry.texts[REQUEST_FIELD_OUTPUT] = request_span_of("{\"token\": \"0utS3cret2211\", \"echo\": \"b0dyS3cret66\"}");
  entry.texts[REQUEST_FIELD_OUTPUT_TYPE] = request_span_of("application/json");
  entry.taint = taint_create();
  taint_add(entry.taint, "taintS3cret44", 13);
  request_log_add(world->log, &entry, headers, 4, &world->scratch);

  /* The same token once more, where nothing else is secret. */
  entry = request(world);
  entry.texts[REQUEST_FIELD_PATH] = request_span_of("/hello/h3aderS3cret77/");
  request_log_add(world->log, &entry, headers, 1, &world->scratch);
  /* And a secret whose parts are only a pattern's business. */
  entry = request(world);
  entry.texts[REQUEST_FIELD_ROUTE] = request_span_of("/a/{token}/");
  entry.texts[REQUEST_FIELD_PATH] = request_span_of("/a/x/");
  add(world, &entry);
  request_log_flush(world->log);

  json_t *list = rows(world);
  assert_string_equal(text_of(json_array_get(list, 2), "path"), "/reset/[scrubbed]/[scrubbed]/");
  assert_string_equal(text_of(json_array_get(list, 2), "query"), "api_key=[scrubbed]&again=[scrubbed]&x=1");
  assert_string_equal(text_of(json_array_get(list, 2), "user_agent"), "app/1 [scrubbed] [scrubbed]");
  assert_string_equal(text_of(json_array_get(list, 1), "path"), "/hello/[scrubbed]/");
  assert_string_equal(text_of(json_array_get(list, 0), "path"), "/a/[scrubbed]/");
  json_decref(list);
  char *lines = content(world, "logs/access.log");
  assert_non_null(strstr(lines, "GET /a/[scrubbed]/ HTTP/1.1"));
  assert_non_null(strstr(lines, "http://x/?password=[scrubbed]&next=/a/"));
  free(lines);
  close_log(world);
  static const char *const secrets[] = {"h3aderS3cret77", "ref3rerS3cret", "thS3cret55",   "intS3cret44",
                                        "qu3ryS3cret33",  "b0dyS3cret66",  "0utS3cret2211"};
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
    assert_nowhere(world, secrets[i]);
}

static void bodies_are_excerpts(void **state) {
  struct world *world = *state;
  enum { LONG = 40 * 1024 };
  char *text = malloc(LONG);
  for (int i = 0; i < LONG; i++)
    text[i] = i % 3 == 0 ? '\xED' : i % 3 == 1 ? '\x95' : '\x9C';
  open_log(world);
  struct request_entry entry = request(world);
  entry.input_bytes = 100000;
  entry.texts[REQUEST_FIELD_INPUT] = (struct request_span){text, LONG - LONG % 3};
  entry.texts[REQUEST_FIELD_OUTPUT] = (struct request_span){"\x89PNG\0\0", 6};
  entry.texts[REQUEST_FIELD_OUTPUT_TYPE] = request_span_of("image/png; x");
  entry.bytes = 6;
  add(world, &entry);
  request_log_flush(world->log);
  json_t *list = rows(world), *row = json_array_get(list, 0);
  size_t length = json_string_length(json_object_get(row, "input"));
  assert_true(length <= REQUEST_EXCERPT_MOST && length > REQUEST_EXCERPT_MOST - 3);
  assert_int_equal(number_of(row, "input_bytes"), 100000);
  assert_string_equal(text_of(row, "output"), "(6 bytes of image/png)");
  json_decref(list);
  free(text);
}

/* A host that is too fast keeps some rows, every line, and every count. */
static void a_sample_leaves_the_counts_exact(void **state) {
  struct world *world = *state;
  enum { REQUESTS = 20000, FAILED = 40 };
  world->options.rate = 200;
  open_log(world);
  int64_t now = clock_wall_us() / 1000000 * 1000000; /* all of one second */
  for (int i = 0; i < REQUESTS; i++) {
    struct request_entry entry = request(world);
    entry.started_at = now;
    entry.texts[REQUEST_FIELD_ROUTE] = request_span_of(i % 2 ? "/odd/" : "/even/");
    entry.status = i % (REQUESTS / FAILED) == 0 ? 500 : 200;
    add(world, &entry);
  }
  request_log_flush(world->log);
  assert_int_equal(ask(world, "SELECT sum(requests) FROM request_minute"), REQUESTS);
  assert_int_equal(ask(world, "SELECT sum(requests) FROM request_minute WHERE route = '/odd/'"), REQUESTS / 2);
  assert_int_equal(ask(world, "SELECT sum(requests) FROM request_minute WHERE status_class = 5"), FAILED);
  int64_t kept = ask(world, "SELECT count(*) FROM request_log");
  assert_int_equal(ask(world, "SELECT sum(requests - sampled) FROM request_minute"), kept);
  assert_in_range(kept, 200, 600);
  assert_int_equal(ask(world, "SELECT count(*) FROM request_log WHERE status = 500 AND weight = 1"), FAILED);
  int64_t odd = ask(world, "SELECT sum(weight) FROM request_log WHERE route = '/odd/'");
  assert_in_range(odd, REQUESTS / 2 / 2, REQUESTS / 2 * 2); /* always the same: the ids are */

  json_t *gaps;
  assert_int_equal(request_log_gaps(world->folder, 0, &gaps, NULL), MULLIGAN_OK);
  assert_int_equal(number_of(gaps, "sampled"), REQUESTS - kept);
  json_decref(gaps);
  char *lines = content(world, "logs/access.log");
  assert_int_equal(count_lines(lines), REQUESTS);
  free(lines);
}

/* What the weights sum up to is what there was, whatever came in whatever order. */
static void a_sample_is_unbiased(void **state) {
  enum { SECONDS = 20, REQUESTS = 40000, RATE = 1000 };
  struct request_sampler sampler;
  struct world *world = *state;
  int64_t sums[2] = {0}, most = 0;
  request_sampler_init(&sampler, RATE);
  for (int second = 0; second < SECONDS; second++) {
    int64_t kept = 0;
    for (int i = 0; i < REQUESTS; i++) {
      struct request_entry entry = request(world);
      entry.started_at = second * INT64_C(1000000);
      int64_t weight = request_sampler_weigh(&sampler, &entry);
      sums[i % 2] += weight;
      kept += weight > 0;
    }
    most = second > 0 && kept > most ? kept : most;
  }
  for (int i = 0; i < 2; i++)
    assert_in_range(sums[i], SECONDS * REQUESTS / 2 * 95 / 100, SECONDS * REQUESTS / 2 * 105 / 100);
  assert_in_range(most, 1, RATE * 11 / 10);
}

static void below_the_rate_all_are_kept(void **state) {
  struct request_sampler sampler;
  struct world *world = *state;
  request_sampler_init(&sampler, 100);
  for (int second = 0; second < 10; second++)
    for (int i = 0; i < 100; i++) {
      struct request_entry entry = request(world);
      entry.started_at = second * INT64_C(1000000);
      assert_int_equal(request_sampler_weigh(&sampler, &entry), 1);
    }
}

static void either_can_be_left_out(void **state) {
  struct world *world = *state;
  char *database = path_of(world, "requests.db"), *file = path_of(world, "logs/access.log");
  world->options.rows = false;
  open_log(world);
  add_many(world, 2);
  close_log(world);
  assert_false(file_exists(database));
  assert_true(file_exists(file));
  assert_int_equal(unlink(file), 0);
  world->options.rows = true;
  world->options.lines = false;
  open_log(world);
  add_many(world, 2);
  close_log(world);
  assert_false(file_exists(file));
  assert_int_equal(ask(world, "SELECT count(*) FROM request_log"), 2);
  free(database);
  free(file);
}

static void what_is_asked_for_is_found(void **state) {
  struct world *world = *state;
  open_log(world);
  for (int i = 0; i < 10; i++) {
    struct request_entry entry = request(world);
    entry.status = 200 + 100 * (i % 4);
    entry.duration_us = 1000 * (i * 7 % 10);
    entry.user_id = i % 2;
    entry.texts[REQUEST_FIELD_PATH] = request_span_of(i == 3 ? "/here/" : "/there/");
    add(world, &entry);
  }
  request_log_flush(world->log);
  const struct {
    struct request_filter filter;
    size_t count;
  } questions[] = {
      {{.limit = 4}, 4},
      {{.least_status = 500, .most_status = 599, .limit = 50}, 2},
      {{.path = "/here/", .limit = 50}, 1},
      {{.route = "/hello/{name}/", .limit = 50}, 10},
      {{.route = "/other/", .limit = 50}, 0},
      {{.user = "1", .limit = 50}, 5},
      {{.since = clock_wall_us() + 1000000, .limit = 50}, 0},
      {{.after = 7, .order = REQUEST_OLDEST_FIRST, .limit = 50}, 3},
  };
  for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
    json_t *list;
    assert_int_equal(request_log_list(world->folder, &questions[i].filter, &list, NULL), MULLIGAN_OK);
    assert_int_equal(json_array_size(list), questions[i].count);
    json_decref(list);
  }
  json_t *list, *row;
  const struct request_filter slow = {.order = REQUEST_SLOWEST_FIRST, .limit = 3};
  assert_int_equal(request_log_list(world->folder, &slow, &list, NULL), MULLIGAN_OK);
  assert_int_equal(number_of(json_array_get(list, 0), "duration_us"), 9000);
  assert_int_equal(number_of(json_array_get(list, 2), "duration_us"), 7000);
  json_decref(list);
  assert_int_equal(request_log_get(world->folder, "00000000000000000003", &row, NULL), MULLIGAN_OK);
  assert_string_equal(text_of(row, "path"), "/here/");
  json_decref(row);
  struct fault fault;
  assert_int_equal(request_log_get(world->folder, "no such", &row, &fault), MULLIGAN_MISSING);
  assert_non_null(strstr(fault.message, "no such"));
}

int main(void) {
  setenv("TZ", "UTC", 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_request_is_a_line_and_a_row, set_up, tear_down),
      cmocka_unit_test_setup_teardown(hostile_texts_stay_in_their_quotes, set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_unreadable_request_is_a_line_and_a_row, set_up, tear_down),
      cmocka_unit_test_setup_teardown(secrets_are_nowhere, set_up, tear_down),
      cmocka_unit_test_setup_teardown(bodies_are_excerpts, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_sample_leaves_the_counts_exact, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_sample_is_unbiased, set_up, tear_down),
      cmocka_unit_test_setup_teardown(below_the_rate_all_are_kept, set_up, tear_down),
      cmocka_unit_test_setup_teardown(either_can_be_left_out, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_is_asked_for_is_found, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
