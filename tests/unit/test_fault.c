/**
 * test_fault.c - a failure's words: whole, one line, valid UTF-8, and never longer than their room.
 */
#include "base/fault.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_fault_carries_status_and_words(void **state) {
  (void)state;
  struct fault fault = {0};
  assert_int_equal(fault_set(&fault, MULLIGAN_BUSY, "%s is in use by %d", "app.db", 7), MULLIGAN_BUSY);
  assert_int_equal(fault.status, MULLIGAN_BUSY);
  assert_string_equal(fault.message, "app.db is in use by 7");
}

static void nobody_has_to_want_the_words(void **state) {
  (void)state;
  assert_int_equal(fault_set(NULL, MULLIGAN_FULL, "no room"), MULLIGAN_FULL);
  assert_int_equal(fault_prefix(NULL, "cannot save"), MULLIGAN_ERROR);
}

static void a_prefix_goes_before_what_is_there(void **state) {
  (void)state;
  struct fault fault;
  fault_set(&fault, MULLIGAN_MISSING, "no such file");
  assert_int_equal(fault_prefix(&fault, "loading %s", "a.lua"), MULLIGAN_MISSING);
  assert_string_equal(fault.message, "loading a.lua: no such file");
}

static void a_message_may_be_made_of_itself(void **state) {
  (void)state;
  struct fault fault;
  fault_set(&fault, MULLIGAN_ERROR, "inner");
  fault_set(&fault, MULLIGAN_ERROR, "outer (%s)", fault.message);
  assert_string_equal(fault.message, "outer (inner)");
  fault_prefix(&fault, "%s", fault.message);
  assert_string_equal(fault.message, "outer (inner): outer (inner)");
}

static void control_characters_and_bad_bytes_are_tamed(void **state) {
  (void)state;
  struct fault fault;
  fault_set(&fault, MULLIGAN_ERROR, "%s", "a\nb\x1b[31m\x7f \xff\xc3 한글");
  assert_string_equal(fault.message, "a b [31m  ?? 한글");
}

static void long_messages_are_cut_between_characters(void **state) {
  (void)state;
  struct fault fault;
  char text[3000];
  for (size_t lead = 0; lead < 4; lead++) {
    memset(text, 'x', lead);
    for (size_t i = lead; i + 3 < sizeof text; i += 3)
      memcpy(text + i, "한", 4);
    fault_set(&fault, MULLIGAN_ERROR, "%s", text);
    size_t length = strlen(fault.message);
    assert_true(length >= sizeof fault.message - 4 && length < sizeof fault.message);
    assert_true(utf8_valid(fault.message, length));
    fault_prefix(&fault, "%s", text);
    assert_true(strlen(fault.message) < sizeof fault.message);
    assert_true(utf8_valid(fault.message, strlen(fault.message)));
  }
}

static void every_status_has_its_word(void **state) {
  (void)state;
  assert_string_equal(fault_status_name(MULLIGAN_OK), "ok");
  assert_string_equal(fault_status_name(MULLIGAN_CONSTRAINT), "constraint");
  for (int a = MULLIGAN_OK; a <= MULLIGAN_NOMEM; a++) {
    for (int b = MULLIGAN_OK; b < a; b++)
      assert_string_not_equal(fault_status_name((enum mulligan_status)a), fault_status_name((enum mulligan_status)b));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fault_carries_status_and_words),
      cmocka_unit_test(nobody_has_to_want_the_words),
      cmocka_unit_test(a_prefix_goes_before_what_is_there),
      cmocka_unit_test(a_message_may_be_made_of_itself),
      cmocka_unit_test(control_characters_and_bad_bytes_are_tamed),
      cmocka_unit_test(long_messages_are_cut_between_characters),
      cmocka_unit_test(every_status_has_its_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
