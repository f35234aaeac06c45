/**
 * test_store.c - statements: what comes back, what is refused and in which words, and what the cache keeps.
 */
#include "store_world.h"

/* ---- values ---- */

static void test_values_come_back_as_they_went_in(void **state) {
  struct world *world = *state;
  static const char bytes[] = {'a', 0, (char)0xff, 'b'};
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  struct store_statement *statement =
      prepare(world->store,
              "INSERT INTO person (id, name, accepted, photo, height, email) VALUES (:id, ?2, @ok, $photo, ?, ?)");
  assert_int_equal(store_parameter_count(statement), 6);
  assert_string_equal(store_parameter_name(statement, 1), "id");
  assert_null(store_parameter_name(statement, 2));
  assert_string_equal(store_parameter_name(statement, 3), "ok");
  assert_string_equal(store_parameter_name(statement, 4), "photo");
  assert_null(store_parameter_name(statement, 5));
  assert_int_equal(store_bind_integer(statement, 1, INT64_MAX, NULL), MULLIGAN_OK);
  assert_int_equal(store_bind_text(statement, 2, "김민수\0!", 11, NULL), MULLIGAN_OK);
  assert_int_equal(store_bind_integer(statement, 3, 1, NULL), MULLIGAN_OK);
  assert_int_equal(store_bind_blob(statement, 4, bytes, sizeof bytes, NULL), MULLIGAN_OK);
  assert_int_equal(store_bind_real(statement, 5, 0.1, NULL), MULLIGAN_OK);
  assert_int_equal(store_bind_null(statement, 6, NULL), MULLIGAN_OK);
  bool row;
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  assert_false(row);
  store_finish(statement);
  assert_int_equal(store_last_insert(world->store), INT64_MAX);
  assert_int_equal(store_commit(world->store, NULL), MULLIGAN_OK);

  statement = prepare(world->store, "SELECT id, name, accepted, photo, height, email, accepted + 0 FROM person");
  assert_true(store_is_read(statement));
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  assert_true(row);
  assert_int_equal(store_column_count(statement), 7);
  assert_string_equal(store_column_name(statement, 3), "photo");
  assert_int_equal(store_column_type(statement, 0), STORE_INTEGER);
  assert_true(store_column_integer(statement, 0) == INT64_MAX);
  size_t length;
  assert_int_equal(store_column_type(statement, 1), STORE_TEXT);
  assert_memory_equal(store_column_bytes(statement, 1, &length), "김민수\0!", 11);
  assert_int_equal(length, 11);
  assert_int_equal(store_column_type(statement, 2), STORE_BOOLEAN);
  assert_int_equal(store_column_type(statement, 3), STORE_BLOB);
  assert_memory_equal(store_column_bytes(statement, 3, &length), bytes, sizeof bytes);
  assert_int_equal(length, sizeof bytes);
  assert_int_equal(store_column_type(statement, 4), STORE_REAL);
  assert_true(store_column_real(statement, 4) == 0.1);
  assert_int_equal(store_column_type(statement, 5), STORE_NULL);
  assert_int_equal(store_column_type(statement, 6), STORE_INTEGER);
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  assert_false(row);
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  assert_false(row); /* and does not begin again */
  store_finish(statement);
}

static void test_a_boolean_column_with_another_number_keeps_it(void **state) {
  struct world *world = *state;
  write_sql(world->store, "INSERT INTO person (name, accepted) VALUES ('a', 7)");
  struct store_statement *statement = prepare(world->store, "SELECT accepted FROM person");
  bool row;
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  assert_int_equal(store_column_type(statement, 0), STORE_INTEGER);
  assert_int_equal(store_column_integer(statement, 0), 7);
  store_finish(statement);
}

static void test_a_statement_follows_a_changed_schema(void **state) {
  struct world *world = *state;
  write_sql(world->store, "CREATE TABLE flag (a INTEGER); INSERT INTO flag VALUES (1)");
  struct store_statement *statement = prepare(world->store, "SELECT * FROM flag");
  bool row;
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  assert_int_equal(store_column_count(statement), 1);
  assert_int_equal(store_column_type(statement, 0), STORE_INTEGER);
  store_finish(statement);
  write_sql(world->store, "DROP TABLE flag; CREATE TABLE flag (a BOOLEAN, b TEXT); INSERT INTO flag VALUES (1, 'x')");
  statement = prepare(world->store, "SELECT * FROM flag");
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  assert_int_equal(store_column_count(statement), 2);
  assert_int_equal(store_column_type(statement, 0), STORE_BOOLEAN);
  store_finish(statement);
}

