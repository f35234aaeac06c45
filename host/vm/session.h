/**
 * session.h - Lua typed in one piece after another: each input sees what the ones before it left.
 *
 * Inputs share one environment over the base that scripts see. In it are `db`, `ErrorLog`, `op`, every module of
 * scripts/models/ by its name, and every operator script as a function of its parameters; it takes assignments, and
 * none of these names is written for good: `db = nil` brings the host's back.
 *
 * `local` variables of an input are there for the next ones, and shared with the functions that captured them: an input
 * runs in a coroutine of its own, which is left suspended at its end, so that its variables stay where they are. Two
 * limits: where an input ends by an explicit `return`, fails, or has `<close>` variables, its variables are copied, so
 * that functions made in it no longer share them; and one that is declared again is a new variable, as in Lua.
 *
 * A vm (of VM_KIND_OPERATOR) has one session at most. All functions run on the thread that has the vm, and enter Lua by
 * vm_call().
 */
#ifndef MULLIGAN_VM_SESSION_H
#define MULLIGAN_VM_SESSION_H

#include "base/fault.h"
#include "vm/bind_op.h"
#include "vm/vm.h"

#include <jansson.h>
#include <stdbool.h>

struct session;

struct session_options {
  const struct op_listener *listener; /* what `op` reports to */
  const char *operator_name;
  const char *language; /* "en" or "ko" */
  /** What print() is given. */
  void (*print)(void *context, const char *text, size_t length);
  void *context;
  lua_Integer rows_most; /* of a list that is shown as a table */
  bool frozen;           /* the clock stands still: random numbers start from it */
};

/** Makes a session in `vm`; texts are borrowed. Ended with session_close(), before the vm. */
enum mulligan_status session_open(struct session **out, struct vm *vm, const struct session_options *options,
                                  struct fault *fault);
void session_close(struct session *session);

/** One input. */
struct session_input {
  const char *code; /* NULL: `script` is run instead */
  size_t length;
  const char *name;         /* the chunk's, as Lua takes it: "=[3]", "@notebooks/x.lua" */
  int line;                 /* the number of its first line */
  const json_t *variables;  /* scalars that become variables first; NULL for none */
  const char *script;       /* an operator script's name */
  const json_t *parameters; /* and what it gets */
};

enum session_end {
  SESSION_DONE,
  SESSION_INVALID,     /* it does not compile */
  SESSION_FAILED,      /* it raised */
  SESSION_ABORTED,     /* op.abort(); `message` is the reason */
  SESSION_INTERRUPTED, /* by vm_interrupt() */
  SESSION_LOST         /* the vm is condemned */
};

/** What came of it; released by the caller. */
struct session_outcome {
  enum session_end end;
  json_t *values;             /* of SESSION_DONE: a list of {text} and {text, columns, rows, total} */
  char *type;                 /* otherwise: "db.Error", "Error" */
  char *message;              /* without its place */
  json_t *frames;             /* a list of {file, line, function}, the innermost first; those of C are left out */
  struct error_record *error; /* of SESSION_FAILED: what ErrorLog would have of it, without who ran what; or NULL */
};

/** Runs an input to its end. MULLIGAN_OK unless the host itself failed. */
enum mulligan_status session_execute(struct session *session, const struct session_input *input,
                                     struct session_outcome *out, struct fault *fault);
void session_outcome_release(struct session_outcome *outcome);

enum session_completeness { SESSION_COMPLETE, SESSION_INCOMPLETE, SESSION_WRONG };
/** Is it a whole input, the beginning of one, or none? */
enum session_completeness session_check(struct session *session, const char *code, size_t length);

/**
 * The names that begin with the last of `path` ("db", "qu"): those of the table that the names before it lead to, or
 * variables and keywords. No metamethod is run, but a model that is named is loaded. A sorted list; NULL when out of
 * memory.
 */
json_t *session_complete(struct session *session, const json_t *path);
/**
 * What stands under a name: {kind, text, file, line}; `kind` is Lua's name of its type, `text` shows the value, `file`
 * and `line` say where a Lua function is defined. NULL if there is nothing.
 */
json_t *session_describe(struct session *session, const json_t *path);

#endif
