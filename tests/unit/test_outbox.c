/**
 * test_outbox.c - messages until they are delivered: none is lost, none comes too often, and people can see why one is
 * still here.
 */
#include "outbox_world.h"

#include "data/error_log_schema.h"
#include "data/error_retention.h"

static void arrive(struct world *world, const struct outbox_message *message, const char *thread) {
  assert_int_equal(outbox_delivered(world->outbox, message, thread, "ok", world->now, NULL), MULLIGAN_OK);
}

static void must_take(struct world *world, struct outbox_message *message) {
  if (!take(world, ALERT_SLACK, message))
    fail_msg("there is no message");
}

/** What people see of a channel. */
static json_t *see(struct world *world, enum alert_channel channel) {
  json_t *list;
  assert_int_equal(outbox_channels(world->folder, &list, NULL), MULLIGAN_OK);
  assert_int_equal(json_array_size(list), ALERT_CHANNELS);
  json_t *seen = json_incref(json_array_get(list, channel));
  assert_string_equal(text_of(seen, "channel"), alert_channel_name(channel));
  json_decref(list);
  return seen;
}

static void assert_seen(struct world *world, const char *state, const char *answer) {
  json_t *seen = see(world, ALERT_SLACK);
  assert_string_equal(text_of(seen, "state"), state);
  assert_string_equal(text_of(seen, "answer"), answer);
  json_decref(seen);
}

/* ---- leases ---- */

static void one_dispatcher_at_a_time(void **state) {
  struct world *world = *state;
  struct outbox *second;
  struct fault fault;
  assert_int_equal(outbox_open(&second, world->folder, &fault), MULLIGAN_BUSY);
  assert_non_null(strstr(fault.message, "alerts.lock"));
  outbox_close(world->outbox);
  assert_int_equal(outbox_open(&second, world->folder, &fault), MULLIGAN_OK);
  world->outbox = second;
}

static void a_lease_that_runs_out_is_taken_again(void **state) {
  struct world *world = *state;
  struct outbox_message first, second;
  happen(world, "A");
  must_take(world, &first);
  assert_int_equal(first.attempt, 1);
  expect_nothing(world);
  assert_int_equal(settle(world), world->now + MINUTE);
  world->now += MINUTE;
  must_take(world, &second);
  assert_int_equal(second.id, first.id);
  assert_int_equal(second.attempt, 2);
  /* The first attempt is told of late: that it failed says nothing of the second. */
  assert_int_equal(outbox_defer(world->outbox, &first, "timeout", world->now + HOUR, world->now, NULL), MULLIGAN_OK);
  assert_int_equal(ask(world, "SELECT state = 'leased' FROM outbox"), 1);
  /* That it arrived is so. */
  arrive(world, &first, "");
  assert_int_equal(ask(world, "SELECT state = 'delivered' FROM outbox"), 1);
  outbox_message_release(&first);
  outbox_message_release(&second);
}

static void what_was_under_way_at_a_crash_goes_out_after_the_others(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  happen(world, "A");
  happen(world, "B");
  must_take(world, &message);
  int64_t interrupted = message.id;
  outbox_message_release(&message);
  outbox_close(world->outbox); /* as a kill leaves it */
  open_outbox(world);
  world->now = clock_wall_us();
  must_take(world, &message);
  assert_int_not_equal(message.id, interrupted);
  arrive(world, &message, "");
  outbox_message_release(&message);
  world->now += MINUTE;
  must_take(world, &message);
  assert_int_equal(message.id, interrupted);
  assert_int_equal(message.attempt, 2);
  outbox_message_release(&message);
}

/* ---- answers ---- */

static void what_failed_is_due_again_when_it_is_said(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  happen(world, "A");
  must_take(world, &message);
  assert_int_equal(outbox_defer(world->outbox, &message, "HTTP 500", world->now + 10 * SECOND, world->now, NULL),
                   MULLIGAN_OK);
  outbox_message_release(&message);
  json_t *seen = see(world, ALERT_SLACK);
  assert_string_equal(text_of(seen, "answer"), "HTTP 500");
  assert_int_equal(number_of(seen, "failing_since"), world->now);
  assert_int_equal(number_of(seen, "waiting"), 1);
  json_decref(seen);
  assert_int_equal(settle(world), world->now + 10 * SECOND);
  expect_nothing(world);
  world->now += 10 * SECOND;
  must_take(world, &message);
  assert_int_equal(message.attempt, 2);
  arrive(world, &message, "");
  outbox_message_release(&message);
  seen = see(world, ALERT_SLACK);
  assert_true(json_is_null(json_object_get(seen, "failing_since")));
  assert_int_equal(number_of(seen, "delivered"), 1);
  assert_int_equal(number_of(seen, "delivered_at"), world->now);
  json_decref(seen);
}

