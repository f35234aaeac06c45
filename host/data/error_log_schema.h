/**
 * error_log_schema.h - the tables of errors.db, each field with who needs it and for what.
 */
#ifndef MULLIGAN_DATA_ERROR_LOG_SCHEMA_H
#define MULLIGAN_DATA_ERROR_LOG_SCHEMA_H

#include "data/migrate.h"

#include <stddef.h>

/** The steps that make errors.db, in order, `*count` of them; static. */
const struct migrate_step *error_log_schema(size_t *count);

#endif
