/**
 * changeset_apply.c - carrying recorded changes into the live database, exactly or not at all.
 *
 * SQLite's own sqlite3changeset_apply() passes over missing tables in silence and cannot exchange two values of a
 * unique column, so the changes are applied here, in two passes inside one write transaction. The first takes rows out
 * and updates them; an update that meets a unique value which another change has yet to free lifts its row out instead.
 * The second puts the lifted rows back with their new values and adds the new rows: by then every old value is gone, so
 * that what still collides is a true conflict. Triggers and foreign-key actions are off meanwhile, since what they did
 * is in the changeset already.
 *
 * Called by the plan, on the thread that has the store. Invariant: the connection's switches are as before when it
 * returns.
 */
#include "data/changeset.h"
#include "data/changeset_conflict.h"
#include "data/changeset_references.h"
#include "data/store_internal.h"
#include "data/table_shape.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SQL_CAP = 1 << 20 };

/* A row that was taken out in the first pass, with its new values, to be put back in the second. */
struct lifted_row {
  struct lifted_row *next;
  struct sqlite3_value **values; /* one a column; owned */
};

/* One table's part of the work. */
struct target {
  struct target *next;
  struct table_shape shape;
  struct sqlite3_stmt *select, *delete, *insert;
  struct lifted_row *lifted;
  bool inserted, deleted; /* what has been done to it, for the foreign keys */
  bool *changed;          /* by column */
};

struct application {
  struct sqlite3 *db;
  const struct changeset_terms *terms;
  struct target *targets;
  int64_t rows;
};

static enum mulligan_status sqlite_fault(const struct application *work, const struct target *target,
                                         struct fault *fault) {
  return fault_set(fault, (sqlite3_errcode(work->db) & 0xff) == SQLITE_FULL ? MULLIGAN_FULL : MULLIGAN_ERROR,
                   "cannot change %s: %s", target->shape.name, sqlite3_errmsg(work->db));
}

/* ---- statements ---- */

static void add_column_names(struct buf *sql, const struct table_shape *shape) {
  for (int i = 0; i < shape->column_count; i++) {
    buf_add_text(sql, i ? ", " : "");
    table_shape_add_name(sql, shape->columns[i].name);
  }
}

/* OR ABORT stands in each statement, since a table may declare ON CONFLICT REPLACE, which would remove rows unasked. */
static enum mulligan_status prepare_target(struct target *target, struct sqlite3 *db, struct fault *fault) {
  const struct table_shape *shape = &target->shape;
  struct buf sql;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "SELECT ");
  add_column_names(&sql, shape);
  buf_add_text(&sql, " FROM \"main\".");
  table_shape_add_name(&sql, shape->name);
  buf_add_text(&sql, " WHERE ");
  table_shape_add_key(&sql, shape);
  enum mulligan_status status = table_shape_prepare(db, &sql, &target->select, fault);
  if (status != MULLIGAN_OK)
    return status;

  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "DELETE FROM \"main\".");
  table_shape_add_name(&sql, shape->name);
  buf_add_text(&sql, " WHERE ");
  table_shape_add_key(&sql, shape);
  status = table_shape_prepare(db, &sql, &target->delete, fault);
  if (status != MULLIGAN_OK)
    return status;

  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "INSERT OR ABORT INTO \"main\".");
  table_shape_add_name(&sql, shape->name);
  buf_add_text(&sql, " (");
  add_column_names(&sql, shape);
  buf_add_text(&sql, ") VALUES (");
  for (int i = 0; i < shape->column_count; i++)
    buf_addf(&sql, "%s?%d", i ? ", " : "", i + 1);
  buf_add_text(&sql, ")");
  return table_shape_prepare(db, &sql, &target->insert, fault);
}

