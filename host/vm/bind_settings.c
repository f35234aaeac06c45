/**
 * bind_settings.c - the module mulligan.settings: every setting by its name, read-only.
 *
 * Called from scripts, inside a protected call. Those of the host come from `struct settings`, which is constant after
 * start-up; those that are tables or functions come from what settings.lua returned in this state. Invariants: an
 * unknown name raises, so that a misspelt one is not taken for an unset one; a secret one shows only whether it is set;
 * a table is handed out behind a read-only face, made once a state, because the next request sees the same one.
 */
#include "base/settings.h"
#include "vm/bind.h"
#include "vm/vm_internal.h"

#include <lauxlib.h>
#include <string.h>

enum {
  DEPTH_MOST = 32, /* of tables in a setting; also what ends a cycle */
  TABLE_MOST = 1 << 20
};

/* ---- faces ---- */

/** `__len` of a face; upvalue 1 is the table behind it. */
static int face_length(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, lua_upvalueindex(1)));
  return 1;
}

/** Replaces the table on top by the read-only face of a copy, and so the tables in it. */
static void push_face(lua_State *L, const char *name, int depth) {
  if (depth > DEPTH_MOST)
    luaL_error(L, "the setting '%s' nests too deeply", name);
  luaL_checkstack(L, 8, "settings nest too deeply");
  int source = lua_absindex(L, -1);
  lua_newtable(L);
  int copy = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, source) != 0) {
    if (lua_istable(L, -1))
      push_face(L, name, depth + 1);
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, copy);
  }
  lua_pushvalue(L, copy);
  sandbox_protect(L, name);
  lua_getmetatable(L, -1);
  lua_pushvalue(L, copy);
  lua_pushcclosure(L, face_length, 1);
  lua_setfield(L, -2, "__len");
  lua_pop(L, 1);
  lua_replace(L, source);
  lua_settop(L, source);
}

/* ---- values ---- */

static void push_list(lua_State *L, const struct settings_list *list, const char *name) {
  lua_createtable(L, (int)list->count, 0);
  for (size_t i = 0; i < list->count; i++) {
    lua_pushstring(L, list->items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  push_face(L, name, 1);
}

/** What settings.lua said, or nil. */
static void push_lua_value(lua_State *L, const char *name) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, VM_SETTINGS) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_pushnil(L);
    return;
  }
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_istable(L, -1))
    push_face(L, name, 1);
}

static int add_dumped(const char *text, size_t length, void *out) {
  return buf_add(out, text, length) ? 0 : -1;
}

/** A table that C keeps, wherever it came from. */
static void push_table(lua_State *L, const json_t *table, const char *name) {
  struct buf *text = bind_buffer(L, TABLE_MOST);
  struct fault fault = {0};
  if (json_dump_callback(table, add_dumped, text, JSON_COMPACT) != 0)
    luaL_error(L, "the setting '%s' is too large", name);
  if (!bind_json_decode(L, text->data, text->length, &fault))
    luaL_error(L, "the setting '%s': %s", name, fault.message);
  buf_release(text);
  lua_remove(L, -2);
  push_face(L, name, 1);
}

static void push_value(lua_State *L, const struct settings_entry *entry) {
  const char *member = (const char *)vm_services(vm_of(L))->settings + entry->offset;
  if (entry->secret) {
    lua_pushstring(L, **(char *const *)member != '\0' ? MULLIGAN_SCRUBBED : "");
    return;
  }
  switch (entry->type) {
  case SETTINGS_TEXT:
    lua_pushstring(L, *(char *const *)member); /* nil for NULL */
    break;
  case SETTINGS_INTEGER:
    lua_pushinteger(L, *(const int64_t *)member);
    break;
  case SETTINGS_BOOLEAN:
    lua_pushboolean(L, *(const bool *)member);
    break;
  case SETTINGS_SECONDS:
    lua_pushnumber(L, *(const double *)member);
    break;
  case SETTINGS_LIST:
    push_list(L, (const struct settings_list *)member, entry->name);
    break;
  case SETTINGS_TABLE:
    push_table(L, *(json_t *const *)member, entry->name);
    break;
  case SETTINGS_LUA:
    push_lua_value(L, entry->name);
    break;
  }
}

/** `settings.name`. Upvalue 1 keeps the values that were asked for before. */
static int read_setting(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
    return 1;
  if (lua_type(L, 2) != LUA_TSTRING)
    return luaL_error(L, "a setting's name is a text, not a %s", luaL_typename(L, 2));
  const char *name = lua_tostring(L, 2);
  const struct settings_entry *entry = settings_find(name);
  if (entry == NULL) {
    const char *nearest = settings_nearest(name);
    if (nearest != NULL)
      return luaL_error(L, "there is no setting '%s'; did you mean '%s'?", name, nearest);
    return luaL_error(L, "there is no setting '%s'", name);
  }
  push_value(L, entry);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, lua_upvalueindex(1));
  return 1;
}

static int refuse_write(lua_State *L) {
  return luaL_error(L, "settings are read-only ('%s' was to be written)", luaL_tolstring(L, 2, NULL));
}

/** One step of pairs(settings); upvalue 1 counts. */
static int next_setting(lua_State *L) {
  size_t count;
  const struct settings_entry *entries = settings_entries(&count);
  lua_Integer at = lua_tointeger(L, lua_upvalueindex(1));
  if ((size_t)at >= count)
    return 0;
  lua_pushinteger(L, at + 1);
  lua_replace(L, lua_upvalueindex(1));
  lua_settop(L, 1);
  lua_pushstring(L, entries[at].name);
  lua_pushvalue(L, -1);
  lua_gettable(L, 1);
  return 2;
}

static int iterate(lua_State *L) {
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_setting, 1);
  lua_pushvalue(L, 1);
  return 2;
}

int bind_settings_open(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 4);
  lua_newtable(L);
  lua_pushcclosure(L, read_setting, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, iterate);
  lua_setfield(L, -2, "__pairs");
  lua_pushliteral(L, "mulligan.settings");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  return 1;
}
