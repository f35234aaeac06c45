/**
 * vm.c - the life of a vm: made, called, and taken down.
 *
 * Calls run in one coroutine, which is used again after each: its stack outlives a raise, so that what failed can be
 * taken down before anything is unwound; in debug mode one that failed is kept as it is (failed_call.h), and a fresh
 * one takes its place. The main thread runs nothing of a script's; it holds the last error's value at index 1.
 *
 * Invariant: outside vm_call() the vm's coroutine is empty and no watch is active.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "vm/error_chain.h"
#include "vm/failed_call.h"
#include "vm/request_value.h"
#include "vm/traceback.h"
#include "vm/vm_internal.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

static const char coroutine_key = 0; /* registry: the vm's coroutine */
static const char yield_key = 0;     /* registry: the message for a yield where nobody waits */

enum { DESCRIBE_SECONDS = 1, MESSAGE_LENGTH = 64 * 1024 };

/* ---- the bindings' questions ---- */

struct vm *vm_of(lua_State *L) {
  return *(struct vm **)lua_getextraspace(L);
}

void *vm_context(struct vm *vm) {
  return vm->context;
}

const struct vm_services *vm_services(const struct vm *vm) {
  return vm->services;
}

struct generation *vm_generation(const struct vm *vm) {
  return vm->generation;
}

enum vm_kind vm_kind(const struct vm *vm) {
  return vm->kind;
}

struct store *vm_store(struct vm *vm) {
  return vm->store;
}

int64_t vm_deadline_ns(const struct vm *vm) {
  return atomic_load(&vm->watch.deadline_ns);
}

bool vm_condemned(const struct vm *vm) {
  return vm->condemned;
}

enum vm_stop vm_stopped(const struct vm *vm) {
  return (enum vm_stop)vm->stop;
}

size_t vm_memory(const struct vm *vm) {
  return vm->memory;
}

const char *vm_request_id(const struct vm *vm) {
  return vm->request_id[0] ? vm->request_id : NULL;
}

void vm_set_request_id(struct vm *vm, const char *request_id) {
  vm->request_id[0] = '\0';
  if (request_id)
    strncat(vm->request_id, request_id, sizeof vm->request_id - 1);
}

/* ---- the database ---- */

static bool should_stop(void *context) {
  return vm_expired(context);
}

static void trace_sql(void *context, const char *sql, int64_t duration_ns) {
  vm_breadcrumb(context, "sql", sql, strlen(sql), duration_ns);
}

struct store *vm_swap_store(struct vm *vm, struct store *store) {
  struct store *old = vm->store;
  if (old) {
    store_set_interrupt(old, NULL, NULL);
    store_set_trace(old, NULL, NULL);
  }
  vm->store = store;
  if (store) {
    store_set_write_wait(store, (int64_t)(vm->services->settings->write_wait * 1e9));
    store_set_interrupt(store, should_stop, vm);
    store_set_trace(store, trace_sql, vm);
  }
  return old;
}

void vm_set_write_hook(struct vm *vm, vm_write_hook *hook, void *context) {
  vm->write_hook = hook;
  vm->write_hook_context = context;
}

enum mulligan_status vm_before_write(struct vm *vm, struct fault *fault) {
  return vm->write_hook ? vm->write_hook(vm->write_hook_context, fault) : MULLIGAN_OK;
}

/* ---- breadcrumbs ---- */

void vm_breadcrumb(struct vm *vm, const char *kind, const char *text, size_t length, int64_t duration_ns) {
  if (!vm->breadcrumbs) {
    vm->breadcrumbs = malloc(VM_BREADCRUMBS * sizeof *vm->breadcrumbs);
    if (!vm->breadcrumbs)
      return;
  }
  struct vm_breadcrumb *crumb = &vm->breadcrumbs[vm->breadcrumb_count++ % VM_BREADCRUMBS];
  crumb->at_us = clock_wall_us();
  crumb->duration_ns = duration_ns;
  crumb->kind = kind;
  crumb->length = length;
  memcpy(crumb->text, text, length < VM_BREADCRUMB_LENGTH ? length : VM_BREADCRUMB_LENGTH);
}

json_t *vm_breadcrumbs(const struct vm *vm) {
  json_t *list = json_array();
  unsigned kept = vm->breadcrumb_count < VM_BREADCRUMBS ? vm->breadcrumb_count : VM_BREADCRUMBS;
  for (unsigned i = vm->breadcrumb_count - kept; i != vm->breadcrumb_count; i++) {
    const struct vm_breadcrumb *crumb = &vm->breadcrumbs[i % VM_BREADCRUMBS];
    bool cut = crumb->length > VM_BREADCRUMB_LENGTH;
    size_t length = utf8_valid_prefix(crumb->text, cut ? VM_BREADCRUMB_LENGTH : crumb->length);
    json_t *item = json_pack("{s:I, s:s, s:s%+}", "at_us", (json_int_t)crumb->at_us, "kind", crumb->kind, "text",
                             crumb->text, length, cut ? "…" : "");
    if (item && crumb->duration_ns >= 0)
      json_object_set_new(item, "us", json_integer(crumb->duration_ns / 1000));
    json_array_append_new(list, item);
  }
  return list;
}

