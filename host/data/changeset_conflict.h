/**
 * changeset_conflict.h - what stands in the way of a changeset, for the files that apply one.
 *
 * Each function fills `out` (may be NULL) and the fault, whose status is MULLIGAN_CONSTRAINT, and returns that.
 * `values` holds one value a column of the row that the change is about; only those of the key need be there.
 */
#ifndef MULLIGAN_DATA_CHANGESET_CONFLICT_H
#define MULLIGAN_DATA_CHANGESET_CONFLICT_H

#include "data/changeset.h"
#include "data/table_shape.h"

struct sqlite3_stmt;
struct sqlite3_value;

/** The column holds another value now. */
enum mulligan_status changeset_conflict_changed(struct changeset_conflict *out, const struct table_shape *shape,
                                                struct sqlite3_value *const *values, int column,
                                                struct sqlite3_value *now, struct sqlite3_value *was,
                                                struct fault *fault);
/** The row is gone. */
enum mulligan_status changeset_conflict_removed(struct changeset_conflict *out, const struct table_shape *shape,
                                                struct sqlite3_value *const *values, struct fault *fault);
/** A row of this key is there already; `row` stands on it. */
enum mulligan_status changeset_conflict_added(struct changeset_conflict *out, const struct table_shape *shape,
                                              struct sqlite3_value *const *values, struct sqlite3_stmt *row,
                                              struct fault *fault);
/** Another row has a value that must be unique; `words` are SQLite's. */
enum mulligan_status changeset_conflict_unique(struct changeset_conflict *out, const struct table_shape *shape,
                                               struct sqlite3_value *const *values, const char *words,
                                               struct fault *fault);
/** A row would refer to one of `parent` that is not there; `number` is its rowid, NULL if it has none. */
enum mulligan_status changeset_conflict_orphan(struct changeset_conflict *out, const char *table, const char *number,
                                               const char *parent, struct fault *fault);

#endif
