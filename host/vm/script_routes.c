/**
 * script_routes.c - registers, in a table of its own, the routes that can be read off the files.
 *
 * Called by script_check.c when running the routes files failed, which ends at the first of their mistakes.
 */
#include "vm/script_routes.h"

#include "vm/finding.h"
#include "vm/lua_walk.h"

#include <ctype.h>
#include <string.h>

struct routes {
  const char *file;
  struct route_table *table;
  int entries;
  json_t *findings;
};

/* "get" to ROUTE_GET; ROUTE_METHOD_OTHER for another function of the module. */
static enum route_method method_of(const char *function) {
  char name[8] = "";
  for (size_t i = 0; function[i] && i < sizeof name - 1; i++)
    name[i] = (char)toupper((unsigned char)function[i]);
  return islower((unsigned char)function[0]) ? route_method_parse(name) : ROUTE_METHOD_OTHER;
}

static void see_call(void *context, const char *module, const char *function, const struct lua_text *pattern,
                     int line) {
  struct routes *routes = context;
  enum route_method method = method_of(function);
  if (strcmp(module, "mulligan.route") != 0 || method == ROUTE_METHOD_OTHER || !pattern || pattern->next)
    return;
  struct route route = {.method = method, .entry = ++routes->entries, .file = routes->file, .line = line};
  struct fault fault;
  if (route_table_add(routes->table, pattern->bytes, &route, &fault) == MULLIGAN_CONSTRAINT)
    finding_add(routes->findings, FINDING_ERROR, routes->file, line, "%s", fault.message);
}

void script_routes_check(const struct generation *generation, json_t *findings) {
  struct routes routes = {.table = route_table_create(), .findings = findings};
  if (!routes.table)
    return;
  struct lua_listener listener = {.context = &routes, .call = see_call};
  const struct generation_script *script;
  for (size_t i = 0; (script = generation_script_at(generation, "routes/", i)) != NULL; i++) {
    int line;
    routes.file = script->chunk + 1;
    lua_walk(script->source, script->length, &listener, &line);
  }
  route_table_destroy(routes.table);
}
