/**
 * changeset_describe.c - a changeset as people read it: each row before and after.
 *
 * Called by the plan, on the thread that has the store. A changeset of an update holds the key and the columns that
 * changed; the rest of the row is read from the store, which must be in the state that the changes led to.
 */
#include "data/changeset.h"
#include "data/store_internal.h"
#include "data/table_shape.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { SQL_CAP = 1 << 20 };

/* The table that the iterator stands in, with the statement that reads one of its rows by key. */
struct cursor {
  struct sqlite3 *db;
  struct table_shape shape;
  struct sqlite3_stmt *row;
};

/* ---- values ---- */

static bool set_value(json_t *row, const struct table_column *column, struct sqlite3_value *value) {
  return json_object_set_new(row, column->name, table_shape_json(column, value)) == 0;
}

/* ---- rows ---- */

static void close_cursor(struct cursor *cursor) {
  sqlite3_finalize(cursor->row);
  cursor->row = NULL;
  table_shape_release(&cursor->shape);
}

static enum mulligan_status enter_table(struct cursor *cursor, const char *table, int columns, struct fault *fault) {
  if (cursor->shape.name && strcmp(cursor->shape.name, table) == 0)
    return MULLIGAN_OK;
  close_cursor(cursor);
  enum mulligan_status status = table_shape_read(&cursor->shape, cursor->db, table, fault);
  if (status != MULLIGAN_OK)
    return status;
  if (cursor->shape.column_count != columns)
    return fault_set(fault, MULLIGAN_DENIED, "%s has other columns than the changes were recorded with", table);
  struct buf sql;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "SELECT ");
  for (int i = 0; i < columns; i++) {
    buf_add_text(&sql, i ? ", " : "");
    table_shape_add_name(&sql, cursor->shape.columns[i].name);
  }
  buf_add_text(&sql, " FROM \"main\".");
  table_shape_add_name(&sql, table);
  buf_add_text(&sql, " WHERE ");
  table_shape_add_key(&sql, &cursor->shape);
  return table_shape_prepare(cursor->db, &sql, &cursor->row, fault);
}

/* Which side of a change an iterator is asked for. */
typedef int change_side(struct sqlite3_changeset_iter *changes, int column, struct sqlite3_value **value);

/* The whole row of an insert or a delete, or the key alone: what the change itself holds. */
static json_t *row_from_change(const struct cursor *cursor, struct sqlite3_changeset_iter *changes, change_side *side,
                               bool key_only) {
  json_t *row = json_object();
  for (int i = 0; row && i < cursor->shape.column_count; i++) {
    struct sqlite3_value *value = NULL;
    if (key_only && !cursor->shape.columns[i].key)
      continue;
    if (side(changes, i, &value) != SQLITE_OK || (value && !set_value(row, &cursor->shape.columns[i], value))) {
      json_decref(row);
      row = NULL;
    }
  }
  return row;
}

/* The rows of an update: after, from the store; before, the same with the old values put back. */
static enum mulligan_status describe_update(struct cursor *cursor, struct sqlite3_changeset_iter *changes,
                                            json_t *entry, struct fault *fault) {
  const struct table_shape *shape = &cursor->shape;
  json_t *before = json_object(), *after = json_object(), *changed = json_array();
  enum mulligan_status status = MULLIGAN_OK;
  bool whole = before && after && changed;

  for (int i = 0; i < shape->column_count; i++) {
    struct sqlite3_value *key = NULL;
    if (shape->columns[i].key && sqlite3changeset_old(changes, i, &key) == SQLITE_OK)
      sqlite3_bind_value(cursor->row, i + 1, key);
  }
  if (sqlite3_step(cursor->row) != SQLITE_ROW)
    status = fault_set(fault, MULLIGAN_MISSING, "a changed row of %s is not there", shape->name);
  for (int i = 0; status == MULLIGAN_OK && whole && i < shape->column_count; i++) {
    const struct table_column *column = &shape->columns[i];
    struct sqlite3_value *current = sqlite3_column_value(cursor->row, i), *old = NULL, *new = NULL;
    sqlite3changeset_old(changes, i, &old);
    sqlite3changeset_new(changes, i, &new);
    whole = set_value(after, column, current) && set_value(before, column, new &&old ? old : current) &&
            (!new || json_array_append_new(changed, json_string(column->name)) == 0);
  }
  sqlite3_reset(cursor->row);
  sqlite3_clear_bindings(cursor->row);
  if (status == MULLIGAN_OK && (!whole || json_object_set(entry, "before", before) ||
                                json_object_set(entry, "after", after) || json_object_set(entry, "changed", changed)))
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  json_decref(before);
  json_decref(after);
  json_decref(changed);
  return status;
}

