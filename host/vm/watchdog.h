/**
 * watchdog.h - the thread that stops what runs too long, and sees what cannot be stopped.
 *
 * Lua's count hook is exact but costs a tight loop 2.5 times its speed, so no hook is set while a call is within its
 * time. The watchdog looks every few milliseconds at the calls under way; past a deadline it sends the call's own
 * thread a signal, whose handler sets the hook, as Lua's own `lua` program does on Ctrl-C. It is started with the first
 * call. A thread that makes calls must not block the signal (SIGRTMIN + 2).
 */
#ifndef MULLIGAN_VM_WATCHDOG_H
#define MULLIGAN_VM_WATCHDOG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** One call that may be stopped; embedded in whatever makes the call. */
struct watch {
  _Atomic int64_t deadline_ns; /* INT64_MAX while idle; any thread may bring it forward */
  atomic_int state;            /* enum watch_state in watchdog.c */
  pthread_t thread;            /* the call's */
  atomic_int received;         /* signals that were handled in this call */
  int sent;                    /* and that were sent; the watchdog's, like the next, while it holds the call */
  int64_t late_since_ns;       /* when the watchdog first saw the deadline passed; 0: it has not */
  void (*expire)(struct watch *watch);
  void (*late)(struct watch *watch, int64_t late_ns);
  struct watch *next, *previous; /* the watchdog's list */
};

/**
 * Puts a watch on the watchdog's list, idle. Past a call's deadline, and again every few milliseconds until it ends,
 *
 * `expire` is called in the call's own thread by the signal's handler, which may have interrupted anything there: it
 * does what is async-signal-safe, and what it does twice is as good as once;
 *
 * `late` is called in the watchdog's thread, with the time since the deadline was seen to be passed. The call cannot
 * end meanwhile, and no other can be stopped; no function of this header may be called.
 */
void watch_init(struct watch *watch, void (*expire)(struct watch *watch),
                void (*late)(struct watch *watch, int64_t late_ns));
void watch_release(struct watch *watch);
/** The calling thread starts a call that ends by `deadline_ns` (clock_monotonic_ns). One at a time for each thread. */
void watch_enter(struct watch *watch, int64_t deadline_ns);
/** The call has ended: when this returns, nothing is called for it any more, and no signal is on its way. */
void watch_leave(struct watch *watch);
/** Lets every call under way in the process expire now: for a stop that has waited long enough. */
void watch_expire_all(void);

#endif
