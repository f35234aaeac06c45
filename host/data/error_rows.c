/**
 * error_rows.c - rows of errors.db as JSON, for those who look something up in it.
 *
 * Called by error_log_read.c and error_group.c, from any thread and process. Columns that hold JSON come out as what
 * they hold, NULL as null, BOOLEAN columns as true and false.
 */
#include "data/error_rows.h"

#include "base/file.h"
#include "data/error_row.h"

#include <stdlib.h>

enum mulligan_status error_rows_open(struct store **out, const char *folder, struct fault *fault) {
  *out = NULL;
  char *path = file_join(folder, "errors.db");
  if (path == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening errors.db");
  enum mulligan_status status = MULLIGAN_OK;
  if (file_exists(path))
    status = store_open(out, path, STORE_READ_ONLY, NULL, fault);
  free(path);
  return status;
}

/** A value of this row. */
static json_t *column_value(const struct store_statement *statement, int column) {
  switch (store_column_type(statement, column)) {
  case STORE_NULL:
    return json_null();
  case STORE_INTEGER:
    return json_integer(store_column_integer(statement, column));
  case STORE_BOOLEAN:
    return json_boolean(store_column_integer(statement, column) != 0);
  case STORE_REAL:
    return json_real(store_column_real(statement, column));
  case STORE_TEXT:
  case STORE_BLOB:
    break;
  }
  size_t length;
  const char *bytes = store_column_bytes(statement, column, &length);
  enum error_field field = error_field_find(store_column_name(statement, column));
  json_t *value = NULL;
  if (field != ERROR_FIELD_COUNT && error_field_type(field) == ERROR_JSON)
    value = json_loadb(bytes, length, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
  if (value == NULL)
    value = json_stringn(bytes, length);
  return value != NULL ? value : json_null(); /* somebody else put in what is no UTF-8 */
}

static json_t *database_row(const struct store_statement *statement) {
  json_t *row = json_object();
  for (int i = 0; row != NULL && i < store_column_count(statement); i++) {
    if (json_object_set_new(row, store_column_name(statement, i), column_value(statement, i)) != 0) {
      json_decref(row);
      row = NULL;
    }
  }
  return row;
}

enum mulligan_status error_rows_collect(struct store_statement *statement, json_t *rows, struct fault *fault) {
  for (;;) {
    bool found;
    enum mulligan_status status = store_step(statement, &found, fault);
    if (status != MULLIGAN_OK || !found)
      return status;
    if (json_array_append_new(rows, database_row(statement)) != 0)
      return fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading errors.db");
  }
}