static void a_parked_channel_takes_nothing_until_then(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  go_by(world, "{}", SLACK | MAIL);
  happen(world, "A");
  happen(world, "B");
  must_take(world, &message);
  assert_int_equal(outbox_park(world->outbox, &message, "HTTP 429", world->now + HOUR, world->now, NULL), MULLIGAN_OK);
  outbox_message_release(&message);
  expect_nothing(world);
  assert_seen(world, "parked", "HTTP 429");
  json_decref(expect_on(world, ALERT_MAIL, "new", "new")); /* the other goes on */
  json_decref(expect_on(world, ALERT_MAIL, "new", "new"));
  world->now += 30 * MINUTE;
  assert_int_equal(settle(world), world->now + 30 * MINUTE);
  world->now += 30 * MINUTE;
  json_decref(expect(world, "new", "new"));
  json_decref(expect(world, "new", "new"));
  assert_seen(world, "open", "ok");
}

static void a_stopped_channel_waits_for_another_configuration(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  happen_times(world, "A", 2);
  must_take(world, &message);
  assert_int_equal(outbox_stop(world->outbox, &message, world->configuration, "invalid_auth", world->now, NULL),
                   MULLIGAN_OK);
  outbox_message_release(&message);
  assert_seen(world, "stopped", "invalid_auth");
  for (int i = 0; i < 3; i++, world->now += 5 * MINUTE)
    expect_nothing(world);
  outbox_close(world->outbox);
  open_outbox(world);
  expect_nothing(world); /* nor after a restart */
  assert_int_equal(settle(world), INT64_MAX);
  world->configuration = "with another token";
  json_decref(expect(world, "new", "new"));
  json_decref(expect(world, "repeats", "repeats"));
  assert_seen(world, "open", "ok");
}

static void what_is_given_up_is_kept_and_tried_when_people_say_so(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  int64_t count;
  json_t *list;
  happen(world, "A");
  must_take(world, &message);
  assert_int_equal(outbox_give_up(world->outbox, &message, "no such user", world->now, NULL), MULLIGAN_OK);
  outbox_message_release(&message);
  expect_nothing(world);
  assert_int_equal(outbox_messages(world->folder, 10, &list, NULL), MULLIGAN_OK);
  assert_int_equal(json_array_size(list), 1);
  json_t *seen = json_array_get(list, 0);
  static const char *const names[] = {"id",    "channel",  "kind",   "group",  "ref",       "title",
                                      "state", "attempts", "due_at", "answer", "created_at"};
  assert_int_equal(json_object_size(seen), sizeof names / sizeof *names);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    assert_non_null(json_object_get(seen, names[i]));
  assert_string_equal(text_of(seen, "state"), "failed");
  assert_string_equal(text_of(seen, "title"), "A: broke");
  assert_string_equal(text_of(seen, "answer"), "no such user");
  json_decref(list);
  json_t *channel = see(world, ALERT_SLACK);
  assert_int_equal(number_of(channel, "failed"), 1);
  assert_true(json_is_null(json_object_get(channel, "failing_since"))); /* the channel works */
  json_decref(channel);

  assert_int_equal(outbox_retry(world->folder, ALERT_MAIL, &count, NULL), MULLIGAN_OK);
  assert_int_equal(count, 0);
  assert_int_equal(outbox_retry(world->folder, ALERT_SLACK, &count, NULL), MULLIGAN_OK);
  assert_int_equal(count, 1);
  world->now = clock_wall_us();
  must_take(world, &message);
  assert_int_equal(message.attempt, 1);
  outbox_message_release(&message);
}

