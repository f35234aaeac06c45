/**
 * inner_stack.c - the stack of a coroutine that failed inside a call.
 *
 * Called by coroutine.c where a coroutine failed, inside the protected call, and by vm.c where the call itself ended,
 * outside of any. The value that links the two stands in the registry under a key that is there from the state's birth,
 * so that setting it allocates nothing.
 */
#include "vm/inner_stack.h"

#include "vm/failed_call.h"
#include "vm/traceback.h"
#include "vm/vm_internal.h"

#include <string.h>

#include <lauxlib.h>

/* A script that lets coroutines fail in a loop is not to pay for all of them. */
enum { MOST_TAKEN = 16 };

static const char value_key = 0; /* registry: the error's value; false for none */

static void set_value(lua_State *L, int index) {
  lua_pushvalue(L, index);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &value_key);
}

/** Is the text at `index` the one on top, perhaps with positions before it? `error(message)` and `assert` put one
 * there.
 */
static bool ends_alike(lua_State *L, int index) {
  size_t length, end;
  const char *text = lua_tolstring(L, index, &length), *ending = lua_tolstring(L, -1, &end);
  return end > 0 && end <= length && memcmp(text + length - end, ending, end) == 0;
}

static bool is_value(lua_State *L, int index) {
  if (!lua_checkstack(L, 1))
    return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &value_key);
  bool texts = lua_type(L, index) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING;
  bool same = texts ? ends_alike(L, index) : lua_rawequal(L, index, -1) != 0;
  lua_pop(L, 1);
  return same;
}

void inner_stack_prepare(lua_State *L) {
  lua_pushboolean(L, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &value_key);
}

void inner_stack_take(struct vm *vm, lua_State *L, lua_State *co) {
  struct inner_stack *inner = &vm->inner;
  if (!vm->generation || inner->taken >= MOST_TAKEN)
    return;
  inner->taken++;
  bool truncated = false;
  int number = failed_call_note_inner(vm, L, co);
  json_t *frames = traceback_take(co, vm->generation, vm->services->scrub, true, vm_taint(vm), &truncated);
  if (number > 0)
    failed_call_place(frames, co, number);
  frames = inner_stack_join(vm, L, lua_gettop(L), frames, true, &truncated);
  json_decref(inner->frames);
  inner->frames = frames;
  inner->truncated = truncated;
  inner_stack_follow(vm, L);
}

void inner_stack_follow(struct vm *vm, lua_State *L) {
  if (!vm->inner.frames)
    return;
  luaL_checkstack(L, 1, NULL);
  set_value(L, -1);
}

json_t *inner_stack_join(struct vm *vm, lua_State *L, int index, json_t *frames, bool locals, bool *truncated) {
  struct inner_stack *inner = &vm->inner;
  if (!inner->frames || !is_value(L, index))
    return frames;
  json_t *joined = json_array(), *frame;
  size_t number;
  json_array_foreach(inner->frames, number, frame) {
    json_t *copy = json_copy(frame);
    if (!locals) {
      json_object_del(copy, "locals");
      json_object_del(copy, "upvalues");
      json_object_del(copy, "level");
    }
    json_array_append_new(joined, copy);
  }
  json_array_extend(joined, frames);
  json_decref(frames);
  *truncated = *truncated || inner->truncated;
  return joined;
}

void inner_stack_forget(struct vm *vm) {
  struct inner_stack *inner = &vm->inner;
  if (inner->frames && lua_checkstack(vm->L, 1))
    inner_stack_prepare(vm->L);
  json_decref(inner->frames);
  *inner = (struct inner_stack){0};
}
