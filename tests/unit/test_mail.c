/**
 * test_mail.c - what it takes to be set up for mail, and how a change of that is noticed.
 */
#include "alerts/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct settings *settings;

static void set(const char *name, const char *value) {
  struct fault fault = {.message = ""};
  if (settings_set(settings, name, value, "test", &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
}

static int set_up(void **state) {
  (void)state;
  settings = settings_create();
  set("mail_server", "mail.example.com");
  set("mail_from", "Mulligan <alerts@example.com>");
  set("admins", "Kim <kim@example.com>, lee@example.com");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  settings_destroy(settings);
  return 0;
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  static const struct {
    const char *name, *value, *says;
    enum mulligan_status status;
  } cases[] = {
      {"mail_server", "", "to be set: MAIL_SERVER", MULLIGAN_INVALID},
      {"mail_from", "", "to be set: MAIL_FROM", MULLIGAN_INVALID},
      {"admins", "", "to be set: ADMINS", MULLIGAN_INVALID},
      {"mail_from", "alerts", "MAIL_FROM: \"alerts\" is no mail address", MULLIGAN_INVALID},
      {"admins", "kim@example.com,lee@@example.com", "ADMINS: \"lee@@example.com\"", MULLIGAN_INVALID},
      {"mail_username", "kim", "only MAIL_USERNAME is set", MULLIGAN_INVALID},
      {"mail_password", "hunter22", "only MAIL_PASSWORD is set", MULLIGAN_INVALID},
      {"mail_server", "mail.example.com:587", "MAIL_PORT", MULLIGAN_INVALID},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    set_up(NULL);
    struct fault fault = {.message = ""};
    assert_true(channel_mail.is_configured(settings, &fault));
    set(cases[i].name, cases[i].value);
    assert_false(channel_mail.is_configured(settings, &fault));
    assert_int_equal(fault.status, cases[i].status);
    if (strstr(fault.message, cases[i].says) == NULL || strstr(fault.message, "hunter22") != NULL)
      fail_msg("%s", fault.message);
    settings_destroy(settings);
  }
  settings = settings_create();
  struct fault fault;
  assert_false(channel_mail.is_configured(settings, &fault));
  assert_int_equal(fault.status, MULLIGAN_MISSING); /* nobody wants mails, which is nothing wrong */
}

static void a_line_break_is_no_part_of_a_setting(void **state) {
  (void)state;
  static const char *const names[] = {"mail_from", "admins", "mail_server", "mail_username", "mail_password"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    assert_int_equal(settings_set(settings, names[i], "x@example.com\r\nBcc: y@example.com", "test", NULL),
                     MULLIGAN_INVALID);
}

static void another_configuration_has_another_hash(void **state) {
  (void)state;
  static const char *const changes[][2] = {
      {"mail_server", "mail2.example.com"},
      {"mail_port", "587"},
      {"mail_use_tls", "true"},
      {"mail_username", "kim"},
      {"mail_password", "secret"},
      {"mail_from", "other@example.com"},
      {"admins", "kim@example.com"},
  };
  static const unsigned char key[MULLIGAN_SECRET_KEY_BYTES] = "the host's",
                             other[MULLIGAN_SECRET_KEY_BYTES] = "another's";
  char first[CHANNEL_CONFIGURATION_SIZE], before[CHANNEL_CONFIGURATION_SIZE], now[CHANNEL_CONFIGURATION_SIZE];
  channel_mail.configuration(settings, key, first);
  memcpy(before, first, sizeof before);
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    set(changes[i][0], changes[i][1]);
    channel_mail.configuration(settings, key, now);
    assert_string_not_equal(now, before);
    memcpy(before, now, sizeof before);
  }
  tear_down(NULL);
  set_up(NULL);
  channel_mail.configuration(settings, key, now);
  assert_string_equal(now, first);
  channel_mail.configuration(settings, other, now); /* nobody without the key can try passwords against it */
  assert_string_not_equal(now, first);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_line_break_is_no_part_of_a_setting, set_up, tear_down),
      cmocka_unit_test_setup_teardown(another_configuration_has_another_hash, set_up, tear_down),
      cmocka_unit_test_teardown(what_is_wrong_is_named, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