static enum mulligan_status find_target(struct application *work, const char *table, int columns, struct target **out,
                                        struct fault *fault) {
  for (struct target *target = work->targets; target; target = target->next) {
    if (strcmp(target->shape.name, table) == 0) {
      *out = target;
      return MULLIGAN_OK;
    }
  }
  struct target *target = calloc(1, sizeof *target);
  if (!target)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  target->next = work->targets;
  work->targets = target;
  enum mulligan_status status = table_shape_read(&target->shape, work->db, table, fault);
  if (status != MULLIGAN_OK)
    return status == MULLIGAN_MISSING
               ? fault_set(fault, MULLIGAN_DENIED, "the changes are for a table that is not there: %s", table)
               : status;
  if (target->shape.column_count != columns || !target->shape.has_key)
    return fault_set(fault, MULLIGAN_DENIED, "%s has other columns than the changes were recorded with", table);
  target->changed = calloc((size_t)columns, sizeof *target->changed);
  if (!target->changed)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  status = prepare_target(target, work->db, fault);
  *out = target;
  return status;
}

static void free_values(struct sqlite3_value **values, int count) {
  for (int i = 0; values && i < count; i++)
    sqlite3_value_free(values[i]);
  free(values);
}

static void close_targets(struct application *work) {
  while (work->targets) {
    struct target *target = work->targets;
    work->targets = target->next;
    while (target->lifted) {
      struct lifted_row *row = target->lifted;
      target->lifted = row->next;
      free_values(row->values, target->shape.column_count);
      free(row);
    }
    sqlite3_finalize(target->select);
    sqlite3_finalize(target->delete);
    sqlite3_finalize(target->insert);
    table_shape_release(&target->shape);
    free(target->changed);
    free(target);
  }
}

/* ---- one change ---- */

/* A change's sides as the iterator lends them: NULL where it holds no value for a column. */
struct change {
  struct target *target;
  int operation;
  struct sqlite3_value **old, **new; /* arrays owned, values lent */
};

static void release_change(struct change *change) {
  free(change->old);
  free(change->new);
  *change = (struct change){0};
}

static enum mulligan_status read_change(struct application *work, struct sqlite3_changeset_iter *changes,
                                        struct change *out, struct fault *fault) {
  const char *table;
  int columns, indirect;
  sqlite3changeset_op(changes, &table, &columns, &out->operation, &indirect);
  enum mulligan_status status = find_target(work, table, columns, &out->target, fault);
  if (status != MULLIGAN_OK)
    return status;
  out->old = calloc((size_t)columns, sizeof *out->old);
  out->new = calloc((size_t)columns, sizeof *out->new);
  if (!out->old || !out->new)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  for (int i = 0; i < columns; i++) {
    if (out->operation != SQLITE_INSERT)
      sqlite3changeset_old(changes, i, &out->old[i]);
    if (out->operation != SQLITE_DELETE)
      sqlite3changeset_new(changes, i, &out->new[i]);
  }
  return MULLIGAN_OK;
}

static void bind_row(struct sqlite3_stmt *statement, const struct table_shape *shape,
                     struct sqlite3_value *const *values, bool key_only) {
  for (int i = 0; i < shape->column_count; i++)
    if (values[i] && (!key_only || shape->columns[i].key))
      sqlite3_bind_value(statement, i + 1, values[i]);
}

static int run_once(struct sqlite3_stmt *statement) {
  int rc = sqlite3_step(statement) & 0xff; /* without the extended part */
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return rc;
}

/* The same value? A number may have come back in another of its two forms. */
static bool same_value(struct sqlite3_value *a, struct sqlite3_value *b) {
  int left = sqlite3_value_type(a), right = sqlite3_value_type(b);
  if (left != right)
    return (left == SQLITE_INTEGER || left == SQLITE_FLOAT) && (right == SQLITE_INTEGER || right == SQLITE_FLOAT) &&
           sqlite3_value_double(a) == sqlite3_value_double(b);
  switch (left) {
  case SQLITE_NULL:
    return true;
  case SQLITE_INTEGER:
    return sqlite3_value_int64(a) == sqlite3_value_int64(b);
  case SQLITE_FLOAT:
    return sqlite3_value_double(a) == sqlite3_value_double(b);
  default: {
    const void *left_bytes = sqlite3_value_blob(a), *right_bytes = sqlite3_value_blob(b);
    int length = sqlite3_value_bytes(a);
    return length == sqlite3_value_bytes(b) && (length == 0 || memcmp(left_bytes, right_bytes, (size_t)length) == 0);
  }
  }
}

