/**
 * table_shape.h - a table's columns and key, as recording and applying changes need them.
 *
 * Embedded by value: table_shape_read() fills it, table_shape_release() ends it. Thread: the one that has the store.
 */
#ifndef MULLIGAN_DATA_TABLE_SHAPE_H
#define MULLIGAN_DATA_TABLE_SHAPE_H

#include "base/buf.h"
#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_value;

struct table_column {
  char *name;
  int key;      /* its place in the primary key, from 1; 0 if it is not of it */
  bool boolean; /* declared BOOLEAN */
};

struct table_shape {
  char *name;
  struct table_column *columns; /* as the changeset counts them: generated ones are not among them */
  int column_count;
  bool has_key;
  bool loose_key; /* the key may hold NULL: SQLite allows it outside INTEGER PRIMARY KEY and WITHOUT ROWID */
  bool generated; /* has generated columns, which SQLite 3.40's sessions cannot record */
};

/** Reads the shape of `name` in the main database; MULLIGAN_MISSING if there is no such table. */
enum mulligan_status table_shape_read(struct table_shape *out, struct sqlite3 *db, const char *name,
                                      struct fault *fault);
void table_shape_release(struct table_shape *shape);

/** Appends a name as SQL quotes it. */
void table_shape_add_name(struct buf *sql, const char *name);
/** Appends `"a" = ?1 AND "b" = ?2`: the key's columns against parameters numbered by their column, from 1. */
void table_shape_add_key(struct buf *sql, const struct table_shape *shape);

/** Prepares `sql` (and releases it); the fault carries SQLite's words. */
enum mulligan_status table_shape_prepare(struct sqlite3 *db, struct buf *sql, struct sqlite3_stmt **out,
                                         struct fault *fault);

/** A value of this column as people are shown it: a blob as its length, a text repaired to UTF-8. NULL only when out of
 * memory. */
json_t *table_shape_json(const struct table_column *column, struct sqlite3_value *value);

#endif
