/**
 * limits.c - what stops a script: its deadline and its memory cap, stickily.
 *
 * Once a vm has expired, every Lua instruction of it raises: the hook is set to each instruction again before each
 * raise, the host's pcall, xpcall and coroutine functions pass the error on, and no message handler runs. The error is
 * a light userdata, so raising it allocates nothing. All functions run in the thread that has the vm; limits_expire()
 * in its signal handler.
 */
#include "base/clock.h"
#include "vm/traceback.h"
#include "vm/vm_internal.h"

#include <stdlib.h>

#include <lauxlib.h>

/* Its address is the error that an expired vm raises. */
static char stop_sentinel;

/*
 * ThreadSanitizer delivers a signal only when the thread next calls into the C library, which a tight loop never does,
 * so under it the hook is there from the start and looks at the clock by itself.
 */
#if defined(__SANITIZE_THREAD__)
#define MULLIGAN_POLLING_HOOK 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MULLIGAN_POLLING_HOOK 1
#endif
#endif
#ifndef MULLIGAN_POLLING_HOOK
#define MULLIGAN_POLLING_HOOK 0
#endif

enum { POLLING_INSTRUCTIONS = 1000 };

void *limits_allocate(void *ud, void *block, size_t old_size, size_t new_size) {
  struct vm *vm = ud;
  if (!block)
    old_size = 0; /* Lua passes the kind of object here */
  if (new_size == 0) {
    vm_heap_resize(&vm->heap, block, old_size, 0);
    vm->memory -= old_size;
    return NULL;
  }
  if (new_size > old_size) {
    size_t cap = vm->memory_cap + (vm->stop != VM_STOP_NONE ? VM_MEMORY_RESERVE : 0);
    if (new_size - old_size > cap || vm->memory > cap - (new_size - old_size))
      return NULL;
  }
  vm->allocations++;
  void *fresh = vm_heap_resize(&vm->heap, block, old_size, new_size);
  if (fresh)
    vm->memory = vm->memory - old_size + new_size;
  return fresh;
}

static void stop_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  struct vm *vm = vm_of(L);
  if (!vm_expired(vm)) {
    if (!MULLIGAN_POLLING_HOOK) /* left in a coroutine by an interrupt that was forgiven */
      lua_sethook(L, NULL, 0, 0);
    return;
  }
  vm_raise_stop(L);
}

static int stop_kind(struct vm *vm) {
  return atomic_load(&vm->interrupted) ? VM_STOP_INTERRUPT : VM_STOP_DEADLINE;
}

void limits_expire(struct watch *watch) {
  struct vm *vm = (struct vm *)(void *)watch;
  if (vm->stop == VM_STOP_NONE)
    vm->stop = stop_kind(vm);
  lua_State *running = atomic_load_explicit(&vm->running, memory_order_relaxed);
  if (running)
    lua_sethook(running, stop_hook, LUA_MASKCOUNT, 1);
  if (vm->store)
    store_interrupt(vm->store);
  stuck_call_look(vm);
}

void limits_meet_memory(struct vm *vm) {
  if (vm->stop == VM_STOP_NONE)
    vm->stop = VM_STOP_MEMORY;
}

void vm_limit_memory(struct vm *vm, size_t bytes) {
  vm->memory_cap = bytes;
}

/* The watchdog finds the deadline passed, and stops the call in its own thread. */
void vm_interrupt(struct vm *vm) {
  if (!atomic_load_explicit(&vm->running, memory_order_relaxed))
    return;
  atomic_store(&vm->interrupted, true);
  atomic_store(&vm->watch.deadline_ns, 0);
}

void limits_forgive(struct vm *vm) {
  if (!atomic_load_explicit(&vm->interrupted, memory_order_relaxed))
    return;
  atomic_store(&vm->interrupted, false);
  stuck_call_forget(vm);
  if (vm->stop != VM_STOP_INTERRUPT)
    return;
  vm->stop = VM_STOP_NONE;
  lua_sethook(vm->co, NULL, 0, 0);
}

bool vm_expired(struct vm *vm) {
  if (vm->stop == VM_STOP_NONE && clock_monotonic_ns() >= vm_deadline_ns(vm))
    vm->stop = stop_kind(vm);
  return vm->stop != VM_STOP_NONE;
}

/* Takes the stack down where the vm first sees that it has expired: a pcall further down would lose it. */
int vm_raise_stop(lua_State *L) {
  struct vm *vm = vm_of(L);
  if (!vm->stop_frames && vm->generation)
    vm->stop_frames = traceback_take(L, vm->generation, vm->services->scrub, true, vm_taint(vm), &vm->stop_truncated);
  lua_sethook(L, stop_hook, LUA_MASKCOUNT, 1);
  lua_pushlightuserdata(L, &stop_sentinel);
  return lua_error(L);
}

void limits_check(lua_State *L, int status) {
  struct vm *vm = vm_of(L);
  if (status == LUA_ERRMEM)
    limits_meet_memory(vm);
  if (vm->stop != VM_STOP_NONE)
    vm_raise_stop(L);
}

void limits_arm(struct vm *vm, lua_State *co) {
  if (vm->stop != VM_STOP_NONE)
    lua_sethook(co, stop_hook, LUA_MASKCOUNT, 1);
  else if (MULLIGAN_POLLING_HOOK)
    lua_sethook(co, stop_hook, LUA_MASKCOUNT, POLLING_INSTRUCTIONS);
}
