/**
 * back_off.c - pauses that double, with jitter.
 *
 * Called by the dispatcher on its thread; keeps nothing.
 */
#include "alerts/back_off.h"

#include <sodium.h>

enum { FIRST_MS = 1000, MOST_MS = 900 * 1000, MOST_DOUBLINGS = 20 };

int64_t back_off_us(int failures) {
  int doublings = failures < 1 ? 0 : failures - 1;
  int64_t ms = (int64_t)FIRST_MS << (doublings < MOST_DOUBLINGS ? doublings : MOST_DOUBLINGS);
  if (ms > MOST_MS)
    ms = MOST_MS;
  int64_t jitter = randombytes_uniform((uint32_t)(ms / 2 + 1)) - ms / 4;
  return (ms + jitter) * 1000;
}
