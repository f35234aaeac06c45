/**
 * request_counts.h - how many requests there were, by minute, route and class of status, until it stands in
 * requests.db.
 *
 * Embedded by value; one thread at a time.
 */
#ifndef MULLIGAN_DATA_REQUEST_COUNTS_H
#define MULLIGAN_DATA_REQUEST_COUNTS_H

#include "base/fault.h"
#include "data/request_entry.h"
#include "data/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A row of request_minute, in the making. */
struct request_count {
  int64_t minute; /* since 1970 UTC */
  int status_class;
  struct request_span route; /* its own copy; NULL bytes: the place is free */
  int64_t requests, sampled, duration_us, bytes;
};

struct request_counts {
  struct request_count *places; /* a table by hash, at most half full */
  size_t capacity, count;
};

void request_counts_init(struct request_counts *counts);
void request_counts_release(struct request_counts *counts);

/** Counts a request, and as `sampled` one that gets no row. False when out of memory, or of room: a database that takes
 * no counts for long is no reason to grow without end. */
bool request_counts_add(struct request_counts *counts, const struct request_entry *entry, bool sampled);
/** Adds all of it to request_minute, in the open transaction of `store`. */
enum mulligan_status request_counts_store(const struct request_counts *counts, struct store *store,
                                          struct fault *fault);
/** Forgets what is stored now. */
void request_counts_clear(struct request_counts *counts);

#endif
