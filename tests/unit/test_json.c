/**
 * test_json.c - what a Lua test cannot see of JSON: that writing never raises, whatever memory does, and that reading
 * leaks nothing when it runs out (the sanitizer build watches).
 */
#include "vm/bind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

/** Allocations left before all fail; -1 for no end. */
static long left = -1;

static void *allocate(void *ud, void *block, size_t old_size, size_t new_size) {
  (void)ud;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  /* Lua takes for granted that shrinking succeeds. */
  if (left == 0 && (block == NULL || new_size > old_size))
    return NULL;
  if (left > 0)
    left--;
  return realloc(block, new_size);
}

static int set_up(void **state) {
  left = -1;
  lua_State *L = lua_newstate(allocate, NULL);
  *state = L;
  if (L == NULL)
    return -1;
  luaL_openlibs(L);
  luaL_requiref(L, "json", bind_json_open, 1);
  lua_settop(L, 0);
  return 0;
}

static int tear_down(void **state) {
  left = -1;
  lua_close(*state);
  return 0;
}

static void push(lua_State *L, const char *expression) {
  lua_pushfstring(L, "return %s", expression);
  if (luaL_dostring(L, lua_tostring(L, -1)) != LUA_OK)
    fail_msg("%s", lua_tostring(L, -1));
  lua_remove(L, 1);
}

static void writing_allocates_nothing_in_lua(void **state) {
  lua_State *L = *state;
  push(L, "{ id = 1, list = { 1, 2.5, 'x', json.null }, empty = json.array {}, [3] = { a = { b = { c = true } } },"
          "  ordered = setmetatable({ z = 1, y = 2, x = 3 }, { __order = { 'y', 'x' } }) }");
  struct buf out;
  buf_init(&out, 4096);
  struct fault fault;
  left = 0;
  /* There is no protected call here: a raise would end the program. */
  assert_true(bind_json_encode(L, 1, &out, &fault));
  assert_string_equal(out.data, "{\"3\":{\"a\":{\"b\":{\"c\":true}}},\"empty\":[],\"id\":1,\"list\":[1,2.5,\"x\",null],"
                                "\"ordered\":{\"y\":2,\"x\":3,\"z\":1}}");
  assert_int_equal(lua_gettop(L), 1);
  buf_release(&out);
}

static void writing_without_room_on_luas_stack_fails_politely(void **state) {
  lua_State *L = *state;
  push(L, "(function() local t = {} for i = 1, 5000 do t['k' .. i] = i end return { t } end)()");
  struct buf out;
  buf_init(&out, SIZE_MAX);
  buf_add_text(&out, "before");
  struct fault fault;
  left = 0;
  assert_false(bind_json_encode(L, 1, &out, &fault));
  assert_int_equal(fault.status, MULLIGAN_NOMEM);
  assert_string_equal(fault.message, "[1]: too many values for Lua's stack");
  assert_string_equal(out.data, "before");
  assert_int_equal(lua_gettop(L), 1);
  left = -1;
  assert_true(bind_json_encode(L, 1, &out, &fault));
  buf_release(&out);
}

static void a_full_buffer_is_a_fault(void **state) {
  lua_State *L = *state;
  push(L, "{ a = { 'some text', 12345, 1.5, true, { b = json.null } } }");
  struct buf out;
  buf_init(&out, 4096);
  assert_true(bind_json_encode(L, 1, &out, NULL));
  size_t whole = out.length;
  buf_release(&out);
  for (size_t cap = 0; cap < whole; cap++) {
    buf_init(&out, cap);
    struct fault fault;
    assert_false(bind_json_encode(L, 1, &out, &fault));
    assert_int_equal(fault.status, MULLIGAN_FULL);
    assert_non_null(strstr(fault.message, "the JSON text is too large"));
    assert_int_equal(out.length, 0);
    assert_string_equal(out.data, "");
    buf_release(&out);
  }
}

static int read_text(lua_State *L) {
  struct fault fault;
  const char *text = lua_touserdata(L, 1);
  return bind_json_decode(L, text, strlen(text), &fault) ? 1 : luaL_error(L, "%s", fault.message);
}

static void reading_survives_every_failing_allocation(void **state) {
  lua_State *L = *state;
  static char text[] = "{\"a\": [1, 2.5, \"a text that is longer than forty characters, so that Lua copies it\", null],"
                       " \"b\": {\"c\": {\"d\": [[], {}, [true]]}}}";
  bool read = false;
  for (long allocations = 0; !read; allocations++) {
    left = -1;
    lua_settop(L, 0);
    lua_checkstack(L, 10);
    lua_pushcfunction(L, read_text);
    lua_pushlightuserdata(L, text);
    left = allocations;
    int status = lua_pcall(L, 1, 1, 0);
    left = -1;
    assert_true(status == LUA_OK || status == LUA_ERRMEM);
    read = status == LUA_OK;
    assert_in_range(allocations, 0, 10000);
  }
  struct buf out;
  buf_init(&out, 4096);
  assert_true(bind_json_encode(L, -1, &out, NULL));
  assert_string_equal(out.data, "{\"a\":[1,2.5,\"a text that is longer than forty characters, so that Lua copies it\","
                                "null],\"b\":{\"c\":{\"d\":[[],{},[true]]}}}");
  buf_release(&out);
}

static void reading_needs_no_terminator(void **state) {
  lua_State *L = *state;
  static const char text[] = "[1, 2]";
  for (size_t length = 0; length <= strlen(text); length++) {
    char *exact = malloc(length + 1);
    memcpy(exact, text, length);
    exact[length] = 'x'; /* what lies behind must not matter */
    struct fault fault;
    assert_int_equal(bind_json_decode(L, exact, length, &fault), length == strlen(text));
    free(exact);
  }
}

static int write_and_drop(lua_State *L) {
  struct buf *buf = bind_buffer(L, 4096);
  buf_add_text(buf, "bytes that nobody releases");
  return luaL_error(L, "an error in the middle");
}

static void a_boxed_buffer_outlives_no_error(void **state) {
  lua_State *L = *state;
  lua_pushcfunction(L, write_and_drop);
  assert_int_equal(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT);

  struct buf *buf = bind_buffer(L, 4096);
  buf_add_text(buf, "released early, then collected");
  buf_release(buf);
  assert_int_equal(lua_gettop(L), 1);
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT);
}

static void failures_come_as_a_triple(void **state) {
  lua_State *L = *state;
  struct fault fault;
  fault_set(&fault, MULLIGAN_BUSY, "somebody else has it");
  assert_int_equal(bind_failure(L, &fault), 3);
  assert_true(lua_isnil(L, 1));
  assert_string_equal(lua_tostring(L, 2), "busy: somebody else has it");
  assert_string_equal(lua_tostring(L, 3), "busy");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(writing_allocates_nothing_in_lua, set_up, tear_down),
      cmocka_unit_test_setup_teardown(writing_without_room_on_luas_stack_fails_politely, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_full_buffer_is_a_fault, set_up, tear_down),
      cmocka_unit_test_setup_teardown(reading_survives_every_failing_allocation, set_up, tear_down),
      cmocka_unit_test_setup_teardown(reading_needs_no_terminator, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_boxed_buffer_outlives_no_error, set_up, tear_down),
      cmocka_unit_test_setup_teardown(failures_come_as_a_triple, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