/* ---- what failed ---- */

/* Calls `function` protected on the main thread with the error's value and `context`, in time that it cannot exceed. */
static bool ask_error(struct vm *vm, lua_CFunction function, void *context) {
  lua_State *L = vm->L;
  if (vm->stop != VM_STOP_NONE || !lua_checkstack(L, 8))
    return false;
  atomic_store_explicit(&vm->running, L, memory_order_relaxed);
  watch_enter(&vm->watch, clock_monotonic_ns() + DESCRIBE_SECONDS * INT64_C(1000000000));
  limits_arm(vm, L);
  lua_pushcfunction(L, function);
  lua_pushvalue(L, 1);
  lua_pushlightuserdata(L, context);
  bool done = lua_pcall(L, 2, 0, 0) == LUA_OK;
  watch_leave(&vm->watch);
  atomic_store_explicit(&vm->running, NULL, memory_order_relaxed);
  lua_settop(L, 1);
  if (vm->stop != VM_STOP_NONE)
    vm->condemned = true;
  return done;
}

/* An exception that a client is to see has a status below 500: its stack is worth having, its locals are not. */
static int read_status(lua_State *L) {
  int *status = lua_touserdata(L, 2);
  if (lua_type(L, 1) == LUA_TTABLE && lua_getfield(L, 1, "status_code") == LUA_TNUMBER)
    *status = (int)lua_tointeger(L, -1);
  return 0;
}

static void set_text(struct error_record *record, char **member, const char *text) {
  error_record_set(record, member, text, strlen(text), MESSAGE_LENGTH);
}

/* The error value is at index 1 of the main thread, the coroutine still as it failed. */
static void take_down(struct vm *vm, const char *stop_type, const char *stop_message) {
  struct error_record *record = error_record_create(ERROR_SOURCE_REQUEST);
  if (!record)
    return;
  vm->error = record;
  record->lua_bytes = (int64_t)vm->memory;
  record->generation = vm->generation ? generation_number(vm->generation) : 0;
  record->breadcrumbs = vm_breadcrumbs(vm);
  if (stop_type) {
    set_text(record, &record->exc_type, stop_type);
    set_text(record, &record->message, stop_message);
    record->frames = vm->stop_frames;
    record->truncated = vm->stop_truncated;
    vm->stop_frames = NULL;
  }
  int status = 500;
  if (!stop_type)
    ask_error(vm, read_status, &status);
  if (!record->frames && vm->generation) {
    record->frames =
        traceback_take(vm->co, vm->generation, vm->services->scrub, status >= 500, vm_taint(vm), &record->truncated);
    failed_call_begin(vm, record->frames, status);
    record->frames = inner_stack_join(vm, vm->L, 1, record->frames, status >= 500, &record->truncated);
  }
  if (stop_type)
    return;
  traceback_note_secrets(vm->L, vm->services->scrub, vm_taint(vm));
  ask_error(vm, error_chain_describe, record);
  error_chain_complete(record);
}

struct error_record *vm_take_error(struct vm *vm) {
  struct error_record *record = vm->error;
  vm->error = NULL;
  if (record && !vm_note_secrets(vm, record)) {
    error_record_destroy(record);
    return NULL;
  }
  return record;
}

void vm_push_error(struct vm *vm, lua_State *L) {
  luaL_checkstack(L, 1, NULL);
  if (!vm->has_error) {
    lua_pushnil(L);
    return;
  }
  lua_pushvalue(vm->L, 1);
  lua_xmove(vm->L, L, 1);
}

/* ---- calls ---- */

static void forget_error(struct vm *vm) {
  error_record_destroy(vm->error);
  vm->error = NULL;
  json_decref(vm->stop_frames);
  vm->stop_frames = NULL;
  vm->stop_truncated = false;
  if (vm->L)
    inner_stack_forget(vm);
}

static void begin_call(struct vm *vm, void *context, double seconds) {
  forget_error(vm);
  limits_forgive(vm);
  vm->breadcrumb_count = 0;
  vm->context = context;
  atomic_store_explicit(&vm->running, vm->co, memory_order_relaxed);
  watch_enter(&vm->watch, clock_monotonic_ns() + (int64_t)(seconds * 1e9));
  limits_arm(vm, vm->co);
}