/* May this column have been changed since without that counting as an edit? */
static bool keeps_books(const struct application *work, const struct table_column *column) {
  for (size_t i = 0; i < work->terms->bookkeeping_count; i++)
    if (!column->key && strcasecmp(work->terms->bookkeeping[i], column->name) == 0)
      return true;
  return false;
}

/*
 * Stands `target->select` on the row and checks that what the change relies on is still there. A column that keeps
 * books and was changed since is left as it is.
 */
static enum mulligan_status check_row(const struct application *work, struct change *change, struct fault *fault) {
  const struct target *target = change->target;
  bind_row(target->select, &target->shape, change->old, true);
  int rc = sqlite3_step(target->select);
  if (rc == SQLITE_DONE)
    return changeset_conflict_removed(work->terms->conflict, &target->shape, change->old, fault);
  if (rc != SQLITE_ROW)
    return sqlite_fault(work, target, fault);
  for (int i = 0; i < target->shape.column_count; i++) {
    struct sqlite3_value *current = sqlite3_column_value(target->select, i);
    if (!change->old[i] || same_value(change->old[i], current))
      continue;
    if (!keeps_books(work, &target->shape.columns[i]))
      return changeset_conflict_changed(work->terms->conflict, &target->shape, change->old, i, current, change->old[i],
                                        fault);
    change->new[i] = NULL;
  }
  return MULLIGAN_OK;
}

static enum mulligan_status delete_row(struct application *work, const struct change *change, struct fault *fault) {
  struct target *target = change->target;
  target->deleted = true;
  bind_row(target->delete, &target->shape, change->old, true);
  return run_once(target->delete) == SQLITE_DONE ? MULLIGAN_OK : sqlite_fault(work, target, fault);
}

