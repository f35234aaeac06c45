/**
 * test_migrate.c - a schema brought to its newest step, or refused with a reason.
 */
#include "data/migrate.h"
#include "remove_tree.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
  char folder[64], steps[96], path[96], lock_path[96];
  struct write_lock *lock;
  struct store *store;
};

static struct store *open_store(struct world *world) {
  struct store *store = NULL;
  assert_int_equal(store_open(&store, world->path, STORE_READ_WRITE, world->lock, NULL), MULLIGAN_OK);
  store_set_write_wait(store, INT64_C(60000000000));
  return store;
}

static int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-migrate-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  snprintf(world->steps, sizeof world->steps, "%s/migrations", world->folder);
  snprintf(world->path, sizeof world->path, "%s/app.db", world->folder);
  snprintf(world->lock_path, sizeof world->lock_path, "%s/write.lock", world->folder);
  assert_int_equal(mkdir(world->steps, 0700), 0);
  assert_int_equal(write_lock_open(&world->lock, world->lock_path, NULL), MULLIGAN_OK);
  world->store = open_store(world);
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  struct world *world = *state;
  store_close(world->store);
  write_lock_close(world->lock);
  assert_int_equal(remove_tree(world->folder), 0);
  free(world);
  return 0;
}

static void put_step(struct world *world, const char *name, const char *sql) {
  char path[192];
  snprintf(path, sizeof path, "%s/%s", world->steps, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(sql, file);
  fclose(file);
}

static void put_first_two(struct world *world) {
  put_step(world, "0001_user.sql", "CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT);\n-- the end\n");
  put_step(world, "0002_pet.sql",
           "CREATE TABLE pet (id INTEGER PRIMARY KEY, owner REFERENCES user (id) ON DELETE CASCADE);"
           "INSERT INTO user (id, name) VALUES (1, 'first');"
           "INSERT INTO pet (id, owner) VALUES (1, 1);");
}

/* Reads the folder and applies it. */
static enum mulligan_status migrate(struct world *world, int *applied, struct fault *fault) {
  struct migrate_plan plan;
  enum mulligan_status status = migrate_plan_read(&plan, world->steps, fault);
  if (!status)
    status = migrate_apply(world->store, plan.steps, plan.count, applied, fault);
  migrate_plan_release(&plan);
  return status;
}

static enum mulligan_status check(struct world *world, struct fault *fault) {
  struct migrate_plan plan;
  enum mulligan_status status = migrate_plan_read(&plan, world->steps, fault);
  if (!status)
    status = migrate_check(world->store, plan.steps, plan.count, fault);
  migrate_plan_release(&plan);
  return status;
}

static int64_t ask(struct store *store, const char *sql) {
  struct store_statement *statement;
  struct fault fault = {0};
  bool row = false;
  if (store_prepare(store, sql, strlen(sql), &statement, &fault) || store_step(statement, &row, &fault))
    fail_msg("%s", fault.message);
  assert_true(row);
  int64_t answer = store_column_integer(statement, 0);
  store_finish(statement);
  return answer;
}

static int64_t version(struct world *world) {
  int64_t number = -1;
  assert_int_equal(store_version(world->store, &number, NULL), MULLIGAN_OK);
  return number;
}

static void assert_says(const struct fault *fault, const char *words) {
  if (!strstr(fault->message, words))
    fail_msg("\"%s\" does not say \"%s\"", fault->message, words);
}

static void test_steps_are_applied_once_and_recorded(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  int applied = -1;
  put_first_two(world);
  assert_int_equal(check(world, &fault), MULLIGAN_MISSING);
  assert_says(&fault, "0001_user.sql");
  assert_int_equal(migrate(world, &applied, &fault), MULLIGAN_OK);
  assert_int_equal(applied, 2);
  assert_int_equal(version(world), 2);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM user"), 1);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM mulligan_migration WHERE length(sha256) = 64 AND "
                                     "applied_at LIKE '20__-%Z' AND name IN ('0001_user.sql', '0002_pet.sql')"),
                   2);
  assert_int_equal(migrate(world, &applied, &fault), MULLIGAN_OK);
  assert_int_equal(applied, 0);
  assert_int_equal(check(world, &fault), MULLIGAN_OK);

  put_step(world, "0003_more.sql", "INSERT INTO user (name) VALUES ('second')");
  assert_int_equal(check(world, &fault), MULLIGAN_MISSING);
  assert_says(&fault, "0003_more.sql");
  assert_int_equal(migrate(world, &applied, &fault), MULLIGAN_OK);
  assert_int_equal(applied, 1);
  assert_int_equal(version(world), 3);
}

