/**
 * store_rows.h - rows of a database as JSON, for those who look something up in it.
 *
 * For people and their tools: any process that has the data folder, beside a running host or without one.
 */
#ifndef MULLIGAN_DATA_STORE_ROWS_H
#define MULLIGAN_DATA_STORE_ROWS_H

#include "base/fault.h"
#include "data/store.h"

#include <jansson.h>
#include <stdbool.h>

/** Opens `folder`/`name` for reading; where none was made yet `*out` is NULL and all is well. */
enum mulligan_status store_rows_open(struct store **out, const char *folder, const char *name, struct fault *fault);
/**
 * Runs a statement whose parameters are bound and appends an object for each row, its keys the columns' names: NULL as
 * null, BOOLEAN columns as true and false, and a text of a column that `is_json` (NULL: none) says holds JSON as what
 * it holds. `name` is the database's, for the fault.
 */
enum mulligan_status store_rows_collect(struct store_statement *statement, const char *name,
                                        bool (*is_json)(const char *column), json_t *rows, struct fault *fault);

#endif
