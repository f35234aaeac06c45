/**
 * store_guard.c - which SQL may run on a store.
 *
 * SQLite asks while it prepares a statement, and again when it prepares it anew after a change of the schema, on the
 * thread that has the store. What is refused to scripts: transactions (db.transaction() keeps the write lock), other
 * databases, settings, temporary tables and triggers (a connection outlives a request, and so would they), the host's
 * record of runs, and loading code. Changes to the schema are writes like any other. Invariant: store->refusal is set
 * only between a refusal and the store_fail() that reports it.
 */
#include "data/run_table.h"
#include "data/store_internal.h"

#include <sqlite3.h>
#include <string.h>
#include <strings.h>

static int refuse(struct store *store, const char *sentence) {
  store->refusal = sentence;
  return SQLITE_DENY;
}

static bool is_among(const char *name, const char *const *names) {
  for (; *names; names++)
    if (strcasecmp(name, *names) == 0)
      return true;
  return false;
}

/* These only read, whatever stands behind them. */
static const char *const listing_pragmas[] = {"collation_list",
                                              "compile_options",
                                              "database_list",
                                              "foreign_key_check",
                                              "foreign_key_list",
                                              "function_list",
                                              "index_info",
                                              "index_list",
                                              "index_xinfo",
                                              "integrity_check",
                                              "module_list",
                                              "pragma_list",
                                              "quick_check",
                                              "table_info",
                                              "table_list",
                                              "table_xinfo",
                                              NULL};

/* And these only as long as nothing does. */
static const char *const reading_pragmas[] = {
    "application_id", "data_version",   "encoding",   "foreign_keys", "freelist_count",
    "journal_mode",   "max_page_count", "page_count", "page_size",    "schema_version",
    "synchronous",    "user_version",   NULL};

static int check_pragma(struct store *store, const char *name, const char *value) {
  if (store->trust == STORE_TRUST_HOST || is_among(name, listing_pragmas) ||
      (!value && is_among(name, reading_pragmas)))
    return SQLITE_OK;
  return refuse(store, "this PRAGMA is the host's business; those that list or show are free");
}

/* The table that an action writes to or rebuilds, NULL for any other action. */
static const char *written_table(int action, const char *first, const char *second) {
  switch (action) {
  case SQLITE_INSERT:
  case SQLITE_UPDATE:
  case SQLITE_DELETE:
  case SQLITE_CREATE_TABLE:
  case SQLITE_DROP_TABLE:
    return first;
  case SQLITE_ALTER_TABLE:
  case SQLITE_CREATE_INDEX:
  case SQLITE_CREATE_TRIGGER:
    return second;
  default:
    return NULL;
  }
}

static int own_opinion(struct store *store, int action, const char *first, const char *second) {
  if (store->trust == STORE_TRUST_SCRIPT && run_table_owns(written_table(action, first, second)))
    return refuse(store, "mulligan_run and mulligan_audit are the host's own record of operators' runs");
  switch (action) {
  case SQLITE_TRANSACTION:
  case SQLITE_SAVEPOINT:
    return refuse(store,
                  "BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE are not for SQL texts: db.transaction(function() "
                  "… end) commits when the function returns and rolls back when it raises, and nests");
  case SQLITE_ATTACH:
  case SQLITE_DETACH:
    return refuse(store, "no other database may be attached, nor written to");
  case SQLITE_PRAGMA:
    return check_pragma(store, first, second);
  case SQLITE_CREATE_TEMP_TABLE:
  case SQLITE_CREATE_TEMP_INDEX:
  case SQLITE_CREATE_TEMP_TRIGGER:
  case SQLITE_CREATE_TEMP_VIEW:
    return refuse(store, "temporary tables, views and triggers would outlive the request; use WITH, or a table");
  case SQLITE_FUNCTION:
    if (strcasecmp(second, "load_extension") == 0 || strcasecmp(second, "fts3_tokenizer") == 0)
      return refuse(store, "this function loads code into the program");
    return SQLITE_OK;
  default:
    return SQLITE_OK;
  }
}

static int authorize(void *context, int action, const char *first, const char *second, const char *schema,
                     const char *trigger) {
  struct store *store = context;
  if (store->trust == STORE_TRUST_SELF)
    return SQLITE_OK;
  int opinion = own_opinion(store, action, first, second);
  if (opinion == SQLITE_OK && store->second_guard)
    return store->second_guard(store->second_guard_context, action, first, second, schema, trigger);
  return opinion;
}

void store_guard_install(struct store *store) {
  sqlite3_set_authorizer(store->db, authorize, store);
}

void store_guard_second(struct store *store, store_guard *guard, void *context) {
  store->second_guard = guard;
  store->second_guard_context = context;
  store_guard_install(store); /* setting it again is what has SQLite ask again */
}
