/**
 * outbox_internal.h - what the parts of the outbox share: outbox.c, outbox_take.c, outbox_digest.c, outbox_settle.c,
 * outbox_read.c.
 */
#ifndef MULLIGAN_DATA_OUTBOX_INTERNAL_H
#define MULLIGAN_DATA_OUTBOX_INTERNAL_H

#include "data/error_database.h"
#include "data/outbox.h"
#include "data/store_call.h"

#define OUTBOX_HOUR_US (INT64_C(3600) * 1000 * 1000)
#define OUTBOX_DAY_US  (24 * OUTBOX_HOUR_US)

/** Begins a transaction, opening errors.db if need be; `*store` is for the statements in it. */
enum mulligan_status outbox_begin(struct outbox *outbox, struct store **store, struct fault *fault);
/** Commits if `status` is MULLIGAN_OK, else rolls back; returns what came of it. */
enum mulligan_status outbox_end(struct outbox *outbox, enum mulligan_status status, struct fault *fault);

/** Binds a channel's name. */
void outbox_put_channel(struct store_call *call, enum alert_channel channel, struct fault *fault);
/** Runs a statement whose first parameter is a channel, the others these numbers; `*changed` (may be NULL) is how many
 * rows. */
enum mulligan_status outbox_run(struct store *store, const char *sql, enum alert_channel channel,
                                const int64_t *numbers, int count, int64_t *changed, struct fault *fault);
/** Reads one row of `columns` integers, with the same parameters; what is NULL, or not there, becomes `absent`. */
enum mulligan_status outbox_ask(struct store *store, const char *sql, enum alert_channel channel,
                                const int64_t *numbers, int count, int64_t absent, int64_t *out, int columns,
                                struct fault *fault);

/**
 * Makes one message of all that a channel holds back, and of the digests that wait there; it is due at once. What it
 * tells of counts as told.
 */
enum mulligan_status outbox_digest_make(struct store *store, enum alert_channel channel, int64_t now,
                                        struct fault *fault);

#endif