static void people_can_have_all_of_it_tried_now(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  int64_t count;
  go_by(world, "{}", SLACK | MAIL);
  happen(world, "A");
  happen(world, "B");
  must_take(world, &message);
  assert_int_equal(outbox_stop(world->outbox, &message, world->configuration, "revoked", world->now, NULL),
                   MULLIGAN_OK);
  outbox_message_release(&message);
  assert_true(take(world, ALERT_MAIL, &message));
  assert_int_equal(outbox_park(world->outbox, &message, "busy", world->now + DAY, world->now, NULL), MULLIGAN_OK);
  outbox_message_release(&message);
  assert_int_equal(outbox_retry(world->folder, ALERT_CHANNELS, &count, NULL), MULLIGAN_OK);
  assert_int_equal(count, 4);
  world->now = clock_wall_us();
  for (int i = 0; i < 2; i++) {
    json_decref(expect(world, "new", "new"));
    json_decref(expect_on(world, ALERT_MAIL, "new", "new"));
  }
}

static void a_folder_without_errors_has_idle_channels(void **state) {
  (void)state;
  json_t *list;
  int64_t count;
  assert_int_equal(outbox_channels("/nonexistent", &list, NULL), MULLIGAN_OK);
  assert_int_equal(json_array_size(list), ALERT_CHANNELS);
  assert_string_equal(text_of(json_array_get(list, 1), "channel"), "mail");
  assert_string_equal(text_of(json_array_get(list, 1), "state"), "open");
  json_decref(list);
  assert_int_equal(outbox_messages("/nonexistent", 10, &list, NULL), MULLIGAN_OK);
  assert_int_equal(json_array_size(list), 0);
  json_decref(list);
  assert_int_equal(outbox_retry("/nonexistent", ALERT_CHANNELS, &count, NULL), MULLIGAN_OK);
  assert_int_equal(count, 0);
}

/* ---- threads ---- */

static void repeats_go_into_the_thread_of_the_first(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  happen_times(world, "A", 2);
  must_take(world, &message);
  assert_string_equal(message.thread, "");
  arrive(world, &message, "thread 1");
  outbox_message_release(&message);
  for (int i = 0; i < 2; i++) {
    world->now += (i + 1) * 5 * MINUTE;
    settle(world);
    must_take(world, &message);
    assert_string_equal(message.thread, "thread 1");
    arrive(world, &message, "another");
    outbox_message_release(&message);
    happen(world, "A");
  }
  /* Elsewhere there is no such thread; the first message there begins one. */
  world->configuration = "another channel";
  world->now += 20 * MINUTE;
  settle(world);
  must_take(world, &message);
  assert_string_equal(message.thread, "");
  arrive(world, &message, "thread 2");
  outbox_message_release(&message);
  assert_int_equal(ask(world, "SELECT thread = 'thread 2' FROM alert_state"), 1);
}

/* ---- the hour ---- */

static void happen_in_many_groups(struct world *world, int first, int count) {
  for (int i = first; i < first + count; i++) {
    char name[32];
    snprintf(name, sizeof name, "Type%d", i);
    happen(world, name);
  }
}

static void what_exceeds_the_hour_is_one_digest_when_there_is_room(void **state) {
  struct world *world = *state;
  go_by(world, "{\"hourly\": 3, \"cool_down\": 3000}", SLACK);
  int64_t start = world->now;
  happen_in_many_groups(world, 0, 30);
  happen_times(world, "Type7", 4);
  for (int i = 0; i < 3; i++, world->now += MINUTE)
    json_decref(expect(world, "new", "new"));
  expect_nothing(world);
  assert_int_equal(ask(world, "SELECT count(*) FROM outbox WHERE state = 'held'"), 27);
  json_t *seen = see(world, ALERT_SLACK);
  assert_int_equal(number_of(seen, "held"), 27);
  json_decref(seen);
  happen_times(world, "Type7", 2);
  world->now = start + HOUR - 1;
  expect_nothing(world);
  assert_int_equal(settle(world), start + HOUR);
  world->now = start + HOUR;
  json_t *alert = expect(world, "digest", "");
  assert_int_equal(number_of(alert, "messages"), 28); /* with what the end of a cool-down added */
  assert_int_equal(number_of(alert, "times"), 27 + 6);
  assert_int_equal(number_of(alert, "since"), start);
  assert_int_equal(number_of(alert, "until"), world->now);
  assert_int_equal(json_array_size(json_object_get(alert, "groups")), 20);
  assert_int_equal(number_of(alert, "more_groups"), 7);
  const json_t *group = json_array_get(json_object_get(alert, "groups"), 0);
  assert_string_equal(text_of(group, "title"), "Type7: broke");
  assert_int_equal(number_of(group, "group"), group_of(world, "Type7:"));
  assert_int_equal(number_of(group, "times"), 7);
  assert_int_equal(number_of(group, "total"), 7);
  assert_int_equal(number_of(group, "status"), 500);
  assert_true(strncmp(text_of(group, "ref"), "ERR-", 4) == 0);
  json_decref(alert);
  /* The digest was told, and counted. */
  expect_nothing(world);
  happen_in_many_groups(world, 100, 1);
  expect_nothing(world);
  world->now = start + HOUR + MINUTE;
  alert = expect(world, "new", "new"); /* one alone goes as it is */
  assert_string_equal(text_of(alert, "exc_type"), "Type100");
  json_decref(alert);
  assert_int_equal(ask(world, "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'held')"), 0);
}

