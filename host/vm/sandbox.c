/**
 * sandbox.c - the world that a script sees.
 *
 * One base table a vm, with the harmless part of Lua's libraries behind read-only faces. Each script file gets an
 * environment of its own over it, in which writing a global is an error that names file and line: what a request leaves
 * behind in a global would be seen by the next one. All functions run protected, on the thread that has the vm.
 */
#include "base/log.h"
#include "vm/bind.h"
#include "vm/vm_internal.h"
#include "vm/wall_clock.h"

#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

enum { LEAST_ELEMENT_BYTES = 16 }; /* of a table's array */

static const char environment_key = 0; /* registry: the metatable of every environment; its __index is the base */

/* ---- read-only faces ---- */

static int refuse_write(lua_State *L) {
  return luaL_error(L, "%s is read-only ('%s' was to be written)", lua_tostring(L, lua_upvalueindex(1)),
                    luaL_tolstring(L, 2, NULL));
}

/* Upvalue 1: the real table. */
static int protected_next(lua_State *L) {
  lua_settop(L, 2);
  lua_remove(L, 1);
  if (lua_next(L, lua_upvalueindex(1)))
    return 2;
  lua_pushnil(L);
  return 1;
}

static int protected_iterate(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushcclosure(L, protected_next, 1);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

void sandbox_protect(lua_State *L, const char *name) {
  luaL_checkstack(L, 5, NULL);
  int real = lua_absindex(L, -1);
  lua_newtable(L);
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, real);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_pushcclosure(L, refuse_write, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushvalue(L, real);
  lua_pushcclosure(L, protected_iterate, 1);
  lua_setfield(L, -2, "__pairs");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_replace(L, real);
}

/* ---- environments ---- */

static int refuse_global(lua_State *L) {
  return luaL_error(L, "undeclared global '%s' was written: declare it with 'local'", luaL_tolstring(L, 2, NULL));
}

void sandbox_push_environment(lua_State *L) {
  luaL_checkstack(L, 3, NULL);
  lua_newtable(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &environment_key);
  lua_setmetatable(L, -2);
}

/* ---- the base's own functions ---- */

/* A finalizer would run outside every request and its limits, so scripts have none. */
static int safe_setmetatable(lua_State *L) {
  int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "cannot change a protected metatable");
  if (type == LUA_TTABLE) {
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL)
      return luaL_error(L, "a script's metatable cannot have __gc; use a <close> variable");
    lua_pop(L, 1);
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int safe_rawset(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  if (luaL_getmetafield(L, 1, "__newindex") == LUA_TFUNCTION) {
    lua_CFunction writer = lua_tocfunction(L, -1);
    if (writer == refuse_write || writer == refuse_global)
      return luaL_error(L, "a read-only table cannot be written by rawset either");
  }
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

/* Appends the pieces that a reader function returns; leaves their text on top. */
static void read_pieces(lua_State *L, int reader) {
  luaL_Buffer pieces;
  luaL_buffinit(L, &pieces);
  for (;;) {
    lua_pushvalue(L, reader);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1) || (lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) == 0)) {
      lua_pop(L, 1);
      break;
    }
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "a reader function must return a string");
    luaL_addvalue(&pieces);
  }
  luaL_pushresult(&pieces);
}