/* Adds the change that the iterator stands on. */
static enum mulligan_status describe_change(struct cursor *cursor, struct sqlite3_changeset_iter *changes, json_t *list,
                                            struct fault *fault) {
  const char *table;
  int columns, operation, indirect;
  sqlite3changeset_op(changes, &table, &columns, &operation, &indirect);
  enum mulligan_status status = enter_table(cursor, table, columns, fault);
  if (status != MULLIGAN_OK)
    return status;
  bool is_insert = operation == SQLITE_INSERT, is_delete = operation == SQLITE_DELETE;
  change_side *side = is_insert ? sqlite3changeset_new : sqlite3changeset_old;
  json_t *key = row_from_change(cursor, changes, side, true);
  json_t *entry = json_pack("{s:s, s:s, s:o, s:n, s:n, s:[]}", "table", table, "operation",
                            is_insert   ? "insert"
                            : is_delete ? "delete"
                                        : "update",
                            "key", key, "before", "after", "changed");
  if (!entry || json_array_append_new(list, entry) != 0)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (!is_insert && !is_delete)
    return describe_update(cursor, changes, entry, fault);
  if (json_object_set_new(entry, is_insert ? "after" : "before", row_from_change(cursor, changes, side, false)) != 0)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  return MULLIGAN_OK;
}

/* ---- order ---- */

static int compare_keys(const json_t *a, const json_t *b) {
  if (json_is_integer(a) && json_is_integer(b))
    return (json_integer_value(a) > json_integer_value(b)) - (json_integer_value(a) < json_integer_value(b));
  if (json_is_string(a) && json_is_string(b))
    return strcmp(json_string_value(a), json_string_value(b));
  return (int)json_typeof(a) - (int)json_typeof(b);
}

/* The changes of one table by key; a session keeps them in the order of a hash. */
static int compare_changes(const void *left, const void *right) {
  json_t *a = json_object_get(*(json_t *const *)left, "key"), *b = json_object_get(*(json_t *const *)right, "key");
  const char *column;
  json_t *value;
  json_object_foreach(a, column, value) {
    int order = compare_keys(value, json_object_get(b, column));
    if (order)
      return order;
  }
  return 0;
}

static bool same_table(const json_t *a, const json_t *b) {
  return strcmp(json_string_value(json_object_get(a, "table")), json_string_value(json_object_get(b, "table"))) == 0;
}

/* Returns a new list with each table's changes in order; the tables keep theirs. */
static json_t *sorted(const json_t *list) {
  size_t count = json_array_size(list);
  json_t **entries = malloc((count ? count : 1) * sizeof(json_t *));
  json_t *out = json_array();
  if (!entries || !out) {
    free(entries);
    json_decref(out);
    return NULL;
  }
  for (size_t i = 0; i < count; i++)
    entries[i] = json_array_get(list, i);
  for (size_t start = 0, end; start < count; start = end) {
    for (end = start + 1; end < count && same_table(entries[start], entries[end]);)
      end++;
    qsort(entries + start, end - start, sizeof *entries, compare_changes);
  }
  bool whole = true;
  for (size_t i = 0; i < count; i++)
    whole = json_array_append(out, entries[i]) == 0 && whole;
  free(entries);
  if (!whole) {
    json_decref(out);
    return NULL;
  }
  return out;
}

enum mulligan_status changeset_describe(const struct changeset *changeset, struct store *store, json_t **out,
                                        struct fault *fault) {
  *out = NULL;
  json_t *list = json_array();
  if (!list)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  struct cursor cursor = {.db = store_handle(store)};
  struct sqlite3_changeset_iter *changes = NULL;
  enum mulligan_status status = MULLIGAN_OK;
  int rc = sqlite3changeset_start(&changes, (int)changeset->length, changeset->bytes);
  while (rc == SQLITE_OK && status == MULLIGAN_OK && (rc = sqlite3changeset_next(changes)) == SQLITE_ROW) {
    status = describe_change(&cursor, changes, list, fault);
    rc = SQLITE_OK;
  }
  sqlite3changeset_finalize(changes);
  close_cursor(&cursor);
  if (status == MULLIGAN_OK && rc != SQLITE_DONE)
    status = fault_set(fault, MULLIGAN_CORRUPT, "the changeset cannot be read: %s", sqlite3_errstr(rc));
  if (status == MULLIGAN_OK && !(*out = sorted(list)))
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  json_decref(list);
  return status;
}
