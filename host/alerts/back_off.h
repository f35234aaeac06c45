/**
 * back_off.h - how long to wait before the next attempt.
 */
#ifndef MULLIGAN_ALERTS_BACK_OFF_H
#define MULLIGAN_ALERTS_BACK_OFF_H

#include <stdint.h>

/**
 * Microseconds until the attempt after `failures` (from 1) in a row: about a second, then twice as long each time, a
 * quarter of an hour at most; up to a quarter more or less by chance, so that what failed together does not come back
 * together. Any thread.
 */
int64_t back_off_us(int failures);

#endif
