/**
 * test_rate.c - so many hits in any window and no more, with the right wait, in bounded memory.
 *
 * Time is an argument, so nothing here waits.
 */
#include "base/rate.h"
#include "dice.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static int tear_down(void **state) {
  (void)state;
  rate_clear();
  return rate_keys() != 0;
}

static bool hit(const char *key, uint32_t limit, int64_t window, int64_t now, double *wait) {
  return rate_hit(key, strlen(key), limit, window, now, wait);
}

static void the_window_slides(void **state) {
  (void)state;
  double wait = -1;
  assert_true(hit("k", 3, 60 * SECOND, 100 * SECOND, &wait));
  assert_true(hit("k", 3, 60 * SECOND, 110 * SECOND, &wait));
  assert_true(hit("k", 3, 60 * SECOND, 120 * SECOND, &wait));
  assert_true(wait == -1);
  assert_false(hit("k", 3, 60 * SECOND, 130 * SECOND, &wait));
  assert_true(wait == 30.0);
  assert_false(hit("k", 3, 60 * SECOND, 160 * SECOND - 1, &wait));
  assert_true(wait == 1e-9);
  assert_true(hit("k", 3, 60 * SECOND, 160 * SECOND, &wait));
  assert_false(hit("k", 3, 60 * SECOND, 160 * SECOND, &wait));
  assert_true(wait == 10.0);
  assert_true(hit("k", 3, 60 * SECOND, 1000 * SECOND, &wait));
}

static void keys_limits_and_windows_count_apart(void **state) {
  (void)state;
  double wait;
  assert_true(hit("a", 1, SECOND, 0, &wait));
  assert_false(hit("a", 1, SECOND, 0, &wait));
  assert_true(hit("b", 1, SECOND, 0, &wait));
  assert_true(hit("", 1, SECOND, 0, &wait));
  assert_true(hit("a", 2, SECOND, 0, &wait));
  assert_true(hit("a", 1, 2 * SECOND, 0, &wait));
  assert_int_equal(rate_keys(), 5);
  assert_true(rate_hit("x\0y", 3, 1, SECOND, 0, &wait));
  assert_true(rate_hit("x\0z", 3, 1, SECOND, 0, &wait));
}

static void a_limit_of_nothing_refuses_everything(void **state) {
  (void)state;
  double wait = 0;
  assert_false(hit("k", 0, 5 * SECOND, SECOND, &wait));
  assert_true(wait == 5.0);
}

static void clocks_read_out_of_order_do_no_harm(void **state) {
  (void)state;
  double wait = 0;
  assert_true(hit("k", 2, SECOND, 1000, &wait));
  assert_true(hit("k", 2, SECOND, 900, &wait));
  assert_false(hit("k", 2, SECOND, 950, &wait));
  assert_false(hit("k", 2, SECOND, SECOND + 999, &wait));
  assert_true(hit("k", 2, SECOND, SECOND + 1000, &wait));
}

/** Against the plainest counter there is: all times in a list. */
static void random_hits_agree_with_a_list(void **state) {
  (void)state;
  struct dice dice = {41};
  for (int round = 0; round < 20; round++) {
    static int64_t times[3000];
    size_t count = 0;
    int64_t now = 0, window = (int64_t)dice_roll(&dice, 1000) + 1;
    uint32_t limit = (uint32_t)dice_roll(&dice, 512) + 1;
    char key[20];
    snprintf(key, sizeof key, "round %d", round);
    for (int i = 0; i < 3000; i++) {
      now += (int64_t)dice_roll(&dice, 1 + (size_t)window / (limit / 2 + 1) * 2);
      size_t inside = 0;
      int64_t first = 0;
      for (size_t j = count; j > 0 && now - times[j - 1] < window; j--) {
        inside++;
        first = times[j - 1];
      }
      double wait = -1;
      bool allowed = hit(key, limit, window, now, &wait);
      assert_int_equal(allowed, inside < limit);
      if (allowed)
        times[count++] = now;
      else
        assert_true(wait == (double)(first + window - now) / 1e9);
    }
  }
}

static void large_limits_hold_to_a_part_of_the_window(void **state) {
  (void)state;
  double wait;
  uint32_t limit = 100000;
  for (uint32_t i = 0; i < limit; i++)
    assert_true(hit("k", limit, 1000 * SECOND, (int64_t)i * SECOND / 200, &wait));
  assert_false(hit("k", limit, 1000 * SECOND, 500 * SECOND, &wait));
  assert_true(wait == 500.0);
  int allowed = 0;
  while (hit("k", limit, 1000 * SECOND, 1010 * SECOND, &wait))
    allowed++;
  assert_in_range(allowed, 2000, 2000 + 400);
}

static void memory_is_bounded_and_the_idle_go_first(void **state) {
  (void)state;
  double wait;
  char key[32];
  assert_true(hit("idle", 1, SECOND, 0, &wait));
  assert_true(hit("busy", 1, SECOND, 0, &wait));
  for (int i = 0; i < 70000; i++) {
    snprintf(key, sizeof key, "key %d", i);
    assert_true(hit(key, 5, SECOND, 0, &wait));
    if (i % 1000 == 0)
      assert_false(hit("busy", 1, SECOND, 0, &wait));
  }
  assert_int_equal(rate_keys(), 65536);
  assert_false(hit("busy", 1, SECOND, 0, &wait));
  assert_true(hit("idle", 1, SECOND, 0, &wait));
  rate_clear();
  for (int i = 0; i < 4200; i++) {
    snprintf(key, sizeof key, "key %d", i);
    for (int j = 0; j < 512; j++)
      assert_true(hit(key, 512, SECOND, 0, &wait));
  }
  assert_true(rate_keys() < 2000000 / 512 + 1 && rate_keys() > 1900000 / 512);
}

enum { THREADS = 4, HITS = 2000, LIMIT = 500 };

static void *hit_often(void *allowed) {
  double wait;
  for (int i = 0; i < HITS; i++) {
    if (hit("shared", LIMIT, SECOND, 0, &wait))
      atomic_fetch_add((_Atomic int *)allowed, 1);
    hit(i % 2 == 0 ? "even" : "odd", 10, SECOND, i, &wait);
  }
  return NULL;
}

static void threads_share_one_count(void **state) {
  (void)state;
  _Atomic int allowed = 0;
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, hit_often, &allowed), 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(atomic_load(&allowed), LIMIT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(the_window_slides, tear_down),
      cmocka_unit_test_teardown(keys_limits_and_windows_count_apart, tear_down),
      cmocka_unit_test_teardown(a_limit_of_nothing_refuses_everything, tear_down),
      cmocka_unit_test_teardown(clocks_read_out_of_order_do_no_harm, tear_down),
      cmocka_unit_test_teardown(random_hits_agree_with_a_list, tear_down),
      cmocka_unit_test_teardown(large_limits_hold_to_a_part_of_the_window, tear_down),
      cmocka_unit_test_teardown(memory_is_bounded_and_the_idle_go_first, tear_down),
      cmocka_unit_test_teardown(threads_share_one_count, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
