/**
 * clock.h - the time, and how it is written.
 *
 * Two clocks: the wall clock in microseconds since 1970 UTC, for what people
 * read, and the monotonic clock in nanoseconds, for durations and deadlines.
 * All functions may be called from any thread and never block.
 */
#ifndef MULLIGAN_BASE_CLOCK_H
#define MULLIGAN_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MULLIGAN_RFC3339_SIZE = 48 }; /* room for any text of clock_rfc3339(), with its NUL */

int64_t clock_wall_us(void);
int64_t clock_monotonic_ns(void);
/** Writes `2021-11-13T14:59:00.123456Z` (always six digits of fraction); returns `out`. */
const char *clock_rfc3339(int64_t wall_us, char out[MULLIGAN_RFC3339_SIZE]);
/** Reads an RFC 3339 time with any offset and 0 to 9 digits of fraction; false if it is none. */
bool clock_parse_rfc3339(const char *text, size_t length, int64_t *wall_us);
/**
 * Reads a span such as `90`, `500ms`, `20s`, `5m`, `1h`, `90d` (whole numbers; a bare one is seconds) into
 * microseconds; false if it is none.
 */
bool clock_parse_span(const char *text, int64_t *us);

#endif
