/**
 * script_globals.c - reads of undeclared globals, which give nil, and writes, which the environment refuses.
 *
 * Called by script_check.c for scripts that compile.
 */
#include "vm/script_globals.h"

#include "vm/finding.h"
#include "vm/lua_walk.h"
#include "vm/script_names.h"

struct globals {
  const char *file;
  const json_t *known;
  json_t *findings;
};

/* A misspelt local name is a global one to Lua. */
static void see_global(void *context, const struct lua_scope *scope, const char *name, int line, bool written) {
  struct globals *globals = context;
  if (!written && script_names_have(globals->known, name))
    return;
  struct script_nearest nearest = {.wanted = name};
  size_t length;
  const char *local;
  for (size_t i = 0; (local = lua_scope_local(scope, i, &length)) != NULL; i++)
    script_nearest_offer(&nearest, local, length);
  if (!written)
    script_nearest_offer_all(&nearest, globals->known);
  char hint[160];
  script_nearest_hint(&nearest, hint);
  if (written)
    finding_add(globals->findings, FINDING_ERROR, globals->file, line,
                "undeclared global '%s' was written: declare it with 'local'%s", name, hint);
  else
    finding_add(globals->findings, FINDING_ERROR, globals->file, line, "undeclared global '%s' was read%s", name, hint);
}

void script_globals_check(const struct generation_script *script, const json_t *known, json_t *findings) {
  struct globals globals = {script->chunk + 1, known, findings};
  struct lua_listener listener = {.context = &globals, .global = see_global};
  int line;
  if (!lua_walk(script->source, script->length, &listener, &line))
    finding_add(findings, FINDING_WARNING, globals.file, line,
                "from here on it was not checked: it compiles, but was not understood");
}
