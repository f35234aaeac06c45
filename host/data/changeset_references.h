/**
 * changeset_references.h - do the rows that changes touched still refer to rows that are there?
 */
#ifndef MULLIGAN_DATA_CHANGESET_REFERENCES_H
#define MULLIGAN_DATA_CHANGESET_REFERENCES_H

#include "data/changeset.h"
#include "data/table_shape.h"

struct sqlite3;

/** What was done to one table. */
struct touched_table {
  const struct table_shape *shape;
  bool inserted, deleted; /* rows were put in, or taken out */
  const bool *changed;    /* by column: an update changed it */
};

/**
 * Checks the foreign keys that could have been broken: those of tables that got rows or other values in a column that
 * refers, and those that refer to tables which lost rows or values. MULLIGAN_CONSTRAINT, with `conflict` (may be NULL)
 * filled, names the first row that refers to nothing. On the thread that has the connection.
 */
enum mulligan_status changeset_references_check(struct sqlite3 *db, const struct touched_table *tables, size_t count,
                                                struct changeset_conflict *conflict, struct fault *fault);

#endif
