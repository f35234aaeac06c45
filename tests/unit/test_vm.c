/**
 * test_vm.c - what a script can do in its sandbox, and what it cannot.
 *
 * Each case is a route file of its own, loaded as the host loads it.
 */
#include "base/file.h"
#include "vm/generation.h"
#include "vm/vm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
  char folder[32];
  struct settings *settings;
  struct scrub *scrub;
  struct vm_services services;
};

static void write_script(const struct world *world, const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", world->folder, name);
  assert_int_equal(file_replace(path, text, strlen(text), 0644, NULL), MULLIGAN_OK);
}

static void remove_script(const struct world *world, const char *name) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", world->folder, name);
  unlink(path);
}

static int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-vm-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  char routes[64];
  snprintf(routes, sizeof routes, "%s/routes", world->folder);
  mkdir(routes, 0755);
  snprintf(routes, sizeof routes, "%s/lib", world->folder);
  mkdir(routes, 0755);
  world->settings = settings_create();
  settings_set(world->settings, "scripts", world->folder, "test", NULL);
  world->scrub = scrub_create(NULL, 0);
  world->services = (struct vm_services){.settings = world->settings, .scrub = world->scrub};
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  struct world *world = *state;
  static const char *const names[] = {
      "routes/a.lua", "routes/b.lua", "lib/one.lua", "lib/two.lua", "routes", "lib", ""};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", world->folder, names[i]);
    remove(path);
  }
  settings_destroy(world->settings);
  scrub_destroy(world->scrub);
  free(world);
  return 0;
}

/* Loads `text` as a route file; returns the status, with the message in `fault`. */
static enum mulligan_status load(const struct world *world, const char *text, struct fault *fault) {
  struct generation *generation;
  fault->message[0] = '\0';
  write_script(world, "routes/a.lua", text);
  enum mulligan_status status = generation_load(&generation, &world->services, 1, true, fault);
  generation_drop(generation);
  return status;
}

static void a_script_can(void **state) {
  static const char *const scripts[] = {
      "local t = {} for i = 1, 10 do t[i] = i end assert(#t == 10)",
      "assert(('ab'):rep(2, '-') == 'ab-ab' and (''):rep(1 << 60) == '' and (''):rep(3, '.') == '..')",
      "assert(#table.move({1, 2, 3}, 2, 3, 1) == 3 and #table.move({1}, 1, 0, 1) == 1)",
      "require('mulligan.route').get('/', print, { deadline = 0.5 })",
      "assert(string.format('%d', 3) == '3' and ('x'):rep(3) == 'xxx')",
      "assert(select('#', pcall(error, 'x')) == 2)",
      "local ok, message = xpcall(function() error('a', 0) end, function(m) return m .. 'b' end) assert(message == 'ab')",
      "local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) assert(co(1) == 2 and co(5) == 10)",
      "local co = coroutine.create(function() error('x', 0) end) local ok, m = coroutine.resume(co) assert(not ok and m == 'x')"
      " assert(coroutine.status(co) == 'dead')",
      "local closed = false local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function()"
      " closed = true end}) coroutine.yield() end) coroutine.resume(co) assert(coroutine.close(co) and closed)",
      "local ok, v = pcall(function() return coroutine.isyieldable() end) assert(ok and v == false)",
      "local f = load('local a = ... return a * 2') assert(f(21) == 42)",
      "local f, message = load('return (') assert(f == nil and message:find('unexpected'))",
      "local pieces = {'return ', '1 + 1'} local n = 0 local f = load(function() n = n + 1 return pieces[n] end) assert(f() == 2)",
      "local names = {} for name in pairs(string) do names[name] = true end assert(names.format and not names.dump)",
      "local n = 0 for _ in pairs(require 'mulligan.json') do n = n + 1 end assert(n > 3)",
      "assert(type(os.time()) == 'number' and type(os.date()) == 'string')",
      "assert(collectgarbage('count') > 0)",
      "assert(debug.traceback('x'):find('stack traceback'))",
      "assert(require 'lib.one' == require 'lib.one')",
      "local ok = pcall(require, 'lib.two') assert(not ok) local again, m = pcall(require, 'lib.two')"
      " assert(not again and m:find('broken on purpose'))",
  };
  struct world *world = *state;
  write_script(world, "lib/one.lua", "return {}");
  write_script(world, "lib/two.lua", "error('broken on purpose')");
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
    struct fault fault;
    if (load(world, scripts[i], &fault) != MULLIGAN_OK)
      fail_msg("%s\n  %s", scripts[i], fault.message);
  }
}

