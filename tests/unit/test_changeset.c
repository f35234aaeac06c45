/**
 * test_changeset.c - what an operator's plan carries into the live database, and what stops it.
 *
 * Each test makes a live database, does some work on a private copy of it under a recorder, and applies the changeset
 * to the live one, as the plan does. The live database is looked at through SQL, as its users would.
 */
#include "changeset_world.h"

/* ---- what is carried over ---- */

static void test_inserts_updates_and_deletes_arrive(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
             "INSERT INTO t VALUES (1,'one'),(2,'two'),(3,'three')");
  plan(f, "UPDATE t SET v='TWO' WHERE id=2; DELETE FROM t WHERE id=3; INSERT INTO t VALUES (4,'four')");
  assert_live(f, "SELECT group_concat(id||v) FROM t", "1one,2two,3three");
  assert_applied(f, 3);
  assert_live(f, "SELECT group_concat(id||v) FROM t", "1one,2TWO,4four");
}

static void test_nothing_changed_is_an_empty_changeset(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1,'one')");
  plan(f, "UPDATE t SET v='two'; UPDATE t SET v='one'; INSERT INTO t VALUES (9,'x'); DELETE FROM t WHERE id=9");
  json_t *list;
  assert_int_equal(changeset_describe(&f->changes, f->copy, &list, &f->fault), MULLIGAN_OK);
  assert_int_equal(json_array_size(list), 0);
  json_decref(list);
  assert_applied(f, 0);
}

static void test_a_copy_in_an_unnamed_file_does_as_well(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1,'one')");
  begin_plan_at(f, "");
  on_copy(f, "UPDATE t SET v='two'");
  end_plan(f);
  assert_live(f, "SELECT v FROM t", "one");
  assert_applied(f, 1);
  assert_live(f, "SELECT v FROM t", "two");
}

static void test_values_of_every_kind_arrive_unchanged(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, v, r REAL); INSERT INTO t(id) VALUES (1),(2),(3),(4),(5),(6),(7)");
  plan(f, "UPDATE t SET v=9223372036854775807 WHERE id=1; UPDATE t SET v=-9223372036854775808 WHERE id=2;"
          "UPDATE t SET v=x'00ff00' WHERE id=3; UPDATE t SET v=0.1 WHERE id=4; UPDATE t SET v='한글' WHERE id=5;"
          "UPDATE t SET v='', r=3 WHERE id=6; UPDATE t SET v=x'' WHERE id=7; INSERT INTO t VALUES (8,NULL,1e300)");
  assert_applied(f, 8);
  assert_live(f, "SELECT group_concat(typeof(v)||quote(v), ' ') FROM t ORDER BY id",
              "integer9223372036854775807 integer-9223372036854775808 blobX'00FF00' real0.1 text'한글' text'' blobX'' "
              "nullNULL");
  assert_live(f, "SELECT typeof(r)||r FROM t WHERE id=6", "real3.0");
}

static void test_composite_keys_and_tables_without_rowid(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE a(x TEXT NOT NULL, y INTEGER NOT NULL, v, PRIMARY KEY(y,x));"
             "CREATE TABLE b(k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
             "INSERT INTO a VALUES ('p',1,'u'),('q',1,'v'); INSERT INTO b VALUES ('m',1),('n',2)");
  plan(f, "UPDATE a SET v='w' WHERE x='q' AND y=1; UPDATE a SET y=2 WHERE x='p';"
          "UPDATE b SET v=3 WHERE k='m'; UPDATE b SET k='o' WHERE k='n'");
  assert_applied(f, 6); /* a changed key is one row gone and one come */
  assert_live(f, "SELECT group_concat(x||y||v) FROM (SELECT * FROM a ORDER BY x)", "p2u,q1w");
  assert_live(f, "SELECT group_concat(k||v) FROM (SELECT * FROM b ORDER BY k)", "m3,o2");
}

static void test_exchanged_unique_values_arrive(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, u TEXT UNIQUE, w INTEGER NOT NULL);"
             "INSERT INTO t VALUES (1,'a',10),(2,'b',20),(3,'c',30),(4,'d',40)");
  plan(f, "UPDATE t SET u='-' WHERE id=1; UPDATE t SET u='a' WHERE id=2; UPDATE t SET u='b' WHERE id=1;"
          "DELETE FROM t WHERE id=3; INSERT INTO t VALUES (5,'c',50); UPDATE t SET u='e' WHERE id=4;"
          "INSERT INTO t VALUES (6,'d',60)");
  assert_applied(f, 6);
  assert_live(f, "SELECT group_concat(id||u||w) FROM (SELECT * FROM t ORDER BY id)", "1b10,2a20,4e40,5c50,6d60");
}

