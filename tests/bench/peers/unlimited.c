/**
 * unlimited.c - this host without its limits, to measure what they cost.
 *
 * Stands in for host/vm/limits.c and host/vm/watchdog.c when the benchmark links a host of its own (bench_unlimited):
 * memory is not counted, calls are not watched, and nothing ever expires. All else is the host as it is. Nobody should
 * serve anything with it.
 */
#include "vm/vm_internal.h"

#include <lauxlib.h>

void *limits_allocate(void *ud, void *block, size_t old_size, size_t new_size) {
  struct vm *vm = ud;
  return vm_heap_resize(&vm->heap, block, block ? old_size : 0, new_size);
}

void limits_expire(struct watch *watch) {
  (void)watch;
}

void limits_meet_memory(struct vm *vm) {
  (void)vm;
}

void vm_limit_memory(struct vm *vm, size_t cap) {
  (void)vm;
  (void)cap;
}

void limits_forgive(struct vm *vm) {
  (void)vm;
}

void limits_check(lua_State *L, int status) {
  (void)L;
  (void)status;
}

void limits_arm(struct vm *vm, lua_State *co) {
  (void)vm;
  (void)co;
}

void vm_interrupt(struct vm *vm) {
  (void)vm;
}

bool vm_expired(struct vm *vm) {
  (void)vm;
  return false;
}

int vm_raise_stop(lua_State *L) {
  return luaL_error(L, "stopped");
}

void watch_init(struct watch *watch, void (*expire)(struct watch *watch),
                void (*late)(struct watch *watch, int64_t late_ns)) {
  watch->expire = expire;
  watch->late = late;
  atomic_init(&watch->deadline_ns, INT64_MAX);
}

void watch_release(struct watch *watch) {
  (void)watch;
}

void watch_enter(struct watch *watch, int64_t deadline_ns) {
  (void)watch;
  (void)deadline_ns;
}

void watch_leave(struct watch *watch) {
  (void)watch;
}

void watch_expire_all(void) {}
