/**
 * script_requires.c - a require inside a function would fail only at the request that comes there.
 *
 * Called by script_check.c for scripts that compile. The words are module.c's.
 */
#include "vm/script_requires.h"

#include "vm/finding.h"
#include "vm/lua_walk.h"
#include "vm/script_names.h"

#include <string.h>

struct requires {
  const char *file;
  const json_t *modules;
  json_t *findings;
};

static void see_require(void *context, const char *module, int line) {
  struct requires *requires = context;
  if (script_names_have(requires->modules, module))
    return;
  struct script_nearest nearest = {.wanted = module};
  script_nearest_offer_all(&nearest, requires->modules);
  char hint[160];
  finding_add(requires->findings, FINDING_ERROR, requires->file, line, "module '%s' not found: %s%s", module,
              strncmp(module, "mulligan.", strlen("mulligan.")) == 0
                  ? "the standard library has none of this name"
                  : "there is no such file in the scripts folder (dots are slashes)",
              script_nearest_hint(&nearest, hint));
}

void script_requires_check(const struct generation_script *script, const json_t *modules, json_t *findings) {
  struct requires requires = {script->chunk + 1, modules, findings};
  struct lua_listener listener = {.context = &requires, .require = see_require};
  int line;
  lua_walk(script->source, script->length, &listener, &line);
}
