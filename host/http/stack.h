/**
 * stack.h - worker threads with room for Lua.
 *
 * civetweb gives its threads 100 KiB of stack, in which a script that recurses through C functions kills the process.
 * This program defines pthread_attr_setstacksize() itself and so raises what any library asks for to a floor.
 */
#ifndef MULLIGAN_HTTP_STACK_H
#define MULLIGAN_HTTP_STACK_H

#include "base/fault.h"

#include <stddef.h>

/** The least stack a thread gets, in bytes. Lua's own limit of 200 nested C calls fits several times. */
size_t stack_floor(void);
/** Checks the calling thread's real stack against the floor. */
enum mulligan_status stack_check(struct fault *fault);

#endif
