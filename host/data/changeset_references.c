/**
 * changeset_references.c - the foreign keys that a changeset could have broken.
 *
 * Called while a changeset is applied, inside its transaction, with the connection's own enforcement off. A check of
 * the whole database would read every row of it while writers wait, so that only the tables in question are checked.
 */
#include "data/changeset_references.h"

#include "data/changeset_conflict.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SQL_CAP = 64 * 1024 };

/* A foreign key: a column of `child` refers to one of `parent`; `to` is NULL for its primary key. */
struct reference {
  const char *child, *parent, *from, *to;
};

static const struct touched_table *find_table(const struct touched_table *tables, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcasecmp(tables[i].shape->name, name) == 0)
      return &tables[i];
  return NULL;
}

static bool has_changed(const struct touched_table *table, const char *column) {
  for (int i = 0; i < table->shape->column_count; i++)
    if (table->changed[i] && strcasecmp(table->shape->columns[i].name, column) == 0)
      return true;
  return false;
}

/* A primary key that changes is a row taken out and another put in. */
static bool is_in_question(const struct reference *reference, const struct touched_table *tables, size_t count) {
  const struct touched_table *child = find_table(tables, count, reference->child),
                             *parent = find_table(tables, count, reference->parent);
  if (child && (child->inserted || has_changed(child, reference->from)))
    return true;
  return parent && (parent->deleted || (reference->to && has_changed(parent, reference->to)));
}

/* ---- one table ---- */

static enum mulligan_status check_table(struct sqlite3 *db, const char *name, struct changeset_conflict *conflict,
                                        struct fault *fault) {
  struct buf sql;
  struct sqlite3_stmt *statement;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check(?1) LIMIT 1");
  enum mulligan_status status = table_shape_prepare(db, &sql, &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
  int rc = sqlite3_step(statement);
  if (rc == SQLITE_ROW)
    status = changeset_conflict_orphan(conflict, (const char *)sqlite3_column_text(statement, 0),
                                       (const char *)sqlite3_column_text(statement, 1),
                                       (const char *)sqlite3_column_text(statement, 2), fault);
  else if (rc != SQLITE_DONE)
    status = fault_set(fault, MULLIGAN_ERROR, "cannot check the foreign keys: %s", sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  return status;
}

/* ---- all of them ---- */

enum mulligan_status changeset_references_check(struct sqlite3 *db, const struct touched_table *tables, size_t count,
                                                struct changeset_conflict *conflict, struct fault *fault) {
  struct buf sql;
  struct sqlite3_stmt *statement;
  char *checked = NULL; /* the table that was checked last: a table's keys come together */
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "SELECT m.name, f.\"table\", f.\"from\", f.\"to\" FROM \"main\".sqlite_schema m,"
                     " pragma_foreign_key_list(m.name, 'main') f WHERE m.type = 'table' ORDER BY m.name");
  enum mulligan_status status = table_shape_prepare(db, &sql, &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  int rc = SQLITE_DONE;
  while (status == MULLIGAN_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
    const struct reference reference = {.child = (const char *)sqlite3_column_text(statement, 0),
                                        .parent = (const char *)sqlite3_column_text(statement, 1),
                                        .from = (const char *)sqlite3_column_text(statement, 2),
                                        .to = (const char *)sqlite3_column_text(statement, 3)};
    if ((checked && strcmp(checked, reference.child) == 0) || !is_in_question(&reference, tables, count))
      continue;
    free(checked);
    checked = strdup(reference.child);
    status = checked ? check_table(db, checked, conflict, fault) : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  if (status == MULLIGAN_OK && rc != SQLITE_DONE)
    status = fault_set(fault, MULLIGAN_ERROR, "cannot list the foreign keys: %s", sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  free(checked);
  return status;
}
