/**
 * error_chain.c - what an error's value says: its type, its text, and what it came of.
 *
 * Called by vm.c while it takes an error down, on the thread that has the vm. A cause is a value only: the stack it was
 * raised on is gone since somebody caught it. Invariant: each record belongs to the one before as soon as it is made,
 * so that none is lost if a later value raises.
 */
#include "vm/error_chain.h"

#include "vm/bind.h"

#include <string.h>

#include <lauxlib.h>

enum { MESSAGE_LENGTH = 64 * 1024, TYPE_LENGTH = 100, MOST_CAUSES = 5 };

static void describe(lua_State *L, int index, struct error_record *record) {
  int top = lua_gettop(L);
  const char *type = "LuaError";
  if (lua_type(L, index) != LUA_TSTRING && luaL_getmetafield(L, index, "__name") == LUA_TSTRING)
    type = lua_tostring(L, -1);
  else if (lua_type(L, index) != LUA_TSTRING)
    type = lua_pushfstring(L, "LuaError (%s)", luaL_typename(L, index));
  error_record_set(record, &record->exc_type, type, strlen(type), TYPE_LENGTH);
  if (lua_type(L, index) == LUA_TTABLE && luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) {
    struct buf *text = bind_buffer(L, MESSAGE_LENGTH);
    if (bind_json_encode(L, index, text, NULL))
      error_record_set(record, &record->value, text->data, text->length, MESSAGE_LENGTH);
  }
  size_t length;
  const char *message = luaL_tolstring(L, index, &length);
  error_record_set(record, &record->message, message, length, MESSAGE_LENGTH);
  lua_settop(L, top);
}

/* Replaces the value at 1 by what it came of; false if it tells nothing of that. */
static bool step_to_cause(lua_State *L) {
  if (!lua_istable(L, 1))
    return false;
  lua_pushliteral(L, "cause");
  bool there = lua_rawget(L, 1) != LUA_TNIL;
  lua_replace(L, 1);
  return there;
}

int error_chain_describe(lua_State *L) {
  struct error_record *record = lua_touserdata(L, 2);
  luaL_checkstack(L, 8, NULL);
  describe(L, 1, record);
  for (int i = 0; i < MOST_CAUSES && step_to_cause(L); i++) {
    record->cause = error_record_create(record->source);
    if (!record->cause)
      return 0;
    record = record->cause;
    describe(L, 1, record);
  }
  return 0;
}

void error_chain_complete(struct error_record *record) {
  static const char type[] = "LuaError", words[] = "(the error's text cannot be had: its __tostring failed)";
  for (; record; record = record->cause) {
    if (record->message)
      continue;
    error_record_set(record, &record->exc_type, type, sizeof type - 1, sizeof type);
    error_record_set(record, &record->message, words, sizeof words - 1, sizeof words);
  }
}
