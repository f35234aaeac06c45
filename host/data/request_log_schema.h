/**
 * request_log_schema.h - the steps that make the tables of requests.db.
 */
#ifndef MULLIGAN_DATA_REQUEST_LOG_SCHEMA_H
#define MULLIGAN_DATA_REQUEST_LOG_SCHEMA_H

#include "data/migrate.h"

/** The steps in order, `*count` of them; static. */
const struct migrate_step *request_log_schema(size_t *count);

#endif
