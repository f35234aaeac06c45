/**
 * test_bind_db.c - what a Lua test cannot see of mulligan.db: deadlines, memory, other writers, the host's own
 * transactions.
 *
 * What a script cannot do to others: hold the write lock past its own end, or leave a half-done transaction behind.
 */
#include "base/clock.h"
#include "vm/bind.h"
#include "vm/vm.h"
#include "vm/vm_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <lauxlib.h>

enum { LONG = 60, SHORT_MS = 50 };

struct world {
  char folder[64], path[96], lock_path[96];
  struct settings *settings;
  struct scrub *scrub;
  struct vm_services services;
  struct vm *vm;
  struct store *other; /* another connection to the same file */
};

static void create_vm(struct world *world) {
  struct fault fault;
  if (vm_create(&world->vm, &world->services, NULL, VM_KIND_TEST, NULL, &fault))
    fail_msg("%s", fault.message);
}

static int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-bind-db-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  snprintf(world->path, sizeof world->path, "%s/app.db", world->folder);
  snprintf(world->lock_path, sizeof world->lock_path, "%s/write.lock", world->folder);
  world->settings = settings_create();
  world->scrub = scrub_create(NULL, 0);
  world->services = (struct vm_services){.settings = world->settings, .scrub = world->scrub, .app_path = world->path};
  assert_int_equal(write_lock_open(&world->services.app_lock, world->lock_path, NULL), MULLIGAN_OK);
  assert_int_equal(store_open(&world->other, world->path, STORE_READ_WRITE, world->services.app_lock, NULL),
                   MULLIGAN_OK);
  assert_int_equal(store_begin_write(world->other, NULL), MULLIGAN_OK);
  assert_int_equal(store_execute(world->other, "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE)", NULL),
                   MULLIGAN_OK);
  assert_int_equal(store_commit(world->other, NULL), MULLIGAN_OK);
  create_vm(world);
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  struct world *world = *state;
  vm_destroy(world->vm);
  store_close(world->other);
  write_lock_close(world->services.app_lock);
  const char *const left[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
    char path[128];
    snprintf(path, sizeof path, "%s%s", world->path, left[i]);
    unlink(path);
  }
  unlink(world->lock_path);
  assert_int_equal(rmdir(world->folder), 0);
  scrub_destroy(world->scrub);
  settings_destroy(world->settings);
  free(world);
  return 0;
}

