/**
 * bind_db.c - the module mulligan.db: SQL from scripts, on the vm's own connection.
 *
 * Called from scripts inside a protected call, on the thread that has the vm.
 *
 * No Lua error may cross the store, so each statement is bound, run and read inside a protected call of its own, after
 * which it is finished whatever happened; Lua runs no script in there. A transaction is different: an error must leave
 * it with its stack unharmed, for that is where ErrorLog finds the frames and their locals. So db.transaction() calls
 * its function plainly, and a to-be-closed guard rolls back when the stack is unwound.
 *
 * A coroutine that died of an error is not unwound until somebody closes it. Every entry here therefore settles first:
 * guards whose coroutine is dead, or whose transaction the host has ended, are undone before anything else runs.
 */
#include "vm/bind.h"
#include "vm/bind_json.h"
#include "vm/db_call.h"
#include "vm/frame_console.h"
#include "vm/vm_internal.h"

#include <lauxlib.h>

/* Registry key: its address. */
static const char guard_type = 'g';

/* What the module's functions share. */
enum { ERROR_CLASS = 1, INTEGRITY_CLASS, GUARDS, UPVALUES = GUARDS };

/* An open db.transaction(); a userdata on the stack of the coroutine that called it. */
struct guard {
  bool open;
  struct guards *guards;
  struct guard *outer;
  uint64_t transaction; /* store_transaction() */
  int depth;            /* the savepoint's number; 0 for the whole transaction */
  lua_State *thread;    /* the guard's user value keeps it */
};

struct guards {
  struct guard *innermost; /* only open ones */
};

/* ---- errors ---- */

