/**
 * audit_entry.c - the columns of audit.db, and the hash that chains its entries.
 *
 * Called by the audit's other files, on the thread that has the store. The comments inside the SQL are kept by SQLite,
 * so that `.schema` in a shell shows them too. A step that was released is never edited; a change is a new step.
 */
#include "data/audit_entry.h"

#include "base/file.h"
#include "data/store_internal.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { SQL_CAP = 4096, ENTRY_BYTES = 1000 * 1000 * 1000 /* SQLite takes no more */ };

static const char first_step[] =
    "CREATE TABLE audit_event (\n"
    "  -- 1, 2, 3, … without a gap\n"
    "  seq INTEGER PRIMARY KEY,\n"
    "  -- the run that it belongs to: RUN-7K3F-9QXA\n"
    "  run TEXT NOT NULL,\n"
    "  -- begin: before anything ran; plan: what it would change; end: what came of it\n"
    "  event TEXT NOT NULL CHECK (event IN ('begin', 'plan', 'end')),\n"
    "  -- microseconds since 1970 UTC\n"
    "  at INTEGER NOT NULL,\n"
    "  -- begin: script, repl, notebook, undo or plan\n"
    "  kind TEXT,\n"
    "  -- begin: of the script or notebook; of an undo the run that it takes back\n"
    "  name TEXT,\n"
    "  -- begin: the Unix account\n"
    "  user TEXT,\n"
    "  -- begin: who says to be at work, where that is another name\n"
    "  as_name TEXT,\n"
    "  -- begin: why, in the operator's words\n"
    "  reason TEXT,\n"
    "  -- begin: what was typed, secrets masked\n"
    "  command_line TEXT,\n"
    "  -- begin: the script's file, and the SHA-256 of its text\n"
    "  script TEXT,\n"
    "  script_hash TEXT,\n"
    "  -- begin: JSON object, secrets masked\n"
    "  parameters TEXT,\n"
    "  -- begin: the run that it takes back\n"
    "  undoes TEXT,\n"
    "  -- plan: the plan's SHA-256\n"
    "  plan TEXT,\n"
    "  -- plan: the hash of the schema that it was made for\n"
    "  schema_hash TEXT,\n"
    "  -- plan: the exact rows before and after, as SQLite's session extension writes them, and what takes them back\n"
    "  changeset BLOB,\n"
    "  inverse BLOB,\n"
    "  -- plan: the same for people: JSON list of table, operation, key, before, after, changed; secrets masked\n"
    "  changes TEXT,\n"
    "  -- plan, end: rows\n"
    "  rows INTEGER,\n"
    "  -- end: planned, applied, aborted, not_confirmed, refused, failed or not_applied\n"
    "  outcome TEXT,\n"
    "  -- end: why it ended so\n"
    "  message TEXT,\n"
    "  -- end: JSON list of source and output, one for each cell\n"
    "  output TEXT,\n"
    "  -- the hash of the entry before\n"
    "  previous TEXT NOT NULL,\n"
    "  -- SHA-256 over every other value of this entry\n"
    "  hash TEXT NOT NULL\n"
    ");\n"
    "CREATE INDEX audit_event_run ON audit_event (run, event);\n"
    "CREATE INDEX audit_event_undoes ON audit_event (undoes) WHERE undoes IS NOT NULL;\n"
    "CREATE INDEX audit_event_plan ON audit_event (plan) WHERE plan IS NOT NULL;\n";

static const char *const names[AUDIT_COLUMNS] = {
    "seq",          "run",    "event",       "at",         "kind",   "name",     "user",        "as_name",   "reason",
    "command_line", "script", "script_hash", "parameters", "undoes", "plan",     "schema_hash", "changeset", "inverse",
    "changes",      "rows",   "outcome",     "message",    "output", "previous", "hash"};

const struct migrate_step *audit_schema(size_t *count) {
  static const struct migrate_step steps[] = {{1, "0001_audit.sql", first_step}};
  *count = sizeof steps / sizeof *steps;
  return steps;
}

/* ---- values ---- */

void audit_entry_integer(struct audit_entry *entry, enum audit_column column, int64_t value) {
  entry->values[column] = (struct audit_value){.type = STORE_INTEGER, .integer = value};
}

void audit_entry_text(struct audit_entry *entry, enum audit_column column, const char *text) {
  if (text)
    entry->values[column] = (struct audit_value){.type = STORE_TEXT, .bytes = text, .length = strlen(text)};
}

