/**
 * lua_walk.h - what a Lua source says, found without running it.
 *
 * Goes through a source once, with Lua's own rules of scope, and tells of each global name, each call of a module's
 * function and each text in it. Texts are followed as far as they are certain: through `local` names that nothing
 * assigns to again, `..`, `and` and `or`. For sources that Lua itself has compiled. Needs no Lua state; any thread.
 */
#ifndef MULLIGAN_VM_LUA_WALK_H
#define MULLIGAN_VM_LUA_WALK_H

#include <stdbool.h>
#include <stddef.h>

/** The texts that an expression may have; NULL where nothing is known of it. Valid until lua_walk() returns. */
struct lua_text {
  const char *bytes; /* terminated by a NUL that `length` does not count */
  size_t length;
  const struct lua_text *next;
};

/** The local names that are visible at the place that is told of. */
struct lua_scope;
/** By index from 0, the innermost first; NULL past the last. Not terminated: `*length` bytes. */
const char *lua_scope_local(const struct lua_scope *scope, size_t index, size_t *length);

/** Whom to tell. `context` comes first in each call; what is NULL is not told. */
struct lua_listener {
  void *context;
  /** A global name is read, or written. */
  void (*global)(void *context, const struct lua_scope *scope, const char *name, int line, bool written);
  /** `require` is called with a text. */
  void (*require)(void *context, const char *module, int line);
  /** A function of a required module is called: `db.one(SELECT .. "WHERE id = ?", id)`. */
  void (*call)(void *context, const char *module, const char *function, const struct lua_text *first_argument,
               int line);
  /** A table has a field whose name is a text; `depth` counts the functions and tables around it, the table included.
   */
  void (*field)(void *context, const struct lua_text *name, const struct lua_text *value, int depth, int line);
  /** A text is there, or is made of those that are. */
  void (*text)(void *context, const struct lua_text *text);
};

/**
 * Walks a source. False, with the line, where it is not understood (or memory is out): that is this program's own
 * mistake if Lua has compiled it.
 */
bool lua_walk(const char *source, size_t length, const struct lua_listener *listener, int *line);

#endif
