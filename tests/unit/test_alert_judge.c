/**
 * test_alert_judge.c - which errors people are told of, when, and how often: the reasons, the cool-downs, the channels.
 */
#include "outbox_world.h"

#include "data/alert_spike.h"

/* ---- reasons ---- */

static void a_new_group_is_told_at_once_and_once(void **state) {
  struct world *world = *state;
  assert_true(happen(world, "A"));
  assert_false(happen(world, "A"));
  json_t *alert = expect(world, "new", "new");
  assert_string_equal(text_of(alert, "title"), "A: broke");
  assert_string_equal(text_of(alert, "exc_type"), "A");
  assert_string_equal(text_of(alert, "path"), "/a/");
  assert_string_equal(text_of(alert, "host"), "testhost");
  assert_int_equal(number_of(alert, "status"), 500);
  assert_int_equal(number_of(alert, "total"), 1);
  assert_int_equal(number_of(alert, "times"), 1);
  assert_true(json_is_false(json_object_get(alert, "handled")));
  json_decref(alert);
  expect_nothing(world);
}

static void what_comes_back_is_told_at_once_also_while_it_cools_down(void **state) {
  struct world *world = *state;
  happen_times(world, "A", 3);
  expect_counts(world, "new", "new", 1, 1);
  change(world, "A", "resolved");
  world->now = clock_wall_us() + SECOND;
  assert_true(happen(world, "A"));
  assert_false(happen(world, "A")); /* in the same microsecond */
  expect_counts(world, "regression", "regression", 4, 3);
  /* A second time, and it is told a second time. */
  change(world, "A", "resolved");
  world->now += MINUTE;
  assert_true(happen(world, "A"));
  expect_counts(world, "regression", "regression", 6, 2);
  expect_nothing(world);
}

static void the_tenth_and_the_hundredth_are_told(void **state) {
  struct world *world = *state;
  go_by(world, "{\"spike\": {\"count\": 100000}}", SLACK);
  happen(world, "A");
  expect_counts(world, "new", "new", 1, 1);
  int64_t before = 1;
  for (int64_t mark = 10; mark <= 1000; mark *= 10) {
    world->now += 7 * DAY; /* no cool-down is left */
    expect_nothing(world);
    begin(world);
    for (int64_t total = mark / 10 + 1; total <= mark; total++)
      assert_int_equal(enter_one(world, make(world, "A")), total == mark);
    commit(world);
    expect_counts(world, "count", "count", mark, mark - before);
    before = mark;
  }
  expect_nothing(world);
}

static void a_plain_repeat_is_no_news(void **state) {
  struct world *world = *state;
  happen(world, "A");
  expect_counts(world, "new", "new", 1, 1);
  world->now += HOUR;
  expect_nothing(world);
  assert_false(happen(world, "A"));
  assert_int_equal(settle(world), INT64_MAX);
  expect_nothing(world);
}

static void a_spike_is_told_when_it_begins_and_once(void **state) {
  struct world *world = *state;
  go_by(world, "{\"spike\": {\"count\": 20, \"minutes\": 1}, \"cool_down\": 0}", SLACK);
  happen_times(world, "A", 10);
  expect_counts(world, "new", "new", 1, 1);
  expect_counts(world, "count", "count", 10, 9);
  world->now += HOUR;
  /* Fifteen a minute are none. */
  for (int i = 0; i < 45; i++) {
    world->now += 4 * SECOND;
    assert_false(happen(world, "A"));
  }
  /* One a second are; they go on, and stay one spike. */
  int total = 55, spike = 0;
  for (; total < 99; world->now += SECOND) {
    total++;
    if (!happen(world, "A"))
      continue;
    assert_int_equal(spike, 0);
    spike = total;
    assert_in_range(total - 55, 5, 20);
  }
  expect_counts(world, "spike", "spike", spike, spike - 10);
  /* After calm, another one. */
  world->now += 3 * MINUTE;
  for (int i = 0, told = 0; i < 30; i++, world->now += SECOND / 10) {
    told += happen(world, "A");
    assert_int_equal(told, i == 0 ? 1 : i >= 19 ? 2 : told); /* the 100th is among them */
  }
  json_decref(expect(world, "count", "count"));
  json_decref(expect(world, "spike", "spike"));
  expect_nothing(world);
}