/* The body of a call: runs the text in the context, with `db` and its arguments at hand. */
static int run_text(lua_State *L) {
  lua_pushcfunction(L, module_require);
  lua_pushliteral(L, "mulligan.db");
  lua_call(L, 1, 1);
  lua_setglobal(L, "db");
  if (luaL_loadstring(L, vm_context(vm_of(L))) != LUA_OK)
    return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

static enum mulligan_status run(struct world *world, const char *text, double seconds, struct fault *fault) {
  char copy[2048];
  snprintf(copy, sizeof copy, "%s", text);
  return vm_call(world->vm, run_text, copy, seconds, fault);
}

static void must_run(struct world *world, const char *text) {
  struct fault fault;
  if (run(world, text, LONG, &fault))
    fail_msg("%s: %s", text, fault.message);
}

static void must_say(struct world *world, const char *text, const char *words) {
  struct fault fault;
  assert_int_equal(run(world, text, LONG, &fault), MULLIGAN_ERROR);
  if (!strstr(fault.message, words))
    fail_msg("\"%s\" does not say \"%s\"", fault.message, words);
}

/* How many rows others see. Nobody may hold the write lock now. */
static int64_t count_items(struct world *world) {
  struct fault fault = {0};
  store_set_write_wait(world->other, 0);
  if (store_begin_write(world->other, &fault))
    fail_msg("%s", fault.message);
  store_rollback(world->other);
  static const char sql[] = "SELECT count(*) FROM item";
  struct store_statement *statement;
  bool row;
  assert_int_equal(store_prepare(world->other, sql, strlen(sql), &statement, NULL), MULLIGAN_OK);
  assert_int_equal(store_step(statement, &row, NULL), MULLIGAN_OK);
  int64_t count = store_column_integer(statement, 0);
  store_finish(statement);
  return count;
}

#define ENDLESS "with recursive n (i) as (select 1 union all select i + 1 from n) "

/* ---- deadlines ---- */

static void test_endless_sql_ends_at_the_deadline(void **state) {
  struct world *world = *state;
  struct fault fault;
  assert_int_equal(run(world, "db.one('" ENDLESS "select count(*) as n from n')", SHORT_MS / 1e3, &fault),
                   MULLIGAN_INTERRUPTED);
  assert_true(vm_condemned(world->vm));
  assert_int_equal(vm_stopped(world->vm), VM_STOP_DEADLINE);
}

static void test_the_deadline_undoes_a_transaction(void **state) {
  struct world *world = *state;
  struct fault fault;
  assert_int_equal(run(world,
                       "db.transaction(function() db.exec \"insert into item (name) values ('a')\""
                       " db.exec('insert into item (name) " ENDLESS "select i from n') end)",
                       SHORT_MS / 1e3, &fault),
                   MULLIGAN_INTERRUPTED);
  vm_destroy(world->vm);
  world->vm = NULL;
  assert_int_equal(count_items(world), 0);
}

static void test_a_loop_in_a_transaction_is_undone_too(void **state) {
  struct world *world = *state;
  struct fault fault;
  assert_int_equal(run(world,
                       "db.transaction(function() db.exec \"insert into item (name) values ('a')\""
                       " while true do end end)",
                       SHORT_MS / 1e3, &fault),
                   MULLIGAN_INTERRUPTED);
  vm_destroy(world->vm);
  world->vm = NULL;
  assert_int_equal(count_items(world), 0);
}

static void test_waiting_for_the_turn_ends_at_the_deadline(void **state) {
  struct world *world = *state;
  struct fault fault;
  assert_int_equal(store_begin_write(world->other, NULL), MULLIGAN_OK);
  store_set_write_wait(vm_store(world->vm), INT64_C(1000000000) * LONG);
  assert_int_equal(run(world, "db.exec \"insert into item (name) values ('a')\"", SHORT_MS / 1e3, &fault),
                   MULLIGAN_INTERRUPTED);
  store_rollback(world->other);
  assert_int_equal(count_items(world), 0);
}

/* ---- other writers ---- */

static void test_a_turn_that_does_not_come_is_busy(void **state) {
  struct world *world = *state;
  assert_int_equal(store_begin_write(world->other, NULL), MULLIGAN_OK);
  store_set_write_wait(vm_store(world->vm), 0);
  must_run(world, "local ok, err = pcall(db.exec, \"insert into item (name) values ('a')\")"
                  "assert(not ok and err.code == 'busy' and getmetatable(err) == db.Error and err.sql, tostring(err))"
                  "ok, err = pcall(db.transaction, function() error('must not be called') end)"
                  "assert(not ok and err.code == 'busy' and not err.sql, tostring(err))"
                  "assert(#db.query 'select * from item' == 0)"); /* reading needs no turn */
  store_rollback(world->other);
  must_run(world, "db.exec \"insert into item (name) values ('a')\"");
  assert_int_equal(count_items(world), 1);
}

static void test_an_error_leaves_no_transaction_behind(void **state) {
  struct world *world = *state;
  must_say(world, "db.transaction(function() db.exec \"insert into item (name) values ('a')\" error 'broken' end)",
           "broken");
  assert_false(store_in_transaction(vm_store(world->vm)));
  assert_int_equal(count_items(world), 0);
  must_run(world, "db.transaction(function() db.exec \"insert into item (name) values ('b')\" end)");
  assert_int_equal(count_items(world), 1);
}

/* ---- the host's own transactions ---- */

static void test_a_transaction_is_a_step_of_the_hosts_own(void **state) {
  struct world *world = *state;
  struct store *store = vm_store(world->vm);
  assert_int_equal(store_begin_write(store, NULL), MULLIGAN_OK);
  must_run(world, "db.transaction(function() db.exec \"insert into item (name) values ('a')\" end)"
                  "assert(not pcall(db.transaction, function()"
                  "  db.exec \"insert into item (name) values ('undone')\" error 'no' end))"
                  "db.exec \"insert into item (name) values ('b')\"");
  assert_true(store_in_transaction(store));
  assert_int_equal(store_commit(store, NULL), MULLIGAN_OK);
  assert_int_equal(count_items(world), 2);

  assert_int_equal(store_begin_write(store, NULL), MULLIGAN_OK);
  must_run(world, "db.transaction(function() db.exec 'delete from item' end)");
  store_rollback(store);
  assert_int_equal(count_items(world), 2);
}

static int roll_back(lua_State *L) {
  store_rollback(vm_store(vm_of(L)));
  return 0;
}

/* The host may end a transaction under its function; then nothing of it may be taken for committed, nor harm the next.
 */
static void test_a_transaction_that_the_host_ended_is_not_committed(void **state) {
  struct world *world = *state;
  lua_pushcfunction(world->vm->L, roll_back);
  lua_setglobal(world->vm->L, "roll_back");
  must_say(world, "db.transaction(function() db.exec \"insert into item (name) values ('a')\" roll_back() end)",
           "rolled back before its function returned");
  assert_int_equal(count_items(world), 0);

  must_run(world, "co = coroutine.create(function() db.transaction(function() error 'died' end) end)"
                  "coroutine.resume(co) roll_back()");
  assert_int_equal(store_begin_write(vm_store(world->vm), NULL), MULLIGAN_OK);
  must_run(world, "db.exec \"insert into item (name) values ('kept')\" co = nil collectgarbage() collectgarbage()");
  assert_int_equal(store_commit(vm_store(world->vm), NULL), MULLIGAN_OK);
  assert_int_equal(count_items(world), 1);
}

static void test_without_a_database_it_says_so(void **state) {
  struct world *world = *state;
  struct store *store = vm_swap_store(world->vm, NULL);
  must_say(world, "db.one 'select 1'", "there is no database here");
  must_say(world, "db.transaction(function() end)", "there is no database here");
  vm_swap_store(world->vm, store);
  must_run(world, "db.one 'select 1 as one'");
}

/* ---- memory ---- */

/* Wherever memory runs out, no statement stays open, no transaction and no lock: the next vm finds the file free. */
static void test_memory_may_run_out_anywhere(void **state) {
  struct world *world = *state;
  static const char text[] =
      "db.transaction(function()"
      "  local t = db.one(\"insert into item (name) values (:name) returning id, name\", { name = 'a' .. os.time() })"
      "  local rows = db.query [[with recursive n (i) as (select 1 union all select i + 1 from n where i < 400)"
      "    select i as a_column_with_a_long_name, i * 2 as b, 'text ' || i as c from n]]"
      "  pcall(db.exec, 'insert into item (id) values (?)', t.id)"
      "  db.exec('insert into item (name) values (?)', db.blob 'x')"
      "end)"
      "db.exec('insert into item (name) values (?)', 'y')";
  bool failed = true;
  int failures = 0;
  for (size_t room = 0; failed; room += 3000) {
    world->vm->memory_cap = world->vm->memory + room;
    struct fault fault;
    enum mulligan_status status = run(world, text, LONG, &fault);
    failed = status != MULLIGAN_OK;
    failures += failed;
    if (failed)
      assert_int_equal(status, MULLIGAN_NOMEM);
    vm_destroy(world->vm);
    world->vm = NULL;
    int64_t count = count_items(world);
    assert_true(failed ? count == 0 || count == 2 : count == 3);
    assert_int_equal(store_begin_write(world->other, NULL), MULLIGAN_OK);
    assert_int_equal(store_execute(world->other, "DELETE FROM item", NULL), MULLIGAN_OK);
    assert_int_equal(store_commit(world->other, NULL), MULLIGAN_OK);
    create_vm(world);
  }
  assert_true(failures > 10);
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      DB_TEST(test_endless_sql_ends_at_the_deadline),
      DB_TEST(test_the_deadline_undoes_a_transaction),
      DB_TEST(test_a_loop_in_a_transaction_is_undone_too),
      DB_TEST(test_waiting_for_the_turn_ends_at_the_deadline),
      DB_TEST(test_a_turn_that_does_not_come_is_busy),
      DB_TEST(test_an_error_leaves_no_transaction_behind),
      DB_TEST(test_a_transaction_is_a_step_of_the_hosts_own),
      DB_TEST(test_a_transaction_that_the_host_ended_is_not_committed),
      DB_TEST(test_without_a_database_it_says_so),
      DB_TEST(test_memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
