/**
 * outbox_world.h - errors that happen at a time of the test's choice, and somebody who takes the messages out, for
 * test_alert_judge.c and test_outbox.c.
 */
#ifndef MULLIGAN_TESTS_OUTBOX_WORLD_H
#define MULLIGAN_TESTS_OUTBOX_WORLD_H

#include "base/clock.h"
#include "data/error_database.h"
#include "data/error_group.h"
#include "data/error_ledger.h"
#include "data/outbox.h"
#include "remove_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum { SLACK = 1U << ALERT_SLACK, MAIL = 1U << ALERT_MAIL };

struct world {
  char folder[64];
  struct scrub *scrub;
  struct error_database *database;
  struct alert_judge *judge;
  struct alert_rules *rules;
  unsigned configured;
  struct outbox *outbox;
  const char *configuration;
  int64_t now;
};

/* ---- the world ---- */

static inline void go_by(struct world *world, const char *alerts, unsigned configured) {
  json_t *table = json_loads(alerts, 0, NULL);
  struct fault fault = {0};
  if (alert_rules_check(table, "the test", &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  alert_rules_destroy(world->rules);
  world->rules = alert_rules_create(table);
  world->configured = configured;
  assert_int_equal(alert_judge_set_rules(world->judge, table, configured, NULL), MULLIGAN_OK);
  json_decref(table);
}

static inline void open_outbox(struct world *world) {
  struct fault fault = {0};
  if (outbox_open(&world->outbox, world->folder, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
}

static inline int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-outbox-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  world->scrub = scrub_create(NULL, 0);
  world->judge = alert_judge_create();
  world->now = clock_wall_us();
  world->configuration = "as it was";
  assert_int_equal(error_database_open(&world->database, world->folder, true, SECOND * 1000, NULL), MULLIGAN_OK);
  error_database_set_judge(world->database, world->judge);
  open_outbox(world);
  go_by(world, "{}", SLACK);
  *state = world;
  return 0;
}

static inline int tear_down(void **state) {
  struct world *world = *state;
  outbox_close(world->outbox);
  error_database_close(world->database);
  alert_judge_destroy(world->judge);
  alert_rules_destroy(world->rules);
  scrub_destroy(world->scrub);
  remove_tree(world->folder);
  free(world);
  return 0;
}

/* ---- errors ---- */

static inline void set(struct error_record *record, char **member, const char *text) {
  error_record_set(record, member, text, strlen(text), 1 << 20);
}

/** An occurrence of the error `name`, a 500. */
static inline struct error_record *make(struct world *world, const char *name) {
  struct error_record *record = error_record_create(ERROR_SOURCE_REQUEST);
  record->occurred_at = world->now;
  record->status = 500;
  set(record, &record->exc_type, name);
  set(record, &record->message, "broke");
  set(record, &record->method, "GET");
  set(record, &record->path, "/a/");
  set(record, &record->fingerprint, name);
  return record;
}

/** Enters the record inside a transaction; true if there are messages about it. */
static inline bool enter_one(struct world *world, struct error_record *record) {
  const struct error_origin origin = {world->scrub, "1.2.3", "testhost", 1};
  struct error_row *row = error_row_create(record, &origin);
  struct error_entry entry;
  struct fault fault = {0};
  if (error_ledger_enter(error_database_store(world->database), row, world->now, world->judge, &entry, &fault) !=
      MULLIGAN_OK)
    fail_msg("%s", fault.message);
  error_row_destroy(row);
  return entry.alerts;
}

static inline void begin(struct world *world) {
  assert_int_equal(error_database_begin(world->database, NULL), MULLIGAN_OK);
}

static inline void commit(struct world *world) {
  assert_int_equal(error_database_commit(world->database, NULL), MULLIGAN_OK);
}

static inline bool enter(struct world *world, struct error_record *record) {
  begin(world);
  bool told = enter_one(world, record);
  commit(world);
  return told;
}

static inline bool happen(struct world *world, const char *name) {
  return enter(world, make(world, name));
}

static inline void happen_times(struct world *world, const char *name, int times) {
  begin(world);
  for (int i = 0; i < times; i++)
    enter_one(world, make(world, name));
  commit(world);
}

static inline int64_t ask(struct world *world, const char *sql) {
  struct store *store = error_database_store(world->database);
  struct store_statement *statement;
  struct fault fault = {0};
  bool row = false;
  if (store_prepare(store, sql, strlen(sql), &statement, &fault) != MULLIGAN_OK ||
      store_step(statement, &row, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  int64_t value = row ? store_column_integer(statement, 0) : -1;
  store_finish(statement);
  return value;
}

/** The number of the group of this error. */
static inline int64_t group_of(struct world *world, const char *name) {
  char sql[200];
  snprintf(sql, sizeof sql, "SELECT id FROM error_group WHERE title LIKE '%s%%'", name);
  return ask(world, sql);
}

static inline void change(struct world *world, const char *name, const char *to) {
  assert_int_equal(error_group_set_state(world->folder, group_of(world, name), to, "kim", NULL, NULL), MULLIGAN_OK);
}

/* ---- messages ---- */

/** Lets the clock have its way; when there is something to do again. */
static inline int64_t settle(struct world *world) {
  int64_t next;
  struct fault fault = {0};
  if (outbox_settle(world->outbox, world->rules, world->configured, world->now, &next, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  return next;
}

static inline bool take(struct world *world, enum alert_channel channel, struct outbox_message *out) {
  struct fault fault = {0};
  enum mulligan_status status = outbox_take(world->outbox, channel, world->configuration, world->rules, world->now,
                                            world->now + MINUTE, out, &fault);
  if (status != MULLIGAN_OK && status != MULLIGAN_MISSING)
    fail_msg("%s", fault.message);
  return status == MULLIGAN_OK;
}

static inline const char *text_of(const json_t *alert, const char *name) {
  const char *text = json_string_value(json_object_get(alert, name));
  return text != NULL ? text : "(none)";
}

static inline int64_t number_of(const json_t *alert, const char *name) {
  return json_integer_value(json_object_get(alert, name));
}

/** The next message of the channel arrives, and is of this kind, with these reasons. The caller releases it. */
static inline json_t *expect_on(struct world *world, enum alert_channel channel, const char *kind,
                                const char *reasons) {
  struct outbox_message message;
  settle(world);
  if (!take(world, channel, &message))
    fail_msg("there is no message; expected: %s", kind);
  assert_string_equal(text_of(message.alert, "kind"), kind);
  char found[100] = "";
  size_t index;
  json_t *word;
  json_array_foreach(json_object_get(message.alert, "reasons"), index, word) {
    snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", index > 0 ? "," : "",
             json_string_value(word));
  }
  assert_string_equal(found, reasons);
  assert_int_equal(outbox_delivered(world->outbox, &message, "", "ok", world->now, NULL), MULLIGAN_OK);
  return message.alert;
}

static inline json_t *expect(struct world *world, const char *kind, const char *reasons) {
  return expect_on(world, ALERT_SLACK, kind, reasons);
}

/** The same, where only the counts matter. */
static inline void expect_counts(struct world *world, const char *kind, const char *reasons, int64_t total,
                                 int64_t times) {
  json_t *alert = expect(world, kind, reasons);
  assert_int_equal(number_of(alert, "total"), total);
  assert_int_equal(number_of(alert, "times"), times);
  json_decref(alert);
}

static inline void expect_nothing_on(struct world *world, enum alert_channel channel) {
  struct outbox_message message;
  settle(world);
  if (take(world, channel, &message))
    fail_msg("there is a message: %s", text_of(message.alert, "kind"));
}

static inline void expect_nothing(struct world *world) {
  expect_nothing_on(world, ALERT_SLACK);
}

/** A test with a world of its own. */
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
