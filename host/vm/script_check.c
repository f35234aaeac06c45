/**
 * script_check.c - the checks of the scripts, one after another.
 *
 * Called by `mulligan check`, on the main thread. First what can be read off the files, each of them for itself, so
 * that every mistake is found and not only the first; then, if all compile, they are run as the host would run them.
 */
#include "vm/script_check.h"

#include "vm/finding.h"
#include "vm/generation.h"
#include "vm/problem.h"
#include "vm/script_folder.h"
#include "vm/script_globals.h"
#include "vm/script_messages.h"
#include "vm/script_names.h"
#include "vm/script_requires.h"
#include "vm/script_routes.h"
#include "vm/script_settings.h"
#include "vm/script_sql.h"
#include "vm/vm_internal.h"

#include <string.h>

#include <lauxlib.h>

/* ---- what can be read ---- */

static void check_syntax(const struct generation *generation, const char *scripts, json_t *findings) {
  struct problem_list problems = {0};
  generation_compile(generation, &problems);
  for (size_t i = 0; i < problems.count; i++)
    finding_add_sentence(findings, scripts, problems.items[i].sentence);
  problem_list_release(&problems);
}

/* For the files that compile. `globals` and `store` are NULL where they could not be had. */
static void check_sources(struct generation *generation, const json_t *globals, struct store *store, json_t *findings) {
  json_t *modules = script_names_modules(generation);
  const struct generation_script *script;
  for (size_t i = 0; (script = generation_script_at(generation, "", i)) != NULL; i++) {
    if (finding_has_error(findings, script->chunk + 1))
      continue;
    script_requires_check(script, modules, findings);
    if (globals)
      script_globals_check(script, globals, findings);
    if (store)
      script_sql_check(script, store, findings);
  }
  json_decref(modules);
}

/* ---- what has to be run ---- */

static void check_routes(struct generation *generation, const struct vm_services *services, json_t *findings) {
  struct fault fault;
  if (generation_run(generation, services, NULL, &fault) == MULLIGAN_OK)
    return;
  script_routes_check(generation, findings);
  finding_add_sentence(findings, services->settings->scripts, fault.message);
}

/* Runs in a vm_call(): requires the module whose name is the context. */
static int require_module(lua_State *L) {
  lua_pushcfunction(L, module_require);
  lua_pushstring(L, vm_context(vm_of(L)));
  lua_call(L, 1, 0);
  return 0;
}

static void check_operators(struct generation *generation, const struct vm_services *services, json_t *findings) {
  const char *scripts = services->settings->scripts;
  struct fault fault;
  struct vm *vm;
  if (vm_create(&vm, services, generation, VM_KIND_OPERATOR, NULL, &fault) != MULLIGAN_OK) {
    finding_add_sentence(findings, scripts, fault.message);
    return;
  }
  const struct generation_script *script;
  for (size_t i = 0; (script = generation_script_at(generation, "operators/", i)) != NULL; i++) {
    char module[256] = "";
    strncat(module, script->name, sizeof module - 1);
    for (char *c = module; *c; c++)
      *c = *c == '/' ? '.' : *c;
    module[strlen(module) - strlen(".lua")] = '\0';
    if (vm_call(vm, require_module, module, services->settings->load_deadline, &fault) != MULLIGAN_OK)
      finding_add_sentence(findings, scripts, fault.message);
  }
  vm_destroy(vm);
}

/* ---- all of it ---- */

static void check_generation(struct generation *generation, const struct vm_services *services, json_t *findings) {
  const char *scripts = services->settings->scripts;
  check_syntax(generation, scripts, findings);
  bool compiled = !finding_has_error(findings, NULL);

  struct fault fault;
  struct store *store;
  json_t *globals = script_names_global(services, generation, &fault);
  script_sql_open(&store, scripts, findings);
  check_sources(generation, globals, store, findings);
  store_close(store);
  if (!globals)
    finding_add_sentence(findings, scripts, fault.message);
  json_decref(globals);

  if (compiled || !finding_has_error(findings, "scripts/settings.lua"))
    script_settings_check(generation, findings);
  script_folder_check(scripts, findings);
  if (!compiled)
    return;
  script_messages_check(generation, services->settings, findings);
  if (!finding_has_error(findings, "scripts/settings.lua")) {
    check_routes(generation, services, findings);
    check_operators(generation, services, findings);
  }
}

json_t *script_check(const struct vm_services *services) {
  json_t *findings = json_array();
  struct fault fault;
  struct generation *generation;
  const char *scripts = services->settings->scripts;
  if (generation_read(&generation, scripts, 1, &fault) == MULLIGAN_OK) {
    check_generation(generation, services, findings);
    generation_drop(generation);
  } else {
    finding_add_sentence(findings, scripts, fault.message);
  }
  return findings;
}
