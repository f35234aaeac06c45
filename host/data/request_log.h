/**
 * request_log.h - every request, good or bad, as a line of logs/access.log and a row of requests.db.
 *
 * A worker leaves an entry, which costs it the copying of some hundred bytes; one thread does the rest: it takes the
 * secrets out, writes the lines in large pieces, and stores the rows. What it cannot keep up with is dropped and
 * counted. Neither a full disk nor a broken database slows a request. All functions may be called from any thread.
 */
#ifndef MULLIGAN_DATA_REQUEST_LOG_H
#define MULLIGAN_DATA_REQUEST_LOG_H

#include "base/fault.h"
#include "base/scrub.h"
#include "data/request_entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request_log;

struct request_log_options {
  const char *folder;        /* the data folder: requests.db, requests.lock and logs/ live in it */
  const struct scrub *scrub; /* outlives the log */
  bool lines;                /* write logs/access.log */
  bool rows;                 /* write requests.db */
  int64_t file_bytes;        /* after which a new access.log is begun */
  int old_files;             /* that are kept */
  int64_t rate;              /* rows a second above which it samples (request_sampler.h) */
  int64_t most_rows;         /* that are kept */
  int64_t keep_us;           /* how long; 0 for ever */
  size_t queue_bytes;        /* that may wait for the thread; 0: enough for half a second of a fast host */
};

/**
 * Opens the files and starts the thread. What cannot be opened is no failure: the log says so and it is tried again.
 * MULLIGAN_DENIED if requests.db is newer than this program.
 */
enum mulligan_status request_log_open(struct request_log **out, const struct request_log_options *options,
                                      struct fault *fault);
/** Writes what is queued, stops the thread and closes. NULL is fine. */
void request_log_close(struct request_log *log);

/**
 * Leaves an entry, copied, with its headers; its taint becomes the log's. Never blocks: without room it is dropped,
 * which is counted. `scratch` is the caller's, to be used again and again.
 */
void request_log_add(struct request_log *log, const struct request_entry *entry, const struct request_header *headers,
                     int header_count, struct buf *scratch);
/** Waits until all that was added before is written, as far as that can be done. */
void request_log_flush(struct request_log *log);
/** Opens logs/access.log once more, after a tool has moved it (SIGHUP). NULL is fine. */
void request_log_reopen(struct request_log *log);

#endif
