/**
 * changeset.c - recording what a piece of work changes.
 *
 * Called by the plan and by tests, on the thread that has the store. While a recorder lives it holds the connection's
 * authorizer, through which it refuses what a session would pass over in silence. Invariant: after the recorder's end
 * the connection has neither session nor authorizer.
 */
#include "data/changeset.h"
#include "data/store_internal.h"
#include "data/table_shape.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SQL_CAP = 1 << 20 };

/* A table that is watched: `reason` says why writes to it are refused, NULL where they are recorded. */
struct watched_table {
  struct table_shape shape;
  const char *reason;
};

struct changeset_recorder {
  struct store *store;
  struct sqlite3 *db;
  struct sqlite3_session *session;
  struct watched_table *tables; /* those with something odd about them; the rest need no watching */
  size_t count;
  char refusal[256];
};

/* ---- what cannot be recorded ---- */

static int refuse(struct changeset_recorder *recorder, const char *what, const char *reason) {
  snprintf(recorder->refusal, sizeof recorder->refusal, "%s%s%s", what ? what : "", what ? ": " : "", reason);
  recorder->store->refusal = recorder->refusal;
  return SQLITE_DENY;
}

static const char schema_reason[] = "a change to the schema cannot be recorded";

static int check_write(struct changeset_recorder *recorder, const char *table) {
  if (strcasecmp(table, "sqlite_master") == 0) /* how CREATE and its like first show */
    return refuse(recorder, NULL, schema_reason);
  if (strncasecmp(table, "sqlite_", 7) == 0)
    return refuse(recorder, table, "this table belongs to SQLite, so a change to it cannot be recorded");
  for (size_t i = 0; i < recorder->count; i++)
    if (recorder->tables[i].reason && strcasecmp(recorder->tables[i].shape.name, table) == 0)
      return refuse(recorder, table, recorder->tables[i].reason);
  return SQLITE_OK;
}

/* Asked while a statement is prepared, trigger programs included. */
static int guard(void *context, int action, const char *first, const char *second, const char *schema,
                 const char *trigger) {
  (void)trigger;
  struct changeset_recorder *recorder = context;
  bool is_main = schema && strcmp(schema, "main") == 0;
  switch (action) {
  case SQLITE_INSERT:
  case SQLITE_DELETE:
  case SQLITE_UPDATE:
    return is_main ? check_write(recorder, first) : SQLITE_OK;
  case SQLITE_ALTER_TABLE: /* here the table is the second */
    return refuse(recorder, second, schema_reason);
  case SQLITE_CREATE_INDEX:
  case SQLITE_CREATE_TABLE:
  case SQLITE_CREATE_TRIGGER:
  case SQLITE_CREATE_VIEW:
  case SQLITE_CREATE_VTABLE:
  case SQLITE_DROP_INDEX:
  case SQLITE_DROP_TABLE:
  case SQLITE_DROP_TRIGGER:
  case SQLITE_DROP_VIEW:
  case SQLITE_DROP_VTABLE:
  case SQLITE_REINDEX:
  case SQLITE_ANALYZE:
    return refuse(recorder, first, schema_reason);
  default:
    return SQLITE_OK;
  }
}

