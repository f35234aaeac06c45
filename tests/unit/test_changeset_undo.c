/**
 * test_changeset_undo.c - changes taken back, and compared, and the host's own tables, which are no part of them.
 */
#include "data/run_table.h"

#include "changeset_world.h"

/* ---- taking back ---- */

/* Turns the recorded changes round, so that the next to be applied are those that take them back. */
static void invert(struct fixture *f) {
  struct changeset inverse;
  assert_int_equal(changeset_invert(&f->changes, &inverse, &f->fault), MULLIGAN_OK);
  changeset_release(&f->changes);
  f->changes = inverse;
}

static void test_the_inverse_restores_every_row(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_FAMILIES);
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE, b BLOB, r REAL);"
             "INSERT INTO t VALUES (1,'a',x'00ff',1.5),(2,'b',NULL,NULL)");
  plan(f, "DELETE FROM parent WHERE id=1; UPDATE t SET u='-' WHERE id=1; UPDATE t SET u='a',r=2.5 WHERE id=2;"
          "UPDATE t SET u='b',b=x'01' WHERE id=1; INSERT INTO t VALUES (3,'c',NULL,NULL)");
  assert_applied(f, 6);
  invert(f);
  assert_applied(f, 6);
  assert_live(f, "SELECT group_concat(id||u||coalesce(quote(b),'')||coalesce(r,'')) FROM t", "1aX'00FF'1.5,2bNULL");
  assert_live(f, "SELECT group_concat(id) FROM child", "10,11,20");
}

static const char books[] = "CREATE TABLE t(id INTEGER PRIMARY KEY, v, other, updated_at);"
                            "INSERT INTO t VALUES (1,'old','x',1),(2,'old','x',1)";

static enum mulligan_status apply_keeping_books(struct fixture *f, struct changeset_conflict *conflict) {
  static const char *const columns[] = {"Updated_At"};
  int64_t rows;
  const struct changeset_terms terms = {
      .schema_hash = f->schema, .bookkeeping = columns, .bookkeeping_count = 1, .conflict = conflict};
  return changeset_apply(&f->changes, f->live, &terms, &rows, &f->fault);
}

static void test_books_are_no_conflict(void **state) {
  struct fixture *f = *state;
  on_live(f, books);
  plan(f, "UPDATE t SET v='new', updated_at=2; INSERT INTO t VALUES (3,'mine','x',2)");
  assert_applied(f, 3);
  on_live(f, "UPDATE t SET other='y', updated_at=9 WHERE id=1; UPDATE t SET updated_at=9 WHERE id=3");
  invert(f);
  int64_t rows;
  assert_int_equal(apply(f, &rows), MULLIGAN_CONSTRAINT);
  assert_int_equal(apply_keeping_books(f, NULL), MULLIGAN_OK);
  assert_live(f, "SELECT group_concat(id||v||other||updated_at) FROM t", "1oldy9,2oldx1");
}

static void test_a_conflict_comes_with_its_particulars(void **state) {
  struct fixture *f = *state;
  struct changeset_conflict conflict = {0};
  on_live(f, books);
  plan(f, "UPDATE t SET v='new' WHERE id=2; INSERT INTO t VALUES (3,'mine','x',2)");
  on_live(f, "UPDATE t SET v='theirs' WHERE id=2");
  assert_int_equal(apply_keeping_books(f, &conflict), MULLIGAN_CONSTRAINT);
  assert_int_equal(conflict.kind, CHANGESET_ROW_CHANGED);
  assert_string_equal(conflict.table, "t");
  assert_string_equal(conflict.column, "v");
  assert_string_equal(conflict.now, "'theirs'");
  assert_string_equal(conflict.was, "'old'");
  assert_int_equal(json_integer_value(json_object_get(conflict.key, "id")), 2);
  on_live(f, "UPDATE t SET v='old' WHERE id=2; INSERT INTO t VALUES (3,'z','z',0)");
  assert_int_equal(apply_keeping_books(f, &conflict), MULLIGAN_CONSTRAINT);
  assert_int_equal(conflict.kind, CHANGESET_ROW_ADDED);
  changeset_conflict_release(&conflict);
}

/* ---- comparing ---- */

