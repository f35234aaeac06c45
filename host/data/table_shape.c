/**
 * table_shape.c - a table's columns and key, read from SQLite's own table functions.
 *
 * Called by the changeset code on the thread that has the store. Invariant: a shape is whole or all zeros. How a value
 * is shown stands here too, since it depends on its column.
 */
#include "data/table_shape.h"

#include "base/utf8.h"

#include <math.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A statement over every column of the widest table SQLite takes stays well below this. */
enum { SQL_CAP = 1 << 20, TEXT_CAP = 1 << 30 };

void table_shape_add_name(struct buf *sql, const char *name) {
  buf_add_char(sql, '"');
  for (const char *at = name; *at; at++) {
    if (*at == '"')
      buf_add_char(sql, '"');
    buf_add_char(sql, *at);
  }
  buf_add_char(sql, '"');
}

void table_shape_add_key(struct buf *sql, const struct table_shape *shape) {
  const char *separator = "";
  for (int i = 0; i < shape->column_count; i++) {
    if (!shape->columns[i].key)
      continue;
    buf_add_text(sql, separator);
    table_shape_add_name(sql, shape->columns[i].name);
    buf_addf(sql, " = ?%d", i + 1);
    separator = " AND ";
  }
}

enum mulligan_status table_shape_prepare(struct sqlite3 *db, struct buf *sql, struct sqlite3_stmt **out,
                                         struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  *out = NULL;
  if (sql->failed)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  else if (sqlite3_prepare_v2(db, sql->data, (int)sql->length, out, NULL) != SQLITE_OK)
    status = fault_set(fault, MULLIGAN_ERROR, "%s [%s]", sqlite3_errmsg(db), sql->data);
  buf_release(sql);
  return status;
}

/* Is there such an ordinary or virtual table, and may a part of its key be NULL? */
static enum mulligan_status read_kind(struct sqlite3 *db, const char *name, bool *without_rowid, struct fault *fault) {
  struct buf sql;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main' AND type <> 'view'");
  struct sqlite3_stmt *statement;
  enum mulligan_status status = table_shape_prepare(db, &sql, &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
  int rc = sqlite3_step(statement);
  if (rc == SQLITE_ROW)
    *without_rowid = sqlite3_column_int(statement, 0) != 0;
  else if (rc == SQLITE_DONE)
    status = fault_set(fault, MULLIGAN_MISSING, "there is no table %s", name);
  else
    status = fault_set(fault, MULLIGAN_ERROR, "cannot read the columns of %s: %s", name, sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  return status;
}

/* Adds the column that `statement` stands on; false when out of memory. */
static bool add_column(struct table_shape *shape, struct sqlite3_stmt *statement) {
  size_t size = (size_t)(shape->column_count + 1) * sizeof *shape->columns;
  struct table_column *columns = realloc(shape->columns, size);
  if (!columns)
    return false;
  shape->columns = columns;
  const char *name = (const char *)sqlite3_column_text(statement, 0);
  const char *type = (const char *)sqlite3_column_text(statement, 1);
  struct table_column *column = &columns[shape->column_count];
  *column = (struct table_column){
      .name = name ? strdup(name) : NULL,
      .key = sqlite3_column_int(statement, 3),
      .boolean = type && strcasecmp(type, "BOOLEAN") == 0,
  };
  if (!column->name)
    return false;
  shape->column_count++;
  return true;
}

static enum mulligan_status read_columns(struct table_shape *out, struct sqlite3 *db, bool without_rowid,
                                         struct fault *fault) {
  struct buf sql;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid");
  struct sqlite3_stmt *statement;
  enum mulligan_status status = table_shape_prepare(db, &sql, &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  sqlite3_bind_text(statement, 1, out->name, -1, SQLITE_STATIC);
  bool nullable = false, integer = false;
  int keys = 0, rc;
  while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
    int hidden = sqlite3_column_int(statement, 4);
    if (hidden == 1) /* of a virtual table */
      continue;
    if (hidden) {
      out->generated = true;
      continue;
    }
    if (!add_column(out, statement)) {
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
      break;
    }
    if (sqlite3_column_int(statement, 3)) {
      const char *type = (const char *)sqlite3_column_text(statement, 1);
      keys++;
      nullable = nullable || !sqlite3_column_int(statement, 2);
      integer = type && strcasecmp(type, "INTEGER") == 0;
    }
  }
  if (status == MULLIGAN_OK && rc != SQLITE_DONE)
    status = fault_set(fault, MULLIGAN_ERROR, "cannot read the columns of %s: %s", out->name, sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  out->has_key = keys > 0;
  out->loose_key = nullable && !without_rowid && !(keys == 1 && integer);
  return status;
}

enum mulligan_status table_shape_read(struct table_shape *out, struct sqlite3 *db, const char *name,
                                      struct fault *fault) {
  *out = (struct table_shape){0};
  bool without_rowid = false;
  enum mulligan_status status = read_kind(db, name, &without_rowid, fault);
  if (status != MULLIGAN_OK)
    return status;
  out->name = strdup(name);
  if (!out->name)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  status = read_columns(out, db, without_rowid, fault);
  if (status != MULLIGAN_OK)
    table_shape_release(out);
  return status;
}

void table_shape_release(struct table_shape *shape) {
  for (int i = 0; i < shape->column_count; i++)
    free(shape->columns[i].name);
  free(shape->columns);
  free(shape->name);
  *shape = (struct table_shape){0};
}

/* ---- values ---- */

/* A text of JSON's must be UTF-8, which a text of SQLite's need not be. */
static json_t *text_to_json(const char *text, size_t length) {
  struct buf repaired;
  buf_init(&repaired, TEXT_CAP);
  json_t *json = utf8_add_repaired(&repaired, text, length) ? json_stringn(repaired.data, repaired.length) : NULL;
  buf_release(&repaired);
  return json;
}

json_t *table_shape_json(const struct table_column *column, struct sqlite3_value *value) {
  switch (sqlite3_value_type(value)) {
  case SQLITE_INTEGER: {
    int64_t integer = sqlite3_value_int64(value);
    if (column->boolean && (integer == 0 || integer == 1))
      return json_boolean(integer);
    return json_integer(integer);
  }
  case SQLITE_FLOAT: {
    double real = sqlite3_value_double(value);
    if (isinf(real))
      return json_string(real > 0 ? "Infinity" : "-Infinity");
    return json_real(real);
  }
  case SQLITE_TEXT:
    return text_to_json((const char *)sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value));
  case SQLITE_BLOB: {
    char text[40];
    snprintf(text, sizeof text, "(%d bytes)", sqlite3_value_bytes(value));
    return json_string(text);
  }
  default:
    return json_null();
  }
}
