/**
 * hash_gate.c - the queue before the password hashes.
 *
 * Called from bind_crypto.c on the threads of requests; touches no Lua. Invariants: `first` to `last` are the waiters
 * in their order, each on its own thread's stack and `waiting` in number; a place that becomes free is handed to the
 * first of them and never counted as free in between, so that nobody overtakes the queue.
 */
#include "vm/hash_gate.h"

#include "base/thread.h"

#include <stdbool.h>
#include <stddef.h>

struct hash_waiter {
  pthread_cond_t turn;
  bool granted;
  struct hash_waiter *next;
};

static void append(struct hash_gate *gate, struct hash_waiter *waiter) {
  if (gate->last != NULL)
    gate->last->next = waiter;
  else
    gate->first = waiter;
  gate->last = waiter;
  gate->waiting++;
}

static void unlink_waiter(struct hash_gate *gate, struct hash_waiter *waiter) {
  struct hash_waiter *before = NULL;
  for (struct hash_waiter *at = gate->first; at != waiter; at = at->next)
    before = at;
  if (before != NULL)
    before->next = waiter->next;
  else
    gate->first = waiter->next;
  if (gate->last == waiter)
    gate->last = before;
  gate->waiting--;
}

/** Waits on the waiter's own condition; the mutex is held. False when the deadline came first. */
static bool wait_turn(struct hash_gate *gate, struct hash_waiter *waiter, int64_t deadline_ns) {
  while (!waiter->granted && thread_wait(&waiter->turn, &gate->mutex, deadline_ns))
    ;
  return waiter->granted;
}

enum mulligan_status hash_gate_enter(struct hash_gate *gate, int64_t places, int64_t queue, int64_t deadline_ns,
                                     struct fault *fault) {
  pthread_mutex_lock(&gate->mutex);
  if (gate->computing < places && gate->waiting == 0) {
    gate->computing++;
    pthread_mutex_unlock(&gate->mutex);
    return MULLIGAN_OK;
  }
  if (gate->waiting >= queue) {
    pthread_mutex_unlock(&gate->mutex);
    return fault_set(fault, MULLIGAN_BUSY, "too many passwords are being checked");
  }

  struct hash_waiter waiter = {.granted = false};
  thread_condition_init(&waiter.turn);
  append(gate, &waiter);
  bool granted = wait_turn(gate, &waiter, deadline_ns);
  if (!granted)
    unlink_waiter(gate, &waiter);
  pthread_mutex_unlock(&gate->mutex);
  pthread_cond_destroy(&waiter.turn);
  if (!granted)
    return fault_set(fault, MULLIGAN_BUSY, "other passwords were still being checked when the time was up");
  return MULLIGAN_OK;
}

void hash_gate_leave(struct hash_gate *gate) {
  pthread_mutex_lock(&gate->mutex);
  struct hash_waiter *next = gate->first;
  if (next != NULL) {
    unlink_waiter(gate, next);
    next->granted = true;
    pthread_cond_signal(&next->turn);
  } else {
    gate->computing--;
  }
  pthread_mutex_unlock(&gate->mutex);
}