static void test_exchanged_primary_keys_arrive(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(k TEXT PRIMARY KEY NOT NULL, v); INSERT INTO t VALUES ('a',1),('b',2)");
  plan(f, "UPDATE t SET k='-' WHERE v=1; UPDATE t SET k='a' WHERE v=2; UPDATE t SET k='b' WHERE v=1");
  assert_applied(f, 2);
  assert_live(f, "SELECT group_concat(k||v) FROM (SELECT * FROM t ORDER BY k)", "a2,b1");
}

static void test_truncation_and_replacement_are_recorded(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE); INSERT INTO t VALUES (1,'a'),(2,'b');"
             "CREATE TABLE s(id INTEGER PRIMARY KEY); INSERT INTO s VALUES (1),(2),(3)");
  plan(f, "DELETE FROM s; INSERT OR REPLACE INTO t VALUES (3,'a')");
  assert_applied(f, 5);
  assert_live(f, "SELECT count(*) FROM s", "0");
  assert_live(f, "SELECT group_concat(id||u) FROM t", "2b,3a");
}

static void test_rolled_back_work_is_not_recorded(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
  begin_plan(f);
  on_copy(f, "INSERT INTO t VALUES (1)");
  assert_int_equal(store_begin_write(f->copy, &f->fault), MULLIGAN_OK);
  assert_int_equal(store_execute(f->copy, "INSERT INTO t VALUES (2)", &f->fault), MULLIGAN_OK);
  store_rollback(f->copy);
  end_plan(f);
  assert_applied(f, 1);
  assert_live(f, "SELECT group_concat(id) FROM t", "1");
}

static void test_triggers_do_not_fire_twice(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1,0);"
             "CREATE TABLE log(id INTEGER PRIMARY KEY, n INTEGER);"
             "CREATE TRIGGER r AFTER UPDATE ON t BEGIN INSERT INTO log(n) VALUES (new.n); END");
  plan(f, "UPDATE t SET n=7");
  assert_applied(f, 2);
  assert_live(f, "SELECT group_concat(id||':'||n) FROM log", "1:7");
  on_live(f, "UPDATE t SET n=8"); /* and they are on again afterwards */
  assert_live(f, "SELECT count(*) FROM log", "2");
}

static void test_cascades_are_part_of_the_plan(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_FAMILIES);
  plan(f, "DELETE FROM parent WHERE id=1");
  assert_applied(f, 3);
  assert_live(f, "SELECT group_concat(id) FROM child", "20");
}

static void test_foreign_keys_are_enforced_again_afterwards(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_FAMILIES);
  plan(f, "DELETE FROM parent WHERE id=1");
  assert_applied(f, 3);
  on_live(f, "DELETE FROM parent WHERE id=2");
  assert_live(f, "SELECT count(*) FROM child", "0");
}

static void test_autoincrement_goes_on_after_the_new_row(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO t(v) VALUES ('a')");
  plan(f, "INSERT INTO t(v) VALUES ('b'); INSERT INTO t(v) VALUES ('c')");
  assert_applied(f, 2);
  on_live(f, "DELETE FROM t WHERE id=3; INSERT INTO t(v) VALUES ('d')");
  assert_live(f, "SELECT id FROM t WHERE v='d'", "4");
}

static void test_full_text_tables_follow(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE VIRTUAL TABLE words USING fts5(v);"
             "INSERT INTO words(rowid, v) VALUES (1,'first seminar')");
  plan(f, "INSERT INTO words(rowid, v) VALUES (2,'second seminar')");
  int64_t rows;
  assert_int_equal(apply(f, &rows), MULLIGAN_OK);
  assert_live(f, "SELECT group_concat(rowid) FROM words('seminar')", "1,2");
  on_live(f, "INSERT INTO words(rowid, v) VALUES (3,'third seminar')");
  assert_live(f, "SELECT group_concat(rowid) FROM words('seminar')", "1,2,3");
  on_live(f, "INSERT INTO words(words) VALUES ('integrity-check')");
}

