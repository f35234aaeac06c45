/**
 * bind_op.c - `op`: say, table, progress, confirm, abort (op_chart.c has the chart).
 *
 * Called from operator scripts, on the thread that has the vm. The functions share one box, a userdata anchored in the
 * registry, that holds the session's address and is emptied when the session ends: `op` may outlive its run in a
 * script's upvalue. Invariant: json values made here are owned by a userdata before anything can raise.
 */
#include "vm/bind_op.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "vm/op_chart.h"
#include "vm/vm_internal.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

enum { LABEL_SIZE = 80 };

static const char box_key = 0; /* registry: the box */
#define BAR_TYPE  "mulligan.op.progress"
#define ROWS_TYPE "mulligan.op.rows"

/* The session, or an error if there is none any more. An aborted one raises again, so that `pcall` does not save a
 * script from it. */
static struct op_session *check_session(lua_State *L, struct op_session **box) {
  struct op_session *session = *box;
  if (!session)
    luaL_error(L, "op belongs to a run that is over");
  else if (session->aborted)
    luaL_error(L, "aborted: %s", session->reason ? session->reason : "");
  return session;
}

struct op_session *bind_op_session(lua_State *L) {
  return check_session(L, lua_touserdata(L, lua_upvalueindex(1)));
}

/* ---- say ---- */

/* Replaces format and arguments by the text that string.format makes of them. */
static void format(lua_State *L) {
  lua_pushliteral(L, "");
  luaL_getmetafield(L, -1, "__index");
  lua_getfield(L, -1, "format");
  lua_replace(L, -3);
  lua_pop(L, 1);
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
}

/***
 * Says something to the operator, on a line of its own.
 * @function say
 * @param text any value, or a format for string.format when there are more arguments
 * @param ... the format's arguments
 */
static int op_say(lua_State *L) {
  struct op_session *session = bind_op_session(L);
  luaL_checkany(L, 1);
  if (lua_gettop(L) > 1)
    format(L);
  size_t length;
  const char *text = luaL_tolstring(L, 1, &length);
  session->listener->say(session->listener->context, text, length);
  return 0;
}

/* ---- table ---- */

/* What op.table() builds; its userdata frees both, whatever happens. */
struct rows_box {
  json_t *columns, *rows;
};

static int release_rows(lua_State *L) {
  struct rows_box *box = lua_touserdata(L, 1);
  json_decref(box->columns);
  json_decref(box->rows);
  *box = (struct rows_box){0};
  return 0;
}

static struct rows_box *push_rows_box(lua_State *L) {
  struct rows_box *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (struct rows_box){0};
  if (luaL_newmetatable(L, ROWS_TYPE)) {
    lua_pushcfunction(L, release_rows);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return box;
}

static void check_memory(lua_State *L, bool had) {
  if (!had)
    luaL_error(L, "not enough memory");
}

/* A cell as text that can be shown; the value is on top of the stack and stays. Raises nothing but memory errors and a
 * script's own. */
static json_t *cell(lua_State *L) {
  size_t length;
  switch (lua_type(L, -1)) {
  case LUA_TNIL:
    return json_null();
  case LUA_TBOOLEAN:
    return json_boolean(lua_toboolean(L, -1));
  case LUA_TNUMBER:
    if (lua_isinteger(L, -1))
      return json_integer(lua_tointeger(L, -1));
    break;
  case LUA_TLIGHTUSERDATA:
    if (!lua_touserdata(L, -1)) /* json.null and db.null */
      return json_null();
    break;
  case LUA_TSTRING: {
    const char *bytes = lua_tolstring(L, -1, &length);
    return utf8_valid(bytes, length) ? json_stringn(bytes, length) : json_sprintf("(%zu bytes)", length);
  }
  }
  const char *text = luaL_tolstring(L, -1, &length);
  json_t *value = utf8_valid(text, length) ? json_stringn(text, length) : json_sprintf("(%zu bytes)", length);
  lua_pop(L, 1);
  return value;
}

/* Takes the columns' names over from the list on top of the stack. */
static void read_columns(lua_State *L, struct rows_box *box) {
  lua_Integer count = luaL_len(L, -1);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_geti(L, -1, i);
    const char *name = lua_tostring(L, -1);
    if (!name)
      luaL_error(L, "op.table: column %d is no text", (int)i);
    check_memory(L, json_array_append_new(box->columns, json_string(name)) == 0);
    lua_pop(L, 1);
  }
}

