/**
 * conflict_text.h - what stands in the way of a change, in the operator's language, and who put it there.
 */
#ifndef MULLIGAN_OPERATOR_CONFLICT_TEXT_H
#define MULLIGAN_OPERATOR_CONFLICT_TEXT_H

#include "base/buf.h"
#include "data/changeset.h"

/**
 * Appends one sentence: the row, the column, what it is now, and the name and run of whoever changed it by a run since
 * `since` (microseconds), which audit.db in `data` tells; `except` (NULL for none) is the run that is being taken back.
 * The service's own writes have no name: "somebody".
 */
void conflict_text_add(struct buf *out, const struct changeset_conflict *conflict, const char *data, int64_t since,
                       const char *except);

#endif
