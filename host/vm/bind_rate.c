/**
 * bind_rate.c - the module mulligan.rate: how often something happened lately, counted for the whole process.
 *
 * Called by mulligan.throttling and by scripts, inside a protected call. Holds no state of its own: every vm counts in
 * the same windows (base/rate.c), or a client would have as many tries as there are vms.
 */
#include "base/clock.h"
#include "base/rate.h"
#include "vm/bind.h"

#include <lauxlib.h>

enum { WINDOW_MOST = 366 * 86400 }; /* seconds */
#define WINDOW_LEAST 0.001

/***
 * Counts a hit under a key, unless there were too many.
 * @function hit
 * @tparam string key
 * @tparam integer limit how many the window may hold, from 1
 * @tparam number window seconds
 * @treturn boolean whether it was counted
 * @treturn number if not, seconds until it would be
 */
static int count_hit(lua_State *L) {
  size_t length;
  const char *key = luaL_checklstring(L, 1, &length);
  lua_Integer limit = luaL_checkinteger(L, 2);
  lua_Number window = luaL_checknumber(L, 3);
  luaL_argcheck(L, limit >= 1 && limit <= UINT32_MAX, 2, "must be 1 to 4294967295");
  /* Written so that NaN fails too. */
  luaL_argcheck(L, window >= WINDOW_LEAST && window <= WINDOW_MOST, 3, "must be 0.001 seconds to 366 days");
  double wait;
  if (rate_hit(key, length, (uint32_t)limit, (int64_t)(window * 1e9), clock_monotonic_ns(), &wait)) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_pushnumber(L, wait);
  return 2;
}

int bind_rate_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"hit", count_hit}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
