/**
 * error_storm.h - what becomes of the same error when it happens very often within a minute.
 *
 * Per group and minute, the first `limit` occurrences are stored whole. As many again, times nine, are stored without
 * their payload: who had it, when, where and what it said, but no stack, no breadcrumbs, no headers and no body. The
 * rest have no row: each is counted in its group, in its hour and in `repeats` of the minute's first row, whose
 * reference its client is given. So the rows of a minute are bounded, the counts exact, and every reference resolves.
 *
 * A storm belongs to one thread, the writer's: occurrences are judged in the order in which they are stored.
 */
#ifndef MULLIGAN_DATA_ERROR_STORM_H
#define MULLIGAN_DATA_ERROR_STORM_H

#include "data/error_row.h"

#include <stdint.h>

/** The rows that a group may have in a minute, for each whole one of the limit. */
enum { MULLIGAN_STORM_ROWS = 10 };

struct error_storm;

/** `limit` 0 stores everything whole. NULL when out of memory. */
struct error_storm *error_storm_create(int64_t limit);
void error_storm_destroy(struct error_storm *storm);

/**
 * Judges a row and its causes, each by its own group, and makes of them what is to be stored: slim rows, or ones that
 * are counted under another's reference (row->shared, row->repeats). A row may be judged again after
 * error_storm_forget().
 */
void error_storm_judge(struct error_storm *storm, struct error_row *row);
/** Begins anew, because rows that others were to be counted with may not be where they were. */
void error_storm_forget(struct error_storm *storm);

#endif