static void test_columns_of_one_name_are_told(void **state) {
  struct world *world = *state;
  write_sql(world->store, "INSERT INTO person (id, name) VALUES (1, 'a'); INSERT INTO pet VALUES (1, 'b')");
  struct store_statement *statement = prepare(world->store, "SELECT * FROM person JOIN pet ON owner = id");
  bool row;
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  assert_string_equal(store_column_twin(statement), "name");
  store_finish(statement);
  statement = prepare(world->store, "SELECT person.name, pet.name AS pet FROM person JOIN pet ON owner = id");
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  assert_null(store_column_twin(statement));
  store_finish(statement);
}

static void test_a_value_too_large_is_refused(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  size_t length = 65u * 1024 * 1024;
  char *text = calloc(1, length);
  assert_non_null(text);
  struct store_statement *statement = prepare(world->store, "SELECT ?");
  assert_int_equal(store_bind_text(statement, 1, text, length, &fault), MULLIGAN_FULL);
  assert_int_equal(store_bind_integer(statement, 2, 1, &fault), MULLIGAN_INVALID);
  store_finish(statement);
  free(text);
  assert_int_equal(run(world->store, "SELECT zeroblob(100000000)", &fault), MULLIGAN_FULL);
}

static void test_changes_are_those_of_the_last_write(void **state) {
  struct world *world = *state;
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, "INSERT INTO person (name) VALUES ('a'), ('b'), ('c')", NULL), MULLIGAN_OK);
  assert_int_equal(store_changes(world->store), 3);
  assert_int_equal(run(world->store, "CREATE TABLE other (a)", NULL), MULLIGAN_OK);
  assert_int_equal(store_changes(world->store), 0);
  assert_int_equal(run(world->store, "UPDATE person SET age = 20 WHERE name = 'a'", NULL), MULLIGAN_OK);
  assert_int_equal(store_changes(world->store), 1);
  assert_int_equal(store_last_insert(world->store), 3);
  assert_int_equal(store_commit(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(store_last_insert(world->store), 0);
  store_rollback(world->store);
}

/* ---- constraints ---- */

static const struct store_constraint *violate(struct world *world, const char *sql, const char *words) {
  struct fault fault = {0};
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, sql, &fault), MULLIGAN_CONSTRAINT);
  assert_int_equal(fault.status, MULLIGAN_CONSTRAINT);
  assert_says(&fault, words);
  assert_says(&fault, sql);
  store_rollback(world->store);
  return store_constraint(world->store);
}

static void test_a_constraint_tells_its_particulars(void **state) {
  struct world *world = *state;
  write_sql(world->store,
            "INSERT INTO person (id, name, email) VALUES (1, 'a', 'a@b'); INSERT INTO pet VALUES (1, 'x');"
            "CREATE UNIQUE INDEX person_name ON person (lower(name));");
  const struct store_constraint *found =
      violate(world, "INSERT INTO person (name, email) VALUES ('b', 'a@b')", "UNIQUE constraint failed: person.email");
  assert_string_equal(found->kind, "unique");
  assert_string_equal(found->table, "person");
  assert_int_equal(found->column_count, 1);
  assert_string_equal(found->columns[0], "email");
  assert_string_equal(found->name, "");

  found = violate(world, "INSERT INTO pet VALUES (1, 'x')", "UNIQUE");
  assert_string_equal(found->table, "pet");
  assert_int_equal(found->column_count, 2);
  assert_string_equal(found->columns[0], "owner");
  assert_string_equal(found->columns[1], "name");

  found = violate(world, "INSERT INTO person (name) VALUES (NULL)", "NOT NULL");
  assert_string_equal(found->kind, "not_null");
  assert_string_equal(found->columns[0], "name");

  found = violate(world, "INSERT INTO person (name, age) VALUES ('b', 17)", "CHECK");
  assert_string_equal(found->kind, "check");
  assert_string_equal(found->name, "adult");
  assert_string_equal(found->table, "");
  assert_int_equal(found->column_count, 0);

  found = violate(world, "INSERT INTO person (id, name) VALUES (1, 'b')", "UNIQUE");
  assert_string_equal(found->kind, "primary_key");
  assert_string_equal(found->columns[0], "id");

  found = violate(world, "INSERT INTO person (name) VALUES ('A')", "UNIQUE");
  assert_string_equal(found->kind, "unique");
  assert_string_equal(found->name, "person_name");

  found = violate(world, "INSERT INTO pet VALUES (99, 'x')", "FOREIGN KEY");
  assert_string_equal(found->kind, "foreign_key");
  assert_string_equal(found->table, "");
  assert_int_equal(found->column_count, 0);
}

