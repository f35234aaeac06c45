/**
 * request_database.h - requests.db, open for writing.
 *
 * Its transactions hold DATA/requests.lock: a lock file of its own, since what a lock guards against is per database
 * file, and nobody waits for the request log nor it for anybody. A request_database belongs to one thread at a time.
 */
#ifndef MULLIGAN_DATA_REQUEST_DATABASE_H
#define MULLIGAN_DATA_REQUEST_DATABASE_H

#include "base/buf.h"
#include "base/fault.h"
#include "data/request_counts.h"

#include <stdbool.h>
#include <stdint.h>

/** Why a request is not where it should be. */
enum request_loss {
  REQUEST_LOSS_QUEUE,    /* there was no room: neither row nor line nor count */
  REQUEST_LOSS_DATABASE, /* no row */
  REQUEST_LOSS_FILE,     /* no line */
  REQUEST_LOSS_COUNTS,   /* neither row nor count */
  REQUEST_LOSS_COUNT
};
/** The reason in words, as it stands in request_dropped; static. */
const char *request_loss_reason(enum request_loss loss);

struct request_retention {
  int64_t rows;    /* that are kept */
  int64_t keep_us; /* how long; 0 for ever */
};

/** What goes into requests.db in one transaction. */
struct request_news {
  const struct buf *rows; /* clean entries, one behind the other (request_entry.h) */
  const struct request_counts *counts;
  const int64_t *losses; /* by enum request_loss, since the last time */
};

struct request_database;

/**
 * Opens and migrates `folder`/requests.db, creating it. MULLIGAN_DENIED if it is newer than this program. The caller
 * ends it with request_database_close().
 */
enum mulligan_status request_database_open(struct request_database **out, const char *folder, struct fault *fault);
void request_database_close(struct request_database *database);
/**
 * Stores the news and removes what is older or more than is to be kept, a part of it at a time: `*more` says whether
 * there was too much for one. After a failure nothing of it is stored; MULLIGAN_BUSY may be tried again, after any
 * other the database is to be closed. MULLIGAN_MISSING: requests.db was removed or replaced.
 */
enum mulligan_status request_database_store(struct request_database *database, const struct request_news *news,
                                            const struct request_retention *retention, bool *more, struct fault *fault);
/** Gives a requests.db that is no database any more the name requests.db.broken, so that another can be made. It must
 * be closed. */
enum mulligan_status request_database_set_aside(const char *folder, struct fault *fault);

#endif
