/**
 * error_ledger.h - an occurrence entered into errors.db: its row, and its part in the counts.
 */
#ifndef MULLIGAN_DATA_ERROR_LEDGER_H
#define MULLIGAN_DATA_ERROR_LEDGER_H

#include "base/fault.h"
#include "data/error_row.h"
#include "data/store.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Enters a row and its causes, inside a transaction that began at `now` (microseconds): a row of its own for each, or,
 * where it is shared (error_storm.h), one more for the row that it names. Should that one be gone, row->shared is
 * emptied and the row is stored after all. Groups, hours and users are counted. `*entered` is false if all of this was
 * done before. MULLIGAN_CONSTRAINT and MULLIGAN_INVALID are about this row only.
 */
enum mulligan_status error_ledger_enter(struct store *store, struct error_row *row, int64_t now, bool *entered,
                                        struct fault *fault);

#endif
