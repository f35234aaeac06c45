/**
 * session_names.c - what a session's names stand for: its environment, and what can be completed and looked up in it.
 *
 * Called by session.c and the console, on the thread that has the vm, protected. A name is looked for among the
 * variables of suspended inputs, the session's globals, the session's own (`db`, `op`, …), the base that all scripts
 * see, the models, and the operator scripts. Invariant: a name is either shared or a field of the environment, never
 * both.
 */
#include "vm/session_internal.h"

#include "base/json_list.h"
#include "vm/bind.h"
#include "vm/inspect.h"
#include "vm/operator_call.h"

#include <string.h>

#include <lauxlib.h>

enum { LOOK_SECONDS = 30, NAMES_MOST = 2000, CHAIN_MOST = 8, TEXT_MOST = 64 * 1024 };

/* The registry: the environment; name -> coroutine and name -> the variable's number there; the session's own names. */
static const char environment_key = 0, shared_key = 0, numbers_key = 0, own_key = 0;

#define MODELS  "models/"
#define SCRIPTS "operators/"

void session_push_environment(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &environment_key);
}

/* ---- variables of suspended inputs ---- */

static bool is_own_variable(const char *name) {
  return name[0] != '(' && strncmp(name, "_MULLIGAN_", 10) != 0;
}

/* With the name on top of L: pushes the coroutine that has the variable, and gives its number; false if it is not
 * shared. */
static bool find_shared(lua_State *L, lua_State **co, int *number) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &shared_key);
  lua_pushvalue(L, -2);
  lua_rawget(L, -2);
  *co = lua_tothread(L, -1);
  lua_remove(L, -2);
  if (!*co) {
    lua_pop(L, 1);
    return false;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &numbers_key);
  lua_pushvalue(L, -3);
  lua_rawget(L, -2);
  *number = (int)lua_tointeger(L, -1);
  lua_pop(L, 2);
  return true;
}

/* Level 0 of a suspended input is the guard's close function, level 1 the input. */
static bool read_shared(lua_State *L) {
  lua_State *co;
  lua_Debug ar;
  int number;
  if (!find_shared(L, &co, &number))
    return false;
  lua_getstack(co, 1, &ar);
  lua_getlocal(co, &ar, number);
  lua_xmove(co, L, 1);
  lua_remove(L, -2);
  return true;
}

/* The name is below the value, which it takes. */
static bool write_shared(lua_State *L) {
  lua_State *co;
  lua_Debug ar;
  int number;
  lua_pushvalue(L, -2);
  bool found = find_shared(L, &co, &number);
  if (found) {
    lua_getstack(co, 1, &ar);
    lua_pushvalue(L, -3);
    lua_xmove(L, co, 1);
    lua_setlocal(co, &ar, number);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return found;
}

/* The name (`nil` for none) is on top and is taken: table[name] = value of the stack's `value`. */
static void set_entry(lua_State *L, const char *key, const char *name, int value) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, key);
  lua_pushstring(L, name);
  lua_pushvalue(L, value);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

void session_share_locals(lua_State *L, lua_State *co) {
  lua_Debug ar;
  const char *name;
  luaL_checkstack(L, 8, NULL);
  if (!lua_getstack(co, 1, &ar))
    return;
  for (int number = 1; (name = lua_getlocal(co, &ar, number)) != NULL; number++) {
    lua_pop(co, 1);
    if (!is_own_variable(name))
      continue;
    int top = lua_gettop(L);
    lua_pushthread(co);
    lua_xmove(co, L, 1);
    lua_pushinteger(L, number);
    lua_pushnil(L);
    set_entry(L, &shared_key, name, top + 1);
    set_entry(L, &numbers_key, name, top + 2);
    set_entry(L, &environment_key, name, top + 3);
    lua_settop(L, top);
  }
}

