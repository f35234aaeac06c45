/**
 * test_console.c - the engine's messages, as a front end sends and gets them.
 */
#include "base/file.h"
#include "operator/console.h"

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
  char folder[40], path[64];
  struct settings *settings;
  struct scrub *scrub;
  struct write_lock *lock;
  struct vm_services services;
  struct generation *generation;
  struct console *console;
  json_t *published;  /* what came since it was last looked at */
  const char *answer; /* to questions; NULL: nobody is there */
};

/* ---- a world with a database of many tables ---- */

static void publish(void *context, const json_t *message) {
  struct world *world = context;
  json_array_append_new(world->published, json_deep_copy(message));
}

static bool ask(void *context, const json_t *message, struct buf *answer) {
  const struct world *world = context;
  assert_string_equal(json_string_value(json_object_get(json_object_get(message, "header"), "msg_type")),
                      "input_request");
  return world->answer && buf_add_text(answer, world->answer);
}

static void make_folder(const char *folder, const char *name) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(mkdir(path, 0755), 0);
}

static void write_file(const char *folder, const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(file_replace(path, text, strlen(text), 0644, NULL), MULLIGAN_OK);
}

static void make_database(struct world *world) {
  struct store *store;
  struct fault fault;
  assert_int_equal(store_open(&store, world->path, STORE_READ_WRITE, world->lock, &fault), MULLIGAN_OK);
  assert_int_equal(store_begin_write(store, &fault), MULLIGAN_OK);
  for (int i = 0; i < 200; i++) {
    char sql[200];
    snprintf(sql, sizeof sql, "CREATE TABLE shelf_%03d (id INTEGER PRIMARY KEY, label_%03d TEXT)", i, i);
    assert_int_equal(store_execute(store, sql, &fault), MULLIGAN_OK);
  }
  assert_int_equal(store_execute(store,
                                 "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, isbn TEXT);"
                                 "INSERT INTO book (title) VALUES ('Lua'), ('C')",
                                 &fault),
                   MULLIGAN_OK);
  assert_int_equal(store_commit(store, &fault), MULLIGAN_OK);
  store_close(store);
}

