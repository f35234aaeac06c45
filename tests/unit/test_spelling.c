/**
 * test_spelling.c - "did you mean".
 */
#include "base/spelling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static size_t distance(const char *a, const char *b) {
  size_t there = spelling_distance(a, strlen(a), b, strlen(b));
  assert_int_equal(there, spelling_distance(b, strlen(b), a, strlen(a)));
  return there;
}

static void test_slips_are_counted(void **state) {
  (void)state;
  assert_int_equal(distance("email", "email"), 0);
  assert_int_equal(distance("emial", "email"), 1); /* exchanged */
  assert_int_equal(distance("emal", "email"), 1);
  assert_int_equal(distance("emaill", "email"), 1);
  assert_int_equal(distance("e-mail", "email"), 1);
  assert_int_equal(distance("over-capacity", "over_capacity"), 0);
  assert_int_equal(distance("", "email"), 5);
  assert_int_equal(distance("seminar", "reason"), 6);
}

static void test_long_names_are_no_slips(void **state) {
  (void)state;
  char a[80], b[80];
  memset(a, 'a', sizeof a - 1);
  memset(b, 'a', sizeof b - 1);
  a[sizeof a - 1] = b[sizeof b - 1] = '\0';
  assert_int_equal(distance(a, b), 79);
  assert_false(spelling_is_near(79, 79));
}

static void test_another_word_is_not_near(void **state) {
  (void)state;
  assert_true(spelling_is_near(5, 1));
  assert_true(spelling_is_near(12, 3));
  assert_false(spelling_is_near(5, 4));
  assert_false(spelling_is_near(1, 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_slips_are_counted),
      cmocka_unit_test(test_long_names_are_no_slips),
      cmocka_unit_test(test_another_word_is_not_near),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