static void test_unrelated_edits_do_not_stop_it(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, v, note); INSERT INTO t VALUES (1,'a','x'),(2,'b','y')");
  plan(f, "UPDATE t SET v='A' WHERE id=1");
  on_live(f, "UPDATE t SET note='seen' WHERE id=1; DELETE FROM t WHERE id=2");
  assert_applied(f, 1);
  assert_live(f, "SELECT v||note FROM t WHERE id=1", "Aseen");
}

/* ---- what stops it ---- */

static void test_a_row_changed_since_stops_it(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_TWO_ROWS);
  plan(f, "UPDATE t SET v='new' WHERE id=1; UPDATE t SET v='new' WHERE id=2");
  on_live(f, "UPDATE t SET v='other' WHERE id=2");
  assert_refused(f, MULLIGAN_CONSTRAINT, "t id=2", "v is now 'other', not 'old'", "SELECT group_concat(v) FROM t",
                 "old,other");
}

static void test_a_deleted_row_changed_since_stops_it(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_TWO_ROWS);
  plan(f, "DELETE FROM t WHERE id=1; UPDATE t SET v='new' WHERE id=2");
  on_live(f, "UPDATE t SET v=NULL WHERE id=1");
  assert_refused(f, MULLIGAN_CONSTRAINT, "t id=1", "v is now NULL, not 'old'", "SELECT v FROM t WHERE id=2", "old");
}

static void test_a_row_removed_since_stops_it(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_TWO_ROWS);
  plan(f, "UPDATE t SET v='new'");
  on_live(f, "DELETE FROM t WHERE id=1");
  assert_refused(f, MULLIGAN_CONSTRAINT, "t id=1", "removed", "SELECT group_concat(id||v) FROM t", "2old");
}

static void test_a_row_added_since_stops_it(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_TWO_ROWS);
  plan(f, "INSERT INTO t VALUES (3,'c','mine'); UPDATE t SET v='new' WHERE id=1");
  on_live(f, "INSERT INTO t VALUES (3,'z','theirs')");
  assert_refused(f, MULLIGAN_CONSTRAINT, "t id=3", "v='theirs'", "SELECT group_concat(v) FROM t", "old,old,theirs");
}

static void test_a_unique_value_taken_since_stops_it(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_TWO_ROWS);
  plan(f, "UPDATE t SET u='c' WHERE id=1");
  on_live(f, "INSERT INTO t VALUES (3,'c','theirs')");
  assert_refused(f, MULLIGAN_CONSTRAINT, "t id=1", "t.u", "SELECT u FROM t WHERE id=1", "a");
}

static void test_replacing_tables_replace_nothing_unasked(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, u TEXT UNIQUE ON CONFLICT REPLACE); INSERT INTO t VALUES (1,'a')");
  plan(f, "INSERT INTO t VALUES (2,'b')");
  on_live(f, "INSERT INTO t VALUES (3,'b')");
  assert_refused(f, MULLIGAN_CONSTRAINT, "t id=2", "t.u", "SELECT group_concat(id) FROM t", "1,3");
}

static void test_a_parent_removed_since_stops_it(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_FAMILIES);
  plan(f, "INSERT INTO child VALUES (21,2)");
  on_live(f, "DELETE FROM parent WHERE id=2");
  assert_refused(f, MULLIGAN_CONSTRAINT, "child row 21", "parent", "SELECT group_concat(id) FROM child", "10,11");
}

static void test_a_child_added_since_stops_a_delete(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_FAMILIES);
  plan(f, "DELETE FROM parent WHERE id=1");
  on_live(f, "INSERT INTO child VALUES (12,1)");
  assert_refused(f, MULLIGAN_CONSTRAINT, "child row 12", "parent", "SELECT count(*) FROM child", "4");
}

static void test_another_schema_is_refused(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_TWO_ROWS);
  plan(f, "UPDATE t SET v='new'");
  on_live(f, "CREATE INDEX t_v ON t(v)");
  assert_refused(f, MULLIGAN_DENIED, "tables have been changed", "plan again", "SELECT group_concat(v) FROM t",
                 "old,old");
}

static void test_a_missing_table_is_no_silent_success(void **state) {
  struct fixture *f = *state;
  on_live(f, CHANGESET_TWO_ROWS);
  plan(f, "UPDATE t SET v='new'");
  on_live(f, "DROP TABLE t; CREATE TABLE other(id INTEGER PRIMARY KEY)");
  /* Even to a caller who took the hash of the new schema. */
  assert_int_equal(changeset_schema_hash(f->live, f->schema, &f->fault), MULLIGAN_OK);
  assert_refused(f, MULLIGAN_DENIED, "not there", "t", "SELECT count(*) FROM other", "0");
}

