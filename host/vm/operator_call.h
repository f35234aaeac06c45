/**
 * operator_call.h - an operator script's module, reached from C: what it says of itself, and its `run`.
 *
 * `name` is the script's path below scripts/operators/, without ".lua". All functions run on the thread that has the
 * vm, which is of VM_KIND_OPERATOR. Where a script fails, vm_take_error() has the particulars.
 */
#ifndef MULLIGAN_VM_OPERATOR_CALL_H
#define MULLIGAN_VM_OPERATOR_CALL_H

#include "base/fault.h"
#include "vm/bind_op.h"
#include "vm/vm.h"

#include <jansson.h>
#include <stdint.h>

/**
 * Loads the script and hands out {title, summary, help, params} as it stands there, unchecked but for being JSON; the
 * caller owns `*out`. MULLIGAN_ERROR if it does not load, MULLIGAN_INVALID if it returns something else than such a
 * table with a `run`.
 */
enum mulligan_status operator_describe(struct vm *vm, const char *name, const char *language, json_t **out,
                                       struct fault *fault);

/** A run of a script. */
struct operator_call {
  const char *name;
  const char *language;       /* "en" or "ko" */
  const json_t *parameters;   /* name -> text, number or boolean; what is not given is not there */
  const json_t *secrets;      /* list of the texts among them that must not be logged or recorded */
  int64_t frozen_us;          /* what the clock shows throughout, and what random numbers start from */
  const unsigned char *seed;  /* RANDOM_SOURCE_SEED_BYTES that mulligan.crypto draws from; NULL: from the system */
  struct op_session *session; /* its `aborted` says afterwards whether op.abort() ended it */
};

/**
 * Calls `run(parameters, op)`; a text that it returns is said. Without a deadline: a person is waiting and may
 * interrupt. The fault of an aborted run (MULLIGAN_DENIED) is its reason; otherwise as vm_call().
 */
enum mulligan_status operator_run(struct vm *vm, const struct operator_call *call, struct fault *fault);

/* ---- for whatever else runs scripts; all raise and run protected ---- */

/** Pushes a table of parameters, or of any object of scalars. */
void operator_push_parameters(lua_State *L, const json_t *parameters);
/** "en" or "ko", for mulligan.i18n. */
void operator_set_language(lua_State *L, const char *language);
/** Lets math.random begin from here, so that the same work comes out the same. */
void operator_seed_random(lua_State *L, int64_t seed);

#endif