static void test_a_missing_folder_has_no_steps(void **state) {
  struct world *world = *state;
  assert_int_equal(rmdir(world->steps), 0);
  int applied = -1;
  assert_int_equal(migrate(world, &applied, NULL), MULLIGAN_OK);
  assert_int_equal(applied, 0);
  assert_int_equal(mkdir(world->steps, 0700), 0);
}

static void test_a_step_that_fails_leaves_nothing_of_itself(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  int applied = -1;
  put_first_two(world);
  put_step(world, "0003_broken.sql",
           "CREATE TABLE half (a);\nINSERT INTO half VALUES (1);\nINSERT INTO nowhere VALUES (1);");
  assert_int_equal(migrate(world, &applied, &fault), MULLIGAN_ERROR);
  assert_int_equal(applied, 2);
  assert_says(&fault, "0003_broken.sql");
  assert_says(&fault, "no such table: nowhere");
  assert_int_equal(version(world), 2);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
  assert_int_equal(ask(world->store, "PRAGMA foreign_keys"), 1);
  assert_false(store_in_transaction(world->store));
  put_step(world, "0003_broken.sql", "CREATE TABLE half (a);");
  assert_int_equal(migrate(world, &applied, &fault), MULLIGAN_OK);
  assert_int_equal(applied, 1);
}

static void test_a_step_cannot_commit_by_itself(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  put_step(world, "0001_sly.sql", "CREATE TABLE a (b); COMMIT; CREATE TABLE c (d);");
  assert_int_equal(migrate(world, NULL, &fault), MULLIGAN_DENIED);
  assert_says(&fault, "0001_sly.sql");
  assert_int_equal(version(world), 0);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM sqlite_schema"), 0);
}

static void test_a_table_can_be_rebuilt_without_losing_what_refers_to_it(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  put_first_two(world);
  put_step(world, "0003_rebuild.sql",
           "CREATE TABLE new_user (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
           "INSERT INTO new_user SELECT id, name FROM user;"
           "DROP TABLE user; ALTER TABLE new_user RENAME TO user;");
  if (migrate(world, NULL, &fault))
    fail_msg("%s", fault.message);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM pet JOIN user ON user.id = owner"), 1);
  assert_int_equal(ask(world->store, "PRAGMA foreign_keys"), 1);
}

static void test_a_step_that_leaves_a_reference_to_nothing_is_undone(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  put_first_two(world);
  put_step(world, "0003_orphan.sql", "DELETE FROM user");
  assert_int_equal(migrate(world, NULL, &fault), MULLIGAN_CONSTRAINT);
  assert_says(&fault, "0003_orphan.sql: row 1 of pet would refer to a row of user that is not there");
  assert_int_equal(version(world), 2);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM user"), 1);
}