static void test_a_full_disk_leaves_everything_as_it_was(void **state) {
  struct fixture *f = *state;
  int64_t rows;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1,'a')");
  plan(f, "UPDATE t SET v='b'; INSERT INTO t VALUES (2,zeroblob(1000000))");
  assert_int_equal(store_execute(f->live, "PRAGMA max_page_count = 20", &f->fault), MULLIGAN_OK);
  assert_int_equal(apply(f, &rows), MULLIGAN_FULL);
  assert_false(store_in_transaction(f->live));
  assert_live(f, "SELECT group_concat(v) FROM t", "a");
}

/* ---- what cannot be recorded ---- */

static void assert_copy_refuses(struct fixture *f, const char *sql, const char *words) {
  assert_int_equal(store_begin_write(f->copy, &f->fault), MULLIGAN_OK);
  assert_int_equal(store_execute(f->copy, sql, &f->fault), MULLIGAN_DENIED);
  if (!strstr(f->fault.message, words))
    fail_msg("\"%s\" does not say %s", f->fault.message, words);
  store_rollback(f->copy);
}

static void test_unrecordable_writes_are_refused_with_the_reason(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE keyless(v); CREATE TABLE made(id INTEGER PRIMARY KEY, x, y AS (x*2));"
             "CREATE TABLE loose(k TEXT PRIMARY KEY, v); INSERT INTO loose VALUES (NULL,1);"
             "CREATE TABLE seq(id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE good(id INTEGER PRIMARY KEY, v);"
             "CREATE TRIGGER g AFTER UPDATE ON good BEGIN INSERT INTO keyless VALUES (1); END");
  begin_plan(f);
  assert_copy_refuses(f, "INSERT INTO keyless VALUES (1)", "keyless: this table has no primary key");
  assert_copy_refuses(f, "INSERT INTO made(x) VALUES (1)", "made: this table has generated columns");
  assert_copy_refuses(f, "UPDATE loose SET v=2", "loose: this table has rows whose primary key is NULL");
  assert_copy_refuses(f, "DELETE FROM sqlite_sequence", "sqlite_sequence: this table belongs to SQLite");
  assert_copy_refuses(f, "CREATE TABLE more(id INTEGER PRIMARY KEY)", "schema");
  assert_copy_refuses(f, "DROP TABLE good", "schema");
  assert_copy_refuses(f, "ALTER TABLE good ADD COLUMN w", "good: a change to the schema");
  assert_copy_refuses(f, "UPDATE good SET v=1", "keyless: this table has no primary key"); /* by its trigger */
  on_copy(f, "INSERT INTO good VALUES (1,'fine')");
  end_plan(f);
  assert_applied(f, 1);
}

static void test_a_key_that_becomes_null_is_refused_at_the_end(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE loose(k TEXT PRIMARY KEY, v)");
  begin_plan(f);
  on_copy(f, "INSERT INTO loose VALUES (NULL,1)");
  enum mulligan_status status = changeset_end(f->recorder, &f->changes, &f->fault);
  f->recorder = NULL;
  assert_int_equal(status, MULLIGAN_DENIED);
  assert_non_null(strstr(f->fault.message, "loose"));
}

static void test_a_store_is_free_again_after_its_recorder(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE keyless(v)");
  begin_plan(f);
  assert_copy_refuses(f, "INSERT INTO keyless VALUES (1)", "no primary key");
  changeset_abandon(f->recorder);
  f->recorder = NULL;
  on_copy(f, "INSERT INTO keyless VALUES (1); CREATE TABLE more(v)");
}

/* ---- what is shown ---- */

static void assert_json(const json_t *value, const char *expected) {
  char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
  assert_string_equal(text, expected);
  free(text);
}

