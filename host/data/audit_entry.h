/**
 * audit_entry.h - one entry of audit.db: its columns, its hash, and the file that it lives in.
 *
 * For the files that make up the audit. An entry lends its values: they belong to whoever filled it, or to the
 * statement that it was read from.
 */
#ifndef MULLIGAN_DATA_AUDIT_ENTRY_H
#define MULLIGAN_DATA_AUDIT_ENTRY_H

#include "base/buf.h"
#include "base/fault.h"
#include "data/migrate.h"
#include "data/store.h"

#include <jansson.h>

/** In the order of the table, which is that of the hash. */
enum audit_column {
  AUDIT_SEQ,
  AUDIT_RUN,
  AUDIT_EVENT,
  AUDIT_AT,
  AUDIT_KIND,
  AUDIT_NAME,
  AUDIT_USER,
  AUDIT_AS,
  AUDIT_REASON,
  AUDIT_COMMAND_LINE,
  AUDIT_SCRIPT,
  AUDIT_SCRIPT_HASH,
  AUDIT_PARAMETERS,
  AUDIT_UNDOES,
  AUDIT_PLAN,
  AUDIT_SCHEMA_HASH,
  AUDIT_CHANGESET,
  AUDIT_INVERSE,
  AUDIT_CHANGES,
  AUDIT_ROWS,
  AUDIT_OUTCOME,
  AUDIT_MESSAGE,
  AUDIT_OUTPUT,
  AUDIT_PREVIOUS,
  AUDIT_HASH,
  AUDIT_COLUMNS
};

enum { AUDIT_HASH_SIZE = 65 };

struct audit_value {
  enum store_type type;
  int64_t integer;
  const char *bytes; /* of a text or blob */
  size_t length;
};

struct audit_entry {
  struct audit_value values[AUDIT_COLUMNS];
};

/** The steps that make the table. */
const struct migrate_step *audit_schema(size_t *count);

void audit_entry_integer(struct audit_entry *entry, enum audit_column column, int64_t value);
/** NULL is none. */
void audit_entry_text(struct audit_entry *entry, enum audit_column column, const char *text);
void audit_entry_blob(struct audit_entry *entry, enum audit_column column, const void *bytes, size_t length);

/** The hash over every value but the hash itself; a column without a value does not count, so that a later version may
 * add one. */
void audit_entry_hash(const struct audit_entry *entry, char out[AUDIT_HASH_SIZE]);

/** Appends "seq, run, …", every column. */
void audit_entry_add_columns(struct buf *sql);
/** Reads a row that was selected by those columns. */
void audit_entry_read(struct audit_entry *out, const struct store_statement *statement);
/** Inserts it. */
enum mulligan_status audit_entry_insert(const struct audit_entry *entry, struct store *store, struct fault *fault);

/** Lets a store have entries as large as SQLite takes them, beyond what a store lets pass otherwise: a plan may change
 * many megabytes. */
void audit_entry_lift_limit(struct store *store);
/** Opens audit.db for reading, without that limit; MULLIGAN_MISSING if there is none. */
enum mulligan_status audit_open_reader(struct store **out, const char *folder, struct fault *fault);

#endif
