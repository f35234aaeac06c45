/**
 * store_rows.c - rows of a database as JSON, for those who look something up in it.
 *
 * Called by error_rows.c and request_log_read.c, from any thread and process.
 */
#include "data/store_rows.h"

#include "base/file.h"

#include <stdlib.h>

enum mulligan_status store_rows_open(struct store **out, const char *folder, const char *name, struct fault *fault) {
  *out = NULL;
  char *path = file_join(folder, name);
  if (path == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening %s", name);
  enum mulligan_status status = MULLIGAN_OK;
  if (file_exists(path))
    status = store_open(out, path, STORE_READ_ONLY, NULL, fault);
  free(path);
  return status;
}

/** A value of this row. */
static json_t *column_value(const struct store_statement *statement, int column, bool (*is_json)(const char *column)) {
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
  json_t *value = NULL;
  if (is_json != NULL && is_json(store_column_name(statement, column)))
    value = json_loadb(bytes, length, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
  if (value == NULL)
    value = json_stringn(bytes, length);
  return value != NULL ? value : json_null(); /* somebody else put in what is no UTF-8 */
}

static json_t *row_of(const struct store_statement *statement, bool (*is_json)(const char *column)) {
  json_t *row = json_object();
  for (int i = 0; row != NULL && i < store_column_count(statement); i++) {
    if (json_object_set_new(row, store_column_name(statement, i), column_value(statement, i, is_json)) != 0) {
      json_decref(row);
      row = NULL;
    }
  }
  return row;
}

enum mulligan_status store_rows_collect(struct store_statement *statement, const char *name,
                                        bool (*is_json)(const char *column), json_t *rows, struct fault *fault) {
  for (;;) {
    bool found;
    enum mulligan_status status = store_step(statement, &found, fault);
    if (status != MULLIGAN_OK || !found)
      return status;
    if (json_array_append_new(rows, row_of(statement, is_json)) != 0)
      return fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading %s", name);
  }
}
