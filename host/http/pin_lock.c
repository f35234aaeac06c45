/**
 * pin_lock.c - counting wrong tries.
 *
 * Called by the workers. Invariant: `wrong` never goes beyond PIN_LOCK_TRIES, and from there never back.
 */
#include "http/pin_lock.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 9, PARTS = 1000 * 1000 * 1000 };
static const int64_t first_wait_ns = INT64_C(250000000);
static const int64_t longest_wait_ns = INT64_C(8000000000);

void pin_lock_init(struct pin_lock *lock) {
  uint32_t number = randombytes_uniform(PARTS);
  *lock = (struct pin_lock){.wrong = 0};
  pthread_mutex_init(&lock->lock, NULL);
  snprintf(lock->pin, sizeof lock->pin, "%03u-%03u-%03u", number / 1000000 % 1000, number / 1000 % 1000, number % 1000);
}

void pin_lock_release(struct pin_lock *lock) {
  pthread_mutex_destroy(&lock->lock);
  sodium_memzero(lock->pin, sizeof lock->pin);
}

/* Leaves the digits of a PIN; what is too long stays wrong. */
static void read_digits(char out[DIGITS + 1], const char *text, size_t length) {
  size_t count = 0;
  memset(out, 0, DIGITS + 1);
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '-' || text[i] == ' ')
      continue;
    if (count < DIGITS)
      out[count] = text[i];
    count++;
  }
  if (count != DIGITS)
    memset(out, 0, DIGITS + 1);
}

static int64_t wait_after(int wrong) {
  int64_t wait_ns = first_wait_ns << (wrong - 1);
  return wait_ns < longest_wait_ns ? wait_ns : longest_wait_ns;
}

/* Under the lock. */
static enum pin_answer judge(struct pin_lock *lock, const char typed[DIGITS + 1], int64_t now_ns) {
  char pin[DIGITS + 1];
  if (lock->wrong == PIN_LOCK_TRIES)
    return PIN_LOCKED;
  if (now_ns < lock->next_try_ns)
    return PIN_TOO_SOON;
  read_digits(pin, lock->pin, strlen(lock->pin));
  bool right = sodium_memcmp(pin, typed, DIGITS) == 0;
  sodium_memzero(pin, sizeof pin);
  if (right) {
    lock->wrong = 0;
    return PIN_RIGHT;
  }
  lock->wrong++;
  lock->next_try_ns = now_ns + wait_after(lock->wrong);
  return lock->wrong == PIN_LOCK_TRIES ? PIN_LOCKED : PIN_WRONG;
}

enum pin_answer pin_lock_try(struct pin_lock *lock, const char *typed, size_t length, int64_t now_ns,
                             struct pin_rest *rest) {
  char digits[DIGITS + 1];
  read_digits(digits, typed, length);
  pthread_mutex_lock(&lock->lock);
  enum pin_answer answer = judge(lock, digits, now_ns);
  rest->tries = PIN_LOCK_TRIES - lock->wrong;
  rest->wait_ns = lock->next_try_ns > now_ns ? lock->next_try_ns - now_ns : 0;
  pthread_mutex_unlock(&lock->lock);
  return answer;
}
