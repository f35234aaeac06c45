/**
 * test_watchdog.c - calls that outlast their deadlines, by a lot and by a hair.
 *
 * Nothing here depends on how fast the machine is: a test waits for what it wants to see, or looks for what must never
 * be.
 */
#include "base/clock.h"
#include "vm/watchdog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

enum { MS = 1000 * 1000, WORKERS = 4, WANTED = 20, MOST_SECONDS = 600 };

/* A call, and what the watchdog did to it. */
struct call {
  struct watch watch; /* first */
  pthread_t thread;
  volatile int64_t deadline_ns;
  atomic_int expired; /* times in this call, */
  atomic_int wrong;   /* and when or where it should not have been */
  atomic_int late;    /* calls of the watchdog's own */
  _Atomic int64_t late_ns;
  atomic_bool under_way; /* between watch_enter() and watch_leave() */
};

static void on_expire(struct watch *watch) {
  struct call *call = (struct call *)(void *)watch;
  if (!pthread_equal(call->thread, pthread_self()) || clock_monotonic_ns() < call->deadline_ns ||
      !atomic_load(&call->under_way))
    atomic_fetch_add(&call->wrong, 1);
  atomic_fetch_add(&call->expired, 1);
}

static void on_late(struct watch *watch, int64_t late_ns) {
  struct call *call = (struct call *)(void *)watch;
  if (!atomic_load(&call->under_way) || late_ns < atomic_load(&call->late_ns))
    atomic_fetch_add(&call->wrong, 1);
  atomic_store(&call->late_ns, late_ns);
  atomic_fetch_add(&call->late, 1);
}

static void enter(struct call *call, int64_t time_ns) {
  call->thread = pthread_self();
  call->deadline_ns = clock_monotonic_ns() + time_ns;
  atomic_store(&call->expired, 0);
  atomic_store(&call->late_ns, 0);
  atomic_store(&call->under_way, true);
  watch_enter(&call->watch, call->deadline_ns);
}

static void leave(struct call *call) {
  watch_leave(&call->watch);
  atomic_store(&call->under_way, false);
}

static void pause_ns(long ns) {
  struct timespec pause = {0, ns};
  nanosleep(&pause, NULL);
}

/* Waits, in the call's thread, until `count` is at least `wanted`. */
static void wait_for(atomic_int *count, int wanted) {
  int64_t until = clock_monotonic_ns() + MOST_SECONDS * INT64_C(1000000000);
  while (atomic_load(count) < wanted && clock_monotonic_ns() < until)
    pause_ns(MS / 10);
  assert_true(atomic_load(count) >= wanted);
}

static void a_call_past_its_deadline_is_expired_in_its_own_thread(void **state) {
  (void)state;
  static struct call call;
  watch_init(&call.watch, on_expire, on_late);
  enter(&call, 5 * MS);
  wait_for(&call.expired, 1);
  leave(&call);
  assert_int_equal(atomic_load(&call.wrong), 0);
  watch_release(&call.watch);
}

static void a_call_within_its_time_is_left_alone(void **state) {
  (void)state;
  static struct call call, other;
  watch_init(&call.watch, on_expire, on_late);
  watch_init(&other.watch, on_expire, on_late);
  enter(&call, 3600 * INT64_C(1000000000));
  pause_ns(100 * MS);
  leave(&call);
  assert_int_equal(atomic_load(&call.expired), 0);
  assert_int_equal(atomic_load(&call.late), 0);
  /* Nor does the deadline of a call that has ended strike the next one. */
  enter(&call, 1);
  leave(&call);
  enter(&other, 3600 * INT64_C(1000000000));
  pause_ns(100 * MS);
  leave(&other);
  assert_int_equal(atomic_load(&other.expired), 0);
  watch_release(&other.watch);
  watch_release(&call.watch);
}

