/**
 * watchdog.c - one thread, one list, one signal.
 *
 * The list changes when a vm is made or destroyed; the thread walks it under the list's lock. A call begins and ends
 * without a lock, since every request does: its state is one word. To touch a call the watchdog must move that word
 * from RUNNING to HELD, which nobody but the call's own end competes for; a call that finds itself held at its end
 * waits for the lock, and so for the end of the walk. So a signal is sent only while its call is under way, and its
 * thread therefore alive; and a call does not end before the signals that were sent have come, so that none of them
 * interrupts what the thread does next.
 *
 * Invariants: HELD is entered and left under the list's lock; what is not atomic in a watch is written by the call's
 * thread while IDLE and by the watchdog while HELD, and each change of the state hands it on.
 */
#include "vm/watchdog.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum watch_state { IDLE, RUNNING, HELD };

enum {
  WATCHDOG_PERIOD_MS = 20,
  SETTLE_PAUSE_US = 100, /* between two looks for a signal that is on its way */
  SETTLE_LOOKS = 1000    /* then the thread has it blocked, and it will not come */
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct watch *list;
static bool started;

static _Thread_local struct watch *current;

static int watchdog_signal(void) {
  return SIGRTMIN + 2;
}

static void on_signal(int number) {
  (void)number;
  int saved = errno;
  struct watch *watch = current;
  if (watch) {
    if (clock_monotonic_ns() >= atomic_load_explicit(&watch->deadline_ns, memory_order_relaxed))
      watch->expire(watch);
    atomic_fetch_add_explicit(&watch->received, 1, memory_order_relaxed);
  }
  errno = saved;
}

/* ---- the watchdog's side, under list_lock ---- */

static bool hold(struct watch *watch) {
  int state = RUNNING;
  return atomic_compare_exchange_strong_explicit(&watch->state, &state, HELD, memory_order_acquire,
                                                 memory_order_relaxed);
}

static void let_go(struct watch *watch) {
  atomic_store_explicit(&watch->state, RUNNING, memory_order_release);
}

static bool is_past(const struct watch *watch, int64_t now) {
  return now >= atomic_load_explicit(&watch->deadline_ns, memory_order_relaxed);
}

/* One signal at a time: they queue up in a thread that is busy in the kernel. */
static void look_at(struct watch *watch, int64_t now) {
  if (watch->late_since_ns == 0)
    watch->late_since_ns = now;
  if (watch->sent == atomic_load_explicit(&watch->received, memory_order_relaxed) &&
      pthread_kill(watch->thread, watchdog_signal()) == 0)
    watch->sent++;
  watch->late(watch, now - watch->late_since_ns);
}

static void *watchdog_main(void *unused) {
  (void)unused;
  for (;;) {
    struct timespec pause = {0, WATCHDOG_PERIOD_MS * 1000000L};
    nanosleep(&pause, NULL);
    int64_t now = clock_monotonic_ns();
    pthread_mutex_lock(&list_lock);
    for (struct watch *watch = list; watch; watch = watch->next) {
      if (!is_past(watch, now) || !hold(watch))
        continue;
      if (is_past(watch, now)) /* still: it may have been another call's */
        look_at(watch, now);
      let_go(watch);
    }
    pthread_mutex_unlock(&list_lock);
  }
  return NULL;
}

/* The thread blocks every signal, so that the program's own go to whoever waits for them. */
static void start(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(watchdog_signal(), &action, NULL);

  pthread_t thread;
  int failed = thread_start_masked(&thread, watchdog_main, NULL);
  if (failed) {
    log_error("the watchdog thread cannot be started: %s", strerror(failed));
    return;
  }
  pthread_detach(thread);
  started = true;
}

void watch_init(struct watch *watch, void (*expire)(struct watch *watch),
                void (*late)(struct watch *watch, int64_t late_ns)) {
  memset(watch, 0, sizeof *watch);
  watch->expire = expire;
  watch->late = late;
  atomic_init(&watch->deadline_ns, INT64_MAX);
  atomic_init(&watch->state, IDLE);
  atomic_init(&watch->received, 0);
  pthread_mutex_lock(&list_lock);
  if (!started)
    start();
  watch->next = list;
  if (list)
    list->previous = watch;
  list = watch;
  pthread_mutex_unlock(&list_lock);
}

void watch_release(struct watch *watch) {
  pthread_mutex_lock(&list_lock);
  if (watch->previous)
    watch->previous->next = watch->next;
  else
    list = watch->next;
  if (watch->next)
    watch->next->previous = watch->previous;
  pthread_mutex_unlock(&list_lock);
}

void watch_expire_all(void) {
  int64_t now = clock_monotonic_ns();
  pthread_mutex_lock(&list_lock);
  for (struct watch *watch = list; watch; watch = watch->next)
    if (!is_past(watch, now) && hold(watch)) {
      atomic_store_explicit(&watch->deadline_ns, now, memory_order_relaxed);
      let_go(watch);
    }
  pthread_mutex_unlock(&list_lock);
}

/* ---- the call's side ---- */

void watch_enter(struct watch *watch, int64_t deadline_ns) {
  watch->thread = pthread_self();
  watch->sent = 0;
  watch->late_since_ns = 0;
  atomic_store_explicit(&watch->received, 0, memory_order_relaxed);
  atomic_store_explicit(&watch->deadline_ns, deadline_ns, memory_order_relaxed);
  current = watch;
  atomic_signal_fence(memory_order_seq_cst);
  atomic_store_explicit(&watch->state, RUNNING, memory_order_release);
}

/* Waits for what was sent and has not come yet. */
static void settle(const struct watch *watch) {
  struct timespec pause = {0, SETTLE_PAUSE_US * 1000L};
  for (int i = 0; i < SETTLE_LOOKS; i++) {
    if (atomic_load_explicit(&watch->received, memory_order_relaxed) == watch->sent)
      return;
    nanosleep(&pause, NULL);
  }
}

void watch_leave(struct watch *watch) {
  int state = RUNNING;
  if (!atomic_compare_exchange_strong_explicit(&watch->state, &state, IDLE, memory_order_acq_rel,
                                               memory_order_relaxed)) {
    pthread_mutex_lock(&list_lock);
    atomic_store_explicit(&watch->state, IDLE, memory_order_relaxed);
    pthread_mutex_unlock(&list_lock);
  }
  atomic_store_explicit(&watch->deadline_ns, INT64_MAX, memory_order_relaxed);
  if (watch->sent > 0)
    settle(watch);
  atomic_signal_fence(memory_order_seq_cst);
  current = NULL;
}
