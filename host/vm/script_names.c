/**
 * script_names.c - asks the sandbox and the snapshot for their names.
 *
 * Called by `mulligan check`, on the main thread. The global names are those of a real environment, so that no second
 * list of them has to be kept.
 */
#include "vm/script_names.h"

#include "base/spelling.h"
#include "vm/embedded.h"
#include "vm/vm_internal.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

/* ---- global names ---- */

/* Runs in a vm_call() whose context is the list: an environment finds its names in its metatable's __index. */
static int take_names(lua_State *L) {
  json_t *names = vm_context(vm_of(L));
  sandbox_push_environment(L);
  if (!lua_getmetatable(L, -1) || lua_getfield(L, -1, "__index") != LUA_TTABLE)
    return luaL_error(L, "an environment has no base");
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    if (lua_type(L, -2) == LUA_TSTRING)
      json_array_append_new(names, json_string(lua_tostring(L, -2)));
    lua_pop(L, 1);
  }
  return 0;
}

json_t *script_names_global(const struct vm_services *services, struct generation *generation, struct fault *fault) {
  struct vm *vm;
  if (vm_create(&vm, services, generation, VM_KIND_OPERATOR, NULL, fault) != MULLIGAN_OK)
    return NULL;
  json_t *names = json_array();
  if (vm_call(vm, take_names, names, services->settings->load_deadline, fault) != MULLIGAN_OK) {
    json_decref(names);
    names = NULL;
  }
  vm_destroy(vm);
  return names;
}

/* ---- modules ---- */

static bool is_lua(const char *name, size_t length) {
  return length > 4 && memcmp(name + length - 4, ".lua", 4) == 0;
}

json_t *script_names_modules(const struct generation *generation) {
  static const char library[] = "std/";
  json_t *names = json_array();
  const char *native;
  for (size_t i = 0; (native = module_native(i)) != NULL; i++)
    json_array_append_new(names, json_sprintf("mulligan.%s", native));
  for (const struct embedded_file *file = embedded_files; file->name; file++) {
    size_t length = strlen(file->name), prefix = sizeof library - 1;
    if (strncmp(file->name, library, prefix) == 0 && is_lua(file->name, length))
      json_array_append_new(names, json_sprintf("mulligan.%.*s", (int)(length - prefix - 4), file->name + prefix));
  }
  const struct generation_script *script;
  for (size_t i = 0; (script = generation_script_at(generation, "", i)) != NULL; i++) {
    char module[512];
    snprintf(module, sizeof module, "%.*s", (int)(strlen(script->name) - 4), script->name);
    for (char *c = module; *c; c++)
      *c = *c == '/' ? '.' : *c;
    json_array_append_new(names, json_string(module));
  }
  return names;
}

bool script_names_have(const json_t *names, const char *name) {
  size_t index;
  json_t *known;
  json_array_foreach((json_t *)names, index, known) {
    if (strcmp(json_string_value(known), name) == 0)
      return true;
  }
  return false;
}

/* ---- the nearest ---- */

void script_nearest_offer(struct script_nearest *nearest, const char *name, size_t length) {
  size_t distance = spelling_distance(name, length, nearest->wanted, strlen(nearest->wanted));
  if (distance == 0 || length >= sizeof nearest->name || !spelling_is_near(strlen(nearest->wanted), distance) ||
      (nearest->name[0] && distance >= nearest->distance))
    return;
  memcpy(nearest->name, name, length);
  nearest->name[length] = '\0';
  nearest->distance = distance;
}

void script_nearest_offer_all(struct script_nearest *nearest, const json_t *names) {
  size_t index;
  json_t *name;
  json_array_foreach((json_t *)names, index, name)
      script_nearest_offer(nearest, json_string_value(name), json_string_length(name));
}

const char *script_nearest_hint(const struct script_nearest *nearest, char out[160]) {
  out[0] = '\0';
  if (nearest->name[0])
    snprintf(out, 160, "; is '%s' meant?", nearest->name);
  return out;
}
