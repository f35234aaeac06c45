/**
 * last_save.h - why what was saved last does not serve, for those who look at a page and not at the log.
 *
 * One writer (the loader of scripts), any number of readers, each on any thread. All functions take NULL and do
 * nothing.
 */
#ifndef MULLIGAN_BASE_LAST_SAVE_H
#define MULLIGAN_BASE_LAST_SAVE_H

#include "base/buf.h"

#include <stdbool.h>

struct last_save;

/** Makes one of which nothing is known to be wrong; NULL when out of memory. */
struct last_save *last_save_create(void);
void last_save_destroy(struct last_save *save);

/** The scripts as they stand on the disk do not load, for this reason (copied); NULL: they do. */
void last_save_note(struct last_save *save, const char *why);
/** Appends the reason and returns true, or returns false: what was saved last serves. */
bool last_save_refused(struct last_save *save, struct buf *why);

#endif
