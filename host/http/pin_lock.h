/**
 * pin_lock.h - a lock that a person opens with nine digits.
 *
 * Nine digits are few, so guessing is made slow and then impossible: after each wrong try the next one has to wait,
 * ever longer, and after the tenth there is none. Nobody is kept waiting here: who tries too soon is told how long it
 * is. Any thread may try.
 */
#ifndef MULLIGAN_HTTP_PIN_LOCK_H
#define MULLIGAN_HTTP_PIN_LOCK_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum { PIN_LOCK_TRIES = 10, PIN_LOCK_SIZE = 12 /* "123-456-789" */ };

struct pin_lock {
  pthread_mutex_t lock;
  char pin[PIN_LOCK_SIZE];
  int wrong;           /* tries since the last right one */
  int64_t next_try_ns; /* no earlier than this, by clock_monotonic_ns() */
};

enum pin_answer {
  PIN_RIGHT,
  PIN_WRONG,
  PIN_TOO_SOON, /* not looked at, and not counted */
  PIN_LOCKED    /* for good: not even the right one opens it any more */
};

/** What goes with an answer. */
struct pin_rest {
  int tries;       /* left */
  int64_t wait_ns; /* before the next */
};

/** Makes up a PIN. */
void pin_lock_init(struct pin_lock *lock);
void pin_lock_release(struct pin_lock *lock);

/** A try at `now_ns`; blanks and hyphens in what was typed do not count. Takes the same time for every wrong PIN. */
enum pin_answer pin_lock_try(struct pin_lock *lock, const char *typed, size_t length, int64_t now_ns,
                             struct pin_rest *rest);

#endif
