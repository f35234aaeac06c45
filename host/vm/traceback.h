/**
 * traceback.h - the stack of a coroutine that failed, taken down before it is gone.
 */
#ifndef MULLIGAN_VM_TRACEBACK_H
#define MULLIGAN_VM_TRACEBACK_H

#include "base/scrub.h"
#include "base/taint.h"
#include "vm/generation.h"

#include <jansson.h>
#include <stdbool.h>

#include <lua.h>

/**
 * Walks the stack of `co`, innermost first, and returns a list of frames: {file, line, function, in_app, source: {line:
 * text}, locals: {name: value}, upvalues: {name: value}}. Walking is bounded while walking (depth 5, 10 entries a
 * table, 200 characters a text, 64 KiB in all, cycles marked) and runs no metamethod. Locals and upvalues are left out
 * unless `locals`; upvalues that are the program rather than its data (functions, modules) always. What stands under a
 * secret name is replaced, and its value remembered in `taint`, which may be NULL. `*truncated` is set when something
 * was cut. Raises nothing; NULL when out of memory.
 */
json_t *traceback_take(lua_State *co, const struct generation *generation, const struct scrub *scrub, bool locals,
                       struct taint *taint, bool *truncated);

/** Gives each of the frames that traceback_take() has just returned of `co` the member `level`: `first` and the level
 * by which lua_getstack() finds it. */
void traceback_number(json_t *frames, lua_State *co, json_int_t first);

/** Remembers what stands under secret names in the value on top of the stack, if it is a table; bounded as a walk is.
 * Raises nothing and runs no metamethod. */
void traceback_note_secrets(lua_State *L, const struct scrub *scrub, struct taint *taint);

#endif
