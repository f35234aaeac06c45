/**
 * fuzz_json.c - any bytes as JSON: they are refused with a place, or come back the same after being written and read.
 */
#include "base/utf8.h"
#include "vm/bind.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
  const char *text;
  size_t length;
};

static void must(bool holds) {
  if (!holds)
    abort();
}

static int round_trip(lua_State *L) {
  const struct input *input = lua_touserdata(L, 1);
  struct fault fault = {.message = ""};
  int top = lua_gettop(L);
  if (!bind_json_decode(L, input->text, input->length, &fault)) {
    must(lua_gettop(L) == top);
    must(strstr(fault.message, ": line ") != NULL && utf8_valid(fault.message, strlen(fault.message)));
    return 0;
  }
  must(lua_gettop(L) == top + 1);
  struct buf *first = bind_buffer(L, SIZE_MAX);
  must(bind_json_encode(L, top + 1, first, &fault));
  must(bind_json_decode(L, first->data, first->length, &fault));
  struct buf *second = bind_buffer(L, SIZE_MAX);
  must(bind_json_encode(L, -2, second, &fault));
  must(first->length == second->length && memcmp(first->data, second->data, first->length) == 0);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static lua_State *L;
  if (L == NULL) {
    L = luaL_newstate();
    luaL_requiref(L, "json", bind_json_open, 0);
    lua_settop(L, 0);
  }
  struct input input = {(const char *)data, size};
  lua_pushcfunction(L, round_trip);
  lua_pushlightuserdata(L, &input);
  must(lua_pcall(L, 1, 0, 0) == LUA_OK);
  return 0;
}
