/**
 * watchdog.h - the thread that stops what runs too long.
 *
 * Lua's count hook is exact but costs a tight loop 2.5 times its speed, so no hook is set while a call is within its
 * time. The watchdog looks every few milliseconds at the calls under way; past a deadline it sends the call's own
 * thread a signal, whose handler sets the hook, as Lua's own `lua` program does on Ctrl-C. It is started with the first
 * call.
 */
#ifndef MULLIGAN_VM_WATCHDOG_H
#define MULLIGAN_VM_WATCHDOG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** One call that may be stopped; embedded in whatever makes the call. */
struct watch {
  pthread_mutex_t lock;
  pthread_t thread;
  bool active;                         /* under `lock` */
  _Atomic int64_t deadline_ns;         /* INT64_MAX while idle */
  void (*expire)(struct watch *watch); /* called in the call's thread, from a signal handler: async-signal-safe only */
  struct watch *next, *previous;       /* the watchdog's list */
};

/** Puts a watch on the watchdog's list, idle. */
void watch_init(struct watch *watch, void (*expire)(struct watch *watch));
void watch_release(struct watch *watch);
/** The calling thread starts a call that ends by `deadline_ns` (clock_monotonic_ns). One at a time for each thread. */
void watch_enter(struct watch *watch, int64_t deadline_ns);
void watch_leave(struct watch *watch);
/** Lets every call under way in the process expire now: for a stop that has waited long enough. */
void watch_expire_all(void);

#endif
