/**
 * bind_json.c - the module mulligan.json, and the marks by which JSON's kinds are told apart in Lua.
 *
 * Called from scripts and, for null, from the other bindings, inside a protected call. Invariants: the metatables of
 * lists and objects belong to the whole state, so scripts can neither reach nor replace them; null is one light
 * userdata, equal to itself everywhere and to db.null.
 */
#include "vm/bind_json.h"
#include "vm/bind.h"
#include "vm/vm.h"

#include <lauxlib.h>
#include <string.h>

/* Only their addresses count; different values keep a linker from folding them into one. */
const char bind_json_list_type = 'l';
const char bind_json_object_type = 'o';
const char bind_json_order_name = 'n';
const char bind_json_tree_type = 't';

void bind_json_push_null(lua_State *L) {
  lua_pushlightuserdata(L, NULL);
}

/** json.array(t) and json.object(t): marks `t`, or a new table, and returns it. */
static int mark(lua_State *L, const char *type) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, type);
  lua_setmetatable(L, 1);
  return 1;
}

static int json_mark_array(lua_State *L) {
  return mark(L, &bind_json_list_type);
}

static int json_mark_object(lua_State *L) {
  return mark(L, &bind_json_object_type);
}

static int json_is_array_value(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, lua_istable(L, 1) && bind_json_is_list(L, 1));
  return 1;
}

/** json.encode(value[, {indent = n}]): a value that is no JSON is the script's mistake, so it raises. */
static int json_encode_value(lua_State *L) {
  luaL_checkany(L, 1);
  lua_Integer indent = 0;
  if (!lua_isnoneornil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "indent");
    indent = luaL_optinteger(L, -1, 0);
    luaL_argcheck(L, indent >= 0 && indent <= 16, 2, "indent must be 0 to 16");
    lua_pop(L, 1);
  }
  /* A text that could not become a Lua string need not be written. */
  struct buf *out = bind_buffer(L, (size_t)vm_services(vm_of(L))->settings->memory_limit);
  struct fault fault;
  if (!bind_json_encode_indented(L, 1, (int)indent, out, &fault))
    return luaL_error(L, "json.encode: %s", fault.message);
  lua_pushlstring(L, out->data, out->length);
  buf_release(out);
  return 1;
}

/** json.decode(text): the value, or nil, the reason with line and column, and "invalid". */
static int json_decode_text(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  struct fault fault;
  if (bind_json_decode(L, text, length, &fault))
    return 1;
  lua_pushnil(L);
  lua_pushstring(L, fault.message);
  lua_pushstring(L, fault_status_name(fault.status));
  return 3;
}

/** Makes a metatable that names itself and keeps scripts out, and files it in the registry. */
static void make_type(lua_State *L, const char *key, const char *name) {
  lua_createtable(L, 0, 2);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void bind_json_make_types(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_json_tree_type) == LUA_TTABLE) {
    lua_pop(L, 1);
    return;
  }
  lua_pop(L, 1);
  make_type(L, &bind_json_list_type, "json.array");
  make_type(L, &bind_json_object_type, "json.object");
  lua_pushliteral(L, "__order");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_json_order_name);
  static const luaL_Reg tree_methods[] = {
      {"__gc", bind_json_release_tree}, {"__close", bind_json_release_tree}, {NULL, NULL}};
  luaL_newlib(L, tree_methods);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_json_tree_type);
}

int bind_json_open(lua_State *L) {
  bind_json_make_types(L);
  static const luaL_Reg functions[] = {{"array", json_mark_array},        {"object", json_mark_object},
                                       {"is_array", json_is_array_value}, {"encode", json_encode_value},
                                       {"decode", json_decode_text},      {NULL, NULL}};
  luaL_newlib(L, functions);
  bind_json_push_null(L);
  lua_setfield(L, -2, "null");
  return 1;
}
