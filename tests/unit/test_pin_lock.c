/**
 * test_pin_lock.c - nine digits that cannot be guessed: the waits, the last try, and who is right all along.
 */
#include "http/pin_lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t second = INT64_C(1000000000);

static enum pin_answer attempt(struct pin_lock *lock, const char *typed, int64_t now_ns, struct pin_rest *rest) {
  return pin_lock_try(lock, typed, strlen(typed), now_ns, rest);
}

/* A PIN that is not the lock's. */
static const char *wrong_one(const struct pin_lock *lock) {
  return strcmp(lock->pin, "111-111-111") == 0 ? "222-222-222" : "111-111-111";
}

static void test_the_printed_pin_opens(void **state) {
  (void)state;
  struct pin_lock lock;
  struct pin_rest rest;
  pin_lock_init(&lock);
  assert_int_equal(strlen(lock.pin), 11);
  assert_int_equal(strspn(lock.pin, "0123456789-"), 11);
  assert_int_equal(attempt(&lock, lock.pin, second, &rest), PIN_RIGHT);
  assert_int_equal(rest.tries, PIN_LOCK_TRIES);

  char bare[16] = "", spaced[32] = "";
  for (const char *at = lock.pin; *at; at++) {
    if (*at == '-')
      continue;
    snprintf(bare + strlen(bare), sizeof bare - strlen(bare), "%c", *at);
    snprintf(spaced + strlen(spaced), sizeof spaced - strlen(spaced), "%c ", *at);
  }
  assert_int_equal(attempt(&lock, bare, second, &rest), PIN_RIGHT);
  assert_int_equal(attempt(&lock, spaced, second, &rest), PIN_RIGHT);
  pin_lock_release(&lock);
}

static void test_no_two_locks_have_one_pin(void **state) {
  (void)state;
  struct pin_lock one, other;
  pin_lock_init(&one);
  pin_lock_init(&other);
  assert_string_not_equal(one.pin, other.pin); /* once in a thousand million runs it is */
  pin_lock_release(&one);
  pin_lock_release(&other);
}

static void test_what_is_no_pin_is_wrong(void **state) {
  (void)state;
  struct pin_lock lock;
  struct pin_rest rest;
  char longer[32];
  pin_lock_init(&lock);
  snprintf(longer, sizeof longer, "%s0", lock.pin);
  const char *const typed[] = {"", "-", "         ", longer, "12345678", "a long text instead of nine digits"};
  int64_t now_ns = 0;
  for (size_t i = 0; i < sizeof typed / sizeof *typed; i++, now_ns += 100 * second)
    assert_int_equal(attempt(&lock, typed[i], now_ns, &rest), PIN_WRONG);
  assert_int_equal(pin_lock_try(&lock, "\0\0\0\0\0\0\0\0\0", 9, now_ns, &rest), PIN_WRONG);
  pin_lock_release(&lock);
}

static void test_each_wrong_try_waits_longer(void **state) {
  (void)state;
  struct pin_lock lock;
  struct pin_rest rest;
  pin_lock_init(&lock);
  int64_t now_ns = second, before = 0;
  for (int i = 1; i < PIN_LOCK_TRIES; i++) {
    assert_int_equal(attempt(&lock, wrong_one(&lock), now_ns, &rest), PIN_WRONG);
    assert_int_equal(rest.tries, PIN_LOCK_TRIES - i);
    assert_true(rest.wait_ns >= before);
    before = rest.wait_ns;
    /* Too soon, not even the right one is looked at, and no try is counted. */
    assert_int_equal(attempt(&lock, lock.pin, now_ns + rest.wait_ns - 1, &rest), PIN_TOO_SOON);
    assert_int_equal(rest.wait_ns, 1);
    assert_int_equal(rest.tries, PIN_LOCK_TRIES - i);
    now_ns += before;
  }
  assert_true(before >= 8 * second);
  pin_lock_release(&lock);
}

static void test_the_tenth_wrong_try_locks_for_good(void **state) {
  (void)state;
  struct pin_lock lock;
  struct pin_rest rest;
  pin_lock_init(&lock);
  int64_t now_ns = 0;
  for (int i = 1; i < PIN_LOCK_TRIES; i++, now_ns += 100 * second)
    assert_int_equal(attempt(&lock, wrong_one(&lock), now_ns, &rest), PIN_WRONG);
  assert_int_equal(attempt(&lock, wrong_one(&lock), now_ns, &rest), PIN_LOCKED);
  assert_int_equal(rest.tries, 0);
  assert_int_equal(attempt(&lock, lock.pin, now_ns + 1000000 * second, &rest), PIN_LOCKED);
  pin_lock_release(&lock);
}

static void test_the_right_one_starts_the_count_anew(void **state) {
  (void)state;
  struct pin_lock lock;
  struct pin_rest rest;
  pin_lock_init(&lock);
  int64_t now_ns = 0;
  for (int i = 1; i < PIN_LOCK_TRIES; i++, now_ns += 100 * second)
    attempt(&lock, wrong_one(&lock), now_ns, &rest);
  assert_int_equal(attempt(&lock, lock.pin, now_ns, &rest), PIN_RIGHT);
  assert_int_equal(attempt(&lock, wrong_one(&lock), now_ns, &rest), PIN_WRONG);
  assert_int_equal(rest.tries, PIN_LOCK_TRIES - 1);
  pin_lock_release(&lock);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_printed_pin_opens),
      cmocka_unit_test(test_no_two_locks_have_one_pin),
      cmocka_unit_test(test_what_is_no_pin_is_wrong),
      cmocka_unit_test(test_each_wrong_try_waits_longer),
      cmocka_unit_test(test_the_tenth_wrong_try_locks_for_good),
      cmocka_unit_test(test_the_right_one_starts_the_count_anew),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
