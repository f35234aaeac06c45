/**
 * request_cleaner.h - a request's texts without its secrets.
 *
 * Secrets go by the names that they stand under (headers, the query, a path's parameters, bodies), by their looks, and
 * wherever else in the same request they turn up. A cleaner belongs to one thread; it remembers texts that it found
 * clean, since most requests say what others said, and forgets them by and by.
 */
#ifndef MULLIGAN_DATA_REQUEST_CLEANER_H
#define MULLIGAN_DATA_REQUEST_CLEANER_H

#include "base/scrub.h"
#include "data/request_entry.h"

struct request_cleaner;

/** `scrub` must outlive it. NULL when out of memory. */
struct request_cleaner *request_cleaner_create(const struct scrub *scrub);
void request_cleaner_destroy(struct request_cleaner *cleaner);

/**
 * Fills `clean` from a raw entry. Its texts belong to the raw one or to the cleaner, until the next call; its taint is
 * NULL, and the raw one's, whose values are taken out too, may have grown by it. What cannot be cleaned for lack of
 * memory is replaced.
 */
void request_cleaner_clean(struct request_cleaner *cleaner, const struct request_entry *raw,
                           struct request_entry *clean);

#endif
