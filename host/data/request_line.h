/**
 * request_line.h - a request as a line of the access log.
 *
 * Combined format, as Apache and nginx write it, with the duration in microseconds behind it:
 *
 *   127.0.0.1 - - [13/Nov/2021:23:59:00 +0900] "GET /hello/ HTTP/1.1" 200 28 "-" "curl/7.88.1" 412
 *
 * Whatever a client sends, a request is one line of these fields, in ASCII: a quote and a backslash get a backslash,
 * every other byte that is not printable is written as `\x0a`.
 */
#ifndef MULLIGAN_DATA_REQUEST_LINE_H
#define MULLIGAN_DATA_REQUEST_LINE_H

#include "base/buf.h"
#include "data/request_entry.h"

#include <stdbool.h>
#include <stdint.h>

/** The last time that was written, since most lines share it. Embedded by value; all zero at first. */
struct request_line_clock {
  int64_t second; /* since 1970; 0 for none */
  char text[40];  /* "[13/Nov/2021:23:59:00 +0900]" */
};

/** Appends the line of a clean entry, with its line break. False when out of memory or past the buffer's cap. */
bool request_line_add(struct buf *out, const struct request_entry *entry, struct request_line_clock *clock);

#endif