static void end_call(struct vm *vm) {
  watch_leave(&vm->watch);
  atomic_store_explicit(&vm->running, NULL, memory_order_relaxed);
  limits_forgive(vm);
  if (vm->stop != VM_STOP_NONE)
    vm->condemned = true;
}

/* The coroutine ended with an error, or yielded where nobody waits. Leaves the error's value at index 1 of the main
 * thread. */
static void move_error(struct vm *vm, int status) {
  lua_settop(vm->L, 0);
  if (status == LUA_YIELD) {
    lua_settop(vm->co, 0);
    lua_rawgetp(vm->L, LUA_REGISTRYINDEX, &yield_key);
  } else {
    lua_xmove(vm->co, vm->L, 1);
  }
  vm->has_error = true;
}

/* Closes what the failed coroutine has to close, within the call's own time, and makes it fit for the next call. */
static void recover(struct vm *vm) {
  if (vm->stop != VM_STOP_NONE)
    return; /* condemned: dropped with its vm, never reset */
  if (failed_call_keep(vm))
    return; /* left as it is, for the debug page's console */
  if (lua_resetthread(vm->co) == LUA_ERRMEM)
    limits_meet_memory(vm);
  lua_settop(vm->co, 0);
}

enum mulligan_status vm_call(struct vm *vm, lua_CFunction body, void *context, double seconds, struct fault *fault) {
  begin_call(vm, context, seconds);
  lua_pushcfunction(vm->co, body); /* a light function: allocates nothing, so nothing can raise here */
  int results = 0;
  int status = lua_resume(vm->co, NULL, 0, &results);
  if (status == LUA_OK) {
    lua_settop(vm->co, 0);
    end_call(vm);
    return MULLIGAN_OK;
  }

  move_error(vm, status);
  int64_t deadline_ns = vm_deadline_ns(vm);
  watch_leave(&vm->watch);
  if (status == LUA_ERRMEM)
    limits_meet_memory(vm);
  enum mulligan_status result = MULLIGAN_ERROR;
  if (vm->stop == VM_STOP_DEADLINE) {
    result = MULLIGAN_INTERRUPTED;
    take_down(vm, "DeadlineExceeded", "stopped at its deadline");
  } else if (vm->stop == VM_STOP_MEMORY) {
    result = MULLIGAN_NOMEM;
    take_down(vm, "MemoryExceeded", "stopped at its memory limit");
  } else if (vm->stop == VM_STOP_INTERRUPT) {
    result = MULLIGAN_INTERRUPTED;
    take_down(vm, "Interrupted", "interrupted");
  } else {
    take_down(vm, NULL, NULL);
  }
  if (vm->stop == VM_STOP_NONE) {
    atomic_store_explicit(&vm->running, vm->co, memory_order_relaxed);
    watch_enter(&vm->watch, deadline_ns);
    recover(vm);
    end_call(vm);
  } else {
    vm->condemned = true;
    atomic_store_explicit(&vm->running, NULL, memory_order_relaxed);
  }
  fault_set(fault, result, "%s", vm->error && vm->error->message ? vm->error->message : "out of memory");
  return result;
}

void vm_end_request(struct vm *vm) {
  forget_error(vm);
  vm_begin_secrets(vm, NULL);
  lua_settop(vm->L, 0);
  vm->has_error = false;
  vm->request_id[0] = '\0';
  vm->request = NULL;
  failed_call_tidy(vm);
  if (++vm->requests >= VM_MOST_REQUESTS || vm_heap_held(&vm->heap) > vm->memory + VM_MOST_SPARE)
    vm->condemned = true;
}

/* ---- birth and death ---- */

void vm_renew_coroutine(lua_State *L) {
  struct vm *vm = vm_of(L);
  vm->co = lua_newthread(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &coroutine_key);
}

static int panic(lua_State *L) {
  log_error("an error outside any protected call: %s", lua_tostring(L, -1) ? lua_tostring(L, -1) : "(not a text)");
  abort();
}

/* Runs protected in a state that has nothing yet: the coroutine, and what move_error() may need when memory is short.
 */
static int prepare(lua_State *L) {
  vm_renew_coroutine(L);
  lua_pushliteral(L, "attempt to yield from outside a coroutine");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &yield_key);
  inner_stack_prepare(L);
  return 0;
}

/* Evaluates settings.lua for the modules that read its tables. */
static void load_settings(lua_State *L, struct generation *generation) {
  const struct generation_script *script = generation_find(generation, "settings.lua");
  if (!script)
    return;
  module_load_script(L, script);
  lua_call(L, 0, 1);
  if (lua_type(L, -1) != LUA_TTABLE)
    luaL_error(L, "scripts/settings.lua must return a table");
  lua_setfield(L, LUA_REGISTRYINDEX, VM_SETTINGS);
}

