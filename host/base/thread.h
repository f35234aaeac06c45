/**
 * thread.h - threads that leave signals to others, and waits by the clock that nobody sets.
 */
#ifndef MULLIGAN_BASE_THREAD_H
#define MULLIGAN_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * Starts a thread in which every signal is blocked: those of people are the main thread's, which waits for them, and
 * the watchdog's are for threads that run Lua. Returns 0, or an error number, as pthread_create() does.
 */
int thread_start_masked(pthread_t *out, void *(*run)(void *context), void *context);

/** Makes a condition for thread_wait(). The caller ends it with pthread_cond_destroy(). */
void thread_condition_init(pthread_cond_t *condition);
/**
 * Waits under the mutex, which is held, until the condition is signalled, or the time of clock_monotonic_ns() comes
 * (INT64_MAX: never): false then. It may also wake for nothing, so the caller looks again.
 */
bool thread_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_ns);

#endif
