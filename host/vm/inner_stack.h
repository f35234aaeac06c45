/**
 * inner_stack.h - the stack of a coroutine that failed inside a call, kept until it is known what became of its error.
 *
 * A coroutine's error reaches its resumer as a value; by the time that value ends the whole call, the coroutine's own
 * stack is often gone. So its frames are taken down when it fails, and put before the resumer's if the call ends with
 * the same value, or with a text that ends in it. One that was caught and forgotten costs a bounded amount of time and
 * is dropped with the call.
 */
#ifndef MULLIGAN_VM_INNER_STACK_H
#define MULLIGAN_VM_INNER_STACK_H

#include <jansson.h>
#include <stdbool.h>

#include <lua.h>

struct vm;

/** What is kept, inside a vm. All zero is none. */
struct inner_stack {
  json_t *frames; /* NULL for none */
  bool truncated;
  int taken; /* in this call */
};

/** Makes room for the error's value in a new state's registry; may raise. */
void inner_stack_prepare(lua_State *L);
/**
 * Takes down the frames of `co`, which has just failed with the value on top of L's stack, before those of a coroutine
 * that failed with it first. May raise.
 */
void inner_stack_take(struct vm *vm, lua_State *L, lua_State *co);
/** The value on top of L's stack is what the failure has become on its way out (a position was put before it). */
void inner_stack_follow(struct vm *vm, lua_State *L);
/**
 * Puts the kept frames before `frames`, without locals and upvalues unless `locals`, if the value at `index` of L's
 * stack is that coroutine's error (a text may have got positions before it). Takes over and returns `frames`. Raises
 * nothing.
 */
json_t *inner_stack_join(struct vm *vm, lua_State *L, int index, json_t *frames, bool locals, bool *truncated);
/** Drops what is kept, at a call's end. Raises nothing. */
void inner_stack_forget(struct vm *vm);

#endif
