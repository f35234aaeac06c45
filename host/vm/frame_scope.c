/**
 * frame_scope.c - the metatable through which the console's code reads and writes a frame.
 *
 * Its functions are called by that code, inside a protected call, on the thread that has the vm. They hold the frame's
 * coroutine as a Lua value, so nothing dangles if a script keeps them; a coroutine that has been reset has no frames.
 */
#include "vm/frame_scope.h"

#include "vm/frame_console.h"
#include "vm/vm_internal.h"

#include <string.h>

#include <lauxlib.h>

/* The upvalues of both functions. */
enum { COROUTINE = 1, LEVEL, FUNCTION, GLOBALS, NAMES, UPVALUES = NAMES };

/* ---- the frame ---- */

/* The number of the innermost local of this name, 0 for none. What Lua has on the stack for itself goes by names in
 * brackets, and is nobody's to read or change. */
static int find_local(lua_State *co, const lua_Debug *ar, const char *name) {
  int found = 0;
  const char *each;
  if (name[0] == '(' || !lua_checkstack(co, 1))
    return 0;
  for (int n = 1; (each = lua_getlocal(co, ar, n)) != NULL; n++) {
    lua_pop(co, 1);
    if (strcmp(each, name) == 0)
      found = n;
  }
  return found;
}

/* Pushes the frame's local; false if it has none of this name. */
static bool push_local(lua_State *L, lua_State *co, int level, const char *name) {
  lua_Debug ar;
  int number = lua_getstack(co, level, &ar) ? find_local(co, &ar, name) : 0;
  if (number == 0 || !lua_checkstack(co, 1))
    return false;
  lua_getlocal(co, &ar, number);
  lua_xmove(co, L, 1);
  return true;
}

/* Gives the frame's local the value on top of L's stack, which stays there. */
static bool set_local(lua_State *L, lua_State *co, int level, const char *name) {
  lua_Debug ar;
  int number = lua_getstack(co, level, &ar) ? find_local(co, &ar, name) : 0;
  if (number == 0 || !lua_checkstack(co, 1))
    return false;
  lua_pushvalue(L, -1);
  lua_xmove(L, co, 1);
  lua_setlocal(co, &ar, number);
  return true;
}

/* The number of an upvalue of the function at `index`, 0 for none. */
static int find_upvalue(lua_State *L, int index, const char *name) {
  const char *each;
  if (!lua_isfunction(L, index) || lua_iscfunction(L, index))
    return 0;
  for (int n = 1; (each = lua_getupvalue(L, index, n)) != NULL; n++) {
    lua_pop(L, 1);
    if (strcmp(each, name) == 0)
      return n;
  }
  return 0;
}

static lua_State *coroutine_of(lua_State *L) {
  return lua_tothread(L, lua_upvalueindex(COROUTINE));
}

static int level_of(lua_State *L) {
  return (int)lua_tointeger(L, lua_upvalueindex(LEVEL));
}

/* ---- reading and writing ---- */

/* Pushes the value of a name. */
static void read_name(lua_State *L, const char *name) {
  if (push_local(L, coroutine_of(L), level_of(L), name))
    return;
  int number = find_upvalue(L, lua_upvalueindex(FUNCTION), name);
  if (number > 0) {
    lua_getupvalue(L, lua_upvalueindex(FUNCTION), number);
    return;
  }
  lua_pushstring(L, name);
  if (lua_rawget(L, lua_upvalueindex(NAMES)) != LUA_TNIL)
    return;
  lua_pop(L, 1);
  lua_getfield(L, lua_upvalueindex(GLOBALS), name);
}

/* Arguments: the environment, a name. */
static int scope_index(lua_State *L) {
  luaL_checkstack(L, 6, NULL);
  if (lua_type(L, 2) != LUA_TSTRING)
    return 0;
  const char *name = lua_tostring(L, 2);
  read_name(L, name);
  frame_console_note(L, name);
  return 1;
}

/* Is the name a global that the frame's own table of globals holds itself? */
static bool is_own_global(lua_State *L, const char *name) {
  if (!lua_istable(L, lua_upvalueindex(GLOBALS)))
    return false;
  lua_pushstring(L, name);
  bool own = lua_rawget(L, lua_upvalueindex(GLOBALS)) != LUA_TNIL;
  lua_pop(L, 1);
  return own;
}

/* Arguments: the environment, a name, its new value. */
static int scope_newindex(lua_State *L) {
  luaL_checkstack(L, 4, NULL);
  const char *name = luaL_checkstring(L, 2);
  lua_settop(L, 3);
  if (set_local(L, coroutine_of(L), level_of(L), name))
    return 0;
  int number = find_upvalue(L, lua_upvalueindex(FUNCTION), name);
  if (number > 0) {
    lua_setupvalue(L, lua_upvalueindex(FUNCTION), number);
    return 0;
  }
  bool own = is_own_global(L, name);
  lua_pushvalue(L, 2);
  lua_insert(L, -2);
  lua_rawset(L, lua_upvalueindex(own ? GLOBALS : NAMES));
  return 0;
}

/* ---- building ---- */

/* Pushes the frame's table of globals: what its code reads as `_ENV`, or a script's own where it reads no globals. */
static void push_globals(lua_State *L, lua_State *co, int level, int function) {
  if (push_local(L, co, level, "_ENV"))
    return;
  int number = find_upvalue(L, function, "_ENV");
  if (number > 0)
    lua_getupvalue(L, function, number);
  else
    sandbox_push_environment(L);
}

/* Pushes the frame's function, or nil. */
static void push_function(lua_State *L, lua_State *co, int level) {
  lua_Debug ar;
  if (lua_getstack(co, level, &ar) && lua_checkstack(co, 1) && lua_getinfo(co, "f", &ar))
    lua_xmove(co, L, 1);
  else
    lua_pushnil(L);
}

void frame_scope_push(lua_State *L, int level) {
  luaL_checkstack(L, 2 * UPVALUES + 6, NULL);
  int co = lua_gettop(L), names = co - 1;
  lua_State *thread = lua_tothread(L, co);
  push_function(L, thread, level);
  int function = lua_gettop(L);
  push_globals(L, thread, level, function);
  int globals = lua_gettop(L);

  lua_newtable(L); /* the environment, which stays empty */
  lua_createtable(L, 0, 3);
  static const luaL_Reg methods[] = {{"__index", scope_index}, {"__newindex", scope_newindex}, {NULL, NULL}};
  lua_pushvalue(L, co);
  lua_pushinteger(L, level);
  lua_pushvalue(L, function);
  lua_pushvalue(L, globals);
  lua_pushvalue(L, names);
  luaL_setfuncs(L, methods, UPVALUES);
  lua_pushliteral(L, "environment");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_replace(L, names);
  lua_settop(L, names);
}

int frame_scope_push_varargs(lua_State *L, lua_State *co, int level) {
  lua_Debug ar;
  int count = 0;
  if (!lua_getstack(co, level, &ar) || !lua_checkstack(co, 1))
    return 0;
  while (lua_getlocal(co, &ar, -(count + 1))) {
    luaL_checkstack(L, 1, NULL);
    lua_xmove(co, L, 1);
    count++;
  }
  return count;
}
