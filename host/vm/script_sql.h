/**
 * script_sql.h - SQL in scripts that does not prepare against the migrated schema.
 */
#ifndef MULLIGAN_VM_SCRIPT_SQL_H
#define MULLIGAN_VM_SCRIPT_SQL_H

#include "data/store.h"
#include "vm/generation.h"

#include <jansson.h>

/**
 * Opens a database in memory and brings it to the newest migration of the folder `scripts`. Migrations that are wrong
 * are findings, and `*out` is then NULL; the caller ends it with store_close().
 */
void script_sql_open(struct store **out, const char *scripts, json_t *findings);

/**
 * Prepares every text that is known to be given to db.query, db.one or db.exec, and every `choices_sql`; none is run.
 * What is refused is a finding in SQLite's words.
 */
void script_sql_check(const struct generation_script *script, struct store *store, json_t *findings);

#endif
