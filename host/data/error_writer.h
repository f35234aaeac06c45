/**
 * error_writer.h - the thread that makes errors durable.
 *
 * It takes what is queued and commits it as one transaction of errors.db. When that cannot be done the rows go to the
 * spool in one append; when that cannot be done either, to the log, and they are counted. Whoever waits for a row is
 * told only after that. What comes too often it makes less of (error_storm.h), and what is too old it removes
 * (error_retention.h).
 */
#ifndef MULLIGAN_DATA_ERROR_WRITER_H
#define MULLIGAN_DATA_ERROR_WRITER_H

#include "base/fault.h"
#include "data/error_log.h"
#include "data/error_queue.h"
#include "data/error_row.h"

#include <stdint.h>

/** The name of the spool inside DATA/spool, and the bytes it may grow to. */
#define MULLIGAN_ERROR_SPOOL      "errors.jsonl"
#define MULLIGAN_ERROR_SPOOL_MOST (256LL * 1024 * 1024)

/** Why an occurrence was not kept. */
enum error_loss {
  ERROR_LOSS_QUEUE,  /* the queue was full and nobody waited for the row */
  ERROR_LOSS_DISK,   /* neither errors.db nor the spool could be written */
  ERROR_LOSS_MEMORY, /* no memory to take it down */
  ERROR_LOSS_COUNT
};

struct error_writer;

/**
 * Opens errors.db in the options' folder, takes the spool over, and starts the thread, which ends when `queue` is
 * closed and empty. A database that does not open is no failure, but MULLIGAN_DENIED (it is newer than this program)
 * is.
 */
enum mulligan_status error_writer_start(struct error_writer **out, const struct error_log_options *options,
                                        struct error_queue *queue, struct fault *fault);
/** Waits for the thread, whose queue must be closed, and frees the writer. */
void error_writer_join(struct error_writer *writer);

/** What error_log_set_alerts() and error_log_on_alert() say. */
enum mulligan_status error_writer_set_alerts(struct error_writer *writer, const json_t *alerts, unsigned channels,
                                             struct fault *fault);
void error_writer_on_alert(struct error_writer *writer, void (*listener)(void *context), void *context);

/** Makes one row durable in the spool, past the queue; any thread. The row stays the caller's. MULLIGAN_ERROR: it is in
 * the log only. */
enum mulligan_status error_writer_spool(struct error_writer *writer, const struct error_row *row, struct fault *fault);
/** Counts occurrences that were not kept; any thread, never blocks. */
void error_writer_lose(struct error_writer *writer, enum error_loss loss, int64_t count);

#endif