static void test_the_description_shows_whole_rows(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, active BOOLEAN, b BLOB, v TEXT);"
             "INSERT INTO t VALUES (1,0,x'0102','keep'),(2,1,NULL,'gone'),(10,0,x'aa','x')");
  plan(f, "UPDATE t SET b=x'ff' WHERE id=10; UPDATE t SET active=1, b=x'0304' WHERE id=1; DELETE FROM t WHERE id=2;"
          "INSERT INTO t VALUES (3,NULL,NULL,'한글')");
  json_t *list;
  assert_int_equal(changeset_describe(&f->changes, f->copy, &list, &f->fault), MULLIGAN_OK);
  assert_int_equal(json_array_size(list), 4);
  assert_json(
      json_array_get(list, 0),
      "{\"table\":\"t\",\"operation\":\"update\",\"key\":{\"id\":1},"
      "\"before\":{\"id\":1,\"active\":false,\"b\":\"(2 bytes)\",\"v\":\"keep\"},"
      "\"after\":{\"id\":1,\"active\":true,\"b\":\"(2 bytes)\",\"v\":\"keep\"},\"changed\":[\"active\",\"b\"]}");
  assert_json(json_array_get(list, 1), "{\"table\":\"t\",\"operation\":\"delete\",\"key\":{\"id\":2},"
                                       "\"before\":{\"id\":2,\"active\":true,\"b\":null,\"v\":\"gone\"},\"after\":null,"
                                       "\"changed\":[]}");
  assert_json(json_array_get(list, 2),
              "{\"table\":\"t\",\"operation\":\"insert\",\"key\":{\"id\":3},\"before\":null,"
              "\"after\":{\"id\":3,\"active\":null,\"b\":null,\"v\":\"한글\"},\"changed\":[]}");
  assert_json(json_object_get(json_array_get(list, 3), "key"), "{\"id\":10}");
  json_decref(list);
}

static void test_broken_text_and_endless_numbers_can_be_shown(void **state) {
  struct fixture *f = *state;
  on_live(f, "CREATE TABLE t(id INTEGER PRIMARY KEY, v, r)");
  plan(f, "INSERT INTO t VALUES (1, CAST(x'61ff' AS TEXT), 9e999)");
  json_t *list;
  assert_int_equal(changeset_describe(&f->changes, f->copy, &list, &f->fault), MULLIGAN_OK);
  assert_json(json_object_get(json_array_get(list, 0), "after"),
              "{\"id\":1,\"v\":\"a\xEF\xBF\xBD\",\"r\":\"Infinity\"}");
  json_decref(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_FIXTURE(test_inserts_updates_and_deletes_arrive),
      WITH_FIXTURE(test_nothing_changed_is_an_empty_changeset),
      WITH_FIXTURE(test_a_copy_in_an_unnamed_file_does_as_well),
      WITH_FIXTURE(test_values_of_every_kind_arrive_unchanged),
      WITH_FIXTURE(test_composite_keys_and_tables_without_rowid),
      WITH_FIXTURE(test_exchanged_unique_values_arrive),
      WITH_FIXTURE(test_exchanged_primary_keys_arrive),
      WITH_FIXTURE(test_truncation_and_replacement_are_recorded),
      WITH_FIXTURE(test_rolled_back_work_is_not_recorded),
      WITH_FIXTURE(test_triggers_do_not_fire_twice),
      WITH_FIXTURE(test_cascades_are_part_of_the_plan),
      WITH_FIXTURE(test_foreign_keys_are_enforced_again_afterwards),
      WITH_FIXTURE(test_autoincrement_goes_on_after_the_new_row),
      WITH_FIXTURE(test_full_text_tables_follow),
      WITH_FIXTURE(test_unrelated_edits_do_not_stop_it),
      WITH_FIXTURE(test_a_row_changed_since_stops_it),
      WITH_FIXTURE(test_a_deleted_row_changed_since_stops_it),
      WITH_FIXTURE(test_a_row_removed_since_stops_it),
      WITH_FIXTURE(test_a_row_added_since_stops_it),
      WITH_FIXTURE(test_a_unique_value_taken_since_stops_it),
      WITH_FIXTURE(test_replacing_tables_replace_nothing_unasked),
      WITH_FIXTURE(test_a_parent_removed_since_stops_it),
      WITH_FIXTURE(test_a_child_added_since_stops_a_delete),
      WITH_FIXTURE(test_another_schema_is_refused),
      WITH_FIXTURE(test_a_missing_table_is_no_silent_success),
      WITH_FIXTURE(test_a_full_disk_leaves_everything_as_it_was),
      WITH_FIXTURE(test_unrecordable_writes_are_refused_with_the_reason),
      WITH_FIXTURE(test_a_key_that_becomes_null_is_refused_at_the_end),
      WITH_FIXTURE(test_a_store_is_free_again_after_its_recorder),
      WITH_FIXTURE(test_the_description_shows_whole_rows),
      WITH_FIXTURE(test_broken_text_and_endless_numbers_can_be_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
