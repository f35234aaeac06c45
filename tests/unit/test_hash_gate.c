/**
 * test_hash_gate.c - few compute, some wait in turn, the rest are told at once.
 */
#include "base/clock.h"
#include "vm/hash_gate.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { QUEUE = 3, THREADS = 8, ROUNDS = 200 };

static struct hash_gate gate = HASH_GATE_INITIALIZER;

/** In which order the waiters came through; guarded by being inside the gate of one place. */
static int order[QUEUE];
static int through;

static int64_t waiting_now(void) {
  pthread_mutex_lock(&gate.mutex);
  int64_t waiting = gate.waiting;
  pthread_mutex_unlock(&gate.mutex);
  return waiting;
}

static void *pass(void *number) {
  if (hash_gate_enter(&gate, 1, QUEUE, INT64_MAX, NULL) == MULLIGAN_OK) {
    order[through++] = *(int *)number;
    hash_gate_leave(&gate);
  }
  return NULL;
}

static void lets_waiters_through_in_turn(void **state) {
  (void)state;
  struct fault fault = {.message = ""};
  pthread_t threads[QUEUE];
  int numbers[QUEUE];
  through = 0;
  assert_int_equal(hash_gate_enter(&gate, 1, QUEUE, INT64_MAX, NULL), MULLIGAN_OK);
  for (int i = 0; i < QUEUE; i++) {
    numbers[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, pass, &numbers[i]), 0);
    while (waiting_now() != i + 1)
      sched_yield();
  }
  assert_int_equal(hash_gate_enter(&gate, 1, QUEUE, INT64_MAX, &fault), MULLIGAN_BUSY);
  assert_string_equal(fault.message, "too many passwords are being checked");
  assert_int_equal(through, 0);
  hash_gate_leave(&gate);
  for (int i = 0; i < QUEUE; i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(through, QUEUE);
  for (int i = 0; i < QUEUE; i++)
    assert_int_equal(order[i], i);
  assert_int_equal(gate.computing, 0);
}

static void gives_up_at_the_deadline(void **state) {
  (void)state;
  struct fault fault = {.message = ""};
  assert_int_equal(hash_gate_enter(&gate, 1, QUEUE, INT64_MAX, NULL), MULLIGAN_OK);
  assert_int_equal(hash_gate_enter(&gate, 1, QUEUE, clock_monotonic_ns() + 1000000, &fault), MULLIGAN_BUSY);
  assert_string_equal(fault.message, "other passwords were still being checked when the time was up");
  assert_int_equal(hash_gate_enter(&gate, 1, QUEUE, 0, &fault), MULLIGAN_BUSY);
  assert_int_equal(gate.waiting, 0);
  hash_gate_leave(&gate);
  assert_int_equal(hash_gate_enter(&gate, 1, 0, 0, NULL), MULLIGAN_OK);
  hash_gate_leave(&gate);
}

static int inside, most_inside, served, refused;
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

static void *crowd(void *unused) {
  (void)unused;
  for (int i = 0; i < ROUNDS; i++) {
    int64_t deadline = i % 3 == 0 ? clock_monotonic_ns() + 20000 : INT64_MAX;
    enum mulligan_status status = hash_gate_enter(&gate, 2, 4, deadline, NULL);
    pthread_mutex_lock(&counting);
    if (status == MULLIGAN_OK) {
      served++;
      if (++inside > most_inside)
        most_inside = inside;
    } else {
      refused++;
    }
    pthread_mutex_unlock(&counting);
    if (status != MULLIGAN_OK)
      continue;
    sched_yield();
    pthread_mutex_lock(&counting);
    inside--;
    pthread_mutex_unlock(&counting);
    hash_gate_leave(&gate);
  }
  return NULL;
}

static void never_lets_in_more_than_its_places(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, crowd, NULL), 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  assert_in_range(most_inside, 1, 2);
  assert_int_equal(served + refused, THREADS * ROUNDS);
  assert_int_equal(gate.computing, 0);
  assert_int_equal(gate.waiting, 0);
  assert_null(gate.first);
  assert_null(gate.last);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lets_waiters_through_in_turn),
      cmocka_unit_test(gives_up_at_the_deadline),
      cmocka_unit_test(never_lets_in_more_than_its_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
