/**
 * hash_gate.h - how many password hashes are computed at a time.
 *
 * Each takes 19 MiB and tens of milliseconds of a core, so a flood of logins would take the whole host. Past the gate's
 * places callers queue, first come first served; past its queue they are turned away at once. Any thread.
 */
#ifndef MULLIGAN_VM_HASH_GATE_H
#define MULLIGAN_VM_HASH_GATE_H

#include "base/fault.h"

#include <pthread.h>
#include <stdint.h>

struct hash_waiter;

/** In static storage, made by HASH_GATE_INITIALIZER; needs no release. */
struct hash_gate {
  pthread_mutex_t mutex;
  int64_t computing;
  int64_t waiting;
  struct hash_waiter *first, *last;
};

#define HASH_GATE_INITIALIZER                                                                                          \
  { .mutex = PTHREAD_MUTEX_INITIALIZER }

/**
 * Takes one of `places`, waiting for it among at most `queue` others and until `deadline_ns` (clock_monotonic_ns();
 * INT64_MAX for ever). MULLIGAN_OK is followed by hash_gate_leave(); MULLIGAN_BUSY is not.
 */
enum mulligan_status hash_gate_enter(struct hash_gate *gate, int64_t places, int64_t queue, int64_t deadline_ns,
                                     struct fault *fault);
void hash_gate_leave(struct hash_gate *gate);

#endif
