/**
 * test_alert_rules.c - the setting `alerts`: what it matches, and what is said of a wrong one.
 */
#include "base/alert_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SLACK = 1U << ALERT_SLACK, MAIL = 1U << ALERT_MAIL };

static struct alert_rules *rules_of(const char *json) {
  json_t *table = json_loads(json, 0, NULL);
  struct fault fault = {0};
  assert_non_null(table);
  if (alert_rules_check(table, "settings.lua", &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  struct alert_rules *rules = alert_rules_create(table);
  json_decref(table);
  assert_non_null(rules);
  return rules;
}

static unsigned channels(const struct alert_rules *rules, int status, const char *type, const char *code,
                         const char *source) {
  const struct alert_subject subject = {status, type, code, source};
  return alert_rules_channels(rules, &subject);
}

static void the_defaults_are_what_the_readme_says(void **state) {
  (void)state;
  struct alert_rules *rules = rules_of("{}");
  static const struct {
    int status;
    const char *type, *code, *source;
    bool watched;
  } cases[] = {
      {401, "NotAuthenticated", "not_authenticated", "request", true},
      {403, "PermissionDenied", "permission_denied", "request", true},
      {500, "LuaError", NULL, "request", true},
      {503, "LuaError", NULL, "request", true},
      {599, NULL, NULL, "host", true},
      {409, "IntegrityError", NULL, "request", true},
      {409, "db.IntegrityError", NULL, "request", true},
      {409, "IntegrityError.db", NULL, "request", false},
      {400, "Odd", "forged_token", "request", true},
      {0, "LoadError", NULL, "reload", true},
      {0, "LuaError", NULL, "operator", true},
      {0, "LuaError", NULL, "notebook", true},
      {400, "ValidationError", "invalid", "request", false},
      {402, NULL, NULL, "request", false},
      {404, "NotFound", "not_found", "request", false},
      {429, "Throttled", "throttled", "request", false},
      {0, "Warning", NULL, "warning", false},
      {500, "ChannelFailed", NULL, "alert", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(channels(rules, cases[i].status, cases[i].type, cases[i].code, cases[i].source),
                     cases[i].watched ? SLACK | MAIL : 0);
  assert_int_equal(alert_rules_cool_down_us(rules), INT64_C(300) * 1000000);
  assert_int_equal(alert_rules_spike_count(rules), 100);
  assert_int_equal(alert_rules_spike_us(rules), INT64_C(300) * 1000000);
  assert_int_equal(alert_rules_hourly(rules), 20);
  alert_rules_destroy(rules);
}

static void a_row_matches_what_has_all_it_names(void **state) {
  (void)state;
  struct alert_rules *rules =
      rules_of("{\"watch\": [{\"status\": \"4xx\", \"code\": \"late\", \"channels\": [\"mail\"]},"
               " {\"status\": 404, \"source\": \"request\", \"channels\": [\"slack\"]},"
               " {\"type\": \"LuaError\"}],"
               " \"cool_down\": 1.5, \"hourly\": 2, \"spike\": {\"count\": 3, \"minutes\": 0.5}}");
  assert_int_equal(channels(rules, 404, "NotFound", "late", "request"), SLACK | MAIL);
  assert_int_equal(channels(rules, 404, "NotFound", "not_found", "request"), SLACK);
  assert_int_equal(channels(rules, 404, "NotFound", "late", "host"), MAIL);
  assert_int_equal(channels(rules, 499, NULL, "late", "request"), MAIL);
  assert_int_equal(channels(rules, 500, NULL, "late", "request"), 0);
  assert_int_equal(channels(rules, 0, "LuaError", NULL, NULL), SLACK | MAIL);
  assert_int_equal(channels(rules, 0, "LuaErro", NULL, NULL), 0);
  assert_int_equal(alert_rules_cool_down_us(rules), 1500000);
  assert_int_equal(alert_rules_spike_count(rules), 3);
  assert_int_equal(alert_rules_spike_us(rules), 30000000);
  assert_int_equal(alert_rules_hourly(rules), 2);
  alert_rules_destroy(rules);
}

static void an_empty_list_watches_nothing(void **state) {
  (void)state;
  static const char *const empty[] = {"{\"watch\": []}", "{\"watch\": {}}"};
  for (size_t i = 0; i < 2; i++) {
    struct alert_rules *rules = rules_of(empty[i]);
    assert_int_equal(channels(rules, 500, "LuaError", NULL, "request"), 0);
    alert_rules_destroy(rules);
  }
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  static const struct {
    const char *json, *words;
  } cases[] = {
      {"{\"wacth\": []}", "'wacth'; is 'watch' meant?"},
      {"{\"cooldown\": 1}", "is 'cool_down' meant?"},
      {"{\"watch\": {\"status\": 500}}", "alerts.watch must be a list"},
      {"{\"watch\": [{\"status\": 500}, 7]}", "alerts.watch[2]"},
      {"{\"watch\": [{}]}", "alerts.watch[1]"},
      {"{\"watch\": [{\"stauts\": 500}]}", "is 'status' meant?"},
      {"{\"watch\": [{\"status\": 600}]}", "100 to 599"},
      {"{\"watch\": [{\"status\": \"6xx\"}]}", "\"5xx\""},
      {"{\"watch\": [{\"status\": true}]}", "alerts.watch[1].status"},
      {"{\"watch\": [{\"code\": 9}]}", "alerts.watch[1].code"},
      {"{\"watch\": [{\"type\": \"\"}]}", "alerts.watch[1].type"},
      {"{\"watch\": [{\"source\": \"alert\"}]}", "not 'alert'"},
      {"{\"watch\": [{\"status\": 500, \"channels\": [\"sms\"]}]}", "no channel 'sms'"},
      {"{\"watch\": [{\"status\": 500, \"channels\": []}]}", "channels must be a list"},
      {"{\"watch\": [{\"status\": 500, \"channels\": \"slack\"}]}", "channels must be a list"},
      {"{\"cool_down\": -1}", "alerts.cool_down"},
      {"{\"cool_down\": \"5m\"}", "alerts.cool_down"},
      {"{\"hourly\": 0}", "alerts.hourly"},
      {"{\"spike\": 100}", "alerts.spike must be a table"},
      {"{\"spike\": {\"minute\": 5}}", "is 'minutes' meant?"},
      {"{\"spike\": {\"count\": 0}}", "alerts.spike.count"},
      {"{\"spike\": {\"minutes\": 100000}}", "alerts.spike.minutes"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *table = json_loads(cases[i].json, 0, NULL);
    struct fault fault = {0};
    assert_non_null(table);
    assert_int_equal(alert_rules_check(table, "settings.lua", &fault), MULLIGAN_INVALID);
    if (strstr(fault.message, cases[i].words) == NULL || strstr(fault.message, "settings.lua: ") == NULL)
      fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].json, fault.message, cases[i].words);
    json_decref(table);
  }
}

static void channels_have_names(void **state) {
  (void)state;
  assert_string_equal(alert_channel_name(ALERT_SLACK), "slack");
  assert_int_equal(alert_channel_find("mail"), ALERT_MAIL);
  assert_int_equal(alert_channel_find("sms"), ALERT_CHANNELS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_defaults_are_what_the_readme_says),
      cmocka_unit_test(a_row_matches_what_has_all_it_names),
      cmocka_unit_test(an_empty_list_watches_nothing),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(channels_have_names),
  };
  return cmocka_run_group_tests_name("alert_rules", tests, NULL, NULL);
}