/* Keeps the row that `target->select` stands on, with the change's new values, and takes it out. */
static enum mulligan_status lift_row(struct application *work, const struct change *change, struct fault *fault) {
  struct target *target = change->target;
  int count = target->shape.column_count;
  struct lifted_row *row = calloc(1, sizeof *row);
  if (row)
    row->values = calloc((size_t)count, sizeof *row->values);
  bool whole = row && row->values;
  for (int i = 0; whole && i < count; i++) {
    struct sqlite3_value *value = change->new[i] ? change->new[i] : sqlite3_column_value(target->select, i);
    whole = (row->values[i] = sqlite3_value_dup(value)) != NULL;
  }
  if (!whole) {
    if (row)
      free_values(row->values, count);
    free(row);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  row->next = target->lifted;
  target->lifted = row;
  sqlite3_reset(target->select);
  return delete_row(work, change, fault);
}

/* Sets the changed columns. The statement is made for this change: few changes of a set touch the same columns. */
static enum mulligan_status update_row(struct application *work, const struct change *change, struct fault *fault) {
  struct target *target = change->target;
  const struct table_shape *shape = &target->shape;
  struct buf sql;
  buf_init(&sql, SQL_CAP);
  buf_add_text(&sql, "UPDATE OR ABORT \"main\".");
  table_shape_add_name(&sql, shape->name);
  int set = 0;
  for (int i = 0; i < shape->column_count; i++) {
    if (!change->new[i] || shape->columns[i].key)
      continue;
    target->changed[i] = true;
    buf_add_text(&sql, set++ ? ", " : " SET ");
    table_shape_add_name(&sql, shape->columns[i].name);
    buf_addf(&sql, " = ?%d", i + 1);
  }
  if (set == 0) { /* only books would have been changed */
    buf_release(&sql);
    return MULLIGAN_OK;
  }
  buf_add_text(&sql, " WHERE ");
  table_shape_add_key(&sql, shape);
  struct sqlite3_stmt *statement;
  enum mulligan_status status = table_shape_prepare(work->db, &sql, &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  bind_row(statement, shape, change->new, false);
  bind_row(statement, shape, change->old, true);
  int rc = sqlite3_step(statement) & 0xff;
  sqlite3_finalize(statement);
  if (rc == SQLITE_CONSTRAINT)
    return lift_row(work, change, fault);
  return rc == SQLITE_DONE ? MULLIGAN_OK : sqlite_fault(work, target, fault);
}

static enum mulligan_status insert_row(struct application *work, struct target *target,
                                       struct sqlite3_value *const *values, struct fault *fault) {
  target->inserted = true;
  bind_row(target->insert, &target->shape, values, false);
  int rc = run_once(target->insert);
  if (rc == SQLITE_CONSTRAINT)
    return changeset_conflict_unique(work->terms->conflict, &target->shape, values, sqlite3_errmsg(work->db), fault);
  return rc == SQLITE_DONE ? MULLIGAN_OK : sqlite_fault(work, target, fault);
}

/* A row of the same key is worth more words than SQLite's, since the operator will want to see it. */
static enum mulligan_status insert_new_row(struct application *work, const struct change *change, struct fault *fault) {
  struct target *target = change->target;
  bind_row(target->select, &target->shape, change->new, true);
  enum mulligan_status status;
  if (sqlite3_step(target->select) == SQLITE_ROW)
    status = changeset_conflict_added(work->terms->conflict, &target->shape, change->new, target->select, fault);
  else
    status = insert_row(work, target, change->new, fault);
  sqlite3_reset(target->select);
  sqlite3_clear_bindings(target->select);
  return status;
}

/* ---- the passes ---- */

static enum mulligan_status take_out(struct application *work, struct change *change, struct fault *fault) {
  if (change->operation == SQLITE_INSERT)
    return MULLIGAN_OK;
  struct sqlite3_stmt *select = change->target->select;
  enum mulligan_status status = check_row(work, change, fault);
  if (status == MULLIGAN_OK)
    status = change->operation == SQLITE_DELETE ? delete_row(work, change, fault) : update_row(work, change, fault);
  sqlite3_reset(select);
  sqlite3_clear_bindings(select);
  return status;
}

static enum mulligan_status put_in(struct application *work, struct change *change, struct fault *fault) {
  work->rows++;
  return change->operation == SQLITE_INSERT ? insert_new_row(work, change, fault) : MULLIGAN_OK;
}

static enum mulligan_status for_each_change(const struct changeset *changeset, struct application *work,
                                            enum mulligan_status (*step)(struct application *, struct change *,
                                                                         struct fault *),
                                            struct fault *fault) {
  struct sqlite3_changeset_iter *changes = NULL;
  enum mulligan_status status = MULLIGAN_OK;
  int rc = sqlite3changeset_start(&changes, (int)changeset->length, changeset->bytes);
  while (rc == SQLITE_OK && status == MULLIGAN_OK && (rc = sqlite3changeset_next(changes)) == SQLITE_ROW) {
    struct change change = {0};
    status = read_change(work, changes, &change, fault);
    if (status == MULLIGAN_OK)
      status = step(work, &change, fault);
    release_change(&change);
    rc = SQLITE_OK;
  }
  sqlite3changeset_finalize(changes);
  if (status == MULLIGAN_OK && rc != SQLITE_DONE)
    status = fault_set(fault, MULLIGAN_CORRUPT, "the changeset cannot be read: %s", sqlite3_errstr(rc));
  return status;
}

static enum mulligan_status put_back_lifted(struct application *work, struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  for (struct target *target = work->targets; target && status == MULLIGAN_OK; target = target->next)
    for (struct lifted_row *row = target->lifted; row && status == MULLIGAN_OK; row = row->next)
      status = insert_row(work, target, row->values, fault);
  return status;
}

static enum mulligan_status check_foreign_keys(struct application *work, struct fault *fault) {
  size_t count = 0;
  for (const struct target *target = work->targets; target; target = target->next)
    count++;
  struct touched_table *tables = calloc(count + 1, sizeof *tables);
  if (!tables)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  count = 0;
  for (const struct target *target = work->targets; target; target = target->next)
    tables[count++] = (struct touched_table){
        .shape = &target->shape, .inserted = target->inserted, .deleted = target->deleted, .changed = target->changed};
  enum mulligan_status status = changeset_references_check(work->db, tables, count, work->terms->conflict, fault);
  free(tables);
  return status;
}

/* The rows, without a script's guard: what is written here was allowed when it was recorded. */
static enum mulligan_status apply_rows(const struct changeset *changeset, struct store *store, struct application *work,
                                       struct fault *fault) {
  enum store_trust trust = store->trust;
  store->trust = STORE_TRUST_SELF;
  enum mulligan_status status = for_each_change(changeset, work, take_out, fault);
  if (status == MULLIGAN_OK)
    status = put_back_lifted(work, fault);
  if (status == MULLIGAN_OK)
    status = for_each_change(changeset, work, put_in, fault);
  if (status == MULLIGAN_OK)
    status = check_foreign_keys(work, fault);
  store->trust = trust;
  return status;
}

/* What happens inside the transaction. */
static enum mulligan_status apply_changes(const struct changeset *changeset, struct store *store,
                                          struct application *work, struct fault *fault) {
  const struct changeset_terms *terms = work->terms;
  char hash[65];
  enum mulligan_status status = changeset_schema_hash(store, hash, fault);
  if (status != MULLIGAN_OK)
    return status;
  if (strcmp(hash, terms->schema_hash) != 0)
    return fault_set(fault, MULLIGAN_DENIED,
                     "the database's tables have been changed since the plan was made; make the plan again");
  status = apply_rows(changeset, store, work, fault);
  if (status == MULLIGAN_OK && terms->seal)
    status = terms->seal(terms->context, store, fault);
  return status;
}

/* What is off while applying. Defensive mode would keep the shadow tables of full-text search from being written. */
static const int switches[] = {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_FKEY, SQLITE_DBCONFIG_DEFENSIVE};
enum { SWITCH_COUNT = sizeof switches / sizeof *switches };

static void switch_off(struct sqlite3 *db, int before[SWITCH_COUNT]) {
  for (int i = 0; i < SWITCH_COUNT; i++) {
    sqlite3_db_config(db, switches[i], -1, &before[i]);
    sqlite3_db_config(db, switches[i], 0, NULL);
  }
}

static void switch_back(struct sqlite3 *db, const int before[SWITCH_COUNT]) {
  for (int i = 0; i < SWITCH_COUNT; i++)
    sqlite3_db_config(db, switches[i], before[i], NULL);
}

enum mulligan_status changeset_apply(const struct changeset *changeset, struct store *store,
                                     const struct changeset_terms *terms, int64_t *rows, struct fault *fault) {
  assert(!store_in_transaction(store));
  struct application work = {.db = store_handle(store), .terms = terms};
  int before[SWITCH_COUNT];
  switch_off(work.db, before); /* outside the transaction: inside one SQLite would not take it */
  enum mulligan_status status = store_begin_write(store, fault);
  if (status == MULLIGAN_OK) {
    status = apply_changes(changeset, store, &work, fault);
    close_targets(&work);
    if (status == MULLIGAN_OK)
      status = store_commit(store, fault);
    if (status != MULLIGAN_OK)
      store_rollback(store);
  }
  switch_back(work.db, before);
  if (status == MULLIGAN_OK)
    *rows = work.rows;
  return status;
}
