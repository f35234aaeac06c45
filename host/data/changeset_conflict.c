/**
 * changeset_conflict.c - saying which row is in the way of a changeset, and how.
 *
 * Called while one is applied, on the thread that has the store. The fault's sentence is for logs and developers; the
 * operator floor words the same particulars in the operator's language, with the name of whoever made the other change.
 */
#include "data/changeset_conflict.h"

#include "base/utf8.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_CAP = 4096, VALUE_LENGTH = 60 };

void changeset_conflict_release(struct changeset_conflict *conflict) {
  json_decref(conflict->key);
  *conflict = (struct changeset_conflict){0};
}

/* ---- values ---- */

static void add_value(struct buf *out, struct sqlite3_value *value) {
  int type = sqlite3_value_type(value);
  const char *text = type == SQLITE_NULL || type == SQLITE_BLOB ? "" : (const char *)sqlite3_value_text(value);
  size_t length = (size_t)sqlite3_value_bytes(value);
  switch (type) {
  case SQLITE_NULL:
    buf_add_text(out, "NULL");
    break;
  case SQLITE_BLOB:
    buf_addf(out, "(%zu bytes)", length);
    break;
  case SQLITE_TEXT:
    buf_add_char(out, '\'');
    utf8_add_repaired(out, text, utf8_cut(text, length, VALUE_LENGTH));
    buf_add_text(out, length > VALUE_LENGTH ? "...'" : "'");
    break;
  default:
    buf_add_text(out, text);
  }
}

/* "user_seminar id=7": the row that a change is about. */
static void add_row_name(struct buf *out, const struct table_shape *shape, struct sqlite3_value *const *values) {
  buf_add_text(out, shape->name);
  for (int i = 0; i < shape->column_count; i++) {
    if (!shape->columns[i].key || !values[i])
      continue;
    buf_addf(out, " %s=", shape->columns[i].name);
    add_value(out, values[i]);
  }
}

static void copy_text(char *out, size_t size, const char *text) {
  size_t length = utf8_cut(text, strlen(text), size - 1);
  memcpy(out, text, length);
  out[length] = '\0';
}

/* ---- the particulars ---- */

static void begin(struct changeset_conflict *out, enum changeset_conflict_kind kind, const char *table) {
  changeset_conflict_release(out);
  out->kind = kind;
  copy_text(out->table, sizeof out->table, table);
}

/* Names the row. A key that cannot be kept leaves the conflict without one: then nobody can be named for it. */
static void name_row(struct changeset_conflict *out, enum changeset_conflict_kind kind, const struct table_shape *shape,
                     struct sqlite3_value *const *values) {
  struct buf name;
  begin(out, kind, shape->name);
  buf_init(&name, TEXT_CAP);
  add_row_name(&name, shape, values);
  copy_text(out->row, sizeof out->row, name.data);
  buf_release(&name);
  out->key = json_object();
  for (int i = 0; out->key && i < shape->column_count; i++)
    if (shape->columns[i].key && values[i])
      json_object_set_new(out->key, shape->columns[i].name, table_shape_json(&shape->columns[i], values[i]));
}

static void keep_value(char *out, size_t size, struct sqlite3_value *value) {
  struct buf text;
  buf_init(&text, TEXT_CAP);
  add_value(&text, value);
  copy_text(out, size, text.data);
  buf_release(&text);
}

/* The sentence, and the particulars for a caller who wants them. */
static enum mulligan_status tell(struct changeset_conflict *own, struct changeset_conflict *out, struct fault *fault) {
  switch (own->kind) {
  case CHANGESET_ROW_CHANGED:
    fault_set(fault, MULLIGAN_CONSTRAINT, "%s: somebody has changed this row since: %s is now %s, not %s", own->row,
              own->column, own->now, own->was);
    break;
  case CHANGESET_ROW_REMOVED:
    fault_set(fault, MULLIGAN_CONSTRAINT, "%s: somebody has removed this row since", own->row);
    break;
  case CHANGESET_ROW_ADDED:
    fault_set(fault, MULLIGAN_CONSTRAINT, "%s: somebody has added this row since: %s", own->row, own->detail);
    break;
  case CHANGESET_VALUE_TAKEN:
    fault_set(fault, MULLIGAN_CONSTRAINT, "%s: another row is in the way now: %s", own->row, own->detail);
    break;
  default:
    fault_set(fault, MULLIGAN_CONSTRAINT, "%s would refer to a row of %s that is not there", own->row, own->detail);
  }
  if (out) {
    changeset_conflict_release(out);
    *out = *own;
  } else {
    changeset_conflict_release(own);
  }
  return MULLIGAN_CONSTRAINT;
}

enum mulligan_status changeset_conflict_changed(struct changeset_conflict *out, const struct table_shape *shape,
                                                struct sqlite3_value *const *values, int column,
                                                struct sqlite3_value *now, struct sqlite3_value *was,
                                                struct fault *fault) {
  struct changeset_conflict own = {0};
  name_row(&own, CHANGESET_ROW_CHANGED, shape, values);
  copy_text(own.column, sizeof own.column, shape->columns[column].name);
  keep_value(own.now, sizeof own.now, now);
  keep_value(own.was, sizeof own.was, was);
  return tell(&own, out, fault);
}

enum mulligan_status changeset_conflict_removed(struct changeset_conflict *out, const struct table_shape *shape,
                                                struct sqlite3_value *const *values, struct fault *fault) {
  struct changeset_conflict own = {0};
  name_row(&own, CHANGESET_ROW_REMOVED, shape, values);
  return tell(&own, out, fault);
}

enum mulligan_status changeset_conflict_added(struct changeset_conflict *out, const struct table_shape *shape,
                                              struct sqlite3_value *const *values, struct sqlite3_stmt *row,
                                              struct fault *fault) {
  struct changeset_conflict own = {0};
  struct buf text;
  name_row(&own, CHANGESET_ROW_ADDED, shape, values);
  buf_init(&text, TEXT_CAP);
  for (int i = 0; i < shape->column_count; i++) {
    buf_addf(&text, "%s%s=", i ? ", " : "", shape->columns[i].name);
    add_value(&text, sqlite3_column_value(row, i));
  }
  copy_text(own.detail, sizeof own.detail, text.data);
  buf_release(&text);
  return tell(&own, out, fault);
}

enum mulligan_status changeset_conflict_unique(struct changeset_conflict *out, const struct table_shape *shape,
                                               struct sqlite3_value *const *values, const char *words,
                                               struct fault *fault) {
  struct changeset_conflict own = {0};
  name_row(&own, CHANGESET_VALUE_TAKEN, shape, values);
  copy_text(own.detail, sizeof own.detail, words);
  return tell(&own, out, fault);
}

enum mulligan_status changeset_conflict_orphan(struct changeset_conflict *out, const char *table, const char *number,
                                               const char *parent, struct fault *fault) {
  struct changeset_conflict own = {0};
  begin(&own, CHANGESET_PARENT_MISSING, table);
  snprintf(own.row, sizeof own.row, "%.100s row %.24s", table, number ? number : "(without a number)");
  copy_text(own.detail, sizeof own.detail, parent);
  return tell(&own, out, fault);
}
