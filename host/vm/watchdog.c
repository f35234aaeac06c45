/**
 * watchdog.c - one thread, one list, one signal.
 *
 * The list changes when a vm is made or destroyed; the thread walks it under the list's lock and each watch under its
 * own, so a signal is sent only while the call that it is meant for is under way, and its thread therefore alive. The
 * handler asks the clock again, so a signal that comes late harms nobody.
 *
 * Lock order: list, then watch. A watch's owner takes its own lock only.
 */
#include "vm/watchdog.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WATCHDOG_PERIOD_MS = 20 };

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
  if (watch && clock_monotonic_ns() >= atomic_load(&watch->deadline_ns))
    watch->expire(watch);
  errno = saved;
}

static void *watchdog_main(void *unused) {
  (void)unused;
  for (;;) {
    struct timespec pause = {0, WATCHDOG_PERIOD_MS * 1000000L};
    nanosleep(&pause, NULL);
    int64_t now = clock_monotonic_ns();
    pthread_mutex_lock(&list_lock);
    for (struct watch *watch = list; watch; watch = watch->next) {
      pthread_mutex_lock(&watch->lock);
      if (watch->active && now >= atomic_load(&watch->deadline_ns))
        pthread_kill(watch->thread, watchdog_signal());
      pthread_mutex_unlock(&watch->lock);
    }
    pthread_mutex_unlock(&list_lock);
  }
  return NULL;
}

/* Under list_lock. The thread blocks every signal, so that the program's own go to whoever waits for them. */
static void start(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(watchdog_signal(), &action, NULL);

  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pthread_t thread;
  int failed = pthread_create(&thread, NULL, watchdog_main, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed) {
    log_error("the watchdog thread cannot be started: %s", strerror(failed));
    return;
  }
  pthread_detach(thread);
  started = true;
}

void watch_init(struct watch *watch, void (*expire)(struct watch *watch)) {
  memset(watch, 0, sizeof *watch);
  pthread_mutex_init(&watch->lock, NULL);
  watch->expire = expire;
  atomic_init(&watch->deadline_ns, INT64_MAX);
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
  pthread_mutex_destroy(&watch->lock);
}

void watch_enter(struct watch *watch, int64_t deadline_ns) {
  pthread_mutex_lock(&watch->lock);
  watch->thread = pthread_self();
  atomic_store(&watch->deadline_ns, deadline_ns);
  watch->active = true;
  pthread_mutex_unlock(&watch->lock);
  current = watch;
  atomic_signal_fence(memory_order_seq_cst);
}

void watch_leave(struct watch *watch) {
  atomic_signal_fence(memory_order_seq_cst);
  current = NULL;
  pthread_mutex_lock(&watch->lock);
  watch->active = false;
  atomic_store(&watch->deadline_ns, INT64_MAX);
  pthread_mutex_unlock(&watch->lock);
}

void watch_expire_all(void) {
  int64_t now = clock_monotonic_ns();
  pthread_mutex_lock(&list_lock);
  for (struct watch *watch = list; watch; watch = watch->next) {
    pthread_mutex_lock(&watch->lock);
    if (watch->active)
      atomic_store(&watch->deadline_ns, now);
    pthread_mutex_unlock(&watch->lock);
  }
  pthread_mutex_unlock(&list_lock);
}
