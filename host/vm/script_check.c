/**
 * script_check.c - loads all scripts, each problem once.
 *
 * Called by commands on the main thread. Syntax first, file by file, so that every broken file is named and not only
 * the first; only when all compile are they run.
 */
#include "vm/script_check.h"

#include "vm/generation.h"
#include "vm/vm_internal.h"

#include <string.h>

#include <lauxlib.h>

enum { CHECK_SECONDS = 10 };

static void add(json_t *problems, const char *message) {
  json_array_append_new(problems, json_string(message));
}

static void check_syntax(const struct generation *generation, json_t *problems) {
  lua_State *L = luaL_newstate();
  if (!L) {
    add(problems, "out of memory");
    return;
  }
  const struct generation_script *script;
  for (size_t i = 0; (script = generation_script_at(generation, "", i)) != NULL; i++) {
    if (!module_compile(L, script))
      add(problems, lua_tostring(L, -1));
    lua_settop(L, 0);
  }
  lua_close(L);
}

/* Runs in a vm_call(): requires the module whose name is the context. */
static int require_module(lua_State *L) {
  lua_pushcfunction(L, module_require);
  lua_pushstring(L, vm_context(vm_of(L)));
  lua_call(L, 1, 0);
  return 0;
}

static void check_operators(const struct vm_services *services, struct generation *generation, json_t *problems) {
  struct fault fault;
  struct vm *vm;
  if (vm_create(&vm, services, generation, VM_KIND_OPERATOR, NULL, &fault) != MULLIGAN_OK) {
    add(problems, fault.message);
    return;
  }
  const struct generation_script *script;
  for (size_t i = 0; (script = generation_script_at(generation, "operators/", i)) != NULL; i++) {
    char module[256] = "";
    strncat(module, script->name, sizeof module - 1);
    for (char *c = module; *c; c++)
      *c = *c == '/' ? '.' : *c;
    module[strlen(module) - strlen(".lua")] = '\0';
    if (vm_call(vm, require_module, module, CHECK_SECONDS, &fault) != MULLIGAN_OK)
      add(problems, fault.message);
  }
  vm_destroy(vm);
}

json_t *script_check(const struct vm_services *services) {
  json_t *problems = json_array();
  struct fault fault;
  struct generation *generation;
  if (generation_load(&generation, services, 1, false, &fault) != MULLIGAN_OK) {
    add(problems, fault.message);
    return problems;
  }
  check_syntax(generation, problems);
  if (json_array_size(problems) == 0) {
    struct generation *routed;
    if (generation_load(&routed, services, 1, true, &fault) == MULLIGAN_OK)
      generation_drop(routed);
    else
      add(problems, fault.message);
    check_operators(services, generation, problems);
  }
  generation_drop(generation);
  return problems;
}
