/**
 * test_settings.c - every setting has a checked default, and a wrong value is refused with its name, bound and origin.
 */
#include "base/log.h"
#include "base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct settings *settings;

static int set_up(void **state) {
  (void)state;
  settings = settings_create();
  return settings == NULL;
}

static int tear_down(void **state) {
  (void)state;
  settings_destroy(settings);
  settings_destroy(NULL);
  return 0;
}

static void the_defaults_are_sensible(void **state) {
  (void)state;
  assert_string_equal(settings->host, "127.0.0.1");
  assert_int_equal(settings->port, 8080);
  assert_string_equal(settings->data, "data");
  assert_string_equal(settings->environment, "production");
  assert_true(settings->deadline == 10.0 && settings->pool_wait == 5.0);
  assert_int_equal(settings->body_limit, 1 << 20);
  assert_int_equal(settings->memory_limit, 64 << 20);
  assert_int_equal(settings->unhandled_app_code, 0);
  assert_int_equal(settings->parsers.count, 3);
  assert_string_equal(settings->parsers.items[2], "multipart");
  assert_null(settings->parsers.items[3]);
  assert_int_equal(settings->renderers.count, 1);
  assert_int_equal(settings->scrub_names.count, 0);
  enum log_level level;
  assert_true(log_parse_level(settings->log_level, &level));
}

static void the_table_is_complete_and_documented(void **state) {
  (void)state;
  size_t count;
  const struct settings_entry *entries = settings_entries(&count);
  for (size_t i = 0; i < count; i++) {
    assert_ptr_equal(settings_find(entries[i].name), &entries[i]);
    size_t length = strlen(entries[i].help);
    assert_true(length > 10 && entries[i].help[length - 1] == '.');
    if (entries[i].type == SETTINGS_INTEGER || entries[i].type == SETTINGS_SECONDS)
      assert_true(entries[i].most > entries[i].least);
  }
  assert_null(settings_find("prot"));
  assert_null(settings_find("PORT"));
}

static void good_values_are_taken(void **state) {
  (void)state;
  struct fault fault;
  static const char *const cases[][2] = {
      {"port", "0"},
      {"port", "65535"},
      {"deadline", "2.5"},
      {"deadline", "500ms"},
      {"deadline", "5m"},
      {"deadline", "0.01"},
      {"bundles", "0"},
      {"host", "::1"},
      {"host", "0.0.0.0"},
      {"log_level", "WARNING"},
      {"report_to", "서버 팀"},
      {"parsers", ""},
      {"parsers", " json , form "},
      {"scrub_names", "a,b c"},
      {"environment", "staging-2"},
      {"notebooks", ""},
      {"memory_limit", "17179869184"},
      {"debug", "TRUE"},
      {"debug", "0"},
      {"debug", "on"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (settings_set(settings, cases[i][0], cases[i][1], "test", &fault) != MULLIGAN_OK)
      fail_msg("%s", fault.message);
  }
  assert_int_equal(settings->port, 65535);
  assert_true(settings->deadline == 0.01);
  assert_string_equal(settings->log_level, "warning");
  assert_string_equal(settings->report_to, "서버 팀");
  assert_int_equal(settings->parsers.count, 2);
  assert_string_equal(settings->parsers.items[1], "form");
  assert_string_equal(settings->scrub_names.items[1], "b c");
  assert_int_equal(settings->memory_limit, INT64_C(17179869184));
  assert_true(settings->debug);
  static const char *const names[] = {"with,comma", "other"};
  assert_int_equal(settings_set_list(settings, "scrub_names", names, 2, "test", NULL), MULLIGAN_OK);
  assert_string_equal(settings->scrub_names.items[0], "with,comma");
  assert_int_equal(settings_set(settings, "deadline", "5m", "test", NULL), MULLIGAN_OK);
  assert_true(settings->deadline == 300.0);
}

static void debug_mode_is_off_unless_it_is_asked_for_or_developed_in(void **state) {
  (void)state;
  static const char *const others[] = {"production", "staging", "developmental", "Development", "dev"};
  settings_settle(settings);
  assert_false(settings->debug || settings->debug_anyone);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_int_equal(settings_set(settings, "environment", others[i], "test", NULL), MULLIGAN_OK);
    settings_settle(settings);
    assert_false(settings->debug);
  }
  assert_int_equal(settings_set(settings, "environment", "development", "test", NULL), MULLIGAN_OK);
  settings_settle(settings);
  assert_true(settings->debug);
  assert_false(settings->debug_anyone);
  assert_int_equal(settings_set(settings, "environment", "production", "test", NULL), MULLIGAN_OK);
  assert_int_equal(settings_set(settings, "debug", "true", "test", NULL), MULLIGAN_OK);
  settings_settle(settings);
  assert_true(settings->debug);
}