static void the_watchdog_tells_how_late_a_call_is(void **state) {
  (void)state;
  static struct call call;
  watch_init(&call.watch, on_expire, on_late);
  enter(&call, MS);
  wait_for(&call.late, 3);
  assert_true(atomic_load(&call.late_ns) > 0);
  leave(&call);
  int told = atomic_load(&call.late);
  pause_ns(100 * MS);
  assert_int_equal(atomic_load(&call.late), told);
  assert_int_equal(atomic_load(&call.wrong), 0);
  watch_release(&call.watch);
}

static void all_calls_can_be_expired_at_once(void **state) {
  (void)state;
  static struct call call;
  watch_init(&call.watch, on_expire, on_late);
  enter(&call, 3600 * INT64_C(1000000000));
  call.deadline_ns = 0;
  watch_expire_all();
  wait_for(&call.expired, 1);
  leave(&call);
  assert_int_equal(atomic_load(&call.wrong), 0);
  watch_release(&call.watch);
}

/* ---- by a hair ---- */

/*
 * Calls that end about when their deadline strikes, one after the other, until enough of them were struck. Whatever the
 * moment, none is touched once it has been left: not by its handler, nor by a signal that is still on its way, which
 * would cut the pause after it short.
 */
static void *work(void *argument) {
  struct call *call = argument;
  int struck = 0, rounds = 0;
  int64_t until = clock_monotonic_ns() + MOST_SECONDS * INT64_C(1000000000);
  while (struck < WANTED && clock_monotonic_ns() < until) {
    enter(call, rounds++ % 3 * MS / 2);
    /* Calls nothing: ThreadSanitizer would let a signal through there. */
    for (volatile int i = rounds % 7 * 100 * 1000; i > 0; i--)
      ;
    leave(call);
    int expired = atomic_load(&call->expired), late = atomic_load(&call->late);
    struct timespec pause = {0, rounds % 5 * MS / 10};
    if (nanosleep(&pause, NULL) != 0)
      atomic_fetch_add(&call->wrong, 1);
    if (atomic_load(&call->expired) != expired || atomic_load(&call->late) != late)
      atomic_fetch_add(&call->wrong, 1);
    struck += expired > 0;
  }
  return (void *)(intptr_t)struck;
}

static void a_call_that_has_ended_is_never_touched(void **state) {
  (void)state;
  static struct call calls[WORKERS];
  pthread_t threads[WORKERS];
  for (int i = 0; i < WORKERS; i++) {
    watch_init(&calls[i].watch, on_expire, on_late);
    assert_int_equal(pthread_create(&threads[i], NULL, work, &calls[i]), 0);
  }
  for (int i = 0; i < WORKERS; i++) {
    void *struck;
    pthread_join(threads[i], &struck);
    assert_int_equal((intptr_t)struck, WANTED);
    assert_int_equal(atomic_load(&calls[i].wrong), 0);
    watch_release(&calls[i].watch);
  }
}

static void *work_once(void *argument) {
  struct call *call = argument;
  enter(call, 0);
  for (int64_t end = clock_monotonic_ns() + 15 * MS; clock_monotonic_ns() < end;)
    ;
  leave(call);
  return NULL;
}

/* Most of these threads are gone within a tick of the watchdog's; it must not send a signal to one that is. */
static void a_thread_may_end_with_its_call(void **state) {
  (void)state;
  static struct call call;
  watch_init(&call.watch, on_expire, on_late);
  for (int i = 0; i < 50; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work_once, &call), 0);
    pthread_join(thread, NULL);
  }
  assert_int_equal(atomic_load(&call.wrong), 0);
  watch_release(&call.watch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_past_its_deadline_is_expired_in_its_own_thread),
      cmocka_unit_test(a_call_within_its_time_is_left_alone),
      cmocka_unit_test(the_watchdog_tells_how_late_a_call_is),
      cmocka_unit_test(all_calls_can_be_expired_at_once),
      cmocka_unit_test(a_call_that_has_ended_is_never_touched),
      cmocka_unit_test(a_thread_may_end_with_its_call),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
