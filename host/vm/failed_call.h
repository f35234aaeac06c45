/**
 * failed_call.h - the failed calls that a vm keeps as they failed, for the console of the debug page.
 *
 * Only in debug mode, where vm_services has a failed_index, and only for a request's own failures: a raise that a
 * client is to see (below 500), a stop at a limit and whatever is no request are never kept. A kept call is its
 * coroutine, not unwound: what it has to close (`<close>` variables) is closed when it is dropped. Beside it are kept
 * the coroutines that failed inside it, as far as they can be.
 *
 * A frame of a kept call has a place: the number of its coroutine and its level there, in one integer. It is the member
 * `level` of the frame in the error's record; a frame without one cannot be asked.
 *
 * All functions are called on the thread that has the vm. In a vm without debug mode they do nothing.
 */
#ifndef MULLIGAN_VM_FAILED_CALL_H
#define MULLIGAN_VM_FAILED_CALL_H

#include "base/taint.h"

#include <jansson.h>
#include <stdbool.h>

#include <lua.h>

struct vm;
struct failed_call;

/* ---- while a call fails ---- */

/**
 * Anchors `co`, which has just failed inside the call under way with the value on top of L's stack. Returns its number
 * for failed_call_place(); 0 where it is not to be kept. May raise.
 */
int failed_call_note_inner(struct vm *vm, lua_State *L, lua_State *co);
/** True if the failed coroutine `co` was anchored and has nothing to close, so that it need not be reset. May raise. */
bool failed_call_spares(struct vm *vm, lua_State *L, lua_State *co);
/** Gives the frames of the coroutine `number`, as traceback_take() has just returned them, their places. */
void failed_call_place(json_t *frames, lua_State *co, int number);
/** The vm's own coroutine has failed with an error of this HTTP status: gives its frames their places, if it is to be
 * kept. */
void failed_call_begin(struct vm *vm, json_t *frames, int status);
/**
 * Keeps the vm's coroutine, which has failed, and gives the vm a fresh one. False if it is not to be kept or cannot be,
 * and the caller has to reset it.
 */
bool failed_call_keep(struct vm *vm);

/* ---- afterwards ---- */

/** Between two calls of a vm that is to be used again: drops what the index has let go of, and the oldest while the vm
 * needs more than half its memory. */
void failed_call_tidy(struct vm *vm);
/** Drops everything: the vm is about to be destroyed. */
void failed_call_drop_all(struct vm *vm);

/** The kept call of this request, or NULL. Valid until the next failed_call_tidy(). */
struct failed_call *failed_call_find(struct vm *vm, const char *id);
/** What was known to be secret when it failed, and has been found since. */
struct taint *failed_call_taint(struct failed_call *call);
/**
 * Pushes the coroutine of the frame at `place` and returns it, with its level in `*level`; pushes nothing and returns
 * NULL if there is no such frame (any more). Raises nothing but for want of stack.
 */
lua_State *failed_call_push_frame(const struct failed_call *call, lua_State *L, lua_Integer place, int *level);
/** Pushes the table of the variables that the console made for this call. */
void failed_call_push_names(const struct failed_call *call, lua_State *L);

#endif
