/**
 * bind.c - what the functions of every C module share: the failure triple and a buffer that no Lua error can leak.
 *
 * Called from the bindings, inside a protected call, on the thread that has the vm. Invariant: a buffer's userdata is
 * complete (empty, with its metatable) before anything is put into the buffer, so that a memory error at any point
 * finds it ready to be released.
 */
#include "vm/bind.h"

#include <lauxlib.h>

/** The registry key of the buffers' metatable: its address, which no script can name. */
static const char buffer_type;

/** Both `__gc` and `__close`: buf_release() may run twice. */
static int release_buffer(lua_State *L) {
  buf_release(lua_touserdata(L, 1));
  return 0;
}

static void push_buffer_type(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &buffer_type) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  static const luaL_Reg methods[] = {{"__gc", release_buffer}, {"__close", release_buffer}, {NULL, NULL}};
  luaL_newlib(L, methods);
  lua_pushliteral(L, "mulligan.buffer");
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &buffer_type);
}

int bind_failure(lua_State *L, const struct fault *fault) {
  const char *name = fault_status_name(fault->status);
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", name, fault->message);
  lua_pushstring(L, name);
  return 3;
}

struct buf *bind_buffer(lua_State *L, size_t cap) {
  luaL_checkstack(L, 3, "no room for a buffer");
  push_buffer_type(L);
  struct buf *buf = lua_newuserdatauv(L, sizeof *buf, 0);
  buf_init(buf, cap);
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  return buf;
}
