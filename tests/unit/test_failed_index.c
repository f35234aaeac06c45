/**
 * test_failed_index.c - which failed calls are kept, which has to go, and what is said of those that are gone.
 */
#include "vm/failed_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* The index only compares vms, so any addresses will do. */
static char places[2];

static struct vm *vm_number(int number) {
  return (struct vm *)(void *)&places[number];
}

static const char *id_number(int number) {
  static char id[32];
  snprintf(id, sizeof id, "request-%d", number);
  return id;
}

static void test_knows_who_keeps_a_call(void **state) {
  (void)state;
  struct failed_index *index = failed_index_create();
  failed_index_add(index, "one", vm_number(0));
  failed_index_add(index, "other", vm_number(1));
  assert_ptr_equal(failed_index_use(index, "one"), vm_number(0));
  assert_ptr_equal(failed_index_use(index, "other"), vm_number(1));
  assert_null(failed_index_use(index, "none"));
  assert_null(failed_index_use(index, ""));
  assert_int_equal(failed_index_end(index, "one"), FAILED_KEPT);
  assert_int_equal(failed_index_end(index, "none"), FAILED_UNKNOWN);
  failed_index_destroy(index);
}

static void test_the_one_used_longest_ago_goes(void **state) {
  (void)state;
  struct failed_index *index = failed_index_create();
  for (int i = 0; i < FAILED_INDEX_MOST; i++)
    failed_index_add(index, id_number(i), vm_number(0));
  failed_index_use(index, id_number(0));
  failed_index_add(index, "one more", vm_number(1));
  assert_int_equal(failed_index_end(index, id_number(1)), FAILED_CROWDED_OUT);
  for (int i = 0; i < FAILED_INDEX_MOST; i++)
    assert_int_equal(failed_index_has(index, id_number(i)), i != 1);
  failed_index_add(index, "one more", vm_number(1)); /* the same request's exception handler failed as well */
  assert_true(failed_index_has(index, id_number(2)));
  failed_index_destroy(index);
}

static void test_says_why_a_call_is_gone(void **state) {
  (void)state;
  struct failed_index *index = failed_index_create();
  const enum failed_end ends[] = {FAILED_TOO_LARGE, FAILED_RELOADED, FAILED_RETIRED};
  for (int i = 0; i < 3; i++) {
    failed_index_add(index, id_number(i), vm_number(0));
    failed_index_remove(index, id_number(i), ends[i]);
    failed_index_remove(index, id_number(i), FAILED_CROWDED_OUT);
    assert_null(failed_index_use(index, id_number(i)));
  }
  for (int i = 0; i < 3; i++)
    assert_int_equal(failed_index_end(index, id_number(i)), ends[i]);
  failed_index_remove(index, "none", FAILED_RETIRED);
  assert_int_equal(failed_index_end(index, "none"), FAILED_UNKNOWN);
  failed_index_destroy(index);
}

static void test_forgets_what_is_gone_for_long(void **state) {
  (void)state;
  struct failed_index *index = failed_index_create();
  for (int i = 0; i < 5000; i++)
    failed_index_add(index, id_number(i), vm_number(i % 2));
  assert_int_equal(failed_index_end(index, id_number(0)), FAILED_UNKNOWN);
  assert_int_equal(failed_index_end(index, id_number(4900)), FAILED_CROWDED_OUT);
  assert_int_equal(failed_index_end(index, id_number(4999)), FAILED_KEPT);
  failed_index_destroy(index);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_knows_who_keeps_a_call),
      cmocka_unit_test(test_the_one_used_longest_ago_goes),
      cmocka_unit_test(test_says_why_a_call_is_gone),
      cmocka_unit_test(test_forgets_what_is_gone_for_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