/* Memory is for a few hundred groups; the one that spikes is among them. */
static void a_spike_is_seen_among_thousands_of_groups(void **state) {
  (void)state;
  struct alert_spikes *spikes = alert_spikes_create();
  struct error_fingerprint many = {.hash = "5a00", .algorithm = 1}, other = {.algorithm = 1};
  bool began = false;
  for (int i = 0; i < 50; i++) {
    int64_t at = i * SECOND;
    assert_false(began);
    began = alert_spikes_count(spikes, &many, at, 1, 50, 10 * MINUTE);
    for (int j = 0; j < 200; j++) {
      snprintf(other.hash, sizeof other.hash, "%02x%02x%02x", (i * 7 + j) % 256, i, j);
      assert_false(alert_spikes_count(spikes, &other, at, 1, 50, 10 * MINUTE));
    }
  }
  assert_true(began);
  alert_spikes_destroy(spikes);
}

static void a_clock_that_is_set_back_makes_no_spike_and_hides_none(void **state) {
  (void)state;
  struct alert_spikes *spikes = alert_spikes_create();
  struct error_fingerprint print = {.hash = "00", .algorithm = 1};
  for (int i = 0; i < 9; i++)
    assert_false(alert_spikes_count(spikes, &print, DAY, 1, 10, MINUTE));
  assert_false(alert_spikes_count(spikes, &print, HOUR, 9, 10, MINUTE));
  assert_true(alert_spikes_count(spikes, &print, HOUR + 1, 1, 10, MINUTE));
  alert_spikes_destroy(spikes);
}

static void what_is_rolled_back_is_no_spike(void **state) {
  struct world *world = *state;
  go_by(world, "{\"spike\": {\"count\": 20, \"minutes\": 5}, \"cool_down\": 0}", SLACK);
  happen_times(world, "A", 11);
  expect_counts(world, "new", "new", 1, 1);
  expect_counts(world, "count", "count", 10, 9);
  /* Nine more, which cannot be stored; then the same nine. */
  for (int round = 0; round < 2; round++) {
    begin(world);
    for (int i = 0; i < 9; i++)
      assert_int_equal(enter_one(world, make(world, "A")), i == 8);
    if (round == 0)
      error_database_rollback(world->database);
    else
      commit(world);
  }
  expect_counts(world, "spike", "spike", 20, 10);
  expect_nothing(world);
}

static struct error_record *make_from(struct world *world, const char *name, enum error_source source) {
  struct error_record *record = make(world, name);
  record->source = source;
  record->status = 0;
  return record;
}