static void test_a_changed_step_is_refused(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  put_first_two(world);
  assert_int_equal(migrate(world, NULL, &fault), MULLIGAN_OK);
  put_step(world, "0001_user.sql", "CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
  put_step(world, "0003_more.sql", "CREATE TABLE more (a)");
  assert_int_equal(migrate(world, NULL, &fault), MULLIGAN_DENIED);
  assert_says(&fault, "0001_user.sql was changed after it was applied");
  assert_int_equal(check(world, &fault), MULLIGAN_DENIED);
  assert_int_equal(version(world), 2);
}

static void test_a_newer_database_is_refused(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  char newer[192];
  put_first_two(world);
  assert_int_equal(migrate(world, NULL, &fault), MULLIGAN_OK);
  snprintf(newer, sizeof newer, "%s/0002_pet.sql", world->steps);
  assert_int_equal(unlink(newer), 0);
  assert_int_equal(migrate(world, NULL, &fault), MULLIGAN_DENIED);
  assert_says(&fault, "is newer");
  assert_says(&fault, "0002_pet.sql");
  assert_says(&fault, world->path);
  assert_int_equal(check(world, &fault), MULLIGAN_DENIED);
}

static void test_a_database_of_something_else_is_refused(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(store_execute(world->store, "PRAGMA user_version = 40", NULL), MULLIGAN_OK);
  assert_int_equal(store_commit(world->store, NULL), MULLIGAN_OK);
  put_first_two(world);
  assert_int_equal(migrate(world, NULL, &fault), MULLIGAN_DENIED);
  assert_says(&fault, "user_version is 40");
}

static void assert_refused(struct world *world, const char *words) {
  struct fault fault = {0};
  assert_int_equal(migrate(world, NULL, &fault), MULLIGAN_INVALID);
  assert_says(&fault, words);
  assert_int_equal(version(world), 0);
}

static void test_numbers_must_be_in_order(void **state) {
  struct world *world = *state;
  put_step(world, "0002_second.sql", "CREATE TABLE b (a)");
  assert_refused(world, "0002_second.sql: there is no step 0001");
  put_step(world, "0001_first.sql", "CREATE TABLE a (a)");
  put_step(world, "0002_again.sql", "CREATE TABLE c (a)");
  assert_refused(world, "0002_again.sql and 0002_second.sql have the same number");
  put_step(world, "notes.sql", "");
  assert_refused(world, "notes.sql: a step is named like 0001_users.sql");
}

static void test_a_step_must_be_text(void **state) {
  struct world *world = *state;
  put_step(world, "0001_bytes.sql", "SELECT '\xff\xfe'");
  assert_refused(world, "0001_bytes.sql: not a text in UTF-8");
}

/* Several processes may start at once. */
static void *migrate_beside(void *context) {
  struct world own = *(struct world *)context;
  own.store = open_store(&own);
  struct fault fault = {0};
  int applied = 0;
  if (migrate(&own, &applied, &fault))
    fprintf(stderr, "%s\n", fault.message);
  store_close(own.store);
  return (void *)(intptr_t)(fault.status ? -1000 : applied);
}

static void test_many_at_once_apply_each_step_once(void **state) {
  struct world *world = *state;
  for (int i = 1; i <= 20; i++) {
    char name[32], sql[64];
    snprintf(name, sizeof name, "%04d_step.sql", i);
    snprintf(sql, sizeof sql, "CREATE TABLE table_%d (a)", i);
    put_step(world, name, sql);
  }
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, migrate_beside, world), 0);
  intptr_t total = 0;
  for (int i = 0; i < 4; i++) {
    void *applied;
    pthread_join(threads[i], &applied);
    total += (intptr_t)applied;
  }
  assert_int_equal(total, 20);
  assert_int_equal(version(world), 20);
}

#define MIGRATE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      MIGRATE_TEST(test_steps_are_applied_once_and_recorded),
      MIGRATE_TEST(test_a_missing_folder_has_no_steps),
      MIGRATE_TEST(test_a_step_that_fails_leaves_nothing_of_itself),
      MIGRATE_TEST(test_a_step_cannot_commit_by_itself),
      MIGRATE_TEST(test_a_table_can_be_rebuilt_without_losing_what_refers_to_it),
      MIGRATE_TEST(test_a_step_that_leaves_a_reference_to_nothing_is_undone),
      MIGRATE_TEST(test_a_changed_step_is_refused),
      MIGRATE_TEST(test_a_newer_database_is_refused),
      MIGRATE_TEST(test_a_database_of_something_else_is_refused),
      MIGRATE_TEST(test_numbers_must_be_in_order),
      MIGRATE_TEST(test_a_step_must_be_text),
      MIGRATE_TEST(test_many_at_once_apply_each_step_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
