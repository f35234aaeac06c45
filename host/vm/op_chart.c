/**
 * op_chart.c - op.chart(): numbers as bars.
 *
 * Called from operator scripts, on the thread that has the vm. Invariant: the JSON made here is owned by a userdata
 * before anything can raise.
 */
#include "vm/op_chart.h"
#include "base/utf8.h"
#include "vm/bind_op.h"

#include <math.h>

#include <lauxlib.h>

#define CHART_TYPE "mulligan.op.chart"

static int release(lua_State *L) {
  json_t **chart = lua_touserdata(L, 1);
  json_decref(*chart);
  *chart = NULL;
  return 0;
}

/* Pushes the owner of an empty chart. */
static json_t *push_chart(lua_State *L) {
  json_t **chart = lua_newuserdatauv(L, sizeof *chart, 0);
  *chart = NULL;
  if (luaL_newmetatable(L, CHART_TYPE)) {
    lua_pushcfunction(L, release);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  *chart = json_pack("{s:s, s:[]}", "title", "", "bars");
  if (!*chart)
    luaL_error(L, "not enough memory");
  return *chart;
}

/* Leaves on top what the options name as `field`, or `fallback`. */
static void push_option(lua_State *L, const char *field, const char *fallback) {
  if (lua_istable(L, 2) && lua_getfield(L, 2, field) != LUA_TNIL)
    return;
  if (lua_istable(L, 2))
    lua_pop(L, 1);
  lua_pushstring(L, fallback);
}

/* Leaves on top the row's field of that name (at `name`), or its item number `number`. */
static void push_field(lua_State *L, int row, int name, int number) {
  lua_pushvalue(L, name);
  if (lua_gettable(L, row) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_geti(L, row, number);
  }
}

/***
 * Shows numbers as bars.
 * @function chart
 * @param rows a list of rows, as db.query gives them, or of pairs { label, value }; at most 100
 * @param[opt] options `title`; `label` and `value`: the columns to take ("label" and "value" unless given)
 */
int op_chart(lua_State *L) {
  struct op_session *session = bind_op_session(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_isnoneornil(L, 2))
    luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  push_option(L, "label", "label");
  push_option(L, "value", "value");
  push_option(L, "title", "");
  json_t *chart = push_chart(L);
  size_t length;
  const char *text = luaL_tolstring(L, 5, &length);
  json_object_set_new(chart, "title", json_stringn(text, utf8_valid_prefix(text, length)));
  lua_pop(L, 1);

  lua_Integer count = luaL_len(L, 1);
  luaL_argcheck(L, count <= OP_CHART_BARS_MOST, 1, "a chart has at most 100 bars");
  for (lua_Integer i = 1; i <= count; i++) {
    if (lua_geti(L, 1, i) != LUA_TTABLE)
      return luaL_error(L, "op.chart: row %d is no table", (int)i);
    push_field(L, 7, 4, 2);
    if (!lua_isnumber(L, -1) || !isfinite(lua_tonumber(L, -1)))
      return luaL_error(L, "op.chart: row %d has no number under '%s'", (int)i, luaL_tolstring(L, 4, NULL));
    json_t *value = lua_isinteger(L, -1) ? json_integer(lua_tointeger(L, -1)) : json_real(lua_tonumber(L, -1));
    json_t *bar = json_pack("{s:s, s:o}", "label", "", "value", value);
    json_array_append_new(json_object_get(chart, "bars"), bar);
    push_field(L, 7, 3, 1);
    text = luaL_tolstring(L, -1, &length);
    json_object_set_new(bar, "label", json_stringn(text, utf8_valid_prefix(text, length)));
    lua_settop(L, 6);
  }
  session->listener->chart(session->listener->context, chart);
  return 0;
}
