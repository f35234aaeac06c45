/**
 * operator_call.c - an operator script's module, reached from C.
 *
 * Called by the operator floor, on the thread that has the vm. Both functions enter Lua through vm_call(); what they
 * hand out is owned outside it, so that a raise leaks nothing.
 */
#include "vm/operator_call.h"
#include "base/buf.h"
#include "vm/bind.h"
#include "vm/random_bytes.h"
#include "vm/vm_internal.h"
#include "vm/wall_clock.h"

#include <string.h>

#include <lauxlib.h>

enum { DESCRIPTION_CAP = 1 << 20, LOAD_SECONDS = 30, RUN_SECONDS = 7 * 24 * 3600 };

/* Leaves the script's module on the stack. A folder below operators/ is a step in the module's name. */
static void push_module(lua_State *L, const char *name) {
  lua_pushcfunction(L, module_require);
  lua_pushfstring(L, "operators.%s", luaL_gsub(L, name, "/", "."));
  lua_remove(L, -2); /* what luaL_gsub() left */
  lua_call(L, 1, 1);
}

void operator_set_language(lua_State *L, const char *language) {
  lua_pushcfunction(L, module_require);
  lua_pushliteral(L, "mulligan.i18n");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "set_language");
  lua_pushstring(L, language);
  lua_call(L, 1, 0);
  lua_pop(L, 1);
}

/* ---- describe ---- */

struct description {
  const char *name, *language;
  struct buf text;
  struct fault *fault;
  enum mulligan_status status;
};

static int describe(lua_State *L) {
  static const char *const fields[] = {"title", "summary", "help", "params"};
  struct description *out = vm_context(vm_of(L));
  operator_set_language(L, out->language);
  push_module(L, out->name);
  if (lua_type(L, -1) != LUA_TTABLE || lua_getfield(L, -1, "run") != LUA_TFUNCTION) {
    out->status =
        fault_set(out->fault, MULLIGAN_INVALID,
                  "scripts/operators/%s.lua must return a table with title, summary, params and run", out->name);
    return 0;
  }
  lua_pop(L, 1);
  lua_createtable(L, 0, 3);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    lua_getfield(L, -2, fields[i]);
    lua_setfield(L, -2, fields[i]);
  }
  if (!bind_json_encode(L, -1, &out->text, out->fault)) {
    out->status = MULLIGAN_INVALID;
    fault_prefix(out->fault, "scripts/operators/%s.lua", out->name);
  }
  return 0;
}

enum mulligan_status operator_describe(struct vm *vm, const char *name, const char *language, json_t **out,
                                       struct fault *fault) {
  *out = NULL;
  struct description description = {.name = name, .language = language, .fault = fault};
  buf_init(&description.text, DESCRIPTION_CAP);
  enum mulligan_status status = vm_call(vm, describe, &description, LOAD_SECONDS, fault);
  if (status == MULLIGAN_OK)
    status = description.status;
  if (status == MULLIGAN_OK) {
    *out = json_loadb(description.text.data, description.text.length, JSON_ALLOW_NUL, NULL);
    if (!*out)
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  buf_release(&description.text);
  return status;
}

/* ---- run ---- */

static void push_value(lua_State *L, const json_t *value) {
  switch (json_typeof(value)) {
  case JSON_STRING:
    lua_pushlstring(L, json_string_value(value), json_string_length(value));
    break;
  case JSON_INTEGER:
    lua_pushinteger(L, json_integer_value(value));
    break;
  case JSON_REAL:
    lua_pushnumber(L, json_real_value(value));
    break;
  case JSON_TRUE:
  case JSON_FALSE:
    lua_pushboolean(L, json_is_true(value));
    break;
  default:
    lua_pushnil(L);
  }
}

void operator_push_parameters(lua_State *L, const json_t *parameters) {
  lua_createtable(L, 0, (int)json_object_size(parameters));
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)parameters, name, value) {
    push_value(L, value);
    lua_setfield(L, -2, name);
  }
}

void operator_seed_random(lua_State *L, int64_t seed) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "math");
  lua_getfield(L, -1, "randomseed");
  lua_pushinteger(L, seed);
  lua_call(L, 1, 0);
  lua_pop(L, 2);
}

static int run(lua_State *L) {
  const struct operator_call *call = vm_context(vm_of(L));
  operator_set_language(L, call->language);
  push_module(L, call->name);
  operator_seed_random(L, call->frozen_us);
  lua_getfield(L, -1, "run");
  operator_push_parameters(L, call->parameters);
  bind_op_push(L, call->session);
  lua_call(L, 2, 1);
  size_t length;
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
  if (text && !call->session->aborted)
    call->session->listener->say(call->session->listener->context, text, length);
  return 0;
}

/* The values of secret parameters, and of those whose names say that they are. */
static enum mulligan_status note_secrets(struct vm *vm, const struct operator_call *call, struct fault *fault) {
  struct taint *taint = vm_taint(vm);
  const char *name;
  json_t *value;
  for (size_t i = 0; i < json_array_size(call->secrets); i++) {
    const json_t *secret = json_array_get(call->secrets, i);
    taint_add_declared(taint, json_string_value(secret), json_string_length(secret));
  }
  json_object_foreach((json_t *)call->parameters, name, value) {
    if (scrub_is_secret_name(vm_services(vm)->scrub, name, strlen(name)))
      scrub_remember(vm_services(vm)->scrub, value, taint);
  }
  return taint ? MULLIGAN_OK : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}

enum mulligan_status operator_run(struct vm *vm, const struct operator_call *call, struct fault *fault) {
  vm_begin_secrets(vm, NULL);
  if (note_secrets(vm, call, fault) != MULLIGAN_OK)
    return MULLIGAN_NOMEM;
  wall_clock_freeze(vm, call->frozen_us);
  random_bytes_freeze(vm, call->seed);
  /* The context is only read; vm_call() takes it as it takes any. */
  enum mulligan_status status = vm_call(vm, run, (void *)(uintptr_t)call, RUN_SECONDS, fault);
  wall_clock_freeze(vm, 0);
  random_bytes_freeze(vm, NULL);
  if (call->session->aborted)
    status = fault_set(fault, MULLIGAN_DENIED, "%s", call->session->reason ? call->session->reason : "");
  return status;
}
