/**
 * bind_time.c - the module mulligan.time: the wall clock, as RFC 3339 texts and as numbers.
 *
 * Called from scripts, inside a protected call; holds no state. Invariant: a moment is an integer of microseconds since
 * 1970 UTC wherever it is reckoned with, and a text with six digits of fraction wherever it is stored or shown.
 */
#include "base/clock.h"
#include "vm/bind.h"
#include "vm/wall_clock.h"

#include <lauxlib.h>

/* The years 0001 to 9999, which are all that RFC 3339 can write. */
#define EARLIEST_US (INT64_C(-62135596800) * 1000000)
#define LATEST_US   (INT64_C(253402300800) * 1000000 - 1)

static int push_text(lua_State *L, int64_t us) {
  char text[MULLIGAN_RFC3339_SIZE];
  lua_pushstring(L, clock_rfc3339(us, text));
  return 1;
}

/***
 * @function now
 * @treturn string the time, as "2021-11-13T14:59:00.123456Z"
 */
static int time_now(lua_State *L) {
  return push_text(L, wall_clock_us(vm_of(L)));
}

/***
 * @function unix
 * @treturn number seconds since 1970, with a fraction
 */
static int time_unix(lua_State *L) {
  lua_pushnumber(L, (lua_Number)wall_clock_us(vm_of(L)) / 1e6);
  return 1;
}

/***
 * @function us
 * @treturn integer microseconds since 1970
 */
static int time_us(lua_State *L) {
  lua_pushinteger(L, wall_clock_us(vm_of(L)));
  return 1;
}

/***
 * Reads an RFC 3339 time with any offset.
 * @function parse
 * @tparam string text
 * @treturn integer microseconds since 1970; or nil, a message, "invalid"
 */
static int time_parse(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  int64_t us;
  if (!clock_parse_rfc3339(text, length, &us)) {
    lua_pushnil(L);
    lua_pushliteral(L, "not a time as RFC 3339 writes it (2021-11-13T14:59:00Z)");
    lua_pushliteral(L, "invalid");
    return 3;
  }
  lua_pushinteger(L, us);
  return 1;
}

/***
 * @function format
 * @tparam integer us microseconds since 1970
 * @treturn string as now() returns it
 */
static int time_format(lua_State *L) {
  lua_Integer us = luaL_checkinteger(L, 1);
  luaL_argcheck(L, us >= EARLIEST_US && us <= LATEST_US, 1, "outside the years 1 to 9999");
  return push_text(L, us);
}

/***
 * @function monotonic
 * @treturn number seconds of a clock that never jumps, for durations
 */
static int time_monotonic(lua_State *L) {
  lua_pushnumber(L, (lua_Number)clock_monotonic_ns() / 1e9);
  return 1;
}

int bind_time_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"now", time_now},     {"unix", time_unix},     {"us", time_us},
                                       {"parse", time_parse}, {"format", time_format}, {"monotonic", time_monotonic},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