static void a_failing_reload_or_run_is_told_each_time_but_once_in_a_cool_down(void **state) {
  struct world *world = *state;
  static const struct {
    enum error_source source;
    const char *name, *word;
  } cases[] = {{ERROR_SOURCE_RELOAD, "Load", "reload"},
               {ERROR_SOURCE_OPERATOR, "Run", "operator"},
               {ERROR_SOURCE_NOTEBOOK, "Cell", "operator"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char reasons[32];
    assert_true(enter(world, make_from(world, cases[i].name, cases[i].source)));
    snprintf(reasons, sizeof reasons, "new,%s", cases[i].word);
    expect_counts(world, "new", reasons, 1, 1);
    assert_false(enter(world, make_from(world, cases[i].name, cases[i].source)));
    assert_false(enter(world, make_from(world, cases[i].name, cases[i].source)));
    expect_nothing(world);
    world->now += 5 * MINUTE;
    snprintf(reasons, sizeof reasons, "repeats,%s", cases[i].word);
    expect_counts(world, "repeats", reasons, 3, 2);
    world->now += 10 * MINUTE;
    expect_nothing(world);
    assert_true(enter(world, make_from(world, cases[i].name, cases[i].source)));
    expect_counts(world, cases[i].word, cases[i].word, 4, 1);
  }
  assert_false(enter(world, make_from(world, "Host", ERROR_SOURCE_HOST)));
}

/* ---- cool-downs ---- */

static void what_happens_in_a_cool_down_is_one_message_at_its_end(void **state) {
  struct world *world = *state;
  happen_times(world, "A", 10000);
  expect_counts(world, "new", "new", 1, 1);
  expect_nothing(world);
  assert_int_equal(settle(world), world->now + 5 * MINUTE);
  world->now += 5 * MINUTE - 1;
  expect_nothing(world);
  world->now += 1;
  expect_counts(world, "repeats", "repeats,spike,count", 10000, 9999);
  expect_nothing(world);
  assert_int_equal(ask(world, "SELECT total FROM error_group"), 10000);
  assert_int_equal(ask(world, "SELECT count(*) FROM outbox"), 2);
}

static void cool_downs_double_and_a_quiet_one_ends_that(void **state) {
  struct world *world = *state;
  happen(world, "A");
  expect_counts(world, "new", "new", 1, 1);
  int64_t length = 5 * MINUTE, total = 1;
  for (int i = 0; i < 12; i++) {
    happen(world, "A");
    total++;
    assert_int_equal(settle(world), world->now + length);
    world->now += length;
    json_t *alert = expect(world, "repeats", total == 10 ? "repeats,count" : "repeats");
    assert_int_equal(number_of(alert, "total"), total);
    assert_int_equal(number_of(alert, "times"), 1);
    json_decref(alert);
    length = 2 * length < DAY ? 2 * length : DAY;
  }
  assert_int_equal(length, DAY);
  world->now += DAY;
  expect_nothing(world);
  assert_int_equal(settle(world), INT64_MAX);
  /* From the beginning. */
  change(world, "A", "resolved");
  world->now += 100 * DAY;
  happen_times(world, "A", 2);
  expect_counts(world, "regression", "regression", 14, 1);
  assert_int_equal(settle(world), world->now + 5 * MINUTE);
}

static void a_regression_shortens_a_long_cool_down(void **state) {
  struct world *world = *state;
  happen_times(world, "A", 2);
  expect_counts(world, "new", "new", 1, 1);
  world->now += 5 * MINUTE;
  expect_counts(world, "repeats", "repeats", 2, 1);
  assert_int_equal(settle(world), world->now + 10 * MINUTE);
  happen_times(world, "A", 8); /* the tenth among them is held */
  change(world, "A", "resolved");
  world->now += 9 * MINUTE;
  happen(world, "A");
  expect_counts(world, "regression", "regression,count", 11, 9);
  assert_int_equal(settle(world), world->now + 5 * MINUTE);
}

static void repeats_that_wait_become_one(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  happen(world, "A");
  assert_true(take(world, ALERT_SLACK, &message)); /* under way for ever */
  outbox_message_release(&message);
  int64_t length = 5 * MINUTE;
  for (int i = 0; i < 5; i++, length *= 2) {
    happen_times(world, "A", i == 0 ? 9 : 10);
    world->now += length;
    settle(world);
  }
  assert_int_equal(ask(world, "SELECT count(*) FROM outbox WHERE state = 'waiting'"), 1);
  assert_true(take(world, ALERT_SLACK, &message));
  assert_string_equal(text_of(message.alert, "kind"), "new"); /* its lease has run out */
  assert_int_equal(message.attempt, 2);
  assert_int_equal(outbox_delivered(world->outbox, &message, "", "ok", world->now, NULL), MULLIGAN_OK);
  outbox_message_release(&message);
  expect_counts(world, "repeats", "repeats,count", 50, 49);
  expect_nothing(world);
}

static void no_cool_down_means_no_repeats(void **state) {
  struct world *world = *state;
  go_by(world, "{\"cool_down\": 0}", SLACK);
  happen_times(world, "A", 9);
  expect_counts(world, "new", "new", 1, 1);
  expect_nothing(world);
  assert_int_equal(settle(world), INT64_MAX);
  happen(world, "A");
  expect_counts(world, "count", "count", 10, 9);
}

/* ---- whom, and who not ---- */

static void muted_groups_and_alerts_own_errors_are_never_told(void **state) {
  struct world *world = *state;
  assert_false(enter(world, make_from(world, "Channel", ERROR_SOURCE_ALERT)));
  struct error_record *record = make_from(world, "Channel2", ERROR_SOURCE_ALERT);
  record->status = 500;
  assert_false(enter(world, record));
  expect_nothing(world);

  happen_times(world, "A", 5);
  happen(world, "B");
  change(world, "A", "muted"); /* its first message has not gone out yet */
  happen_times(world, "A", 200);
  json_t *alert = expect(world, "new", "new");
  assert_string_equal(text_of(alert, "exc_type"), "B");
  json_decref(alert);
  world->now += DAY;
  expect_nothing(world);
  assert_int_equal(settle(world), INT64_MAX);
}

static void rules_name_channels(void **state) {
  struct world *world = *state;
  go_by(world,
        "{\"watch\": [{\"status\": 401, \"channels\": [\"slack\"]}, {\"status\": \"5xx\", \"channels\": [\"mail\"]},"
        " {\"type\": \"Both\"}, {\"code\": \"forged_token\", \"channels\": [\"mail\", \"slack\"]}]}",
        SLACK | MAIL);
  struct error_record *refused = make(world, "Refused");
  refused->status = 401;
  enter(world, refused);
  happen(world, "Broken");
  happen(world, "Both");
  struct error_record *forged = make(world, "Forged");
  forged->status = 403;
  set(forged, &forged->code, "forged_token");
  enter(world, forged);
  struct error_record *unwatched = make(world, "Unwatched");
  unwatched->status = 403;
  assert_false(enter(world, unwatched));
  static const char *const slack[] = {"Refused", "Both", "Forged"}, *const mail[] = {"Broken", "Both", "Forged"};
  for (int i = 0; i < 3; i++) {
    json_t *alert = expect_on(world, ALERT_SLACK, "new", "new");
    assert_string_equal(text_of(alert, "exc_type"), slack[i]);
    json_decref(alert);
    alert = expect_on(world, ALERT_MAIL, "new", "new");
    assert_string_equal(text_of(alert, "exc_type"), mail[i]);
    json_decref(alert);
  }
  expect_nothing_on(world, ALERT_SLACK);
  expect_nothing_on(world, ALERT_MAIL);
}

static void only_channels_that_are_set_up_get_messages(void **state) {
  struct world *world = *state;
  go_by(world, "{}", 0);
  assert_false(happen(world, "A"));
  assert_int_equal(settle(world), INT64_MAX);
  go_by(world, "{}", MAIL);
  assert_true(happen(world, "B"));
  expect_nothing_on(world, ALERT_SLACK);
  json_decref(expect_on(world, ALERT_MAIL, "new", "new"));
  /* It is taken away while the group cools down: nothing is due, until it is back. */
  happen(world, "B");
  go_by(world, "{}", 0);
  world->now += DAY;
  assert_int_equal(settle(world), INT64_MAX);
  go_by(world, "{}", MAIL);
  json_decref(expect_on(world, ALERT_MAIL, "repeats", "repeats"));
}

static void integrity_and_forged_tokens_are_watched_by_themselves(void **state) {
  struct world *world = *state;
  struct error_record *broken = make(world, "IntegrityError");
  broken->status = 400;
  assert_true(enter(world, broken));
  struct error_record *forged = make(world, "ForgedToken");
  forged->status = 400;
  set(forged, &forged->code, "forged_token");
  assert_true(enter(world, forged));
  struct error_record *missing = make(world, "NotFound");
  missing->status = 404;
  assert_false(enter(world, missing));
}

/* ---- what a message says ---- */

static void a_chain_of_causes_is_one_message_about_the_outermost(void **state) {
  struct world *world = *state;
  struct error_record *record = make(world, "Outer");
  record->cause = make(world, "Inner");
  record->cause->cause = make(world, "Innermost");
  assert_true(enter(world, record));
  json_t *alert = expect(world, "new", "new");
  assert_string_equal(text_of(alert, "exc_type"), "Outer");
  json_decref(alert);
  expect_nothing(world);
}

static void a_message_says_what_happened_and_keeps_what_is_private(void **state) {
  struct world *world = *state;
  struct error_record *record = make(world, "A");
  static const char token[] = "Bearer abcdefghijklmnopqrstuvwxyz0123456789";
  char *words = malloc(9001);
  for (int i = 0; i < 3000; i++)
    memcpy(words + 3 * i, "\xEC\x98\xA4", 3); /* 오 */
  words[9000] = '\0';
  set(record, &record->message, words);
  words[3 * 700] = '\0';
  set(record, &record->path, words);
  free(words);
  record->user_id = 7;
  set(record, &record->user_email, "jiwoo@example.com");
  set(record, &record->query, "private=1");
  set(record, &record->body, "the body");
  set(record, &record->value, token);
  set(record, &record->route, token);
  record->headers = json_pack("{s:s}", "authorization", token);
  record->frames =
      json_pack("[{s:s, s:s, s:i, s:b}, {s:s, s:s, s:i, s:b, s:{s:s}}, {s:s, s:b}]", "file", "[C]", "function", "error",
                "line", 0, "in_app", 0, "file", "scripts/routes/a.lua", "function", "handler", "line", 12, "in_app", 1,
                "locals", "secret_plan", "hidden", "file", "b.lua", "in_app", 1);
  enter(world, record);
  json_t *alert = expect(world, "new", "new");
  const json_t *frame = json_object_get(alert, "frame");
  assert_string_equal(text_of(frame, "file"), "scripts/routes/a.lua");
  assert_string_equal(text_of(frame, "function"), "handler");
  assert_int_equal(number_of(frame, "line"), 12);
  assert_int_equal(json_object_size(frame), 3);
  assert_int_equal(number_of(alert, "user_id"), 7);
  assert_int_equal(number_of(alert, "users"), 1);
  assert_string_equal(text_of(alert, "user_email"), "jiwoo@example.com");
  const char *path = text_of(alert, "path"), *message = text_of(alert, "message");
  assert_int_equal(strlen(path), 500 * 3);
  assert_string_equal(path + 499 * 3, "\xE2\x80\xA6");
  assert_int_equal(strlen(message), 2000 * 3);
  char *whole = json_dumps(alert, 0);
  static const char *const never[] = {"secret_plan", "the body", "private=1", "abcdefghij", "frames", "null"};
  for (size_t i = 0; i < sizeof never / sizeof *never; i++)
    if (strstr(whole, never[i]) != NULL)
      fail_msg("%s is in %s", never[i], whole);
  free(whole);
  json_decref(alert);
}

/* ---- through the writer ---- */

static void count_call(void *context) {
  (*(_Atomic int *)context)++;
}

/* The whole way: what could not be stored at once alerts when it is, and whoever delivers is told. */
static void what_comes_through_the_spool_is_late_but_not_lost(void **state) {
  struct world *world = *state;
  json_t *alerts = json_object();
  _Atomic int calls = 0;
  struct error_log *log;
  struct error_log_options options = {.folder = world->folder,
                                      .scrub = world->scrub,
                                      .release = "1",
                                      .host = "h",
                                      .storm_limit = 3,
                                      .alerts = alerts,
                                      .alert_channels = SLACK};
  assert_int_equal(error_log_open(&log, &options, NULL), MULLIGAN_OK);
  error_log_on_alert(log, count_call, &calls);
  assert_int_equal(error_log_record(log, make(world, "A"), true, NULL), MULLIGAN_OK);
  assert_int_equal(calls, 1);
  /* errors.db is away for a while. */
  char path[96], away[96];
  snprintf(path, sizeof path, "%s/errors.db", world->folder);
  snprintf(away, sizeof away, "%s/away", world->folder);
  assert_int_equal(rename(path, away), 0);
  for (int i = 0; i < 100; i++)
    assert_int_equal(error_log_record(log, make(world, i % 2 == 0 ? "A" : "B"), true, NULL), MULLIGAN_OK);
  assert_int_equal(calls, 1);
  error_log_on_alert(log, NULL, NULL);
  error_log_close(log);
  assert_int_equal(rename(away, path), 0);
  /* Replayed at the start, by the rules it is started with. */
  assert_int_equal(error_log_open(&log, &options, NULL), MULLIGAN_OK);
  assert_int_equal(calls, 1);
  error_log_close(log);
  json_decref(alerts);
  world->now = clock_wall_us();
  json_decref(expect(world, "new", "new"));
  json_t *alert = expect(world, "new", "new");
  assert_string_equal(text_of(alert, "exc_type"), "B");
  json_decref(alert);
  world->now += 5 * MINUTE;
  int64_t totals = 0;
  for (int i = 0; i < 2; i++) {
    alert = expect(world, "repeats", "repeats,count");
    totals += number_of(alert, "total");
    json_decref(alert);
  }
  assert_int_equal(totals, 101);
}

static void rules_can_be_replaced_while_it_runs(void **state) {
  struct world *world = *state;
  json_t *alerts = json_loads("{\"watch\": [{\"status\": 500}]}", 0, NULL);
  _Atomic int calls = 0;
  struct error_log *log;
  struct error_log_options options = {.folder = world->folder, .scrub = world->scrub, .release = "1", .host = "h"};
  assert_int_equal(error_log_open(&log, &options, NULL), MULLIGAN_OK);
  error_log_on_alert(log, count_call, &calls);
  assert_int_equal(error_log_record(log, make(world, "A"), true, NULL), MULLIGAN_OK);
  assert_int_equal(calls, 0);
  assert_int_equal(error_log_set_alerts(log, alerts, SLACK, NULL), MULLIGAN_OK);
  assert_int_equal(calls, 1); /* whoever delivers may have something to do now */
  assert_int_equal(error_log_record(log, make(world, "B"), true, NULL), MULLIGAN_OK);
  assert_int_equal(calls, 2);
  assert_int_equal(error_log_set_alerts(log, NULL, 0, NULL), MULLIGAN_OK);
  assert_int_equal(error_log_record(log, make(world, "C"), true, NULL), MULLIGAN_OK);
  assert_int_equal(calls, 3);
  error_log_close(log);
  json_decref(alerts);
  world->now = clock_wall_us();
  json_t *alert = expect(world, "new", "new");
  assert_string_equal(text_of(alert, "exc_type"), "B");
  json_decref(alert);
  expect_nothing(world);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_new_group_is_told_at_once_and_once),
      TEST(what_comes_back_is_told_at_once_also_while_it_cools_down),
      TEST(the_tenth_and_the_hundredth_are_told),
      TEST(a_plain_repeat_is_no_news),
      TEST(a_spike_is_told_when_it_begins_and_once),
      cmocka_unit_test(a_spike_is_seen_among_thousands_of_groups),
      cmocka_unit_test(a_clock_that_is_set_back_makes_no_spike_and_hides_none),
      TEST(what_is_rolled_back_is_no_spike),
      TEST(a_failing_reload_or_run_is_told_each_time_but_once_in_a_cool_down),
      TEST(what_happens_in_a_cool_down_is_one_message_at_its_end),
      TEST(cool_downs_double_and_a_quiet_one_ends_that),
      TEST(a_regression_shortens_a_long_cool_down),
      TEST(repeats_that_wait_become_one),
      TEST(no_cool_down_means_no_repeats),
      TEST(muted_groups_and_alerts_own_errors_are_never_told),
      TEST(rules_name_channels),
      TEST(only_channels_that_are_set_up_get_messages),
      TEST(integrity_and_forged_tokens_are_watched_by_themselves),
      TEST(a_chain_of_causes_is_one_message_about_the_outermost),
      TEST(a_message_says_what_happened_and_keeps_what_is_private),
      TEST(what_comes_through_the_spool_is_late_but_not_lost),
      TEST(rules_can_be_replaced_while_it_runs),
  };
  return cmocka_run_group_tests_name("alert_judge", tests, NULL, NULL);
}