static void test_a_commit_that_fails_ends_the_transaction(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  write_sql(world->store, "CREATE TABLE late (a REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED)");
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, "INSERT INTO late VALUES (77)", &fault), MULLIGAN_OK);
  assert_int_equal(store_commit(world->store, &fault), MULLIGAN_CONSTRAINT);
  assert_string_equal(store_constraint(world->store)->kind, "foreign_key");
  assert_false(store_in_transaction(world->store));
  assert_int_equal(ask(world->store, "SELECT count(*) FROM late"), 0);
  write_sql(world->store, "INSERT INTO person (name) VALUES ('next')");
}

/* ---- what is refused ---- */

static void test_sql_that_is_wrong_is_quoted(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  assert_int_equal(run(world->store, "SELECT nope\n   FROM person", &fault), MULLIGAN_INVALID);
  assert_int_equal(fault.status, MULLIGAN_INVALID);
  assert_says(&fault, "no such column: nope, in \"SELECT nope FROM person\"");
  assert_int_equal(run(world->store, "SELEC 1", &fault), MULLIGAN_INVALID);
  assert_says(&fault, "syntax error");
  assert_int_equal(run(world->store, "SELECT 1; SELECT 2", &fault), MULLIGAN_INVALID);
  assert_says(&fault, "more than one statement");
  assert_int_equal(run(world->store, "SELECT 1; oops", &fault), MULLIGAN_INVALID);
  assert_int_equal(run(world->store, "SELECT 1; BEGIN", &fault), MULLIGAN_INVALID);
  assert_says(&fault, "more than one statement");
  assert_int_equal(run(world->store, "  -- nothing\n;", &fault), MULLIGAN_INVALID);
  assert_says(&fault, "no statement");
  assert_int_equal(run(world->store, "SELECT 1; -- and that is all\n", &fault), MULLIGAN_OK);
  assert_int_equal(run(world->store, "SELECT name FROM person WHERE name = \"typo\"", &fault), MULLIGAN_INVALID);
  struct store_statement *statement;
  assert_int_equal(store_prepare(world->store, "SELECT 1\0; DROP", 15, &statement, &fault), MULLIGAN_INVALID);
  assert_null(statement);
  assert_says(&fault, "NUL");

  char *endless = malloc(3000);
  assert_non_null(endless);
  memset(endless, 'x', 3000);
  assert_int_equal(store_prepare(world->store, endless, 3000, &statement, &fault), MULLIGAN_INVALID);
  assert_says(&fault, "xxx…\"");
  free(endless);
}

static void assert_denied(struct store *store, const char *sql, const char *words) {
  struct fault fault = {0};
  enum mulligan_status status = run(store, sql, &fault);
  if (status != MULLIGAN_DENIED)
    fail_msg("%s: status %d, not denied: %s", sql, status, fault.message);
  assert_says(&fault, words);
}

static void test_what_belongs_to_the_host_is_refused_to_sql(void **state) {
  struct world *world = *state;
  const char *const transactions[] = {"BEGIN",    "BEGIN IMMEDIATE", "COMMIT",    "END",
                                      "ROLLBACK", "SAVEPOINT a",     "RELEASE a", "ROLLBACK TO a"};
  for (size_t i = 0; i < sizeof transactions / sizeof *transactions; i++)
    assert_denied(world->store, transactions[i], "db.transaction");
  assert_denied(world->store, "ATTACH '/tmp/other.db' AS other", "attached");
  assert_denied(world->store, "DETACH main", "attached");
  assert_denied(world->store, "PRAGMA journal_mode = DELETE", "host's business");
  assert_denied(world->store, "PRAGMA foreign_keys = OFF", "host's business");
  assert_denied(world->store, "PRAGMA user_version = 7", "host's business");
  assert_denied(world->store, "PRAGMA wal_checkpoint", "host's business");
  assert_denied(world->store, "PRAGMA writable_schema = ON", "host's business");
  assert_denied(world->store, "CREATE TEMP TABLE a (b)", "outlive");
  assert_denied(world->store, "CREATE TEMP VIEW a AS SELECT 1", "outlive");
  assert_denied(world->store, "SELECT load_extension('/tmp/a.so')", "loads code");
  assert_int_equal(store_execute(world->store, "BEGIN", NULL), MULLIGAN_DENIED);
  assert_int_equal(store_execute(world->store, "ATTACH ':memory:' AS other", NULL), MULLIGAN_DENIED);
  assert_int_equal(ask(world->store, "PRAGMA foreign_keys"), 1);
  assert_int_equal(ask(world->store, "PRAGMA user_version"), 0);
  assert_int_equal(run(world->store, "PRAGMA table_info(person)", NULL), MULLIGAN_OK);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM pragma_table_info('person')"), 7);
}