static void no_hour_has_more_than_it_may(void **state) {
  struct world *world = *state;
  go_by(world, "{\"hourly\": 5}", SLACK);
  int64_t times[200];
  int sent = 0, told = 0;
  for (int minute = 0; minute < 180; minute += 2, world->now += 2 * MINUTE) {
    struct outbox_message message;
    happen_in_many_groups(world, 2 * minute, 3);
    settle(world);
    while (take(world, ALERT_SLACK, &message)) {
      told += json_object_get(message.alert, "messages") != NULL ? (int)number_of(message.alert, "messages") : 1;
      arrive(world, &message, "");
      outbox_message_release(&message);
      times[sent++] = world->now;
      assert_true(sent <= 5 || times[sent - 1] - times[sent - 6] >= HOUR);
    }
  }
  assert_in_range(sent, 15, 20);
  int64_t held = ask(world, "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'held')");
  assert_int_equal(told + held, ask(world, "SELECT count(*) FROM outbox WHERE kind <> 'digest'"));
}

static void a_digest_that_does_not_get_out_is_made_anew(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  go_by(world, "{\"hourly\": 1, \"cool_down\": 0}", SLACK);
  happen_in_many_groups(world, 0, 4);
  json_decref(expect(world, "new", "new"));
  expect_nothing(world);
  world->now += HOUR;
  must_take(world, &message);
  assert_string_equal(text_of(message.alert, "kind"), "digest");
  assert_int_equal(outbox_defer(world->outbox, &message, "HTTP 500", world->now + MINUTE, world->now, NULL),
                   MULLIGAN_OK);
  outbox_message_release(&message);
  /* While it waits another takes the hour's place. */
  happen_in_many_groups(world, 10, 1);
  json_decref(expect(world, "new", "new"));
  happen_in_many_groups(world, 11, 2);
  world->now += 2 * MINUTE;
  expect_nothing(world);
  world->now += HOUR;
  json_t *alert = expect(world, "digest", "");
  assert_int_equal(number_of(alert, "messages"), 5);
  assert_int_equal(json_array_size(json_object_get(alert, "groups")), 5);
  json_decref(alert);
  expect_nothing(world);
  assert_int_equal(ask(world, "SELECT count(*) FROM outbox WHERE kind = 'digest'"), 1);
}

static void what_has_waited_for_a_day_is_told_by_a_digest(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  happen_in_many_groups(world, 0, 3);
  must_take(world, &message);
  assert_int_equal(outbox_park(world->outbox, &message, "busy", world->now + 2 * DAY, world->now, NULL), MULLIGAN_OK);
  outbox_message_release(&message);
  world->now += 2 * DAY - MINUTE;
  expect_nothing(world);
  happen_in_many_groups(world, 0, 1); /* a repeat, out of any cool-down */
  happen_in_many_groups(world, 9, 1); /* a new one */
  world->now += MINUTE;
  json_t *alert = expect(world, "digest", "");
  assert_int_equal(number_of(alert, "messages"), 3);
  assert_int_equal(number_of(alert, "times"), 4);
  json_decref(alert);
  json_decref(expect(world, "new", "new"));
  expect_nothing(world);
}