static bool same_as(struct fixture *f, const char *sql) {
  struct changeset first = f->changes;
  bool same = false;
  f->changes = (struct changeset){0};
  store_close(f->copy);
  f->copy = NULL;
  plan(f, sql);
  assert_int_equal(changeset_same(&first, &f->changes, &same, &f->fault), MULLIGAN_OK);
  changeset_release(&f->changes);
  f->changes = first;
  return same;
}

static void test_the_same_changes_are_the_same_in_any_order(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE TABLE s(id INTEGER PRIMARY KEY, v);"
             "INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c')");
  plan(f, "UPDATE t SET v='x' WHERE id=1; DELETE FROM t WHERE id=2; INSERT INTO s VALUES (7,NULL)");
  assert_true(same_as(f, "INSERT INTO s VALUES (7,NULL); DELETE FROM t WHERE id=2; UPDATE t SET v='x' WHERE id=1"));
  assert_false(same_as(f, "INSERT INTO s VALUES (7,''); DELETE FROM t WHERE id=2; UPDATE t SET v='x' WHERE id=1"));
  assert_false(same_as(f, "DELETE FROM t WHERE id=2; UPDATE t SET v='x' WHERE id=1"));
  assert_false(same_as(f, "INSERT INTO s VALUES (7,NULL); DELETE FROM t WHERE id=3; UPDATE t SET v='x' WHERE id=1"));
  assert_false(same_as(f, ""));
}

/* ---- the host's own tables ---- */

static void test_the_hosts_record_is_no_part_of_a_changeset(void **state) {
  struct fixture *f = *state;
  bool found;
  const struct run_table_head head = {.entries = 1, .hash = "ab"};
  on_live(f, CHANGESET_TWO_ROWS);
  plan(f, "UPDATE t SET v='new'");
  assert_int_equal(store_begin_write(f->live, &f->fault), MULLIGAN_OK);
  assert_int_equal(run_table_enter(f->live, "RUN-0000-0001", &head, &f->fault), MULLIGAN_OK);
  assert_int_equal(store_commit(f->live, &f->fault), MULLIGAN_OK);
  assert_int_equal(run_table_has(f->live, "RUN-0000-0001", &found, &f->fault), MULLIGAN_OK);
  assert_true(found);
  assert_int_equal(run_table_has(f->live, "RUN-0000-0002", &found, &f->fault), MULLIGAN_OK);
  assert_false(found);
  assert_applied(f, 2); /* the schema is the same as it was */
}

static void test_scripts_cannot_write_the_hosts_record(void **state) {
  struct fixture *f = *state;
  static const char *const attempts[] = {
      "INSERT INTO mulligan_run VALUES ('x',1,'y')", "DELETE FROM mulligan_run",
      "UPDATE mulligan_audit SET entries=0",         "DROP TABLE mulligan_run",
      "ALTER TABLE mulligan_audit RENAME TO gone",   "CREATE INDEX i ON mulligan_run(applied_at)"};
  struct run_table_head head = {.entries = 1, .hash = "ab"};
  assert_int_equal(store_begin_write(f->live, &f->fault), MULLIGAN_OK);
  assert_int_equal(run_table_keep(f->live, &head, &f->fault), MULLIGAN_OK);
  for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
    struct store_statement *statement;
    bool row;
    enum mulligan_status status = store_prepare(f->live, attempts[i], strlen(attempts[i]), &statement, &f->fault);
    if (status == MULLIGAN_OK)
      status = store_step(statement, &row, &f->fault);
    store_finish(statement);
    if (status != MULLIGAN_DENIED || !strstr(f->fault.message, "the host's own"))
      fail_msg("%s: %s", attempts[i], f->fault.message);
  }
  head.entries = 0; /* and the head never goes back */
  assert_int_equal(run_table_keep(f->live, &head, &f->fault), MULLIGAN_OK);
  assert_int_equal(run_table_head(f->live, &head, &f->fault), MULLIGAN_OK);
  assert_int_equal(head.entries, 1);
  store_rollback(f->live);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_FIXTURE(test_the_inverse_restores_every_row),
      WITH_FIXTURE(test_books_are_no_conflict),
      WITH_FIXTURE(test_a_conflict_comes_with_its_particulars),
      WITH_FIXTURE(test_the_same_changes_are_the_same_in_any_order),
      WITH_FIXTURE(test_the_hosts_record_is_no_part_of_a_changeset),
      WITH_FIXTURE(test_scripts_cannot_write_the_hosts_record),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
