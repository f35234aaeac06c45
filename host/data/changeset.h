/**
 * changeset.h - the exact rows that a piece of work changed: recorded, shown, applied, taken back.
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
#include <stdbool.h>
#include <stddef.h>
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
/** Takes what was recorded so far; the recording goes on. MULLIGAN_DENIED if a key became NULL meanwhile. */
enum mulligan_status changeset_look(struct changeset_recorder *recorder, struct changeset *out, struct fault *fault);
/** Takes what was recorded and ends the recorder, also on failure. MULLIGAN_DENIED if a key became NULL meanwhile. */
enum mulligan_status changeset_end(struct changeset_recorder *recorder, struct changeset *out, struct fault *fault);
/** Ends it without a result. NULL is fine. */
void changeset_abandon(struct changeset_recorder *recorder);
void changeset_release(struct changeset *changeset);
/** A changeset that was kept somewhere, from its bytes, which are copied. */
enum mulligan_status changeset_load(struct changeset *out, const void *bytes, size_t length, struct fault *fault);

/**
 * A list of {table, operation ("insert", "update", "delete"), key: {…}, before: {…}|null, after: {…}|null, changed:
 * […]}, by table and then by key. For an update both hold the whole row (read from `store`, which has the state after
 * the changes) and `changed` names the columns that differ; otherwise it is empty. Blobs are shown as their length. The
 * caller owns `*out`.
 */
enum mulligan_status changeset_describe(const struct changeset *changeset, struct store *store, json_t **out,
                                        struct fault *fault);

/** A hash (hex SHA-256) of the schema, so that a plan made for another schema is refused. The host's own tables
 * (run_table.h) are left out. */
enum mulligan_status changeset_schema_hash(struct store *store, char out[65], struct fault *fault);

/** Writes the changes that take these back. */
enum mulligan_status changeset_invert(const struct changeset *changeset, struct changeset *out, struct fault *fault);
/** Do both change the same rows from the same values to the same values, in whatever order? */
enum mulligan_status changeset_same(const struct changeset *a, const struct changeset *b, bool *same,
                                    struct fault *fault);

/** How a changeset failed to fit. */
enum changeset_conflict_kind {
  CHANGESET_NO_CONFLICT,
  CHANGESET_ROW_CHANGED,   /* `column` is `now`, and not what it `was` */
  CHANGESET_ROW_REMOVED,   /* the row is gone */
  CHANGESET_ROW_ADDED,     /* a row of this key is there: `detail` */
  CHANGESET_VALUE_TAKEN,   /* another row has a value that must be unique: `detail` */
  CHANGESET_PARENT_MISSING /* a row would refer to one of the table `detail` that is not there; `key` is NULL */
};

/** The row in the way. Zeroed by its owner, ended with changeset_conflict_release(). */
struct changeset_conflict {
  enum changeset_conflict_kind kind;
  char table[128];
  char row[256]; /* "user_seminar id=7" */
  json_t *key;   /* as changeset_describe() has it */
  char column[128];
  char now[96], was[96]; /* as SQL writes them, cut */
  char detail[512];
};

void changeset_conflict_release(struct changeset_conflict *conflict);

/** On what terms changes are applied; what is not needed may be zero. */
struct changeset_terms {
  const char *schema_hash;
  /** Columns that keep books: one that was changed since is no conflict, and is left as it is. */
  const char *const *bookkeeping;
  size_t bookkeeping_count;
  /** The last step inside the transaction, the changes being in and sound; a failure undoes all. */
  enum mulligan_status (*seal)(void *context, struct store *store, struct fault *fault);
  void *context;
  struct changeset_conflict *conflict; /* filled when the status is MULLIGAN_CONSTRAINT */
};

/**
 * Applies exactly this changeset or nothing, in one write transaction of its own: the schema hash must be that of the
 * terms (MULLIGAN_DENIED otherwise), triggers and foreign-key actions do not fire, any conflict stops it
 * (MULLIGAN_CONSTRAINT names table, key and what is there now), foreign keys are checked before the commit. `*rows`
 * counts the rows changed.
 */
enum mulligan_status changeset_apply(const struct changeset *changeset, struct store *store,
                                     const struct changeset_terms *terms, int64_t *rows, struct fault *fault);

#endif
