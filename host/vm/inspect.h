/**
 * inspect.h - a Lua value as a person reads it.
 */
#ifndef MULLIGAN_VM_INSPECT_H
#define MULLIGAN_VM_INSPECT_H

#include "base/buf.h"
#include "base/scrub.h"

#include <lua.h>

enum { INSPECT_WIDTH = 76, INSPECT_BYTES_MOST = 64 * 1024 };

/**
 * Appends the value at `index`: texts in quotes, tables as Lua writes them (five levels, a hundred entries each, names
 * in order, on one line where that fits), functions with the place where they stand. Runs no metamethod. Raises only
 * when Lua's memory is out; `out` must then have an owner.
 */
void inspect_add(lua_State *L, int index, struct buf *out);
/** The same with what stands under a secret name replaced. */
void inspect_add_scrubbed(lua_State *L, int index, const struct scrub *scrub, struct buf *out);

/** Pushes the table behind a read-only face (sandbox_protect()), or the table itself; false, and nothing pushed, for
 * what is no table. */
bool inspect_push_fields(lua_State *L, int index);

#endif
