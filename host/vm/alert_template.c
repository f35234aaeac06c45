/**
 * alert_template.c - templates of alerts, reached from C.
 *
 * Called by the channels' threads for a message, by whoever loads a generation, and by `mulligan check`, each with a vm
 * of its own. Everything that goes wrong in a template is a raise inside vm_call(), so that it is taken down with its
 * stack; what goes in and out is owned outside of it, so that a raise leaks nothing.
 */
#include "vm/alert_template.h"

#include "base/alert_rules.h"
#include "base/buf.h"
#include "base/language.h"
#include "vm/bind.h"
#include "vm/operator_call.h"
#include "vm/vm_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

enum { MESSAGE_CAP = 1 << 20, FILE_SIZE = 128 };

bool alert_template_exists(const struct generation *generation, const char *name) {
  char file[FILE_SIZE];
  int length = snprintf(file, sizeof file, "alerts/%s.lua", name);
  return length > 0 && (size_t)length < sizeof file && generation_find(generation, file) != NULL;
}

/* ---- inside vm_call() ---- */

/* Leaves the template's function on the stack. */
static void push_template(lua_State *L, const char *name) {
  lua_pushcfunction(L, module_require);
  lua_pushfstring(L, "alerts.%s", name);
  lua_call(L, 1, 1);
  if (lua_type(L, -1) != LUA_TFUNCTION)
    luaL_error(L, "scripts/alerts/%s.lua: must return a function of the alert, not a %s", name, luaL_typename(L, -1));
}

struct rendering {
  const char *name;
  const char *alert; /* as JSON */
  size_t alert_length;
  struct buf message; /* as JSON */
};

static int render(lua_State *L) {
  struct rendering *rendering = vm_context(vm_of(L));
  struct fault fault;
  operator_set_language(L, language_of_host());
  push_template(L, rendering->name);
  if (!bind_json_decode(L, rendering->alert, rendering->alert_length, &fault))
    return luaL_error(L, "the alert: %s", fault.message);
  lua_call(L, 1, 1);
  if (lua_type(L, -1) != LUA_TTABLE)
    return luaL_error(L, "scripts/alerts/%s.lua: must return a table, not a %s", rendering->name, luaL_typename(L, -1));
  if (!bind_json_encode(L, -1, &rendering->message, &fault))
    return luaL_error(L, "scripts/alerts/%s.lua: what it returns: %s", rendering->name, fault.message);
  return 0;
}

static int load(lua_State *L) {
  push_template(L, vm_context(vm_of(L)));
  return 0;
}

/* ---- outside ---- */

enum mulligan_status alert_template_run(struct vm *vm, const char *name, const json_t *alert, double seconds,
                                        json_t **out, struct fault *fault) {
  *out = NULL;
  if (!alert_template_exists(vm_generation(vm), name))
    return fault_set(fault, MULLIGAN_MISSING, "there is no scripts/alerts/%s.lua", name);
  char *text = json_dumps(alert, JSON_COMPACT);
  if (!text)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  struct rendering rendering = {.name = name, .alert = text, .alert_length = strlen(text)};
  buf_init(&rendering.message, MESSAGE_CAP);
  enum mulligan_status status = vm_call(vm, render, &rendering, seconds, fault);
  if (status == MULLIGAN_OK) {
    *out = json_loadb(rendering.message.data, rendering.message.length, JSON_ALLOW_NUL, NULL);
    if (!*out)
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  buf_release(&rendering.message);
  free(text);
  return status;
}

enum mulligan_status alert_template_check(struct vm *vm, struct fault *fault) {
  for (int channel = 0; channel < ALERT_CHANNELS; channel++) {
    const char *name = alert_channel_name((enum alert_channel)channel);
    if (!alert_template_exists(vm_generation(vm), name))
      continue;
    /* The context is only read; vm_call() takes it as it takes any. */
    enum mulligan_status status =
        vm_call(vm, load, (void *)(uintptr_t)name, vm_services(vm)->settings->load_deadline, fault);
    if (status != MULLIGAN_OK) {
      vm_place_fault(vm, fault);
      return status;
    }
  }
  return MULLIGAN_OK;
}
