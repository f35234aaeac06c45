/**
 * error_ledger.h - an occurrence entered into errors.db: its row, and its part in the counts.
 */
#ifndef MULLIGAN_DATA_ERROR_LEDGER_H
#define MULLIGAN_DATA_ERROR_LEDGER_H

#include "base/fault.h"
#include "data/alert_judge.h"
#include "data/error_row.h"
#include "data/store.h"

#include <stdbool.h>
#include <stdint.h>

/** What became of a row. */
struct error_entry {
  bool is_new; /* it was not entered before */
  bool alerts; /* people are to be told: there are messages in the outbox */
};

/**
 * Enters a row and its causes, inside a transaction that began at `now` (microseconds): a row of its own for each, or,
 * where it is shared (error_storm.h), one more for the row that it names. Should that one be gone, row->shared is
 * emptied and the row is stored after all. Groups, hours and users are counted. `judge` (may be NULL) looks at the row,
 * not at its causes: they are the same news. MULLIGAN_CONSTRAINT and MULLIGAN_INVALID are about this row only.
 */
enum mulligan_status error_ledger_enter(struct store *store, struct error_row *row, int64_t now,
                                        struct alert_judge *judge, struct error_entry *entry, struct fault *fault);

#endif
