/**
 * coroutine.c - pcall, xpcall and the coroutine library, as scripts get them.
 *
 * They behave as Lua's own do, but for two things: a vm that has expired passes its error on through all of them, and
 * the vm always knows which coroutine runs, so that the watchdog's signal can set the hook where it will be seen. An
 * expired coroutine is never closed or reset, since a looping `__close` would run there with hooks off: it goes with
 * its vm.
 */
#include "vm/failed_call.h"
#include "vm/vm_internal.h"

#include <lauxlib.h>

/* ---- protected calls ---- */

static int finish_pcall(lua_State *L, int status, lua_KContext extra) {
  if (status != LUA_OK && status != LUA_YIELD) {
    limits_check(L, status);
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
  }
  return lua_gettop(L) - (int)extra;
}

int coroutine_pcall(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall);
  return finish_pcall(L, status, 0);
}

/* The message handler that xpcall installs: upvalue 1 is the script's own, which an expired vm does not run. */
static int guarded_handler(lua_State *L) {
  struct vm *vm = vm_of(L);
  if (vm_expired(vm))
    return 1;
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

int coroutine_xpcall(lua_State *L) {
  int count = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, guarded_handler, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);
  int status = lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish_pcall);
  return finish_pcall(L, status, 2);
}

/* ---- coroutines ---- */

static lua_State *check_coroutine(lua_State *L, int index) {
  lua_State *co = lua_tothread(L, index);
  luaL_argexpected(L, co, index, "coroutine");
  return co;
}

/* Moves `count` arguments over, resumes, and moves the results back. Returns their number, or -1 with the error on top.
 */
static int resume(lua_State *L, lua_State *co, int count) {
  struct vm *vm = vm_of(L);
  if (!lua_checkstack(co, count)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, co, count);
  /* First the note, then the question: a signal between the two finds the note, one before them is found by the
   * question. */
  atomic_store_explicit(&vm->running, co, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  limits_arm(vm, co);
  int results = 0;
  int status = lua_resume(co, L, count, &results);
  atomic_store_explicit(&vm->running, L, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  limits_check(L, status);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    inner_stack_take(vm, L, co);
    return -1;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, results);
  return results;
}

/* Closes what the coroutine has to close and makes it dead; its error, if any, is then on its top. */
static int reset(lua_State *L, lua_State *co) {
  struct vm *vm = vm_of(L);
  atomic_store_explicit(&vm->running, co, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  limits_arm(vm, co);
  int status = lua_resetthread(co);
  atomic_store_explicit(&vm->running, L, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  limits_check(L, status);
  return status;
}

static int co_create(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

static int co_resume(lua_State *L) {
  lua_State *co = check_coroutine(L, 1);
  int results = resume(L, co, lua_gettop(L) - 1);
  if (results < 0) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushboolean(L, 1);
  lua_insert(L, -(results + 1));
  return results + 1;
}

static int wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int results = resume(L, co, lua_gettop(L));
  if (results >= 0)
    return results;
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD && !failed_call_spares(vm_of(L), L, co)) {
    /* As Lua does: what is to be closed is closed, and an error of that takes the place of the first. */
    reset(L, co);
    lua_xmove(co, L, 1);
  }
  if (lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  inner_stack_follow(vm_of(L), L);
  return lua_error(L);
}

static int co_wrap(lua_State *L) {
  co_create(L);
  lua_pushcclosure(L, wrapped, 1);
  return 1;
}

static int co_yield (lua_State *L) {
  return lua_yield(L, lua_gettop(L));
}

static const char *status_of(lua_State *L, lua_State *co) {
  if (L == co)
    return "running";
  switch (lua_status(co)) {
  case LUA_YIELD:
    return "suspended";
  case LUA_OK: {
    lua_Debug ar;
    if (lua_getstack(co, 0, &ar))
      return "normal";
    return lua_gettop(co) == 0 ? "dead" : "suspended";
  }
  default:
    return "dead";
  }
}

static int co_status(lua_State *L) {
  lua_pushstring(L, status_of(L, check_coroutine(L, 1)));
  return 1;
}

static int co_isyieldable(lua_State *L) {
  lua_State *co = lua_isnone(L, 1) ? L : check_coroutine(L, 1);
  /* The vm's own coroutine is not the script's to yield from. */
  lua_pushboolean(L, co != vm_of(L)->co && lua_isyieldable(co));
  return 1;
}

static int co_running(lua_State *L) {
  lua_pushthread(L);
  lua_pushboolean(L, L == vm_of(L)->co);
  return 2;
}

static int co_close(lua_State *L) {
  lua_State *co = check_coroutine(L, 1);
  const char *status = status_of(L, co);
  if (status[0] != 'd' && status[0] != 's')
    return luaL_error(L, "cannot close a %s coroutine", status);
  if (vm_expired(vm_of(L)))
    return vm_raise_stop(L);
  if (reset(L, co) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(co, L, 1);
  return 2;
}

static const luaL_Reg functions[] = {
    {"create", co_create},   {"resume", co_resume}, {"wrap", co_wrap},
    {"yield", co_yield },    {"status", co_status}, {"isyieldable", co_isyieldable},
    {"running", co_running}, {"close", co_close},   {NULL, NULL},
};

int coroutine_open(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