/* load(text or function [, name [, mode [, env]]]): source only, in an environment of its own unless one is given. */
static int safe_load(lua_State *L) {
  bool has_environment = !lua_isnone(L, 4);
  const char *name = luaL_optstring(L, 2, "=(load)");
  lua_settop(L, 4);
  if (lua_type(L, 1) == LUA_TFUNCTION)
    read_pieces(L, 1);
  else {
    luaL_checkstring(L, 1);
    lua_pushvalue(L, 1);
  }
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  if (luaL_loadbufferx(L, text, length, name, "t") != LUA_OK) {
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  if (has_environment)
    lua_pushvalue(L, 4);
  else
    sandbox_push_environment(L);
  if (!lua_setupvalue(L, -2, 1))
    lua_pop(L, 1);
  return 1;
}

/* The collector is the host's; a script may ask how much is in use. */
static int safe_collectgarbage(lua_State *L) {
  const char *option = luaL_optstring(L, 1, "collect");
  if (strcmp(option, "count") == 0) {
    lua_pushnumber(L, (lua_Number)vm_memory(vm_of(L)) / 1024);
    return 1;
  }
  if (strcmp(option, "collect") == 0 || strcmp(option, "step") == 0) {
    lua_gc(L, LUA_GCSTEP, 0);
    lua_pushinteger(L, 0);
    return 1;
  }
  return luaL_error(L, "collectgarbage(\"%s\") is the host's business", option);
}

/* Lua's own goes round once for each, though nothing comes of it, and no hook stops it. Upvalue 1: Lua's own. */
static int safe_rep(lua_State *L) {
  size_t length = 0, separator = 0;
  luaL_checklstring(L, 1, &length);
  luaL_checkinteger(L, 2);
  luaL_optlstring(L, 3, "", &separator);
  if (length + separator > 0)
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
  lua_pushliteral(L, "");
  return 1;
}

/* The same for more elements than memory could hold. Upvalue 1: Lua's own. */
static int safe_move(lua_State *L) {
  lua_Integer from = luaL_checkinteger(L, 2), to = luaL_checkinteger(L, 3);
  size_t most = vm_of(L)->memory_cap / LEAST_ELEMENT_BYTES;
  luaL_argcheck(L, to < from || (size_t)to - (size_t)from < most, 3, "too many elements to move");
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* print goes to the log, where a developer looks. */
static int log_print(lua_State *L) {
  int count = lua_gettop(L);
  luaL_Buffer line;
  luaL_buffinit(L, &line);
  for (int i = 1; i <= count; i++) {
    if (i > 1)
      luaL_addchar(&line, '\t');
    luaL_tolstring(L, i, NULL);
    luaL_addvalue(&line);
  }
  luaL_pushresult(&line);
  lua_Debug ar;
  const char *file = NULL;
  int number = 0;
  if (lua_getstack(L, 1, &ar) && lua_getinfo(L, "Sl", &ar)) {
    file = ar.short_src;
    number = ar.currentline;
  }
  log_line(LOG_LEVEL_INFO, file, number, vm_request_id(vm_of(L)), lua_tostring(L, -1));
  return 0;
}

/* ---- building ---- */

static const char *const kept_basics[] = {"assert",   "error",    "getmetatable", "ipairs",   "next",
                                          "pairs",    "rawequal", "rawget",       "rawlen",   "select",
                                          "tonumber", "tostring", "type",         "_VERSION", NULL};
static const char *const kept_os[] = {"clock", "date", "difftime", "time", NULL};
static const char *const kept_debug[] = {"traceback", NULL};

static const luaL_Reg replaced_basics[] = {
    {"collectgarbage", safe_collectgarbage},
    {"load", safe_load},
    {"pcall", coroutine_pcall},
    {"print", log_print},
    {"rawset", safe_rawset},
    {"require", module_require},
    {"setmetatable", safe_setmetatable},
    {"xpcall", coroutine_xpcall},
    {NULL, NULL},
};

/* Copies the named fields of the table at `from` into the table on top. */
static void copy_fields(lua_State *L, int from, const char *const *names) {
  for (; *names; names++) {
    lua_getfield(L, from, *names);
    lua_setfield(L, -2, *names);
  }
}

/* Opens one of Lua's libraries, keeps `names` of it (all if NULL), and leaves its read-only face in the base below. */
static void add_library(lua_State *L, const char *name, lua_CFunction opener, const char *const *names) {
  luaL_requiref(L, name, opener, 0);
  if (names) {
    int whole = lua_absindex(L, -1);
    lua_newtable(L);
    copy_fields(L, whole, names);
    lua_remove(L, whole);
  }
  sandbox_protect(L, name);
  lua_setfield(L, -2, name);
}

/* Puts a function before one of the library on top of the stack, which is then its upvalue. */
static void wrap(lua_State *L, const char *name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

static void add_os(lua_State *L) {
  luaL_requiref(L, LUA_OSLIBNAME, luaopen_os, 0);
  lua_newtable(L);
  copy_fields(L, lua_absindex(L, -2), kept_os);
  lua_remove(L, -2);
  /* The vm is asked for the time where Lua would ask the system: a plan's clock stands still. */
  wrap(L, "time", wall_clock_time);
  wrap(L, "date", wall_clock_date);
  sandbox_protect(L, LUA_OSLIBNAME);
  lua_setfield(L, -2, LUA_OSLIBNAME);
}

static void hide_string_metatable(lua_State *L) {
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushliteral(L, "string");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

void sandbox_open(lua_State *L) {
  luaL_checkstack(L, 10, NULL);
  lua_newtable(L); /* the base */

  luaL_requiref(L, LUA_GNAME, luaopen_base, 0);
  lua_insert(L, -2);
  copy_fields(L, lua_absindex(L, -2), kept_basics);
  lua_remove(L, -2);
  luaL_setfuncs(L, replaced_basics, 0);

  add_library(L, LUA_COLIBNAME, coroutine_open, NULL);
  luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
  lua_pushnil(L);
  lua_setfield(L, -2, "dump"); /* makes the binary chunks that `load` refuses */
  wrap(L, "rep", safe_rep);
  sandbox_protect(L, LUA_STRLIBNAME);
  lua_setfield(L, -2, LUA_STRLIBNAME);
  hide_string_metatable(L);
  luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 0);
  wrap(L, "move", safe_move);
  sandbox_protect(L, LUA_TABLIBNAME);
  lua_setfield(L, -2, LUA_TABLIBNAME);
  add_library(L, LUA_MATHLIBNAME, luaopen_math, NULL);
  add_library(L, LUA_UTF8LIBNAME, luaopen_utf8, NULL);
  add_os(L);
  add_library(L, LUA_DBLIBNAME, luaopen_debug, kept_debug);

  lua_createtable(L, 0, 3);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_global);
  lua_setfield(L, -2, "__newindex");
  lua_pushliteral(L, "environment");
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &environment_key);
  lua_pop(L, 1);
}
