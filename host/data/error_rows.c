/**
 * error_rows.c - rows of errors.db as JSON, for those who look something up in it.
 *
 * Called by error_log_read.c, error_group.c and outbox_read.c, from any thread and process. Says which file, and which
 * of its columns hold JSON.
 */
#include "data/error_rows.h"

#include "data/error_row.h"
#include "data/store_rows.h"

static const char database[] = "errors.db";

enum mulligan_status error_rows_open(struct store **out, const char *folder, struct fault *fault) {
  return store_rows_open(out, folder, database, fault);
}

static bool is_json(const char *column) {
  enum error_field field = error_field_find(column);
  return field != ERROR_FIELD_COUNT && error_field_type(field) == ERROR_JSON;
}

enum mulligan_status error_rows_collect(struct store_statement *statement, json_t *rows, struct fault *fault) {
  return store_rows_collect(statement, database, is_json, rows, fault);
}