void audit_entry_blob(struct audit_entry *entry, enum audit_column column, const void *bytes, size_t length) {
  entry->values[column] = (struct audit_value){.type = STORE_BLOB, .bytes = bytes, .length = length};
}

/* ---- the hash ---- */

static void hash_number(crypto_hash_sha256_state *state, uint64_t number) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; i++)
    bytes[i] = (unsigned char)(number >> (8 * i));
  crypto_hash_sha256_update(state, bytes, sizeof bytes);
}

/* Name, type, and length before the bytes: no two entries can be written the same way. */
void audit_entry_hash(const struct audit_entry *entry, char out[AUDIT_HASH_SIZE]) {
  crypto_hash_sha256_state state;
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_init(&state);
  for (int i = 0; i < AUDIT_HASH; i++) {
    const struct audit_value *value = &entry->values[i];
    unsigned char type = (unsigned char)value->type;
    if (value->type == STORE_NULL)
      continue;
    crypto_hash_sha256_update(&state, (const unsigned char *)names[i], strlen(names[i]) + 1);
    crypto_hash_sha256_update(&state, &type, 1);
    if (value->type == STORE_INTEGER) {
      hash_number(&state, (uint64_t)value->integer);
    } else {
      hash_number(&state, value->length);
      crypto_hash_sha256_update(&state, (const unsigned char *)value->bytes, value->length);
    }
  }
  crypto_hash_sha256_final(&state, digest);
  sodium_bin2hex(out, AUDIT_HASH_SIZE, digest, sizeof digest);
}

/* ---- rows ---- */

void audit_entry_add_columns(struct buf *sql) {
  for (int i = 0; i < AUDIT_COLUMNS; i++)
    buf_addf(sql, "%s%s", i ? ", " : "", names[i]);
}

/* A number with a fraction stands nowhere in an entry: whoever put one there is found out by the type. */
void audit_entry_read(struct audit_entry *out, const struct store_statement *statement) {
  for (int i = 0; i < AUDIT_COLUMNS; i++) {
    struct audit_value *value = &out->values[i];
    *value = (struct audit_value){.type = store_column_type(statement, i), .bytes = ""};
    if (value->type == STORE_INTEGER)
      value->integer = store_column_integer(statement, i);
    else if (value->type == STORE_TEXT || value->type == STORE_BLOB)
      value->bytes = store_column_bytes(statement, i, &value->length);
  }
}

static enum mulligan_status bind(struct store_statement *statement, int index, const struct audit_value *value,
                                 struct fault *fault) {
  switch (value->type) {
  case STORE_INTEGER:
    return store_bind_integer(statement, index, value->integer, fault);
  case STORE_TEXT:
    return store_lend_text(statement, index, value->bytes, value->length, fault);
  case STORE_BLOB:
    return store_lend_blob(statement, index, value->bytes, value->length, fault);
  default:
    return store_bind_null(statement, index, fault);
  }
}

enum mulligan_status audit_entry_insert(const struct audit_entry *entry, struct store *store, struct fault *fault) {
  struct store_statement *statement = NULL;
  struct buf sql;
  bool row;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "INSERT INTO audit_event (");
  audit_entry_add_columns(&sql);
  buf_add_text(&sql, ") VALUES (");
  for (int i = 0; i < AUDIT_COLUMNS; i++)
    buf_add_text(&sql, i ? ", ?" : "?");
  buf_add_text(&sql, ")");
  enum mulligan_status status = sql.failed ? fault_set(fault, MULLIGAN_NOMEM, "out of memory")
                                           : store_prepare(store, sql.data, sql.length, &statement, fault);
  for (int i = 0; i < AUDIT_COLUMNS && status == MULLIGAN_OK; i++)
    status = bind(statement, i + 1, &entry->values[i], fault);
  if (status == MULLIGAN_OK)
    status = store_step(statement, &row, fault);
  store_finish(statement);
  buf_release(&sql);
  return status;
}

void audit_entry_lift_limit(struct store *store) {
  sqlite3_limit(store_handle(store), SQLITE_LIMIT_LENGTH, ENTRY_BYTES);
}

enum mulligan_status audit_open_reader(struct store **out, const char *folder, struct fault *fault) {
  *out = NULL;
  char *path = file_join(folder, "audit.db");
  if (!path)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  enum mulligan_status status = store_open(out, path, STORE_READ_ONLY, NULL, fault);
  free(path);
  if (status == MULLIGAN_OK)
    audit_entry_lift_limit(*out);
  return status;
}
