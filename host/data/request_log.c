/**
 * request_log.c - every request, as a line and a row: the way in.
 *
 * Called by the workers. What they leave goes through the queue to the writer's thread.
 */
#include "data/request_log.h"

#include "base/taint.h"
#include "data/request_queue.h"
#include "data/request_writer.h"

#include <stdlib.h>

enum { QUEUE_BYTES = 16 * 1024 * 1024, KEPT_SCRATCH = 16 * 1024 };

struct request_log {
  struct request_queue *queue;
  struct request_writer *writer;
};

enum mulligan_status request_log_open(struct request_log **out, const struct request_log_options *options,
                                      struct fault *fault) {
  *out = NULL;
  struct request_log *log = calloc(1, sizeof *log);
  if (log != NULL)
    log->queue = request_queue_create(options->queue_bytes > 0 ? options->queue_bytes : QUEUE_BYTES);
  enum mulligan_status status = log != NULL && log->queue != NULL
                                    ? request_writer_start(&log->writer, options, log->queue, fault)
                                    : fault_set(fault, MULLIGAN_NOMEM, "out of memory for the request log");
  if (status != MULLIGAN_OK) {
    request_log_close(log);
    return status;
  }
  *out = log;
  return MULLIGAN_OK;
}

void request_log_close(struct request_log *log) {
  if (log == NULL)
    return;
  if (log->writer != NULL) {
    request_queue_close(log->queue);
    request_writer_join(log->writer);
  }
  request_queue_destroy(log->queue);
  free(log);
}

/* Put together outside of the queue's lock, which is held for one copy. */
void request_log_add(struct request_log *log, const struct request_entry *entry, const struct request_header *headers,
                     int header_count, struct buf *scratch) {
  buf_clear(scratch, KEPT_SCRATCH);
  bool written = request_entry_write(scratch, entry, headers, header_count);
  if (!request_queue_push(log->queue, scratch->data, written ? scratch->length : SIZE_MAX))
    taint_destroy(entry->taint);
}

void request_log_flush(struct request_log *log) {
  request_queue_flush(log->queue);
}

void request_log_reopen(struct request_log *log) {
  if (log != NULL)
    request_writer_reopen(log->writer);
}
