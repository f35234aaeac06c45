/**
 * warning.h - what Lua has to say where it cannot raise: an error inside a finalizer.
 *
 * Scripts have no finalizers; the libraries' boxes do, and one that fails is a bug of theirs. Each warning becomes a
 * row of ErrorLog, of source and level "warning".
 */
#ifndef MULLIGAN_VM_WARNING_H
#define MULLIGAN_VM_WARNING_H

#include <stddef.h>

enum { WARNING_SIZE = 2048 };

/** A warning that comes in pieces, inside a vm. All zero is none. */
struct warning {
  size_t length;
  char text[WARNING_SIZE];
};

/** A lua_WarnFunction; `vm` is the struct vm. Called in the midst of a collection: uses nothing of Lua's. */
void warning_take(void *vm, const char *piece, int to_continue);

#endif