void session_copy_locals(lua_State *L, lua_State *co, lua_Debug *ar) {
  const char *name;
  luaL_checkstack(L, 8, NULL);
  for (int number = 1; (name = lua_getlocal(co, ar, number)) != NULL; number++) {
    if (L != co)
      lua_xmove(co, L, 1);
    if (is_own_variable(name)) {
      int top = lua_gettop(L);
      lua_pushnil(L);
      set_entry(L, &shared_key, name, top + 1);
      set_entry(L, &numbers_key, name, top + 1);
      set_entry(L, &environment_key, name, top);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
}

/* ---- operator scripts as functions ---- */

static bool has_script(lua_State *L, const char *folder, const char *name) {
  char path[256];
  struct generation *generation = vm_generation(vm_of(L));
  int length = snprintf(path, sizeof path, "%s%s.lua", folder, name);
  return generation && length > 0 && (size_t)length < sizeof path && generation_find(generation, path);
}

static void push_module(lua_State *L, const char *folder, const char *name) {
  lua_pushcfunction(L, module_require);
  lua_pushfstring(L, "%s%s", folder, name);
  luaL_gsub(L, lua_tostring(L, -1), "/", ".");
  lua_remove(L, -2);
  lua_call(L, 1, 1);
}

/* Is the value on top one of a parameter's type? */
static bool fits_type(lua_State *L, const char *type) {
  if (strcmp(type, "integer") == 0)
    return lua_isinteger(L, -1);
  if (strcmp(type, "number") == 0)
    return lua_type(L, -1) == LUA_TNUMBER;
  if (strcmp(type, "boolean") == 0)
    return lua_isboolean(L, -1);
  return lua_type(L, -1) == LUA_TSTRING || (strcmp(type, "choice") == 0 && lua_type(L, -1) == LUA_TNUMBER);
}

/* The parameter's description is at `parameter`, its value on top. */
static void check_type(lua_State *L, int parameter, const char *script) {
  lua_getfield(L, parameter, "type");
  lua_getfield(L, parameter, "name");
  const char *type = lua_tostring(L, -2), *name = lua_tostring(L, -1);
  lua_pushvalue(L, -3);
  if (type && !fits_type(L, type))
    luaL_error(L, "%s: %s must be a value of the type %s, not a %s", script, name ? name : "?", type,
               luaL_typename(L, -1));
  lua_pop(L, 3);
}

/* The value on top is the parameter's whose description is at `parameter`, with its name behind: what is secret must
 * not be kept with the input that it stands in. */
static void note_secret(lua_State *L, int parameter) {
  struct vm *vm = vm_of(L);
  size_t length;
  const char *name = lua_tostring(L, parameter + 1);
  lua_getfield(L, parameter, "secret");
  bool secret = lua_toboolean(L, -1) || (name && scrub_is_secret_name(vm_services(vm)->scrub, name, strlen(name)));
  lua_pop(L, 1);
  if (!secret || lua_type(L, -1) != LUA_TSTRING)
    return;
  const char *text = lua_tolstring(L, -1, &length);
  taint_add_declared(vm_taint(vm), text, length);
}

/* A word about each required parameter that is missing and each name that is none; the module is at index 2. */
static void check_parameters(lua_State *L, const char *name) {
  lua_newtable(L);
  int known = lua_gettop(L);
  lua_getfield(L, 2, "params");
  lua_Integer count = lua_istable(L, -1) ? luaL_len(L, -1) : 0;
  for (lua_Integer i = 1; i <= count; i++) {
    lua_geti(L, known + 1, i);
    lua_getfield(L, -1, "name");
    lua_pushvalue(L, -1);
    bool given = lua_gettable(L, 1) != LUA_TNIL;
    if (given) {
      note_secret(L, known + 2);
      check_type(L, known + 2, name);
    }
    lua_pop(L, 1);
    lua_getfield(L, -2, "default");
    if (!given && !lua_isnil(L, -1)) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_settable(L, 1);
    } else {
      lua_pop(L, 1);
    }
    lua_getfield(L, -2, "required");
    if (!given && lua_toboolean(L, -1))
      luaL_error(L, "%s needs %s", name, lua_tostring(L, -2));
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
    lua_settable(L, known);
    lua_settop(L, known + 1);
  }
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    if (lua_gettable(L, known) == LUA_TNIL)
      luaL_error(L, "%s has no parameter %s; `:help %s` tells what it takes", name, luaL_tolstring(L, -3, NULL), name);
    lua_pop(L, 1);
  }
}

/* Upvalue 1 is the script's name. */
static int call_script(lua_State *L) {
  const char *name = lua_tostring(L, lua_upvalueindex(1));
  struct op_session *op;
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_argcheck(L, lua_istable(L, 1), 1, "its parameters come in a table: { name = value, … }");
  lua_settop(L, 1);
  push_module(L, SCRIPTS, name);
  if (lua_type(L, 2) != LUA_TTABLE || lua_getfield(L, 2, "run") != LUA_TFUNCTION)
    return luaL_error(L, "scripts/operators/%s.lua must return a table with title, summary, params and run", name);
  lua_pop(L, 1);
  lua_newtable(L); /* the caller's table stays as it is */
  for (lua_pushnil(L); lua_next(L, 1);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, 3);
  }
  lua_replace(L, 1);
  check_parameters(L, name);
  lua_settop(L, 2);
  lua_getfield(L, 2, "run");
  lua_pushvalue(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &own_key);
  lua_getfield(L, -1, "op");
  lua_remove(L, -2);
  op = *(struct op_session **)lua_touserdata(L, lua_upvalueindex(2));
  lua_call(L, 2, 1);
  size_t length;
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
  if (text && op && !op->aborted)
    op->listener->say(op->listener->context, text, length);
  return 0;
}

