/**
 * lua_scope.h - the local names of a Lua source, as they come and go.
 *
 * Names point into the source and are not terminated. Needs no Lua state; belongs to one thread.
 */
#ifndef MULLIGAN_VM_LUA_SCOPE_H
#define MULLIGAN_VM_LUA_SCOPE_H

#include "vm/lua_value.h"

struct lua_local {
  const char *name;
  size_t length;
  bool hidden; /* a name is not in scope yet in its own value: `local x = x` */
  struct lua_value value;
};

/** All zero is empty. */
struct lua_scope {
  struct lua_local *locals; /* innermost last; a block ends by setting `count` back */
  size_t count, room;
  bool failed; /* it was out of memory at some time */
};

void lua_scope_release(struct lua_scope *scope);
/** Adds a name of which nothing is known. */
void lua_scope_add(struct lua_scope *scope, const char *name, size_t length, bool hidden);
/** Brings the names from `first` on into scope, the first `count` of them with values. */
void lua_scope_reveal(struct lua_scope *scope, size_t first, const struct lua_value *values, size_t count);
/** The innermost of that name, or NULL. */
struct lua_local *lua_scope_find(const struct lua_scope *scope, const char *name, size_t length);

#endif
