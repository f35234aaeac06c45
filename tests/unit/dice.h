/**
 * dice.h - numbers that look random and are the same in every run, for tests over many inputs.
 */
#ifndef MULLIGAN_TESTS_DICE_H
#define MULLIGAN_TESTS_DICE_H

#include <stddef.h>
#include <stdint.h>

/** Any seed but 0 will do. */
struct dice {
  uint64_t state;
};

/** A number from 0 up to `sides` - 1 (xorshift64*). */
static inline size_t dice_roll(struct dice *dice, size_t sides) {
  dice->state ^= dice->state >> 12;
  dice->state ^= dice->state << 25;
  dice->state ^= dice->state >> 27;
  return (size_t)((dice->state * 0x2545F4914F6CDD1D) >> 33) % sides;
}

/** Fills `out` with bytes out of `letters`. */
static inline void dice_fill(struct dice *dice, char *out, size_t length, const char *letters, size_t count) {
  for (size_t i = 0; i < length; i++)
    out[i] = letters[dice_roll(dice, count)];
}

#endif
