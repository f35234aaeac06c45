/**
 * db_call.c - binding Lua's values, running the statement, and making Lua values of its rows.
 *
 * Called by bind_db.c, protected, on the thread that has the vm. Invariants: nothing here runs a script, so the values
 * that were given stay as they are through the run, and texts and blobs need not be copied; what is wrong with them is
 * reported in the call's fault, and named by the parameter and the SQL.
 */
#include "vm/db_call.h"

#include "base/taint.h"
#include "base/utf8.h"
#include "vm/bind_json.h"
#include "vm/vm.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

const char db_call_blob_type = 'b';

/* ---- parameters ---- */

/* "parameter 2 (:email) of "select …": reason" */
static enum mulligan_status refuse(struct db_call *call, int parameter, const char *reason) {
  char excerpt[STORE_EXCERPT_SIZE];
  const char *name = store_parameter_name(call->statement, parameter);
  return fault_set(&call->fault, MULLIGAN_INVALID, "parameter %d%s%s%s of \"%s\": %s", parameter, name ? " (:" : "",
                   name ? name : "", name ? ")" : "", store_excerpt(excerpt, call->sql, call->sql_length), reason);
}

static bool is_blob(lua_State *L, int index) {
  if (!lua_getmetatable(L, index))
    return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &db_call_blob_type);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

/* Its bytes are only lent: the value stays on the stack, or in its table, through the run. */
static enum mulligan_status bind_value(lua_State *L, struct db_call *call, int parameter, int index) {
  struct store_statement *statement = call->statement;
  size_t length;
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    return store_bind_null(statement, parameter, &call->fault);
  case LUA_TBOOLEAN:
    return store_bind_integer(statement, parameter, lua_toboolean(L, index), &call->fault);
  case LUA_TNUMBER:
    if (lua_isinteger(L, index))
      return store_bind_integer(statement, parameter, lua_tointeger(L, index), &call->fault);
    if (isnan(lua_tonumber(L, index)))
      return refuse(call, parameter, "NaN cannot be bound");
    return store_bind_real(statement, parameter, lua_tonumber(L, index), &call->fault);
  case LUA_TSTRING: {
    const char *text = lua_tolstring(L, index, &length);
    if (!utf8_valid(text, length))
      return refuse(call, parameter, "the text is not valid UTF-8; db.blob(bytes) binds any bytes");
    return store_lend_text(statement, parameter, text, length, &call->fault);
  }
  case LUA_TLIGHTUSERDATA:
    if (!lua_touserdata(L, index))
      return store_bind_null(statement, parameter, &call->fault);
    break;
  case LUA_TUSERDATA:
    if (is_blob(L, index)) {
      lua_getiuservalue(L, index, 1);
      const char *bytes = lua_tolstring(L, -1, &length);
      lua_pop(L, 1);
      return store_lend_blob(statement, parameter, bytes, length, &call->fault);
    }
    break;
  default:
    break;
  }
  return refuse(call, parameter, lua_pushfstring(L, "a %s cannot be bound", luaL_typename(L, index)));
}

static enum mulligan_status bind_positional(lua_State *L, struct db_call *call, int count) {
  char excerpt[STORE_EXCERPT_SIZE];
  int wanted = store_parameter_count(call->statement);
  if (count < wanted)
    return refuse(call, count + 1, "there is no value for it");
  if (count > wanted)
    return fault_set(&call->fault, MULLIGAN_INVALID, "%d values for the %d parameter%s of \"%s\"", count, wanted,
                     wanted == 1 ? "" : "s", store_excerpt(excerpt, call->sql, call->sql_length));
  enum mulligan_status status = MULLIGAN_OK;
  for (int i = 1; i <= count && !status; i++)
    status = bind_value(L, call, i, i);
  return status;
}

static bool has_parameter(const struct db_call *call, const char *name) {
  for (int i = store_parameter_count(call->statement); i > 0; i--) {
    const char *each = store_parameter_name(call->statement, i);
    if (each && strcmp(each, name) == 0)
      return true;
  }
  return false;
}

/* Every name in the table must be a parameter's: one that is not is a slip of the pen. */
static enum mulligan_status check_names(lua_State *L, struct db_call *call) {
  int names = 0;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
    names++;
  if (names == store_parameter_count(call->statement))
    return MULLIGAN_OK; /* and each of those had its value */
  char excerpt[STORE_EXCERPT_SIZE];
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    bool text = lua_type(L, -2) == LUA_TSTRING;
    if (!text || !has_parameter(call, lua_tostring(L, -2)))
      return fault_set(&call->fault, MULLIGAN_INVALID, "there is no parameter %s%s in \"%s\"", text ? ":" : "with a ",
                       text ? lua_tostring(L, -2) : lua_pushfstring(L, "%s for a name", luaL_typename(L, -2)),
                       store_excerpt(excerpt, call->sql, call->sql_length));
  }
  return MULLIGAN_OK;
}

/* The table is at index 1. */
static enum mulligan_status bind_named(lua_State *L, struct db_call *call) {
  int count = store_parameter_count(call->statement);
  for (int i = 1; i <= count; i++) {
    const char *name = store_parameter_name(call->statement, i);
    if (!name)
      return refuse(call, i, "it has no name; its value comes after the SQL, not in a table");
    lua_pushstring(L, name);
    if (lua_rawget(L, 1) == LUA_TNIL)
      return refuse(call, i, "the table has no value for it; db.null stands for NULL");
    enum mulligan_status status = bind_value(L, call, i, lua_gettop(L));
    if (status)
      return status;
    lua_pop(L, 1);
  }
  return check_names(L, call);
}