static void a_script_cannot(void **state) {
  static const struct {
    const char *script, *message;
  } cases[] = {
      {"\n\nfoo = 1", "scripts/routes/a.lua:3: undeclared global 'foo'"},
      {"local function f() counter = 1 end f()", "undeclared global 'counter'"},
      {"string.format = nil", "string is read-only"},
      {"require('mulligan.json').encode = nil", "mulligan.json is read-only"},
      {"require('mulligan.exceptions').handler = nil", "mulligan.exceptions is read-only"},
      {"rawset(string, 'format', nil)", "cannot be written by rawset"},
      {"rawset(_ENV, 'x', 1)", "cannot be written by rawset"},
      {"getmetatable('').__index = nil", "attempt to index a string value"},
      {"setmetatable(string, {})", "protected metatable"},
      {"setmetatable({}, { __gc = function() end })", "cannot have __gc"},
      {"os.execute('true')", "attempt to call a nil value (field 'execute')"},
      {"os.exit(0)", "attempt to call a nil value (field 'exit')"},
      {"os.getenv('HOME')", "attempt to call a nil value (field 'getenv')"},
      {"io.open('/etc/passwd')", "attempt to index a nil value (global 'io')"},
      {"debug.getinfo(1)", "attempt to call a nil value (field 'getinfo')"},
      {"dofile('/etc/passwd')", "attempt to call a nil value (global 'dofile')"},
      {"assert(load('\\27Lua'))", "attempt to load a binary chunk"},
      {"collectgarbage('stop')", "the host's business"},
      {"require 'mulligan.core'", "module 'mulligan.core' not found"},
      {"require 'mulligan.nonsense'", "the standard library has none of this name"},
      {"require 'lib.nothing'", "there is no such file in the scripts folder"},
      {"require 'lib.one'", "requires itself, directly or through others"},
      {"coroutine.yield()", "attempt to yield"},
      {"table.move({}, 1, 1 << 60, 2)", "too many elements to move"},
      {"\nrequire('mulligan.route').get('/', print, { deadline = -1 })",
       "scripts/routes/a.lua:2: a route's deadline must be seconds from 0.01 to 3600, not -1"},
      {"require('mulligan.route').get('/', print, { deadline = 0/0 })", "seconds from 0.01 to 3600, not"},
      {"require('mulligan.route').get('/', print, { deadline = 1e9 })", "seconds from 0.01 to 3600, not"},
      {"require('mulligan.route').get('/', print, { deadline = 'soon' })", "seconds from 0.01 to 3600, not soon"},
      {"local x = {", "scripts/routes/a.lua:1:"},
      {"while true do end", "longer than 5 s to load"},
      {"local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", "stopped at its memory limit"},
  };
  struct world *world = *state;
  write_script(world, "lib/one.lua", "return require 'lib.two'");
  write_script(world, "lib/two.lua", "return require 'lib.one'");
  settings_set(world->settings, "memory_limit", "8388608", "test", NULL);
  settings_set(world->settings, "load_deadline", "5", "test", NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct fault fault;
    if (load(world, cases[i].script, &fault) == MULLIGAN_OK)
      fail_msg("%s\n  was let through", cases[i].script);
    if (!strstr(fault.message, cases[i].message))
      fail_msg("%s\n  %s", cases[i].script, fault.message);
  }
}

static void a_global_of_one_file_is_not_seen_in_another(void **state) {
  struct world *world = *state;
  struct fault fault;
  write_script(world, "routes/b.lua", "assert(shared == nil)");
  assert_int_equal(load(world, "local shared = 1 assert(shared)", &fault), MULLIGAN_OK);
  remove_script(world, "routes/b.lua");
}

static void a_generation_keeps_the_sources_it_read(void **state) {
  struct world *world = *state;
  struct generation *generation;
  struct fault fault;
  write_script(world, "routes/a.lua", "local a = 1\nlocal b = 2\n");
  assert_int_equal(generation_load(&generation, &world->services, 7, true, &fault), MULLIGAN_OK);
  write_script(world, "routes/a.lua", "changed");
  size_t length;
  const char *line = generation_line(generation, "@scripts/routes/a.lua", 2, &length);
  assert_non_null(line);
  assert_int_equal(length, strlen("local b = 2"));
  assert_memory_equal(line, "local b = 2", length);
  assert_null(generation_line(generation, "@scripts/routes/a.lua", 4, &length));
  assert_null(generation_line(generation, "@scripts/routes/none.lua", 1, &length));
  struct vm *vm;
  assert_int_equal(vm_create(&vm, &world->services, generation, VM_KIND_REQUEST, NULL, &fault), MULLIGAN_OK);
  assert_int_equal(generation_number(vm_generation(vm)), 7);
  vm_destroy(vm);
  generation_drop(generation);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_script_can, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_script_cannot, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_global_of_one_file_is_not_seen_in_another, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_generation_keeps_the_sources_it_read, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
