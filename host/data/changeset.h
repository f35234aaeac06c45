/**
 * changeset.h - the exact rows that a piece of work changed: recorded, shown, applied.
 *
 * Built on SQLite's session extension. A changeset holds, for each changed row, its values before and after. What
 * cannot be recorded is refused while recording: changes to the schema, and to tables whose rows have no primary key.
 * All functions run on the thread that has the store.
 */
#ifndef MULLIGAN_DATA_CHANGESET_H
#define MULLIGAN_DATA_CHANGESET_H

#include "base/fault.h"
#include "data/store.h"

#include <jansson.h>
#include <stdint.h>

struct changeset_recorder;

struct changeset {
  void *bytes; /* freed by changeset_release() */
  size_t length;
};

/**
 * Starts recording every table of `store`, outside a transaction. Until it ends, statements that change the schema,
 * settings of the database or a table that cannot be recorded (without a primary key, with NULL in one, with generated
 * columns) fail with MULLIGAN_DENIED; changeset_refusal() then says why. The recorder must end before the store closes.
 */
enum mulligan_status changeset_begin(struct changeset_recorder **out, struct store *store, struct fault *fault);
/** Takes what was recorded and ends the recorder, also on failure. MULLIGAN_DENIED if a key became NULL meanwhile. */
enum mulligan_status changeset_end(struct changeset_recorder *recorder, struct changeset *out, struct fault *fault);
/** Ends it without a result. NULL is fine. */
void changeset_abandon(struct changeset_recorder *recorder);
void changeset_release(struct changeset *changeset);

/**
 * A list of {table, operation ("insert", "update", "delete"), key: {…}, before: {…}|null, after: {…}|null, changed:
 * […]}, by table and then by key. For an update both hold the whole row (read from `store`, which has the state after
 * the changes) and `changed` names the columns that differ; otherwise it is empty. Blobs are shown as their length. The
 * caller owns `*out`.
 */
enum mulligan_status changeset_describe(const struct changeset *changeset, struct store *store, json_t **out,
                                        struct fault *fault);

/** A hash (hex SHA-256) of the schema, so that a plan made for another schema is refused. */
enum mulligan_status changeset_schema_hash(struct store *store, char out[65], struct fault *fault);

/**
 * Applies exactly this changeset or nothing, in one write transaction of its own: the schema hash must be `schema_hash`
 * (MULLIGAN_DENIED otherwise), triggers and foreign-key actions do not fire, any conflict stops it (MULLIGAN_CONSTRAINT
 * names table, key and what is there now), foreign keys are checked before the commit. `*rows` counts the rows changed.
 */
enum mulligan_status changeset_apply(const struct changeset *changeset, struct store *store, const char *schema_hash,
                                     int64_t *rows, struct fault *fault);

#endif
