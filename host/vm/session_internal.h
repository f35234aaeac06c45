/**
 * session_internal.h - the inside of a session: session.c runs inputs, session_names.c knows what their names stand
 * for.
 */
#ifndef MULLIGAN_VM_SESSION_INTERNAL_H
#define MULLIGAN_VM_SESSION_INTERNAL_H

#include "vm/session.h"
#include "vm/vm_internal.h"

struct session {
  struct vm *vm;
  struct session_options options;
  struct op_session op;
  lua_State *co;  /* in which the input under way runs; NULL between inputs */
  bool suspended; /* behind the input's last line, its variables alive */
};

/** Puts the environment and its tables into the registry. Raises. */
void session_names_open(lua_State *L, struct session *session);
/** Pushes the environment in which inputs run. */
void session_push_environment(lua_State *L);
/** From now on the variables of the suspended input `co` are read and written where they are. Raises. */
void session_share_locals(lua_State *L, lua_State *co);
/** Copies the variables of the function at `ar` of `co`'s stack into the environment. Raises. */
void session_copy_locals(lua_State *L, lua_State *co, lua_Debug *ar);
/** Pushes an operator script as a function of its parameters, which says what its `run` returns. Raises. */
void session_push_script(lua_State *L, const char *name);

#endif
