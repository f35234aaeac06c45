/**
 * module.c - `require`, as scripts get it.
 *
 * `mulligan.*` is the standard library: the C modules of the table below and the Lua files that are part of the binary.
 * Any other name is a script of the vm's generation, from its snapshot in memory. A module runs once in a vm, in an
 * environment of its own. Runs protected, on the thread that has the vm.
 */
#include "vm/bind.h"
#include "vm/compiled.h"
#include "vm/embedded.h"
#include "vm/vm_internal.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

static const char loaded_key = 0; /* registry: module name -> value; `false` while it loads */

static const luaL_Reg native[] = {
    {"crypto", bind_crypto_open},     {"db", bind_db_open},
    {"errorlog", bind_errorlog_open}, {"form", bind_form_open},
    {"json", bind_json_open},         {"log", bind_log_open},
    {"rate", bind_rate_open},         {"settings", bind_settings_open},
    {"time", bind_time_open},         {NULL, NULL},
};

const char *module_native(size_t index) {
  return index < sizeof native / sizeof *native ? native[index].name : NULL;
}

#define LIBRARY_PREFIX "mulligan."

enum { MOST_EMBEDDED = 128 };

/* The library's files in compiled form, for the life of the process. */
static struct compiled compiled_library[MOST_EMBEDDED];

static const struct embedded_file *find_embedded(const char *name) {
  char path[128];
  int length = snprintf(path, sizeof path, "std/%s.lua", name);
  if (length < 0 || (size_t)length >= sizeof path)
    return NULL;
  for (const struct embedded_file *file = embedded_files; file->name; file++)
    if (strcmp(file->name, path) == 0)
      return file;
  return NULL;
}

static void set_environment(lua_State *L) {
  if (vm_kind(vm_of(L)) == VM_KIND_TEST)
    return; /* a test runs in Lua's own globals */
  sandbox_push_environment(L);
  lua_setupvalue(L, -2, 1);
}

/* True if the function that called require is one of the standard library. */
static bool called_by_library(lua_State *L) {
  lua_Debug ar;
  return lua_getstack(L, 1, &ar) && lua_getinfo(L, "S", &ar) && strncmp(ar.source, "@mulligan/", 10) == 0;
}

/* Pushes the value of a module of the standard library; false if there is none of this name. */
static bool open_library(lua_State *L, const char *name) {
  if (strcmp(name, "core") == 0 && called_by_library(L)) {
    lua_pushcfunction(L, core_open);
    lua_call(L, 0, 1);
    return true;
  }
  for (const luaL_Reg *module = native; module->name; module++)
    if (strcmp(module->name, name) == 0) {
      lua_pushcfunction(L, module->func);
      lua_call(L, 0, 1);
      return true;
    }
  const struct embedded_file *file = find_embedded(name);
  if (!file)
    return false;
  lua_pushfstring(L, "@mulligan/%s.lua", name);
  size_t index = (size_t)(file - embedded_files);
  luaL_argcheck(L, index < MOST_EMBEDDED, 1, "the library has more files than there is room for");
  if (compiled_load(&compiled_library[index], L, file->bytes, file->length, lua_tostring(L, -1)) != LUA_OK)
    lua_error(L);
  lua_remove(L, -2);
  set_environment(L);
  lua_call(L, 0, 1);
  return true;
}

bool module_compile(lua_State *L, const struct generation_script *script) {
  if (script->length > 0 && script->source[0] == LUA_SIGNATURE[0]) {
    lua_pushfstring(L, "%s: this is a compiled chunk; scripts are loaded from source only", script->chunk + 1);
    return false;
  }
  return compiled_load(script->compiled, L, script->source, script->length, script->chunk) == LUA_OK;
}

void module_load_script(lua_State *L, const struct generation_script *script) {
  if (!module_compile(L, script))
    lua_error(L);
  set_environment(L);
}

/* Pushes the value of a script of the generation; false if there is none of this name. */
static bool open_script(lua_State *L, const char *name) {
  struct generation *generation = vm_generation(vm_of(L));
  if (!generation)
    return false;
  luaL_gsub(L, name, ".", "/");
  lua_pushliteral(L, ".lua");
  lua_concat(L, 2);
  const struct generation_script *script = generation_find(generation, lua_tostring(L, -1));
  lua_pop(L, 1);
  if (!script)
    return false;
  module_load_script(L, script);
  lua_call(L, 0, 1);
  return true;
}

/* What one script changed in the library, every later request would find changed. A module with a metatable protects
 * itself. */
static void protect_library(lua_State *L, const char *name) {
  if (vm_kind(vm_of(L)) == VM_KIND_TEST || lua_type(L, -1) != LUA_TTABLE)
    return;
  if (lua_getmetatable(L, -1))
    lua_pop(L, 1);
  else
    sandbox_protect(L, name);
}

/* Upvalues: the table of loaded modules, the name. Takes the mark "loading" away when the load failed, so that it may
 * be tried again. */
static int forget_failed(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(2));
  if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TBOOLEAN && !lua_toboolean(L, -1)) {
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushnil(L);
    lua_rawset(L, lua_upvalueindex(1));
  }
  return 0;
}

/* Marks module `name` (at index 1; the loaded table at 2) as loading, until this function's caller returns or raises.
 */
static void mark_loading(lua_State *L, const char *name) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, forget_failed, 2);
  lua_setfield(L, -2, "__close");
  lua_setmetatable(L, -2);
  lua_toclose(L, -1);
  lua_pushboolean(L, 0);
  lua_setfield(L, 2, name);
}

int module_require(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key) != LUA_TTABLE) {
    lua_newtable(L);
    lua_copy(L, -1, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
  }
  if (lua_getfield(L, 2, name) != LUA_TNIL) {
    if (lua_type(L, -1) == LUA_TBOOLEAN && !lua_toboolean(L, -1))
      return luaL_error(L, "module '%s' requires itself, directly or through others", name);
    if (strcmp(name, LIBRARY_PREFIX "core") != 0 || called_by_library(L))
      return 1;
  }
  lua_settop(L, 2);
  mark_loading(L, name);
  size_t prefix = strlen(LIBRARY_PREFIX);
  bool library = strncmp(name, LIBRARY_PREFIX, prefix) == 0;
  bool found = library ? open_library(L, name + prefix) : open_script(L, name);
  if (!found)
    return luaL_error(L, "module '%s' not found: %s", name,
                      library ? "the standard library has none of this name"
                              : "there is no such file in the scripts folder (dots are slashes)");
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  if (library)
    protect_library(L, name);
  lua_pushvalue(L, -1);
  lua_setfield(L, 2, name);
  return 1;
}
