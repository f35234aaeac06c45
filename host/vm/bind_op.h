/**
 * bind_op.h - `op`, with which an operator script speaks to its operator.
 *
 * The vm floor knows what a script may say and ask; how it is shown is the listener's business, on the floor above. The
 * listener's functions are called on the thread that has the vm; none may raise a Lua error or enter Lua.
 */
#ifndef MULLIGAN_VM_BIND_OP_H
#define MULLIGAN_VM_BIND_OP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

/** How far a piece of work has come. */
struct op_progress {
  const char *label; /* "" for none */
  int64_t done, total;
  int64_t started_ns; /* clock_monotonic_ns() */
  bool finished;      /* the last report of this bar */
};

struct op_listener {
  void *context;
  void (*say)(void *context, const char *text, size_t length);
  /** A list of column names and a list of objects; both are only lent. */
  void (*table)(void *context, const json_t *columns, const json_t *rows);
  void (*progress)(void *context, const struct op_progress *progress);
  /** {title, bars: [{label, value}]}, lent. */
  void (*chart)(void *context, const json_t *chart);
  /** Has the operator typed `expected`? */
  bool (*confirm)(void *context, const char *question, const char *expected);
};

/** One run's side of `op`; zeroed and filled by its owner, and ended with op_session_end(). */
struct op_session {
  const struct op_listener *listener;
  const char *operator_name; /* outlives the session */
  bool aborted;              /* op.abort() was called; sticks, whatever the script does after */
  char *reason;              /* why; owned; NULL when none could be kept */
  struct op_session **box;   /* what `op` finds the session by, inside the vm */
};

/**
 * Reads rows as op.table() does, at most `most` of them: a list of names and a list of objects, which the caller owns.
 * Raises where one is no row.
 */
void bind_op_read_rows(lua_State *L, int index, lua_Integer most, json_t **columns, json_t **rows);
/** The session that the function at hand (its first upvalue is bind_op_push()'s box) belongs to; raises if it is over
 * or aborted. */
struct op_session *bind_op_session(lua_State *L);

/** Pushes the table `op`, bound to `session`. Raises when out of memory. */
void bind_op_push(lua_State *L, struct op_session *session);
/** Cuts `op` off: a script that kept it gets an error from now on. Call it before the vm is destroyed. */
void op_session_end(struct op_session *session);

#endif
