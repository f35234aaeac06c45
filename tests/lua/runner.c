/**
 * runner.c - `mulligan-busted SPEC…`: busted with the host's own modules at hand.
 *
 * A spec requires `mulligan.json` and the rest as a script does, over an empty app.db and ErrorLog in a temporary
 * folder, which is removed at the end. The exit status is busted's.
 */
#include "base/file.h"
#include "base/settings.h"
#include "data/error_log.h"
#include "vm/bind.h"
#include "vm/embedded.h"
#include "vm/vm.h"
#include "vm/vm_internal.h"

#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

struct arguments {
  int count;
  char **values;
};

/* Lets Lua's own require find the host's modules. Upvalue-free: the module's name is argument 1. */
static int open_module(lua_State *L) {
  lua_settop(L, 1);
  lua_pushcfunction(L, module_require);
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static void preload(lua_State *L, const char *name, lua_CFunction open) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushfstring(L, "mulligan.%s", name);
  lua_pushcfunction(L, open);
  lua_settable(L, -3);
  lua_pop(L, 2);
}

static int run(lua_State *L) {
  struct arguments *arguments = vm_context(vm_of(L));
  static const char *const native[] = {"crypto", "db",   "errorlog", "form", "json",
                                       "log",    "rate", "settings", "time", NULL};
  for (const char *const *name = native; *name; name++)
    preload(L, *name, open_module);
  for (const struct embedded_file *file = embedded_files; file->name; file++) {
    size_t length = strlen(file->name);
    if (strncmp(file->name, "std/", 4) != 0 || length < 9)
      continue;
    char name[64] = "";
    strncat(name, file->name + 4, length - 8 < sizeof name ? length - 8 : sizeof name - 1);
    preload(L, name, open_module);
  }
  preload(L, "core", core_open); /* module_require gives it to the library alone, which a spec may load by itself */
  lua_createtable(L, arguments->count, 1);
  lua_pushstring(L, "mulligan-busted");
  lua_rawseti(L, -2, 0);
  for (int i = 0; i < arguments->count; i++) {
    lua_pushstring(L, arguments->values[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setglobal(L, "arg");
  static const char start[] = "package.path = 'tests/?.lua;tests/?/init.lua;' .. package.path\n"
                              "require 'busted.runner' { standalone = false, output = 'plainTerminal' }\n";
  if (luaL_loadstring(L, start) != LUA_OK)
    return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *where) {
  (void)status;
  (void)flag;
  (void)where;
  return remove(path);
}

static char folder[] = "/tmp/mulligan-busted-XXXXXX";

static void remove_folder(void) {
  nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv) {
  if (sodium_init() < 0 || !mkdtemp(folder))
    return 1;
  atexit(remove_folder); /* busted leaves by os.exit() */
  struct fault fault = {0};
  struct settings *settings = settings_create();
  struct scrub *scrub = scrub_create(NULL, 0);
  struct vm_services services = {.settings = settings, .scrub = scrub};
  struct error_log_options options = {.folder = folder, .scrub = scrub, .release = MULLIGAN_VERSION, .host = "test"};
  char *lock = file_join(folder, "write.lock");
  char *path = file_join(folder, "app.db");
  services.app_path = path;
  struct vm *vm = NULL;
  struct arguments arguments = {argc - 1, argv + 1};
  int status = 1;
  if (settings && scrub && write_lock_open(&services.app_lock, lock, &fault) == MULLIGAN_OK &&
      error_log_open(&services.errors, &options, &fault) == MULLIGAN_OK &&
      vm_create(&vm, &services, NULL, VM_KIND_TEST, NULL, &fault) == MULLIGAN_OK &&
      vm_call(vm, run, &arguments, 3600, &fault) == MULLIGAN_OK)
    status = 0;
  else
    fprintf(stderr, "mulligan-busted: %s\n", fault.message);
  vm_destroy(vm);
  error_log_close(services.errors);
  write_lock_close(services.app_lock);
  free(path);
  free(lock);
  scrub_destroy(scrub);
  settings_destroy(settings);
  return status;
}
