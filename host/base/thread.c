/**
 * thread.c - starting threads and waiting in them.
 *
 * Called from every floor and any thread.
 */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum { NS_PER_SECOND = 1000000000 };

int thread_start_masked(pthread_t *out, void *(*run)(void *context), void *context) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(out, NULL, run, context);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

void thread_condition_init(pthread_cond_t *condition) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

bool thread_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_ns) {
  if (until_ns == INT64_MAX)
    return pthread_cond_wait(condition, mutex) == 0;
  struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_SECOND), .tv_nsec = (long)(until_ns % NS_PER_SECOND)};
  return pthread_cond_timedwait(condition, mutex, &until) != ETIMEDOUT;
}