static int compare_names(const void *left, const void *right) {
  return strcmp(json_string_value(*(json_t *const *)left), json_string_value(*(json_t *const *)right));
}

/* Without a list of columns: the first row's keys, sorted, since Lua keeps no order of them. */
static void guess_columns(lua_State *L, int rows, struct rows_box *box) {
  if (lua_geti(L, rows, 1) != LUA_TTABLE) {
    lua_pop(L, 1);
    return;
  }
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING)
      check_memory(L, json_array_append_new(box->columns, json_string(lua_tostring(L, -1))) == 0);
  }
  lua_pop(L, 1);
  size_t count = json_array_size(box->columns);
  json_t **names = lua_newuserdatauv(L, (count + 1) * sizeof(json_t *), 0);
  for (size_t i = 0; i < count; i++)
    names[i] = json_array_get(box->columns, i);
  qsort(names, count, sizeof *names, compare_names);
  json_t *unsorted = box->columns;
  box->columns = json_array();
  bool whole = box->columns != NULL;
  for (size_t i = 0; whole && i < count; i++)
    whole = json_array_append(box->columns, names[i]) == 0;
  json_decref(unsorted);
  check_memory(L, whole);
  lua_pop(L, 1);
}

/* A list of names at `columns`, else those of `rows.columns`, else guess_columns()'s. The box is left on top. */
static struct rows_box *read_rows(lua_State *L, int rows, int columns, lua_Integer most) {
  struct rows_box *box = push_rows_box(L);
  check_memory(L, (box->columns = json_array()) && (box->rows = json_array()));
  if (columns && lua_istable(L, columns))
    lua_pushvalue(L, columns);
  else
    lua_getfield(L, rows, "columns");
  if (lua_istable(L, -1))
    read_columns(L, box);
  else
    guess_columns(L, rows, box);
  lua_pop(L, 1);
  lua_Integer count = luaL_len(L, rows);
  for (lua_Integer i = 1; i <= count && i <= most; i++) {
    if (lua_geti(L, rows, i) != LUA_TTABLE)
      luaL_error(L, "op.table: row %d is no table", (int)i);
    json_t *row = json_object();
    check_memory(L, row && json_array_append_new(box->rows, row) == 0);
    size_t index;
    json_t *name;
    json_array_foreach(box->columns, index, name) {
      lua_getfield(L, -1, json_string_value(name));
      check_memory(L, json_object_set_new(row, json_string_value(name), cell(L)) == 0);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return box;
}

void bind_op_read_rows(lua_State *L, int index, lua_Integer most, json_t **columns, json_t **rows) {
  luaL_checkstack(L, 8, NULL);
  const struct rows_box *box = read_rows(L, lua_absindex(L, index), 0, most);
  *columns = json_incref(box->columns);
  *rows = json_incref(box->rows);
  lua_pop(L, 1);
}

/***
 * Shows rows as an aligned table.
 * @function table
 * @param rows a list of rows keyed by column, as db.query gives them
 * @param[opt] columns a list of the columns to show, in order; else rows.columns, else the first row's keys
 */
static int op_table(lua_State *L) {
  struct op_session *session = bind_op_session(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  const struct rows_box *box = read_rows(L, 1, 2, LUA_MAXINTEGER);
  session->listener->table(session->listener->context, box->columns, box->rows);
  return 0;
}

/* ---- progress ---- */

struct bar {
  struct op_session **box;
  int64_t done, total, started_ns;
  bool finished;
  char label[LABEL_SIZE];
};

static void report(struct bar *bar, const struct op_session *session) {
  struct op_progress progress = {.label = bar->label,
                                 .done = bar->done,
                                 .total = bar->total,
                                 .started_ns = bar->started_ns,
                                 .finished = bar->finished};
  session->listener->progress(session->listener->context, &progress);
}

/***
 * One more piece of the work is done.
 * @function progress:step
 * @param[opt=1] count how many
 */
static int bar_step(lua_State *L) {
  struct bar *bar = luaL_checkudata(L, 1, BAR_TYPE);
  lua_Integer count = luaL_optinteger(L, 2, 1);
  luaL_argcheck(L, count >= 0, 2, "a step goes forward");
  const struct op_session *session = check_session(L, bar->box);
  if (bar->finished)
    return luaL_error(L, "this progress bar is finished");
  bar->done = count > bar->total - bar->done ? bar->total : bar->done + count;
  bar->finished = bar->done == bar->total;
  report(bar, session);
  return 0;
}

/***
 * The work is over, even if the total was not reached. Called by itself where the bar is a `<close>` variable.
 * @function progress:finish
 */
static int bar_finish(lua_State *L) {
  struct bar *bar = luaL_checkudata(L, 1, BAR_TYPE);
  const struct op_session *session = *bar->box;
  if (bar->finished || !session)
    return 0;
  bar->finished = true;
  report(bar, session);
  return 0;
}

static const luaL_Reg bar_methods[] = {{"step", bar_step}, {"finish", bar_finish}, {NULL, NULL}};

/***
 * Shows how far a long piece of work has come.
 * @function progress
 * @param total how many pieces there are
 * @param[opt] label what is being done
 * @return an object with step([count]) and finish()
 */
static int op_progress(lua_State *L) {
  const struct op_session *session = bind_op_session(L);
  lua_Integer total = luaL_checkinteger(L, 1);
  luaL_argcheck(L, total >= 0, 1, "a total is not negative");
  size_t length;
  const char *label = luaL_optlstring(L, 2, "", &length);
  struct bar *bar = lua_newuserdatauv(L, sizeof *bar, 0);
  *bar = (struct bar){.box = lua_touserdata(L, lua_upvalueindex(1)),
                      .total = total,
                      .started_ns = clock_monotonic_ns(),
                      .finished = total == 0};
  memcpy(bar->label, label, utf8_cut(label, utf8_valid_prefix(label, length), LABEL_SIZE - 1));
  if (luaL_newmetatable(L, BAR_TYPE)) {
    luaL_newlib(L, bar_methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, bar_finish);
    lua_setfield(L, -2, "__close");
    lua_pushliteral(L, "op.progress");
    lua_setfield(L, -2, "__metatable");
  }
  lua_setmetatable(L, -2);
  report(bar, session);
  return 1;
}

/* ---- confirm and abort ---- */

/***
 * Asks the operator, who must type `expected`. Where there is no terminal to ask on, it is true: nothing is saved
 * before the plan was shown, and `--apply` is the confirmation there.
 * @function confirm
 * @param question
 * @param[opt="yes"] expected the word to type
 * @return true or false
 */
static int op_confirm(lua_State *L) {
  const struct op_session *session = bind_op_session(L);
  const char *question = luaL_checkstring(L, 1);
  const char *expected = luaL_optstring(L, 2, "yes");
  bool yes = session->listener->confirm(session->listener->context, question, expected);
  if (vm_expired(vm_of(L)))
    return vm_raise_stop(L);
  lua_pushboolean(L, yes);
  return 1;
}

/***
 * Ends the run: nothing is saved, and the operator is told why.
 * @function abort
 * @param reason a sentence
 */
static int op_abort(lua_State *L) {
  struct op_session *session = bind_op_session(L);
  const char *reason = luaL_checkstring(L, 1);
  session->reason = strdup(reason);
  session->aborted = true;
  return luaL_error(L, "aborted: %s", reason);
}

/* ---- the table ---- */

static const luaL_Reg functions[] = {
    {"abort", op_abort}, {"chart", op_chart}, {"confirm", op_confirm}, {"progress", op_progress}, {"say", op_say},
    {"table", op_table}, {NULL, NULL},
};

void bind_op_push(lua_State *L, struct op_session *session) {
  luaL_checkstack(L, 6, NULL);
  luaL_newlibtable(L, functions);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &box_key) != LUA_TUSERDATA) {
    lua_pop(L, 1);
    struct op_session **fresh = lua_newuserdatauv(L, sizeof *fresh, 0);
    *fresh = NULL;
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &box_key);
  }
  session->box = lua_touserdata(L, -1);
  *session->box = session;
  luaL_setfuncs(L, functions, 1);
  lua_pushstring(L, session->operator_name);
  lua_setfield(L, -2, "operator");
  sandbox_protect(L, "op");
}

void op_session_end(struct op_session *session) {
  if (session->box)
    *session->box = NULL;
  session->box = NULL;
  free(session->reason);
  session->reason = NULL;
}
