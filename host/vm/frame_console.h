/**
 * frame_console.h - Lua asked of a frame of a failed call: the console of the debug page.
 *
 * Code runs with the frame's locals, upvalues and globals (frame_scope.h), in the coroutine in which the vm's calls
 * run, under a deadline and the vm's memory cap. It cannot write to the database nor reach ErrorLog, and what it shows
 * is scrubbed, as an error's record is.
 */
#ifndef MULLIGAN_VM_FRAME_CONSOLE_H
#define MULLIGAN_VM_FRAME_CONSOLE_H

#include "base/buf.h"
#include "base/fault.h"
#include "vm/vm.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

/** How code ended. All texts are UTF-8 without secrets. */
enum frame_end {
  FRAME_DONE,
  FRAME_FAILED,   /* its own mistake: a syntax error, or it raised */
  FRAME_DEADLINE, /* it was stopped; the vm is condemned, and with it every failed call that it keeps */
  FRAME_MEMORY    /* the same */
};

struct frame_answer {
  enum frame_end end;
  char *printed;  /* NULL for nothing */
  json_t *values; /* list of texts: what the code returned */
  char *error;    /* what went wrong; NULL for FRAME_DONE */
  int error_line; /* in the code, from 1; 0: not known */
  json_t *trace;  /* list of texts, from where it was raised to the code; empty where that is the code itself */
  bool truncated; /* more was printed or returned than is shown */
};

/**
 * Evaluates `code` in the frame at `place` of the kept call of request `id`: as an expression, or else as statements.
 * Its first value is the console's variable `_` from then on. MULLIGAN_OK fills `answer`, which the caller ends with
 * frame_answer_release(); MULLIGAN_MISSING when there is no such call or frame.
 */
enum mulligan_status frame_console_evaluate(struct vm *vm, const char *id, lua_Integer place, const char *code,
                                            size_t length, struct frame_answer *answer, struct fault *fault);
void frame_answer_release(struct frame_answer *answer);

/** Seconds that code may run in a vm with these settings. */
double frame_console_deadline(const struct settings *settings);

/* ---- for the bindings ---- */

/** Raises if a console's code is running, which may not do `what`. */
void frame_console_refuse(lua_State *L, const char *what);
/**
 * While a console's code runs: remembers what is secret in the value on top of the stack, which stands under `name`
 * (NULL: under none). May raise.
 */
void frame_console_note(lua_State *L, const char *name);

#endif
