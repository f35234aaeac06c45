/**
 * error_retention.h - how long occurrences are kept.
 *
 * Only rows of `error_log` ever go. Groups, their totals and the counts by hour stay, so that no number that people
 * have seen becomes another one.
 */
#ifndef MULLIGAN_DATA_ERROR_RETENTION_H
#define MULLIGAN_DATA_ERROR_RETENTION_H

#include "base/fault.h"
#include "data/error_database.h"

#include <stdbool.h>
#include <stdint.h>

/** A host's own: at its start and then daily, a small step at a time. All zero keeps everything. */
struct error_retention {
  int64_t keep_us; /* how long; 0 for ever */
  int64_t due_us;  /* the next step, by the wall clock; 0 at once */
  int64_t removed; /* by the steps since the last that found no more */
};

/** Is there a step to take? Times are wall clock, microseconds. */
bool error_retention_due(const struct error_retention *retention, int64_t now_us);
/**
 * Takes one step, a transaction of a few hundred rows, and says by `retention` when the next is due: at once while
 * there is more to remove, tomorrow when there is not, in a minute after a failure.
 */
enum mulligan_status error_retention_step(struct error_retention *retention, struct error_database *database,
                                          int64_t now_us, struct fault *fault);

/**
 * Removes the occurrences from before `before` (microseconds), a few thousand a transaction, so that the writer gets
 * its turn in between; for people and their tools, in any process. `*removed` counts the rows, also of a failure
 * halfway.
 */
enum mulligan_status error_log_prune(const char *folder, int64_t before, int64_t *removed, struct fault *fault);

#endif
