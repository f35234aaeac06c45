/**
 * test_reference.c - references are well made, and found again however they are typed.
 */
#include "base/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void new_references_have_the_form_and_differ(void **state) {
  (void)state;
  enum { COUNT = 500 };
  char made[COUNT][MULLIGAN_REFERENCE_SIZE];
  for (size_t i = 0; i < COUNT; i++) {
    reference_make(made[i]);
    assert_int_equal(strlen(made[i]), MULLIGAN_REFERENCE_SIZE - 1);
    assert_memory_equal(made[i], "ERR-", 4);
    assert_int_equal(made[i][8], '-');
    for (size_t j = 4; j < 13; j++)
      assert_true(j == 8 || strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", made[i][j]) != NULL);
    char again[MULLIGAN_REFERENCE_SIZE];
    assert_true(reference_normalise(made[i], again));
    assert_string_equal(again, made[i]);
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(made[i], made[j]);
  }
}

static void typed_references_are_understood(void **state) {
  (void)state;
  static const struct {
    const char *typed, *meant;
  } cases[] = {
      {"ERR-7K3F-9QXA", "ERR-7K3F-9QXA"}, {"err-7k3f-9qxa", "ERR-7K3F-9QXA"}, {"7K3F-9QXA", "ERR-7K3F-9QXA"},
      {"7k3f9qxa", "ERR-7K3F-9QXA"},      {"ERR7K3F9QXA", "ERR-7K3F-9QXA"},   {"  ERR-7K3F-9QXA\n", "ERR-7K3F-9QXA"},
      {"err 7k3f 9qxa", "ERR-7K3F-9QXA"}, {"ERR-OIL0-1111", "ERR-0110-1111"}, {"oil01111", "ERR-0110-1111"},
      {"ERR-ERR0-0000", "ERR-ERR0-0000"}, {"ERR00000", "ERR-ERR0-0000"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[MULLIGAN_REFERENCE_SIZE] = "";
    if (!reference_normalise(cases[i].typed, out) || strcmp(out, cases[i].meant) != 0)
      fail_msg("\"%s\" was read as \"%s\"", cases[i].typed, out);
  }
}

static void what_is_no_reference_is_refused(void **state) {
  (void)state;
  static const char *const cases[] = {"",          "ERR-",        "ERR-7K3F",      "7K3F-9QX",        "7K3F-9QXAB",
                                      "7K3F-9QXU", "XRR7K3F9QXA", "ERR-7K3F-9QX!", "ERR-7K3F-9QXA-1", "한국어"};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[MULLIGAN_REFERENCE_SIZE] = "untouched";
    if (reference_normalise(cases[i], out))
      fail_msg("\"%s\" was taken for a reference", cases[i]);
    assert_string_equal(out, "untouched");
  }
}

static void test_runs_have_references_of_their_own(void **state) {
  char made[MULLIGAN_REFERENCE_SIZE], read[MULLIGAN_REFERENCE_SIZE];
  (void)state;
  reference_make_run(made);
  assert_memory_equal(made, "RUN-", 4);
  assert_true(reference_normalise_run(made, read));
  assert_string_equal(made, read);
  assert_true(reference_normalise_run(" run-7k3f 9qxa\n", read));
  assert_string_equal(read, "RUN-7K3F-9QXA");
  assert_true(reference_normalise_run("7K3F9QXA", read));
  assert_string_equal(read, "RUN-7K3F-9QXA");
  assert_false(reference_normalise_run("ERR-7K3F-9QXA", read));
  assert_false(reference_normalise_run("RUN-7K3F", read));
  assert_false(reference_normalise("RUN-7K3F-9QXA", read));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(new_references_have_the_form_and_differ),
      cmocka_unit_test(typed_references_are_understood),
      cmocka_unit_test(what_is_no_reference_is_refused),
      cmocka_unit_test(test_runs_have_references_of_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
