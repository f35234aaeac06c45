/**
 * compiled.h - a script's compiled form, made by the vm that loads it first and used by all that come later.
 *
 * To parse the sources is most of the work of making a vm; every vm of a generation loads the same ones.
 */
#ifndef MULLIGAN_VM_COMPILED_H
#define MULLIGAN_VM_COMPILED_H

#include <stdatomic.h>
#include <stddef.h>

#include <lua.h>

/** All zero: nothing is compiled yet. Several threads may load one at the same moment. */
struct compiled {
  _Atomic(struct compiled_code *) code;
};

/**
 * Loads a chunk as luaL_loadbufferx() does: pushes the function, or the error's message and returns its status. Only
 * source text is taken. Raises nothing.
 */
int compiled_load(struct compiled *compiled, lua_State *L, const char *source, size_t length, const char *chunk);

/** Frees the compiled form; nobody may be loading it. */
void compiled_release(struct compiled *compiled);

#endif
