/**
 * wall_clock.c - what time it is to scripts.
 *
 * Called from the bindings and by the operator floor, on the thread that has the vm. Lua's own os.time and os.date do
 * the work where a time is given; only "now" is answered here.
 */
#include "vm/wall_clock.h"
#include "base/clock.h"
#include "data/frozen_sql.h"
#include "vm/vm_internal.h"

void wall_clock_freeze(struct vm *vm, int64_t wall_us) {
  vm->frozen_us = wall_us;
  frozen_sql_set_clock(wall_us);
}

int64_t wall_clock_us(const struct vm *vm) {
  return vm->frozen_us ? vm->frozen_us : clock_wall_us();
}

static lua_Integer seconds(lua_State *L) {
  return (lua_Integer)(wall_clock_us(vm_of(L)) / 1000000);
}

/* Calls the library's own function with what is on the stack. */
static int call_own(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

int wall_clock_time(lua_State *L) {
  if (!lua_isnoneornil(L, 1))
    return call_own(L);
  lua_pushinteger(L, seconds(L));
  return 1;
}

int wall_clock_date(lua_State *L) {
  if (lua_isnoneornil(L, 2)) {
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
      lua_pushliteral(L, "%c");
      lua_replace(L, 1);
    }
    lua_pushinteger(L, seconds(L));
  }
  return call_own(L);
}
