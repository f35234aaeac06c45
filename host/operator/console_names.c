/**
 * console_names.c - the names of the database, and which of some names somebody meant.
 *
 * Called on the console's thread, between inputs or when one has failed. The tables are read again only when the schema
 * has changed or the store is another one.
 */
#include "operator/console_internal.h"

#include "base/spelling.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char *const console_sql_words[] = {
    "ALL",    "AND",  "AS",       "ASC",    "BETWEEN",   "BY",     "CASE",   "COUNT", "CROSS",     "DEFAULT",
    "DELETE", "DESC", "DISTINCT", "ELSE",   "END",       "EXCEPT", "EXISTS", "FROM",  "GLOB",      "GROUP",
    "HAVING", "IN",   "INNER",    "INSERT", "INTERSECT", "INTO",   "IS",     "JOIN",  "LEFT",      "LIKE",
    "LIMIT",  "NOT",  "NULL",     "OFFSET", "ON",        "OR",     "ORDER",  "OUTER", "RETURNING", "SELECT",
    "SET",    "THEN", "UNION",    "UPDATE", "USING",     "VALUES", "WHEN",   "WHERE", "WITH",      NULL};

bool console_is_sql(const char *text, size_t length) {
  static const char *const first[] = {"select", "insert", "update", "delete", "with", "explain", "pragma", NULL};
  while (length > 0 && isspace((unsigned char)*text))
    text++, length--;
  for (size_t i = 0; first[i]; i++) {
    size_t size = strlen(first[i]);
    if (length >= size && strncasecmp(text, first[i], size) == 0 &&
        (length == size || isspace((unsigned char)text[size])))
      return true;
  }
  return false;
}

/* ---- tables ---- */

static enum mulligan_status read_version(struct store *store, int64_t *out, struct fault *fault) {
  static const char sql[] = "PRAGMA schema_version";
  struct store_statement *statement;
  bool row = false;
  enum mulligan_status status = store_prepare(store, sql, strlen(sql), &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = store_step(statement, &row, fault);
  *out = row ? store_column_integer(statement, 0) : -1;
  store_finish(statement);
  return status;
}

static json_t *read_tables(struct store *store, struct fault *fault) {
  static const char sql[] = "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c "
                            "WHERE m.type IN ('table', 'view') AND m.name NOT GLOB 'sqlite_*' AND c.hidden <> 1 "
                            "ORDER BY m.name, c.cid";
  struct store_statement *statement;
  if (store_prepare(store, sql, strlen(sql), &statement, fault) != MULLIGAN_OK)
    return NULL;
  json_t *tables = json_object();
  bool row = true;
  while (store_step(statement, &row, fault) == MULLIGAN_OK && row) {
    size_t table_length, column_length;
    const char *table = store_column_bytes(statement, 0, &table_length);
    json_t *columns = json_object_get(tables, table);
    if (!columns)
      json_object_set_new(tables, table, columns = json_array());
    const char *column = store_column_bytes(statement, 1, &column_length);
    json_array_append_new(columns, json_stringn(column, column_length));
  }
  store_finish(statement);
  return tables;
}

const json_t *console_tables(struct console *console) {
  struct store *store = console_store(console);
  struct fault fault;
  int64_t version;
  if (read_version(store, &version, &fault) != MULLIGAN_OK)
    return NULL;
  if (!console->tables || console->tables_of != store || console->tables_version != version) {
    json_decref(console->tables);
    console->tables = read_tables(store, &fault);
    console->tables_of = store;
    console->tables_version = version;
  }
  return console->tables;
}

/* ---- the nearest ---- */

static void compare(const char *candidate, const char *name, size_t length, const char **best, size_t *distance) {
  size_t found = spelling_distance(candidate, strlen(candidate), name, length);
  if (found > 0 && found < *distance && spelling_is_near(length, found)) {
    *best = candidate;
    *distance = found;
  }
}

const char *console_nearest(const json_t *names, const char *name, size_t length) {
  const char *best = NULL, *key;
  size_t distance = SIZE_MAX, index;
  json_t *value;
  json_array_foreach((json_t *)names, index, value) compare(json_string_value(value), name, length, &best, &distance);
  json_object_foreach((json_t *)names, key, value) compare(key, name, length, &best, &distance);
  return best;
}