static void test_a_write_needs_a_transaction(void **state) {
  struct world *world = *state;
  char copy[128], vacuum[160];
  snprintf(copy, sizeof copy, "%s/copy.db", world->folder);
  snprintf(vacuum, sizeof vacuum, "VACUUM INTO '%s'", copy);
  assert_denied(world->store, "INSERT INTO person (name) VALUES ('a')", "a write outside a transaction");
  assert_denied(world->store, "INSERT INTO person (name) VALUES ('a') RETURNING id", "a write outside a transaction");
  assert_denied(world->store, "CREATE TABLE a (b)", "a write outside a transaction");
  assert_denied(world->store, "VACUUM", "outside a transaction");
  assert_int_not_equal(run(world->store, vacuum, NULL), MULLIGAN_OK);
  assert_int_equal(size_of(copy), -1);
  assert_int_equal(store_execute(world->store, "DELETE FROM person", NULL), MULLIGAN_DENIED);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM person"), 0);
  assert_int_equal(run(world->store, "EXPLAIN QUERY PLAN INSERT INTO person (name) VALUES ('a')", NULL), MULLIGAN_OK);
}

/* ---- the cache ---- */

static void test_a_statement_is_found_again_and_clean(void **state) {
  struct world *world = *state;
  struct store_statement *first = prepare(world->store, "SELECT ?");
  assert_int_equal(store_bind_integer(first, 1, 42, NULL), MULLIGAN_OK);
  store_finish(first);
  struct store_statement *again = prepare(world->store, "SELECT ?");
  assert_ptr_equal(again, first);
  bool row;
  assert_int_equal(store_step(again, &row, NULL), MULLIGAN_OK);
  assert_int_equal(store_column_type(again, 0), STORE_NULL);

  struct store_statement *nested = prepare(world->store, "SELECT ?");
  assert_ptr_not_equal(nested, again);
  assert_int_equal(store_bind_integer(nested, 1, 7, NULL), MULLIGAN_OK);
  assert_int_equal(store_step(nested, &row, NULL), MULLIGAN_OK);
  assert_int_equal(store_column_integer(nested, 0), 7);
  store_finish(nested);
  assert_int_equal(store_step(again, &row, NULL), MULLIGAN_OK);
  assert_false(row);
  store_finish(again);
}

static void test_the_cache_keeps_the_last_used(void **state) {
  struct world *world = *state;
  char sql[64];
  struct store_statement *kept = prepare(world->store, "SELECT 'kept'");
  store_finish(kept);
  struct store_statement *in_use = prepare(world->store, "SELECT 'in use'");
  bool row;
  assert_int_equal(store_step(in_use, &row, NULL), MULLIGAN_OK);
  for (int i = 0; i < 2000; i++) {
    snprintf(sql, sizeof sql, "SELECT %d", i);
    assert_int_equal(ask(world->store, sql), i);
    struct store_statement *again = prepare(world->store, "SELECT 'kept'");
    assert_ptr_equal(again, kept);
    store_finish(again);
  }
  size_t length;
  assert_string_equal(store_column_bytes(in_use, 0, &length), "in use");
  store_finish(in_use);
}

static void test_more_statements_than_the_cache_holds_can_run_at_once(void **state) {
  struct world *world = *state;
  enum { COUNT = 400 };
  struct store_statement *statements[COUNT];
  char sql[64];
  bool row;
  for (int i = 0; i < COUNT; i++) {
    snprintf(sql, sizeof sql, "SELECT %d", i);
    statements[i] = prepare(world->store, sql);
    assert_int_equal(store_step(statements[i], &row, NULL), MULLIGAN_OK);
  }
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(store_column_integer(statements[i], 0), i);
    store_finish(statements[i]);
  }
  assert_int_equal(ask(world->store, "SELECT 399"), 399);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      STORE_TEST(test_values_come_back_as_they_went_in),
      STORE_TEST(test_a_boolean_column_with_another_number_keeps_it),
      STORE_TEST(test_a_statement_follows_a_changed_schema),
      STORE_TEST(test_columns_of_one_name_are_told),
      STORE_TEST(test_a_value_too_large_is_refused),
      STORE_TEST(test_changes_are_those_of_the_last_write),
      STORE_TEST(test_a_constraint_tells_its_particulars),
      STORE_TEST(test_a_commit_that_fails_ends_the_transaction),
      STORE_TEST(test_sql_that_is_wrong_is_quoted),
      STORE_TEST(test_what_belongs_to_the_host_is_refused_to_sql),
      STORE_TEST(test_a_write_needs_a_transaction),
      STORE_TEST(test_a_statement_is_found_again_and_clean),
      STORE_TEST(test_the_cache_keeps_the_last_used),
      STORE_TEST(test_more_statements_than_the_cache_holds_can_run_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
