/**
 * test_lua_walk.c - a walk through a Lua source agrees with Lua itself.
 */
#include "vm/lua_walk.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>

#include "dice.h"

enum { CHANGES = 5000 };

/* A piece of everything that the grammar has. */
static const char sample[] =
    "local db <const>, count = require \"mulligan.db\", 0x1p-3 + 1e+2 // 3 ~ 7 & ~1 << 2 | 5 >> 1\r\n"
    "local SELECT = 'SELECT \\x41\\65\\z\n   \\u{48}\\n' .. [[\nlong]] .. [==[ ]] ]==] --[[ not\nread ]] -- nor this\n"
    "function db.get(id, ...) return db.one(SELECT .. \"WHERE id = ?\", id, ...), (...) end\n"
    "function db:put(row) self[row.id] = { row, id = row.id; [\"x\" .. 1] = #row, f = function() end, } end\n"
    "local function again(n) if n == 0 then return far elseif n < 0 then goto out else again(n - 1) end ::out:: end\n"
    "for i = 1, 10, 2 do for k, v in pairs(db) do if i ~= k and not v or -i ^ 2 <= #SELECT then break end end end\n"
    "while count > 3 do count = count - 1; do local count <close> = nil end end\n"
    "repeat local done = true until done == true\n"
    "db.a.b['c'].d, other = again{}, again 'x':upper{ nil, false }, ...\n"
    "return db, again, 1 .. 2, ('%s'):format(1);\n";

static void write_global(void *context, const struct lua_scope *scope, const char *name, int line, bool written) {
  (void)scope;
  buf_addf(context, "%s%s:%d ", written ? "=" : "", name, line);
}

static void write_call(void *context, const char *module, const char *function, const struct lua_text *text, int line) {
  for (; text; text = text->next)
    buf_addf(context, "%s.%s:%d(%s)", module, function, line, text->bytes);
}

static void tells_globals_and_calls_with_their_lines(void **state) {
  (void)state;
  struct buf told;
  buf_init(&told, 4096);
  struct lua_listener listener = {.context = &told, .global = write_global, .call = write_call};
  int line;
  assert_true(lua_walk(sample, sizeof sample - 1, &listener, &line));
  assert_string_equal(told.data,
                      "require:1 mulligan.db.one:6(SELECT AAH\nlong ]] WHERE id = ?)far:8 pairs:9 =other:12 ");
  buf_release(&told);
}

static void write_text(void *context, const struct lua_text *text) {
  struct buf *out = context;
  buf_clear(out, 4096);
  buf_add(out, text->bytes, text->length);
}

static void gives_strings_the_values_that_lua_gives_them(void **state) {
  (void)state;
  static const char *const strings[] = {
      "''",
      "'\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"'",
      "\"it's\"",
      "'\\0\\10\\255\\0651'",
      "'\\x00\\xfF'",
      "'\\u{0}\\u{7f}\\u{80}\\u{7FF}\\u{800}\\u{FFFF}\\u{10000}\\u{10FFFF}\\u{7FFFFFFF}'",
      "'a\\z  \r\n\t b'",
      "'a\\\nb\\\r\nc\\\n\rd\\\re'",
      "[[]]",
      "[[\n\nx\r\ny\n\rz\rw]]",
      "[=[ ]] ]==] [[ ]=]",
      "'a' .. \"b\" .. [[c]]",
  };
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    struct buf source, found;
    buf_init(&source, 4096);
    buf_init(&found, 4096);
    buf_addf(&source, "return %s", strings[i]);
    lua_State *L = luaL_newstate();
    assert_int_equal(luaL_dostring(L, source.data), LUA_OK);
    size_t length;
    const char *expected = lua_tolstring(L, -1, &length);
    struct lua_listener listener = {.context = &found, .text = write_text};
    int line;
    assert_true(lua_walk(source.data, source.length, &listener, &line));
    assert_int_equal(found.length, length);
    assert_memory_equal(found.data, expected, length);
    lua_close(L);
    buf_release(&source);
    buf_release(&found);
  }
}

/* Copies a run of bytes over another place, or takes it away. */
static size_t change(struct dice *dice, char *text, size_t length) {
  size_t from = dice_roll(dice, length), to = dice_roll(dice, length), count = 1 + dice_roll(dice, 12);
  size_t most = length - (from > to ? from : to);
  count = count < most ? count : most;
  if (dice_roll(dice, 2)) {
    memmove(text + to, text + from, count);
    return length;
  }
  memmove(text + from, text + from + count, length - from - count);
  return length - count;
}

static void understands_whatever_compiles(void **state) {
  (void)state;
  struct dice dice = {20261121};
  lua_State *L = luaL_newstate();
  size_t compiled = 0;
  for (int i = 0; i < CHANGES; i++) {
    char text[sizeof sample];
    memcpy(text, sample, sizeof sample);
    size_t length = sizeof sample - 1;
    for (size_t changes = 1 + dice_roll(&dice, 3); changes > 0; changes--)
      length = change(&dice, text, length);
    struct lua_listener listener = {.context = NULL};
    int line = 0;
    bool understood = lua_walk(text, length, &listener, &line);
    if (luaL_loadbufferx(L, text, length, "=text", "t") == LUA_OK) {
      compiled++;
      if (!understood)
        fail_msg("not understood at line %d:\n%.*s", line, (int)length, text);
    }
    lua_settop(L, 0);
  }
  assert_true(compiled > CHANGES / 100);
  lua_close(L);
}

static void ends_at_any_depth(void **state) {
  (void)state;
  static const char *const openings[] = {"(", "{", "function() return ", "not ", "a.b(", "[[", "'\\"};
  for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
    struct buf source;
    struct lua_listener listener = {.context = NULL};
    int line;
    buf_init(&source, 1 << 20);
    buf_add_text(&source, "return ");
    for (int depth = 0; depth < 20000; depth++)
      buf_add_text(&source, openings[i]);
    assert_false(lua_walk(source.data, source.length, &listener, &line));
    buf_release(&source);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_globals_and_calls_with_their_lines),
      cmocka_unit_test(gives_strings_the_values_that_lua_gives_them),
      cmocka_unit_test(understands_whatever_compiles),
      cmocka_unit_test(ends_at_any_depth),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