/* Are there rows whose key is NULL in part? A session leaves them out without a word. */
static enum mulligan_status has_null_key(struct sqlite3 *db, const struct table_shape *shape, bool *found,
                                         struct fault *fault) {
  struct buf sql;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "SELECT 1 FROM \"main\".");
  table_shape_add_name(&sql, shape->name);
  const char *separator = " WHERE ";
  for (int i = 0; i < shape->column_count; i++) {
    if (!shape->columns[i].key)
      continue;
    buf_add_text(&sql, separator);
    table_shape_add_name(&sql, shape->columns[i].name);
    buf_add_text(&sql, " IS NULL");
    separator = " OR ";
  }
  buf_add_text(&sql, " LIMIT 1");
  struct sqlite3_stmt *statement;
  enum mulligan_status status = table_shape_prepare(db, &sql, &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  int rc = sqlite3_step(statement);
  *found = rc == SQLITE_ROW;
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    status = fault_set(fault, MULLIGAN_ERROR, "cannot read the keys of %s: %s", shape->name, sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  return status;
}

/* Looks at one table and keeps it if it is an odd one. */
static enum mulligan_status watch_table(struct changeset_recorder *recorder, const char *name, struct fault *fault) {
  struct watched_table table = {0};
  enum mulligan_status status = table_shape_read(&table.shape, recorder->db, name, fault);
  if (status != MULLIGAN_OK)
    return status;
  bool null_key = false;
  if (!table.shape.has_key)
    table.reason = "this table has no primary key, so a change to it cannot be recorded";
  else if (table.shape.generated)
    table.reason = "this table has generated columns, so a change to it cannot be recorded";
  else if (table.shape.loose_key)
    status = has_null_key(recorder->db, &table.shape, &null_key, fault);
  if (null_key)
    table.reason = "this table has rows whose primary key is NULL, so a change to it cannot be recorded";
  if (status != MULLIGAN_OK || (!table.reason && !table.shape.loose_key)) {
    table_shape_release(&table.shape);
    return status;
  }
  struct watched_table *tables = realloc(recorder->tables, (recorder->count + 1) * sizeof *tables);
  if (!tables) {
    table_shape_release(&table.shape);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  recorder->tables = tables;
  tables[recorder->count++] = table;
  return MULLIGAN_OK;
}

/* Virtual tables are passed over: what they keep is in their shadow tables, and those are recorded. */
static enum mulligan_status watch_tables(struct changeset_recorder *recorder, struct fault *fault) {
  struct buf sql;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') "
                     "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
  struct sqlite3_stmt *statement;
  enum mulligan_status status = table_shape_prepare(recorder->db, &sql, &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  int rc = SQLITE_DONE;
  while (status == MULLIGAN_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW)
    status = watch_table(recorder, (const char *)sqlite3_column_text(statement, 0), fault);
  if (status == MULLIGAN_OK && rc != SQLITE_DONE)
    status = fault_set(fault, MULLIGAN_ERROR, "cannot list the tables: %s", sqlite3_errmsg(recorder->db));
  sqlite3_finalize(statement);
  return status;
}

/* ---- the recorder ---- */

enum mulligan_status changeset_begin(struct changeset_recorder **out, struct store *store, struct fault *fault) {
  *out = NULL;
  struct changeset_recorder *recorder = calloc(1, sizeof *recorder);
  if (!recorder)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  recorder->store = store;
  recorder->db = store_handle(store);
  enum mulligan_status status = watch_tables(recorder, fault);
  if (status == MULLIGAN_OK) {
    int rc = sqlite3session_create(recorder->db, "main", &recorder->session);
    if (rc == SQLITE_OK)
      rc = sqlite3session_attach(recorder->session, NULL);
    if (rc == SQLITE_OK)
      store_guard_second(store, guard, recorder);
    else
      status = fault_set(fault, MULLIGAN_ERROR, "cannot record changes: %s", sqlite3_errstr(rc));
  }
  if (status != MULLIGAN_OK) {
    changeset_abandon(recorder);
    return status;
  }
  *out = recorder;
  return MULLIGAN_OK;
}

/* A key may have become NULL since the beginning; its row would be missing from the changeset. */
static enum mulligan_status check_keys(const struct changeset_recorder *recorder, struct fault *fault) {
  for (size_t i = 0; i < recorder->count; i++) {
    if (recorder->tables[i].reason)
      continue;
    bool found = false;
    enum mulligan_status status = has_null_key(recorder->db, &recorder->tables[i].shape, &found, fault);
    if (status != MULLIGAN_OK)
      return status;
    if (found)
      return fault_set(fault, MULLIGAN_DENIED,
                       "%s: a row was given a primary key that is NULL, which cannot be recorded",
                       recorder->tables[i].shape.name);
  }
  return MULLIGAN_OK;
}

enum mulligan_status changeset_look(struct changeset_recorder *recorder, struct changeset *out, struct fault *fault) {
  *out = (struct changeset){0};
  enum mulligan_status status = check_keys(recorder, fault);
  int length = 0;
  if (status == MULLIGAN_OK) {
    /* The session reads inside a savepoint of its own, which the store's guard lets nobody else make. */
    enum store_trust trust = recorder->store->trust;
    recorder->store->trust = STORE_TRUST_SELF;
    int rc = sqlite3session_changeset(recorder->session, &length, &out->bytes);
    recorder->store->trust = trust;
    if (rc != SQLITE_OK)
      status = fault_set(fault, rc == SQLITE_NOMEM ? MULLIGAN_NOMEM : MULLIGAN_ERROR,
                         "cannot take down the changes: %s", sqlite3_errstr(rc));
  }
  if (status == MULLIGAN_OK)
    out->length = (size_t)length;
  else
    changeset_release(out);
  return status;
}

enum mulligan_status changeset_end(struct changeset_recorder *recorder, struct changeset *out, struct fault *fault) {
  enum mulligan_status status = changeset_look(recorder, out, fault);
  changeset_abandon(recorder);
  return status;
}

void changeset_abandon(struct changeset_recorder *recorder) {
  if (!recorder)
    return;
  store_guard_second(recorder->store, NULL, NULL);
  if (recorder->store->refusal == recorder->refusal)
    recorder->store->refusal = NULL;
  if (recorder->session)
    sqlite3session_delete(recorder->session);
  for (size_t i = 0; i < recorder->count; i++)
    table_shape_release(&recorder->tables[i].shape);
  free(recorder->tables);
  free(recorder);
}

void changeset_release(struct changeset *changeset) {
  sqlite3_free(changeset->bytes);
  *changeset = (struct changeset){0};
}

enum mulligan_status changeset_load(struct changeset *out, const void *bytes, size_t length, struct fault *fault) {
  *out = (struct changeset){.bytes = sqlite3_malloc64(length + 1), .length = length};
  if (!out->bytes) {
    *out = (struct changeset){0};
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  if (length > 0)
    memcpy(out->bytes, bytes, length);
  return MULLIGAN_OK;
}

/* ---- the schema ---- */

enum mulligan_status changeset_schema_hash(struct store *store, char out[65], struct fault *fault) {
  struct sqlite3 *db = store_handle(store);
  struct buf sql;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "SELECT type, name, tbl_name, sql FROM \"main\".sqlite_schema "
                     "WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                     "AND tbl_name NOT IN ('mulligan_run', 'mulligan_audit') ORDER BY type, name");
  struct sqlite3_stmt *statement;
  enum mulligan_status status = table_shape_prepare(db, &sql, &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  int rc;
  while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
    for (int i = 0; i < 4; i++) {
      const unsigned char *text = sqlite3_column_text(statement, i);
      /* The NUL at the end is hashed too, so that no two rows run into each other. */
      if (text)
        crypto_hash_sha256_update(&state, text, (unsigned long long)sqlite3_column_bytes(statement, i) + 1);
    }
  }
  if (rc != SQLITE_DONE)
    status = fault_set(fault, MULLIGAN_ERROR, "cannot read the schema: %s", sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_final(&state, digest);
  if (status == MULLIGAN_OK)
    sodium_bin2hex(out, 65, digest, sizeof digest);
  return status;
}