static int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  struct fault fault;
  char lock[64];
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-console-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  snprintf(world->path, sizeof world->path, "%s/app.db", world->folder);
  snprintf(lock, sizeof lock, "%s/write.lock", world->folder);
  make_folder(world->folder, "models");
  write_file(world->folder, "models/books.lua",
             "local books = {}\n--- All of them.\nfunction books.all() end\nfunction books.any() end\nreturn books\n");
  assert_int_equal(write_lock_open(&world->lock, lock, &fault), MULLIGAN_OK);
  make_database(world);
  world->settings = settings_create();
  settings_set(world->settings, "scripts", world->folder, "test", NULL);
  settings_set(world->settings, "data", world->folder, "test", NULL);
  world->scrub = scrub_create(NULL, 0);
  world->services = (struct vm_services){
      .settings = world->settings, .scrub = world->scrub, .app_lock = world->lock, .app_path = world->path};
  world->published = json_array();
  if (generation_load(&world->generation, &world->services, 1, false, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  const struct console_options options = {.services = &world->services,
                                          .generation = world->generation,
                                          .kind = "repl",
                                          .name = "repl",
                                          .operator_name = "mina",
                                          .width = 80,
                                          .publish = publish,
                                          .ask = ask,
                                          .context = world};
  if (console_open(&world->console, &options, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  struct world *world = *state;
  char command[80];
  console_close(world->console);
  generation_drop(world->generation);
  json_decref(world->published);
  write_lock_close(world->lock);
  scrub_destroy(world->scrub);
  settings_destroy(world->settings);
  snprintf(command, sizeof command, "rm -r %s", world->folder);
  assert_int_equal(system(command), 0);
  free(world);
  return 0;
}

/* ---- asking ---- */

/* The reply's content; the caller owns it. */
static json_t *request(struct world *world, const char *type, json_t *content) {
  json_t *message = console_request(world->console, type, content);
  json_t *reply = console_handle(world->console, message);
  json_t *found = json_incref(console_content(reply));
  assert_non_null(found);
  json_decref(message);
  json_decref(reply);
  return found;
}

static void assert_member(const json_t *content, const char *name, const char *expected) {
  const char *found = json_string_value(json_object_get(content, name));
  if (!found || !strstr(found, expected))
    fail_msg("%s is \"%s\", not \"%s\"", name, found ? found : "(none)", expected);
}

/* Runs code, whose reply has this status. */
static void execute(struct world *world, const char *code, const char *status) {
  json_array_clear(world->published);
  json_t *reply = request(world, "execute_request", json_pack("{s:s}", "code", code));
  assert_member(reply, "status", status);
  json_decref(reply);
}

/* The content of the first message of this type that was published; lent. */
static const json_t *find_published(const struct world *world, const char *type) {
  size_t index;
  json_t *message;
  json_array_foreach(world->published, index, message) {
    if (strcmp(json_string_value(json_object_get(json_object_get(message, "header"), "msg_type")), type) == 0)
      return console_content(message);
  }
  fail_msg("no %s was published", type);
  return NULL;
}

static void assert_shown(const struct world *world, const char *type, const char *expected) {
  assert_member(json_object_get(find_published(world, type), "data"), "text/plain", expected);
}

static void assert_complete(struct world *world, const char *code, const char *status) {
  json_t *reply = request(world, "is_complete_request", json_pack("{s:s}", "code", code));
  if (strcmp(json_string_value(json_object_get(reply, "status")), status) != 0)
    fail_msg("%s is \"%s\"", code, json_string_value(json_object_get(reply, "status")));
  json_decref(reply);
}

/* `code` has a `|` where the cursor is; `expected` are the matches, divided by blanks, or the beginning of a longer
 * list that ends with "…". */
static void assert_matches(struct world *world, const char *code, const char *expected, int start) {
  char text[200], found[400] = "";
  size_t cursor = strcspn(code, "|"), characters = 0, index;
  json_t *match;
  snprintf(text, sizeof text, "%.*s%s", (int)cursor, code, code + cursor + 1);
  for (size_t i = 0; i < cursor; i++)
    characters += ((unsigned char)code[i] & 0xC0) != 0x80;
  json_t *reply =
      request(world, "complete_request", json_pack("{s:s, s:i}", "code", text, "cursor_pos", (int)characters));
  json_array_foreach(json_object_get(reply, "matches"), index, match) snprintf(
      found + strlen(found), sizeof found - strlen(found), "%s%s", *found ? " " : "", json_string_value(match));
  assert_string_equal(found, expected);
  assert_int_equal(json_integer_value(json_object_get(reply, "cursor_start")), start);
  assert_int_equal(json_integer_value(json_object_get(reply, "cursor_end")), characters);
  json_decref(reply);
}

/* ---- the tests ---- */

static void test_is_complete(void **state) {
  struct world *world = *state;
  static const char *const whole[] = {"1 + 1",        "local x = 1", "f()",          "",
                                      "-- a comment", "return 1",    "x = [[a\nb]]", "for i = 1, 2 do end"};
  static const char *const begun[] = {
      "function f(", "if x then", "x = {1,", "f([[abc", "--[[ a comment", "1 +", "local function f()\n  return", "x ="};
  static const char *const wrong[] = {"x = = 1", "end", "local 1", "f('abc", "x = 1)", "goto nowhere"};
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
    assert_complete(world, whole[i], "complete");
  for (size_t i = 0; i < sizeof begun / sizeof *begun; i++)
    assert_complete(world, begun[i], "incomplete");
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_complete(world, wrong[i], "invalid");
}

static void test_completion_of_names(void **state) {
  struct world *world = *state;
  execute(world, "local 한글, shelves = 1, {}", "error"); /* Lua's names are ASCII */
  execute(world, "local shelves, shy = { upper = 1, _under = 2, [3] = 4 }, 1 shown = true", "ok");
  assert_matches(world, "sh|", "shelves shown shy", 0);
  assert_matches(world, "print(shelves.|)", "_under upper", 14);
  assert_matches(world, "books.a|", "all any", 6);
  assert_matches(world, "db.tr|", "transaction", 3);
  assert_matches(world, "('x'):upp|", "", 9);
  assert_matches(world, "local s = 'x' s:upp|", "", 16);
  assert_matches(world, "nothing.|", "", 8);
  assert_matches(world, "-- sh|", "", 5);
  assert_matches(world, "#'한국' == sh|", "shelves shown shy", 9);
}

static void test_completion_of_sql(void **state) {
  struct world *world = *state;
  assert_matches(world, "db.query [[SELECT * FROM bo|]]", "book", 25);
  assert_matches(world, "db.query [[SELECT ti| FROM book]]", "title", 18);
  assert_matches(world, "db.query('SELECT b.| FROM book b')", "id isbn title", 19);
  assert_matches(world, "db.query('SELECT book.i|')", "id isbn", 22);
  assert_matches(world, "db.query [[sel|", "select", 11);
  assert_matches(world, "db.query [[SELECT * FROM shelf_19|",
                 "shelf_190 shelf_191 shelf_192 shelf_193 shelf_194 shelf_195 "
                 "shelf_196 shelf_197 shelf_198 shelf_199",
                 25);
}

static void test_completion_of_files(void **state) {
  struct world *world = *state;
  char code[100], expected[100];
  snprintf(code, sizeof code, "f('%s/mod|')", world->folder);
  snprintf(expected, sizeof expected, "%s/models/", world->folder);
  assert_matches(world, code, expected, 3);
}

static void test_results(void **state) {
  struct world *world = *state;
  execute(world, "1 + 1", "ok");
  assert_shown(world, "execute_result", "2");
  assert_int_equal(json_integer_value(json_object_get(find_published(world, "execute_result"), "execution_count")), 1);
  execute(world, "db.query 'SELECT id, title FROM book'", "ok");
  const json_t *data = json_object_get(find_published(world, "execute_result"), "data");
  const json_t *table = json_object_get(data, "application/vnd.mulligan.table+json");
  assert_int_equal(json_array_size(json_object_get(table, "rows")), 2);
  assert_string_equal(json_string_value(json_array_get(json_object_get(table, "columns"), 1)), "title");
  execute(world, "print('a', 1) op.say('b')", "ok");
  assert_member(find_published(world, "stream"), "text", "a\t1\n");
  execute(world, "op.chart { { 'x', 1 } }", "ok");
  assert_non_null(json_object_get(json_object_get(find_published(world, "display_data"), "data"),
                                  "application/vnd.mulligan.chart+json"));
}

static void test_failures(void **state) {
  struct world *world = *state;
  execute(world, "local a = { n = 1 }\nlocal b = a.x.y", "error");
  assert_member(find_published(world, "error"), "evalue", "attempt to index a nil value (field 'x')");
  assert_member(find_published(world, "error"), "source", "2 | local b = a.x.y");
  execute(world, "a.n + 1", "ok");
  assert_shown(world, "execute_result", "2");
  json_t *reply = request(world, "execute_request",
                          json_pack("{s:s, s:s, s:i}", "code", "-- one\nerror('here')", "source_name",
                                    "@notebooks/tidy.lua", "source_line", 41));
  assert_member(json_object_get(reply, "traceback") ? reply : NULL, "evalue", "here");
  assert_string_equal(json_string_value(json_array_get(json_object_get(reply, "traceback"), 0)),
                      "notebooks/tidy.lua:42: here");
  json_decref(reply);
  reply = request(world, "no_such_request", json_object());
  assert_member(reply, "evalue", "no_such_request");
  json_decref(reply);
}

static void test_questions(void **state) {
  struct world *world = *state;
  world->answer = "yes";
  execute(world, "op.confirm('Sure?')", "ok");
  assert_shown(world, "execute_result", "true");
  world->answer = "y";
  execute(world, "op.confirm('Sure?')", "ok");
  assert_shown(world, "execute_result", "false");
  json_t *reply = request(world, "execute_request",
                          json_pack("{s:s, s:b}", "code", "asked = op.confirm('Sure?')", "allow_stdin", 0));
  json_decref(reply);
  execute(world, "asked", "ok");
  assert_shown(world, "execute_result", "true");
}

static void test_variables(void **state) {
  struct world *world = *state;
  json_t *reply = request(world, "execute_request",
                          json_pack("{s:s, s:{s:s, s:i}}", "code", "local shared = email", "variables", "email",
                                    "a@b.example", "seminar", 3));
  assert_member(reply, "status", "ok");
  json_decref(reply);
  execute(world, "shared, seminar + 1", "ok");
  assert_shown(world, "execute_result", "a@b.example");
  execute(world, "local n = 0 function count() n = n + 1 return n end", "ok");
  execute(world, "count() n = 40", "ok");
  execute(world, "count()", "ok");
  assert_shown(world, "execute_result", "41");
}

static void test_plan(void **state) {
  struct world *world = *state;
  assert_int_equal(console_plan_rows(world->console), -1);
  execute(world, "db.exec [[UPDATE book SET title = 'Lua 5.4' WHERE id = 1]]", "ok");
  assert_int_equal(console_plan_rows(world->console), 1);
  execute(world, "db.exec [[DELETE FROM book]] error 'no'", "error");
  assert_int_equal(console_plan_rows(world->console), 1);
  json_t *reply = request(world, "plan_request", json_object());
  assert_member(reply, "text", "*Lua 5.4");
  json_decref(reply);
  reply = request(world, "apply_request", json_pack("{s:i}", "rows", 2));
  assert_member(reply, "status", "error");
  json_decref(reply);
  reply = request(world, "apply_request", json_pack("{s:i}", "rows", 1));
  assert_member(reply, "status", "ok");
  assert_member(reply, "run", "RUN-");
  json_decref(reply);
  assert_int_equal(console_plan_rows(world->console), -1);
  execute(world, "db.one('SELECT title FROM book WHERE id = 1').title", "ok");
  assert_shown(world, "execute_result", "Lua 5.4");
  execute(world, "db.exec [[DELETE FROM book]]", "ok");
  reply = request(world, "discard_request", json_object());
  assert_int_equal(json_integer_value(json_object_get(reply, "rows")), 2);
  json_decref(reply);
  execute(world, "db.one('SELECT count(*) AS n FROM book').n", "ok");
  assert_shown(world, "execute_result", "2");
}

static void test_inspection(void **state) {
  struct world *world = *state;
  json_t *reply = request(world, "inspect_request", json_pack("{s:s, s:i}", "code", "books.all", "cursor_pos", 9));
  assert_member(json_object_get(reply, "data"), "text/plain", "--- All of them.\nfunction books.all() end");
  json_decref(reply);
  reply = request(world, "inspect_request", json_pack("{s:s, s:i}", "code", "book", "cursor_pos", 4));
  assert_member(json_object_get(reply, "data"), "text/plain", "id, title, isbn");
  json_decref(reply);
  reply = request(world, "inspect_request", json_pack("{s:s, s:i}", "code", "nowhere", "cursor_pos", 7));
  assert_true(json_is_false(json_object_get(reply, "found")));
  json_decref(reply);
}

#define CONSOLE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CONSOLE_TEST(test_is_complete),
      CONSOLE_TEST(test_completion_of_names),
      CONSOLE_TEST(test_completion_of_sql),
      CONSOLE_TEST(test_completion_of_files),
      CONSOLE_TEST(test_results),
      CONSOLE_TEST(test_failures),
      CONSOLE_TEST(test_questions),
      CONSOLE_TEST(test_variables),
      CONSOLE_TEST(test_plan),
      CONSOLE_TEST(test_inspection),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