static void load_routes(lua_State *L, struct vm *vm) {
  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, VM_ENTRIES);
  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, VM_HANDLERS);
  lua_pushcfunction(L, module_require);
  lua_pushliteral(L, "mulligan.dispatch");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "request_type");
  request_value_prepare(L, lua_gettop(L));
  lua_pop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, VM_DISPATCH);
  const struct generation_script *script;
  for (size_t i = 0; (script = generation_script_at(vm->generation, "routes/", i)) != NULL; i++) {
    module_load_script(L, script);
    lua_call(L, 0, 0);
  }
  lua_getfield(L, LUA_REGISTRYINDEX, VM_DISPATCH);
  lua_getfield(L, -1, "ready");
  lua_call(L, 0, 0);
}

/* The first call of every vm: its libraries, its settings, and for the pool's vms the routes. */
static int boot(lua_State *L) {
  struct vm *vm = vm_of(L);
  if (vm->kind == VM_KIND_TEST) {
    luaL_openlibs(L);
    return 0;
  }
  sandbox_open(L);
  load_settings(L, vm->generation);
  if (vm->kind == VM_KIND_REQUEST) {
    vm->loading = true;
    load_routes(L, vm);
    vm->loading = false;
    lua_gc(L, LUA_GCCOLLECT); /* what loading left, before a request pays for it */
  }
  return 0;
}

void vm_place_fault(const struct vm *vm, struct fault *fault) {
  if (fault && vm->stop == VM_STOP_DEADLINE)
    fault_set(fault, MULLIGAN_INTERRUPTED, "the scripts took longer than %g s to load (the setting load_deadline)",
              vm->services->settings->load_deadline);
  size_t index;
  json_t *frame;
  json_array_foreach(vm->error ? vm->error->frames : NULL, index, frame) {
    const char *file = json_string_value(json_object_get(frame, "file"));
    if (!json_is_true(json_object_get(frame, "in_app")) || !file)
      continue;
    if (fault && (strncmp(fault->message, file, strlen(file)) != 0 || fault->message[strlen(file)] != ':'))
      fault_prefix(fault, "%s:%lld", file, (long long)json_integer_value(json_object_get(frame, "line")));
    return;
  }
}

enum mulligan_status vm_create(struct vm **out, const struct vm_services *services, struct generation *generation,
                               enum vm_kind kind, struct store *store, struct fault *fault) {
  *out = NULL;
  struct vm *vm = calloc(1, sizeof *vm);
  if (!vm) {
    store_close(store);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for a Lua state");
  }
  enum mulligan_status status = MULLIGAN_OK;
  watch_init(&vm->watch, limits_expire, stuck_call_late);
  vm->services = services;
  vm->kind = kind;
  vm->memory_cap = kind == VM_KIND_REQUEST ? (size_t)services->settings->memory_limit : SIZE_MAX / 2;
  vm->generation = generation ? generation_hold(generation) : NULL;
  vm_swap_store(vm, store);
  if (!store && services->app_path)
    status = store_open(&store, services->app_path, STORE_READ_WRITE, services->app_lock, fault);
  if (status != MULLIGAN_OK)
    goto failed;
  vm_swap_store(vm, store);
  vm->L = lua_newstate(limits_allocate, vm);
  if (!vm->L) {
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory for a Lua state");
    goto failed;
  }
  *(struct vm **)lua_getextraspace(vm->L) = vm;
  lua_atpanic(vm->L, panic);
  lua_setwarnf(vm->L, warning_take, vm);
  lua_pushcfunction(vm->L, prepare);
  if (lua_pcall(vm->L, 0, 0, 0) != LUA_OK) {
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory for a Lua state");
    goto failed;
  }
  status = vm_call(vm, boot, NULL, services->settings->load_deadline, fault);
  if (status != MULLIGAN_OK) {
    vm_place_fault(vm, fault);
    goto failed;
  }
  *out = vm;
  return MULLIGAN_OK;
failed:
  vm_destroy(vm);
  return status;
}

void vm_destroy(struct vm *vm) {
  if (!vm)
    return;
  failed_call_drop_all(vm);
  forget_error(vm);
  if (vm->L)
    lua_close(vm->L);
  vm_begin_secrets(vm, NULL); /* last, since a finalizer may have had a warning to record */
  store_close(vm_swap_store(vm, NULL));
  generation_drop(vm->generation);
  watch_release(&vm->watch);
  free(vm->breadcrumbs);
  vm_heap_release(&vm->heap);
  free(vm);
}