/* ---- results ---- */

/* Pushes the columns' names. Two that are alike are refused: one value would hide the other. */
static bool push_names(lua_State *L, struct db_call *call, int count) {
  const char *twin = store_column_twin(call->statement);
  if (twin) {
    char excerpt[STORE_EXCERPT_SIZE];
    call->status =
        fault_set(&call->fault, MULLIGAN_INVALID, "two columns are named %s: give one another name with AS, in \"%s\"",
                  twin, store_excerpt(excerpt, call->sql, call->sql_length));
    return false;
  }
  luaL_checkstack(L, count + 8, "too many columns");
  for (int i = 0; i < count; i++) {
    const char *name = store_column_name(call->statement, i);
    lua_pushstring(L, name ? name : ""); /* NULL when out of memory */
  }
  return true;
}

static void push_value(lua_State *L, const struct store_statement *statement, int column, enum store_type type) {
  size_t length;
  const char *bytes;
  switch (type) {
  case STORE_INTEGER:
    lua_pushinteger(L, store_column_integer(statement, column));
    return;
  case STORE_BOOLEAN:
    lua_pushboolean(L, store_column_integer(statement, column) != 0);
    return;
  case STORE_REAL:
    lua_pushnumber(L, store_column_real(statement, column));
    return;
  case STORE_TEXT:
  case STORE_BLOB:
    bytes = store_column_bytes(statement, column, &length);
    lua_pushlstring(L, bytes, length);
    return;
  case STORE_NULL:
    lua_pushnil(L);
  }
}

/* The names are on the stack from `names` on. */
static void push_row(lua_State *L, const struct store_statement *statement, int names, int count) {
  lua_createtable(L, 0, count);
  for (int i = 0; i < count; i++) {
    enum store_type type = store_column_type(statement, i);
    if (type == STORE_NULL)
      continue;
    lua_pushvalue(L, names + i);
    push_value(L, statement, i, type);
    lua_rawset(L, -3);
  }
}

/*
 * Pushes a list with a metatable of its own: it marks the list as JSON's, so that an empty one is written as [], and
 * holds the columns' names, which JSON must not see.
 */
static void push_list(lua_State *L, int names, int count) {
  lua_newtable(L);
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, true);
  lua_rawsetp(L, -2, &bind_json_list_type);
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_pushvalue(L, names + i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "columns");
  lua_setmetatable(L, -2);
}

static bool step(struct db_call *call, bool *row) {
  call->status = store_step(call->statement, row, &call->fault);
  return call->status == MULLIGAN_OK;
}

static void push_outcome(lua_State *L, struct db_call *call) {
  bool row = true;
  while (row)
    if (!step(call, &row))
      return;
  bool wrote = !store_is_read(call->statement);
  int64_t inserted = wrote ? store_last_insert(call->store) : 0;
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, wrote ? store_changes(call->store) : 0);
  lua_setfield(L, -2, "changes");
  if (inserted) {
    lua_pushinteger(L, inserted);
    lua_setfield(L, -2, "last_id");
  }
}

static void push_rows(lua_State *L, struct db_call *call) {
  bool row;
  if (!step(call, &row))
    return;
  /* After the step, since SQLite may have prepared it anew for a changed schema. */
  int count = store_column_count(call->statement);
  int names = lua_gettop(L) + 1;
  if (!push_names(L, call, count))
    return;
  if (call->shape == DB_CALL_ROW) {
    if (row)
      push_row(L, call->statement, names, count);
    else
      lua_pushnil(L);
    return;
  }
  push_list(L, names, count);
  for (lua_Integer number = 1; row; number++) {
    push_row(L, call->statement, names, count);
    lua_rawseti(L, -2, number);
    if (!step(call, &row))
      return;
  }
}

/* ---- the run ---- */

/* Remembers what was given under secret names, which the failure's text may quote. The table is at index 1. */
static void remember_secrets(lua_State *L, const struct db_call *call) {
  struct vm *vm = vm_of(L);
  for (int i = store_parameter_count(call->statement); i > 0; i--) {
    const char *name = store_parameter_name(call->statement, i);
    if (!name || !scrub_is_secret_name(vm_services(vm)->scrub, name, strlen(name)))
      continue;
    size_t length;
    lua_pushstring(L, name);
    if (lua_rawget(L, 1) == LUA_TSTRING) {
      const char *text = lua_tolstring(L, -1, &length);
      taint_add(vm_taint(vm), text, length);
    }
    lua_pop(L, 1);
  }
}

static int run(lua_State *L, struct db_call *call, bool named, int count) {
  call->status = named ? bind_named(L, call) : bind_positional(L, call, count);
  if (call->status)
    return 0;
  if (!store_is_read(call->statement) && !store_in_transaction(call->store)) {
    call->status = store_begin_write_until(call->store, call->deadline_ns, &call->fault);
    if (call->status)
      return 0;
    call->began = true;
  }
  if (call->shape == DB_CALL_OUTCOME)
    push_outcome(L, call);
  else
    push_rows(L, call);
  return 1;
}

int db_call_run(lua_State *L) {
  struct db_call *call = lua_touserdata(L, -1);
  lua_pop(L, 1);
  int count = lua_gettop(L);
  bool named = count == 1 && lua_istable(L, 1);
  int results = run(L, call, named, count);
  if (call->status && named)
    remember_secrets(L, call);
  return call->status ? 0 : results;
}
