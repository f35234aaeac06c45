/**
 * error_rows.h - rows of errors.db as JSON, for those who look something up in it.
 */
#ifndef MULLIGAN_DATA_ERROR_ROWS_H
#define MULLIGAN_DATA_ERROR_ROWS_H

#include "base/fault.h"
#include "data/store.h"

#include <jansson.h>

/** Opens `folder`/errors.db for reading; where none was made yet `*out` is NULL and all is well. */
enum mulligan_status error_rows_open(struct store **out, const char *folder, struct fault *fault);
/** Runs a statement whose parameters are bound and appends an object for each row, its keys the columns' names. */
enum mulligan_status error_rows_collect(struct store_statement *statement, json_t *rows, struct fault *fault);

#endif