void session_push_script(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &own_key);
  lua_getfield(L, -1, " box");
  lua_remove(L, -2);
  lua_pushcclosure(L, call_script, 2);
}

/* ---- the environment ---- */

static void push_base(lua_State *L) {
  sandbox_push_environment(L);
  lua_getmetatable(L, -1);
  lua_getfield(L, -1, "__index");
  lua_replace(L, -3);
  lua_pop(L, 1);
}

/* __index of the environment. */
static int read_name(lua_State *L) {
  lua_settop(L, 2);
  if (read_shared(L))
    return 1;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &own_key);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TNIL)
    return 1;
  push_base(L);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TNIL)
    return 1;
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
  if (name && !strchr(name, '/') && has_script(L, MODELS, name))
    push_module(L, MODELS, name);
  else if (name && !strchr(name, '/') && has_script(L, SCRIPTS, name))
    session_push_script(L, name);
  else
    lua_pushnil(L);
  return 1;
}

/* __newindex of the environment: for names that are no field of it. */
static int write_name(lua_State *L) {
  lua_settop(L, 3);
  if (!write_shared(L))
    lua_rawset(L, 1);
  return 0;
}

/* Upvalue 1 is the session. */
static int print(lua_State *L) {
  struct session *session = lua_touserdata(L, lua_upvalueindex(1));
  int count = lua_gettop(L);
  struct buf *line = bind_buffer(L, SIZE_MAX / 2);
  for (int i = 1; i <= count; i++) {
    size_t length;
    const char *text = luaL_tolstring(L, i, &length);
    if (i > 1)
      buf_add_char(line, '\t');
    buf_add(line, text, length);
    lua_pop(L, 1);
  }
  if (!buf_add_char(line, '\n'))
    return luaL_error(L, "not enough memory");
  session->options.print(session->options.context, line->data, line->length);
  return 0;
}

static void add_module(lua_State *L, const char *name, const char *module) {
  lua_pushcfunction(L, module_require);
  lua_pushstring(L, module);
  lua_call(L, 1, 1);
  lua_setfield(L, -2, name);
}

static void put_table(lua_State *L, const char *key) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void session_names_open(lua_State *L, struct session *session) {
  put_table(L, &shared_key);
  put_table(L, &numbers_key);
  lua_newtable(L);
  add_module(L, "db", "mulligan.db");
  add_module(L, "ErrorLog", "mulligan.errorlog");
  bind_op_push(L, &session->op);
  lua_setfield(L, -2, "op");
  lua_pushlightuserdata(L, session->op.box);
  lua_setfield(L, -2, " box"); /* no name that can be typed */
  lua_pushlightuserdata(L, session);
  lua_pushcclosure(L, print, 1);
  lua_setfield(L, -2, "print");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &own_key);

  lua_newtable(L);
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, read_name);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, write_name);
  lua_setfield(L, -2, "__newindex");
  lua_pushliteral(L, "environment");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &environment_key);
}

/* ---- completion ---- */

struct look {
  const json_t *path;
  json_t *result;
};

static void add_name(json_t *list, const char *name, const char *prefix) {
  if (strncmp(name, prefix, strlen(prefix)) == 0 && json_array_size(list) < NAMES_MOST)
    json_array_append_new(list, json_string(name));
}

static bool is_identifier(const char *name) {
  return *name && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") == strlen(name) &&
         !(*name >= '0' && *name <= '9');
}

/* The names in the table on top, which is taken. */
static void add_fields(lua_State *L, json_t *list, const char *prefix) {
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING && is_identifier(lua_tostring(L, -2)))
      add_name(list, lua_tostring(L, -2), prefix);
  lua_pop(L, 1);
}

static void add_scripts(lua_State *L, json_t *list, const char *folder, const char *prefix) {
  const struct generation_script *script;
  struct generation *generation = vm_generation(vm_of(L));
  for (size_t i = 0; generation && (script = generation_script_at(generation, folder, i)) != NULL; i++) {
    char name[256];
    size_t length = strlen(script->name) - strlen(folder) - strlen(".lua");
    snprintf(name, sizeof name, "%.*s", (int)length, script->name + strlen(folder));
    if (is_identifier(name))
      add_name(list, name, prefix);
  }
}