static void one_of_a_digest_that_is_muted_meanwhile_is_not_told(void **state) {
  struct world *world = *state;
  go_by(world, "{\"hourly\": 1}", SLACK);
  happen_in_many_groups(world, 0, 4);
  json_decref(expect(world, "new", "new"));
  expect_nothing(world);
  change(world, "Type2", "muted");
  world->now += HOUR;
  json_t *alert = expect(world, "digest", "");
  assert_int_equal(number_of(alert, "messages"), 2);
  json_decref(alert);
}

/* ---- the clock ---- */

static void a_clock_that_is_set_back_holds_nothing_back(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  go_by(world, "{\"hourly\": 2}", SLACK | MAIL);
  world->now += 400 * DAY;
  happen(world, "A");
  json_decref(expect(world, "new", "new"));
  assert_true(take(world, ALERT_MAIL, &message));
  assert_int_equal(outbox_park(world->outbox, &message, "busy", world->now + HOUR, world->now, NULL), MULLIGAN_OK);
  outbox_message_release(&message);
  happen_times(world, "B", 2);
  json_decref(expect(world, "new", "new"));
  happen(world, "C"); /* for which the hour has no room */
  expect_nothing(world);
  world->now -= 400 * DAY;
  json_decref(expect(world, "repeats", "repeats")); /* B has cooled down */
  json_decref(expect(world, "new", "new"));
  for (int i = 0; i < 2; i++) {
    settle(world);
    assert_true(take(world, ALERT_MAIL, &message));
    arrive(world, &message, "");
    outbox_message_release(&message);
  }
}

/* ---- other processes ---- */

static void others_know_by_which_channels_a_host_delivers(void **state) {
  struct world *world = *state;
  go_by(world, "{}", SLACK | MAIL);
  expect_nothing(world);
  assert_int_equal(outbox_delivering(world->folder), SLACK);
  expect_nothing_on(world, ALERT_MAIL);
  assert_int_equal(outbox_delivering(world->folder), SLACK | MAIL);
  go_by(world, "{}", MAIL);
  settle(world);
  assert_int_equal(outbox_delivering(world->folder), MAIL);
  outbox_close(world->outbox);
  world->outbox = NULL;
  assert_int_equal(outbox_delivering(world->folder), 0);
  assert_int_equal(outbox_delivering("/nonexistent"), 0);
}

/* ---- age ---- */

static void delivered_messages_are_removed_after_a_week(void **state) {
  struct world *world = *state;
  struct outbox_message message;
  go_by(world, "{\"hourly\": 1}", SLACK);
  happen_in_many_groups(world, 0, 4);
  json_decref(expect(world, "new", "new"));
  expect_nothing(world);
  world->now += HOUR;
  json_decref(expect(world, "digest", ""));
  happen_in_many_groups(world, 10, 1);
  world->now += HOUR;
  must_take(world, &message);
  assert_int_equal(outbox_give_up(world->outbox, &message, "never", world->now, NULL), MULLIGAN_OK);
  outbox_message_release(&message);
  world->now += 7 * DAY - HOUR;
  settle(world);
  assert_int_equal(ask(world, "SELECT count(*) FROM outbox"), 5); /* the digest, what it told of, and the failed one */
  world->now += HOUR + 1;
  settle(world);
  assert_int_equal(ask(world, "SELECT count(*) FROM outbox"), 1);
  world->now += 30 * DAY;
  settle(world);
  assert_int_equal(ask(world, "SELECT count(*) FROM outbox"), 0);
}

static void retention_of_errors_leaves_messages_whole(void **state) {
  struct world *world = *state;
  int64_t removed;
  happen_times(world, "A", 3);
  assert_int_equal(error_log_prune(world->folder, world->now + 1, &removed, NULL), MULLIGAN_OK);
  assert_int_equal(removed, 3);
  json_t *alert = expect(world, "new", "new");
  assert_string_equal(text_of(alert, "message"), "broke");
  json_decref(alert);
  world->now += 5 * MINUTE;
  alert = expect(world, "repeats", "repeats"); /* of which nothing but the group is left */
  assert_string_equal(text_of(alert, "title"), "A: broke");
  assert_int_equal(number_of(alert, "total"), 3);
  assert_null(json_object_get(alert, "ref"));
  json_decref(alert);
}