static void set_text(lua_State *L, const char *name, const char *text) {
  if (!text[0])
    return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

/* Adds the particulars to the error on top. */
static void describe_constraint(lua_State *L, const struct store_constraint *constraint) {
  set_text(L, "constraint", constraint->kind);
  set_text(L, "table", constraint->table);
  set_text(L, "name", constraint->name);
  lua_createtable(L, constraint->column_count, 0);
  for (int i = 0; i < constraint->column_count; i++) {
    lua_pushstring(L, constraint->columns[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "columns");
}

/* Raises a db.Error; the SQL is at index `sql`, 0 for none. What fails because the time is up is no error of the
 * database. */
static int raise_fault(lua_State *L, int sql, const struct fault *fault) {
  struct vm *vm = vm_of(L);
  if (vm_expired(vm))
    return vm_raise_stop(L);
  bool integrity = fault->status == MULLIGAN_CONSTRAINT;
  lua_createtable(L, 0, integrity ? 7 : 3);
  set_text(L, "message", fault->message);
  set_text(L, "code", fault_status_name(fault->status));
  if (sql) {
    lua_pushvalue(L, sql);
    lua_setfield(L, -2, "sql");
  }
  if (integrity)
    describe_constraint(L, store_constraint(vm_store(vm)));
  lua_pushvalue(L, lua_upvalueindex(integrity ? INTEGRITY_CLASS : ERROR_CLASS));
  lua_setmetatable(L, -2);
  return lua_error(L);
}

static int error_text(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_getfield(L, 1, "message");
  return 1;
}

/* ---- guards ---- */

/* Undoes the transaction or step of this guard, and of all inside it. */
static void undo(lua_State *L, struct guard *guard) {
  if (!guard->open)
    return;
  struct guards *guards = guard->guards;
  while (guard->open) {
    guards->innermost->open = false;
    guards->innermost = guards->innermost->outer;
  }
  struct store *store = vm_store(vm_of(L));
  if (!store || store_transaction(store) != guard->transaction)
    return; /* the host has ended it */
  if (guard->depth == 0)
    store_rollback(store);
  else
    store_rollback_savepoint(store, guard->depth, NULL); /* fails only where SQLite has rolled back everything */
}

static void settle(lua_State *L, struct guards *guards, const struct store *store) {
  uint64_t transaction = store_transaction(store);
  struct guard *outermost = NULL;
  for (struct guard *each = guards->innermost; each; each = each->outer)
    if (each->transaction != transaction || lua_status(each->thread) > LUA_YIELD)
      outermost = each;
  if (outermost)
    undo(L, outermost);
}

/* Both `__close` and `__gc`. */
static int close_guard(lua_State *L) {
  undo(L, lua_touserdata(L, 1));
  return 0;
}

static struct guard *push_guard(lua_State *L, struct guards *guards) {
  struct guard *guard = lua_newuserdatauv(L, sizeof *guard, 1);
  *guard = (struct guard){.guards = guards, .thread = L};
  lua_pushthread(L);
  lua_setiuservalue(L, -2, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &guard_type);
  lua_setmetatable(L, -2);
  return guard;
}

static enum mulligan_status begin(struct guard *guard, struct store *store, int64_t deadline_ns, struct fault *fault) {
  struct guard *outer = guard->guards->innermost;
  enum mulligan_status status;
  if (store_in_transaction(store)) {
    guard->depth = outer ? outer->depth + 1 : 1; /* without an outer guard, the transaction is the host's own */
    status = store_savepoint(store, guard->depth, fault);
  } else {
    status = store_begin_write_until(store, deadline_ns, fault);
  }
  if (status)
    return status;
  guard->transaction = store_transaction(store);
  guard->outer = outer;
  guard->guards->innermost = guard;
  guard->open = true;
  return MULLIGAN_OK;
}

static enum mulligan_status end(struct guard *guard, struct store *store, struct fault *fault) {
  if (!guard->open)
    return fault_set(fault, MULLIGAN_ERROR, "the transaction was rolled back before its function returned");
  guard->guards->innermost = guard->outer;
  guard->open = false;
  return guard->depth == 0 ? store_commit(store, fault) : store_release_savepoint(store, guard->depth, fault);
}

/* ---- one statement ---- */

/* Prepares it, on the store that writes go to if it is one. */
static enum mulligan_status prepare(struct vm *vm, struct db_call *call) {
  call->status = store_prepare(call->store, call->sql, call->sql_length, &call->statement, &call->fault);
  if (call->status || store_is_read(call->statement) || store_in_transaction(call->store))
    return call->status;
  call->status = vm_before_write(vm, &call->fault);
  if (!call->status && call->store == vm_store(vm))
    return MULLIGAN_OK;
  store_finish(call->statement);
  call->store = vm_store(vm);
  if (!call->status)
    call->status = store_prepare(call->store, call->sql, call->sql_length, &call->statement, &call->fault);
  return call->status;
}

/* The store of this vm, after what was left open has been settled. */
static struct store *enter(lua_State *L, int sql) {
  struct store *store = vm_store(vm_of(L));
  if (!store) {
    struct fault fault;
    fault_set(&fault, MULLIGAN_MISSING, "there is no database here");
    raise_fault(L, sql, &fault);
  }
  settle(L, lua_touserdata(L, lua_upvalueindex(GUARDS)), store);
  return store;
}

static int run(lua_State *L, enum db_call_shape shape) {
  luaL_checktype(L, 1, LUA_TSTRING);
  int count = lua_gettop(L) - 1;
  luaL_checkstack(L, 4, NULL);
  struct db_call call = {.store = enter(L, 1), .deadline_ns = vm_deadline_ns(vm_of(L)), .shape = shape};
  call.sql = lua_tolstring(L, 1, &call.sql_length);
  if (prepare(vm_of(L), &call))
    return raise_fault(L, 1, &call.fault);

  /* Nothing from here to store_finish() may raise. */
  lua_pushcfunction(L, db_call_run);
  lua_insert(L, 2);
  lua_pushlightuserdata(L, &call);
  int status = lua_pcall(L, count + 1, 1, 0);
  store_finish(call.statement);
  if (call.began && status == LUA_OK && !call.status)
    call.status = store_commit(call.store, &call.fault);
  else if (call.began)
    store_rollback(call.store);

  limits_check(L, status);
  if (status != LUA_OK)
    return lua_error(L);
  if (call.status)
    return raise_fault(L, 1, &call.fault);
  frame_console_note(L, NULL);
  return 1;
}

/* ---- the module ---- */

/***
 * SQL on the application's database.
 *
 * Values are bound, never pasted in: either behind the SQL, for `?`, or as one table, for `:name`. `nil` (behind the
 * SQL) and `db.null` are NULL, booleans 1 and 0, texts must be UTF-8, `db.blob(bytes)` is a blob. In rows, a BOOLEAN
 * column is a boolean, NULL is nil, integers have 64 bits.
 *
 *    local rows = db.query("select id, name from seminar where capacity > ?", 10)
 *    local user = db.one("select * from user where email = :email", { email = email })
 *
 * What fails raises a `db.Error`; what a constraint forbids, a `db.IntegrityError`. A write outside db.transaction() is
 * a transaction of its own.
 * @module mulligan.db
 */

/***
 * Reads rows.
 * @function query
 * @tparam string sql one statement; a write with RETURNING is fine
 * @param ... the values behind the SQL, or one table of named ones
 * @treturn {table} a list of rows keyed by column (`[]` in JSON when empty); its `columns` are the names in order
 * @raise db.Error, db.IntegrityError
 */
static int db_query(lua_State *L) {
  return run(L, DB_CALL_LIST);
}

/***
 * Reads the first row.
 * @function one
 * @tparam string sql one statement
 * @param ... the values behind the SQL, or one table of named ones
 * @treturn ?table the row keyed by column, or nil if there is none
 * @raise db.Error, db.IntegrityError
 */
static int db_one(lua_State *L) {
  return run(L, DB_CALL_ROW);
}

/***
 * Runs a statement for its effect.
 * @function exec
 * @tparam string sql one statement
 * @param ... the values behind the SQL, or one table of named ones
 * @treturn table `changes`, the number of rows changed, and `last_id`, the id of the row that this transaction inserted
 * last
 * @raise db.Error, db.IntegrityError
 */
static int db_exec(lua_State *L) {
  return run(L, DB_CALL_OUTCOME);
}

/***
 * Calls a function in a transaction: commits when it returns, rolls back when it raises, and passes results and error
 * on as they are. Inside another transaction it is a step of that one, which alone is undone when it raises. Other
 * writers wait meanwhile, so keep it short; it cannot be left by coroutine.yield.
 * @function transaction
 * @tparam function body
 * @return what `body` returns
 * @raise what `body` raises; db.Error with the code "busy" if the turn to write did not come in time
 */
static int db_transaction(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  struct vm *vm = vm_of(L);
  struct store *store = enter(L, 0);
  struct guards *guards = lua_touserdata(L, lua_upvalueindex(GUARDS));
  struct guard *guard = push_guard(L, guards);
  lua_toclose(L, 2);

  struct fault fault;
  if (!store_in_transaction(store) && vm_before_write(vm, &fault))
    return raise_fault(L, 0, &fault);
  store = vm_store(vm);
  if (begin(guard, store, vm_deadline_ns(vm), &fault))
    return raise_fault(L, 0, &fault);
  lua_pushvalue(L, 1);
  lua_call(L, 0, LUA_MULTRET);
  if (vm_expired(vm)) {
    undo(L, guard);
    return vm_raise_stop(L);
  }
  settle(L, guards, store);
  if (end(guard, store, &fault))
    return raise_fault(L, 0, &fault);
  return lua_gettop(L) - 2;
}

/***
 * Marks bytes to be bound as a blob.
 * @function blob
 * @tparam string bytes
 * @return a value that only serves as a parameter
 */
static int db_blob(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  lua_newuserdatauv(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &db_call_blob_type);
  lua_setmetatable(L, -2);
  return 1;
}

/***
 * NULL as a value, the same as json.null.
 * @field null
 */

/***
 * What the database refuses or fails at. Its text is `message`.
 * @table Error
 * @field message SQLite's words with the beginning of the SQL
 * @field code "invalid" (the SQL or its values are wrong), "busy", "full", "readonly", "corrupt", "denied",
 * "interrupted", "error" …
 * @field sql the whole text; nil where none was run
 */

/***
 * A violated constraint: a db.Error with particulars.
 * @table IntegrityError
 * @field constraint "unique", "primary_key", "not_null", "check", "foreign_key" or "other"
 * @field table the table's name; nil where SQLite does not tell (foreign keys, checks)
 * @field columns a list of the columns' names; empty where SQLite does not tell
 * @field name of the CHECK, if it has one
 */

/* Pushes a class; `super` is at the top, or nil. */
static void push_class(lua_State *L, const char *name) {
  int super = lua_gettop(L);
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, error_text);
  lua_setfield(L, -2, "__tostring");
  set_text(L, "__name", name);
  lua_pushvalue(L, super);
  lua_setfield(L, -2, "super");
}

static void make_type(lua_State *L, const char *key, const char *name, lua_CFunction finish) {
  lua_createtable(L, 0, 4);
  set_text(L, "__name", name);
  set_text(L, "__metatable", name);
  if (finish) {
    lua_pushcfunction(L, finish);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, finish);
    lua_setfield(L, -2, "__close");
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

int bind_db_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"query", db_query}, {"one", db_one},
                                       {"exec", db_exec},   {"transaction", db_transaction},
                                       {"blob", db_blob},   {NULL, NULL}};
  bind_json_make_types(L);
  make_type(L, &db_call_blob_type, "db.blob", NULL);
  make_type(L, &guard_type, "db.transaction", close_guard);

  luaL_newlibtable(L, functions);
  int module = lua_gettop(L);
  lua_pushnil(L);
  push_class(L, "db.Error");
  lua_remove(L, -2);
  push_class(L, "db.IntegrityError");
  lua_pushvalue(L, -2);
  lua_setfield(L, module, "Error");
  lua_pushvalue(L, -1);
  lua_setfield(L, module, "IntegrityError");
  struct guards *guards = lua_newuserdatauv(L, sizeof *guards, 0);
  *guards = (struct guards){0};
  luaL_setfuncs(L, functions, UPVALUES);
  bind_json_push_null(L);
  lua_setfield(L, -2, "null");
  return 1;
}