static void add_globals(lua_State *L, json_t *list, const char *prefix) {
  static const char *const keywords[] = {"and",      "break",  "do",   "else", "elseif", "end",   "false", "for",
                                         "function", "goto",   "if",   "in",   "local",  "nil",   "not",   "or",
                                         "repeat",   "return", "then", "true", "until",  "while", NULL};
  static const char *const tables[] = {&environment_key, &shared_key, &own_key};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, tables[i]);
    add_fields(L, list, prefix);
  }
  push_base(L);
  add_fields(L, list, prefix);
  add_scripts(L, list, MODELS, prefix);
  add_scripts(L, list, SCRIPTS, prefix);
  for (size_t i = 0; keywords[i]; i++)
    add_name(list, keywords[i], prefix);
}

/* Replaces the value on top by its field of that name, by raw access alone; `nil` where there is none. */
static void get_field(lua_State *L, const char *name) {
  for (int i = 0; i < CHAIN_MOST && inspect_push_fields(L, -1); i++) {
    lua_pushstring(L, name);
    if (lua_rawget(L, -2) != LUA_TNIL) {
      lua_replace(L, -3);
      lua_pop(L, 1);
      return;
    }
    lua_pop(L, 2);
    if (!lua_getmetatable(L, -1))
      break;
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    lua_replace(L, -3);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  lua_pushnil(L);
}

static const char *name_at(const json_t *path, size_t index) {
  const char *name = json_string_value(json_array_get(path, index));
  return name ? name : "";
}

/* Pushes what the first `count` names lead to. */
static void follow(lua_State *L, const json_t *path, size_t count) {
  luaL_checkstack(L, 16, NULL);
  session_push_environment(L);
  lua_getfield(L, -1, name_at(path, 0));
  lua_remove(L, -2);
  if (lua_type(L, -1) == LUA_TSTRING && count > 1) { /* its methods are those of `string` */
    lua_pop(L, 1);
    push_base(L);
    get_field(L, "string");
  }
  for (size_t i = 1; i < count; i++)
    get_field(L, name_at(path, i));
}

static int compare_texts(const void *left, const void *right) {
  return strcmp(json_string_value(*(json_t *const *)left), json_string_value(*(json_t *const *)right));
}

static int complete(lua_State *L) {
  struct look *look = vm_context(vm_of(L));
  size_t count = json_array_size(look->path);
  const char *prefix = name_at(look->path, count - 1);
  if (count == 1) {
    add_globals(L, look->result, prefix);
    return 0;
  }
  follow(L, look->path, count - 1);
  if (lua_type(L, -1) == LUA_TSTRING) {
    push_base(L);
    get_field(L, "string");
  }
  for (int i = 0; i < CHAIN_MOST && inspect_push_fields(L, -1); i++) {
    add_fields(L, look->result, prefix);
    if (!lua_getmetatable(L, -1))
      break;
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
  }
  return 0;
}

json_t *session_complete(struct session *session, const json_t *path) {
  struct look look = {.path = path, .result = json_array()};
  if (json_array_size(path) > 0)
    vm_call(session->vm, complete, &look, LOOK_SECONDS, NULL); /* what does not load has no names to offer */
  if (look.result)
    json_list_sort_unique(look.result, compare_texts);
  return look.result;
}

/* ---- looking a name up ---- */

static int describe(lua_State *L) {
  struct look *look = vm_context(vm_of(L));
  follow(L, look->path, json_array_size(look->path));
  if (lua_isnil(L, -1))
    return 0;
  struct buf *text = bind_buffer(L, TEXT_MOST);
  inspect_add(L, -2, text);
  look->result = json_pack("{s:s, s:s%}", "kind", luaL_typename(L, -2), "text", text->data, text->length);
  lua_Debug ar;
  if (lua_type(L, -2) == LUA_TFUNCTION && look->result) {
    lua_pushvalue(L, -2);
    lua_getinfo(L, ">S", &ar);
    if (ar.linedefined > 0) {
      json_object_set_new(look->result, "file", json_string(ar.source));
      json_object_set_new(look->result, "line", json_integer(ar.linedefined));
    }
  }
  return 0;
}

json_t *session_describe(struct session *session, const json_t *path) {
  struct look look = {.path = path};
  if (json_array_size(path) > 0)
    vm_call(session->vm, describe, &look, LOOK_SECONDS, NULL);
  return look.result;
}
