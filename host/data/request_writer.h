/**
 * request_writer.h - the thread that writes requests down.
 */
#ifndef MULLIGAN_DATA_REQUEST_WRITER_H
#define MULLIGAN_DATA_REQUEST_WRITER_H

#include "base/fault.h"
#include "data/request_log.h"
#include "data/request_queue.h"

struct request_writer;

/** Opens the files and starts the thread, which takes from `queue` until that is closed and empty. MULLIGAN_DENIED if
 * requests.db is newer than this program. */
enum mulligan_status request_writer_start(struct request_writer **out, const struct request_log_options *options,
                                          struct request_queue *queue, struct fault *fault);
/** Waits for the thread's end, which closing the queue brings about, and frees everything. */
void request_writer_join(struct request_writer *writer);
/** Lets the thread open logs/access.log once more, at once. Any thread. */
void request_writer_reopen(struct request_writer *writer);

#endif
