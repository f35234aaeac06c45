/**
 * rate.h - how often something happened lately: sliding windows, one per key, shared by the whole process.
 *
 * Keys are kept as hashes only. Memory is bounded: beyond 65,536 keys or two million remembered hits, the keys that
 * were asked for longest ago are forgotten. Any thread may call any function; none blocks but for a short lock.
 */
#ifndef MULLIGAN_BASE_RATE_H
#define MULLIGAN_BASE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Counts a hit under `key` at `now_ns` (clock_monotonic_ns) if fewer than `limit` hits fell into the `window_ns` before
 * it, and returns true. Else counts nothing, sets `*wait_seconds` to the time until the oldest of them falls out, and
 * returns false. The same key with another limit or window is another counter. Exact up to a limit of 512; above it,
 * a hit may fall out earlier by 1/511 of the window. When memory is out, hits are allowed.
 */
bool rate_hit(const char *key, size_t key_length, uint32_t limit, int64_t window_ns, int64_t now_ns,
              double *wait_seconds);

/** How many keys are remembered. */
size_t rate_keys(void);

/** Forgets every key. */
void rate_clear(void);

#endif