static void bad_values_are_refused_with_name_bound_and_origin(void **state) {
  (void)state;
  static const struct {
    const char *name, *value, *words;
  } cases[] = {
      {"port", "", "from 0 to 65535"},
      {"port", "65536", "\"65536\""},
      {"port", "-1", "from 0 to 65535"},
      {"port", "80x", "whole number"},
      {"port", " 80", "whole number"},
      {"port", "8080.0", "whole number"},
      {"port", "99999999999999999999", "whole number"},
      {"threads", "0", "from 1 to 4096"},
      {"deadline", "0", "from 0.01 to 3600"},
      {"deadline", "-1", "seconds"},
      {"deadline", "nan", "seconds"},
      {"deadline", "inf", "seconds"},
      {"deadline", "1e3", "seconds"},
      {"deadline", "0x1", "seconds"},
      {"deadline", "1.", "seconds"},
      {"deadline", ".5", "seconds"},
      {"deadline", "2h", "3600"},
      {"deadline", "9999999999999", "3600"},
      {"host", "", "empty"},
      {"host", "127.0.0.1,8081", "letters"},
      {"log_level", "loud", "debug,info,warning,error"},
      {"report_to", "a\nb", "control"},
      {"report_to", "\xFF", "UTF-8"},
      {"parsers", "json,xml", "json,form,multipart"},
      {"parsers", "json,,form", "empty"},
      {"renderers", "", "empty"},
      {"environment", "two words", "letters"},
      {"debug", "", "true or false"},
      {"debug", "maybe", "true or false"},
      {"authenticators", "x", "settings.lua"},
      {"prot", "80", "did you mean \"port\"?"},
      {"qqqqqqqqqq", "80", "no setting \"qqqqqqqqqq\""},
  };
  int64_t port = settings->port;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct fault fault = {0};
    if (settings_set(settings, cases[i].name, cases[i].value, "--flag", &fault) != MULLIGAN_INVALID ||
        strstr(fault.message, cases[i].words) == NULL || strstr(fault.message, cases[i].name) == NULL ||
        strncmp(fault.message, "--flag: ", 8) != 0)
      fail_msg("%s = \"%s\": %s", cases[i].name, cases[i].value, fault.message);
  }
  assert_int_equal(settings->port, port);
  assert_string_equal(settings->host, "127.0.0.1");
  assert_int_equal(settings->parsers.count, 3);
  static const char *const items[] = {"json"};
  assert_int_equal(settings_set_list(settings, "port", items, 1, "test", NULL), MULLIGAN_INVALID);
  assert_int_equal(settings_set_list(settings, "prot", items, 1, "test", NULL), MULLIGAN_INVALID);
  assert_int_equal(settings_set_list(settings, "renderers", items, 0, "test", NULL), MULLIGAN_INVALID);
}

static void a_misspelt_name_finds_its_neighbour(void **state) {
  (void)state;
  assert_string_equal(settings_nearest("prot"), "port");
  assert_string_equal(settings_nearest("dead_line"), "deadline");
  assert_string_equal(settings_nearest("throttle_rate"), "throttle_rates");
  assert_string_equal(settings_nearest("unhandled_code"), "unhandled_app_code");
  assert_null(settings_nearest("zzzzzz"));
  assert_null(settings_nearest(""));
  char endless[1000];
  memset(endless, 'a', sizeof endless);
  endless[sizeof endless - 1] = '\0';
  assert_null(settings_nearest(endless));
}

static void the_environment_sets_what_it_names(void **state) {
  (void)state;
  struct fault fault = {0};
  setenv("MULLIGAN_PORT", "9000", 1);
  setenv("MULLIGAN_ENV", "development", 1);
  setenv("MULLIGAN_ENVIRONMENT", "ignored", 1);
  setenv("MULLIGAN_REPORT_TO", "Kim", 1);
  setenv("MULLIGAN_SECRET_KEY", "of somebody else", 1);
  assert_int_equal(settings_from_environment(settings, &fault), MULLIGAN_OK);
  assert_int_equal(settings->port, 9000);
  assert_string_equal(settings->environment, "development");
  assert_string_equal(settings->report_to, "Kim");
  setenv("MULLIGAN_PORT", "many", 1);
  assert_int_equal(settings_from_environment(settings, &fault), MULLIGAN_INVALID);
  assert_int_equal(strncmp(fault.message, "MULLIGAN_PORT: port must", 24), 0);
  static const char *const names[] = {"PORT", "ENV", "ENVIRONMENT", "REPORT_TO", "SECRET_KEY"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char variable[40] = "MULLIGAN_";
    strncat(variable, names[i], sizeof variable - sizeof "MULLIGAN_");
    unsetenv(variable);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_defaults_are_sensible, set_up, tear_down),
      cmocka_unit_test(the_table_is_complete_and_documented),
      cmocka_unit_test_setup_teardown(good_values_are_taken, set_up, tear_down),
      cmocka_unit_test_setup_teardown(debug_mode_is_off_unless_it_is_asked_for_or_developed_in, set_up, tear_down),
      cmocka_unit_test_setup_teardown(bad_values_are_refused_with_name_bound_and_origin, set_up, tear_down),
      cmocka_unit_test(a_misspelt_name_finds_its_neighbour),
      cmocka_unit_test_setup_teardown(the_environment_sets_what_it_names, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