/* ---- errors.db ---- */

static void an_errors_db_from_before_gets_an_outbox(void **state) {
  struct world *world = *state;
  struct store *store;
  size_t count;
  char path[96];
  const struct migrate_step *steps = error_log_schema(&count);
  outbox_close(world->outbox);
  error_database_close(world->database);
  snprintf(path, sizeof path, "%s/errors.db", world->folder);
  unlink(path);
  assert_int_equal(store_open(&store, path, STORE_READ_WRITE, NULL, NULL), MULLIGAN_OK);
  assert_int_equal(migrate_apply(store, steps, 2, NULL, NULL), MULLIGAN_OK);
  assert_int_equal(store_begin_write(store, NULL), MULLIGAN_OK);
  assert_int_equal(store_execute(store,
                                 "INSERT INTO error_group (fingerprint, algorithm, explanation, title, culprit,"
                                 " first_seen, last_seen, total) VALUES ('f', 1, 'e', 'Old', 'c', 1, 1, 9);",
                                 NULL),
                   MULLIGAN_OK);
  assert_int_equal(store_commit(store, NULL), MULLIGAN_OK);
  store_close(store);
  /* People may look before it is migrated. */
  json_t *list;
  assert_int_equal(outbox_channels(world->folder, &list, NULL), MULLIGAN_OK);
  assert_int_equal(json_array_size(list), ALERT_CHANNELS);
  json_decref(list);
  assert_int_equal(outbox_messages(world->folder, 10, &list, NULL), MULLIGAN_OK);
  json_decref(list);
  open_outbox(world);
  assert_int_equal(error_database_open(&world->database, world->folder, false, SECOND * 1000, NULL), MULLIGAN_OK);
  error_database_set_judge(world->database, world->judge);
  happen(world, "A");
  json_decref(expect(world, "new", "new"));
  assert_int_equal(ask(world, "SELECT total FROM error_group WHERE title = 'Old'"), 9);
}

static void an_errors_db_that_is_replaced_is_found_again(void **state) {
  struct world *world = *state;
  struct fault fault;
  int64_t next;
  char path[96], away[96];
  snprintf(path, sizeof path, "%s/errors.db", world->folder);
  snprintf(away, sizeof away, "%s/away", world->folder);
  happen(world, "A");
  settle(world);
  assert_int_equal(rename(path, away), 0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(outbox_settle(world->outbox, world->rules, SLACK, world->now, &next, &fault), MULLIGAN_MISSING);
    assert_non_null(strstr(fault.message, "errors.db"));
  }
  assert_int_equal(rename(away, path), 0);
  json_decref(expect(world, "new", "new"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(one_dispatcher_at_a_time),
      TEST(a_lease_that_runs_out_is_taken_again),
      TEST(what_was_under_way_at_a_crash_goes_out_after_the_others),
      TEST(what_failed_is_due_again_when_it_is_said),
      TEST(a_parked_channel_takes_nothing_until_then),
      TEST(a_stopped_channel_waits_for_another_configuration),
      TEST(what_is_given_up_is_kept_and_tried_when_people_say_so),
      TEST(people_can_have_all_of_it_tried_now),
      cmocka_unit_test(a_folder_without_errors_has_idle_channels),
      TEST(repeats_go_into_the_thread_of_the_first),
      TEST(what_exceeds_the_hour_is_one_digest_when_there_is_room),
      TEST(no_hour_has_more_than_it_may),
      TEST(a_digest_that_does_not_get_out_is_made_anew),
      TEST(what_has_waited_for_a_day_is_told_by_a_digest),
      TEST(one_of_a_digest_that_is_muted_meanwhile_is_not_told),
      TEST(a_clock_that_is_set_back_holds_nothing_back),
      TEST(others_know_by_which_channels_a_host_delivers),
      TEST(delivered_messages_are_removed_after_a_week),
      TEST(retention_of_errors_leaves_messages_whole),
      TEST(an_errors_db_from_before_gets_an_outbox),
      TEST(an_errors_db_that_is_replaced_is_found_again),
  };
  return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
