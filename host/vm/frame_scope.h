/**
 * frame_scope.h - the names that a frame of a kept call can see, as an environment for code that is run against it.
 */
#ifndef MULLIGAN_VM_FRAME_SCOPE_H
#define MULLIGAN_VM_FRAME_SCOPE_H

#include <lua.h>

struct vm;

/**
 * Takes the coroutine on top of L's stack and, below it, the table of the console's own variables, and pushes in their
 * place an environment for a chunk. A name there is the frame's innermost local of this name, else an upvalue of its
 * function, else one of the console's own variables, else a global as the frame sees it. Assigning to a local or an
 * upvalue changes it in the frame; to anything else, makes a variable of the console's own. What stands under a secret
 * name is remembered in vm_taint() when it is read. May raise.
 *
 * The environment may outlive the kept call: it then has the frame's upvalues still, and its locals no more.
 */
void frame_scope_push(lua_State *L, int level);
/** Pushes the varargs of the frame and returns their number. May raise. */
int frame_scope_push_varargs(lua_State *L, lua_State *co, int level);

#endif
