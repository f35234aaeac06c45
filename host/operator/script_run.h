/**
 * script_run.h - an operator script's `run`, done on a plan's copy: the first time, and once more.
 */
#ifndef MULLIGAN_OPERATOR_SCRIPT_RUN_H
#define MULLIGAN_OPERATOR_SCRIPT_RUN_H

#include "base/fault.h"
#include "operator/plan.h"
#include "vm/generation.h"
#include "vm/operator_call.h"
#include "vm/vm.h"

#include <jansson.h>

/** What is run. Everything is borrowed. */
struct script_run {
  const struct vm_services *services; /* without a database of their own: the vm gets the plan's copy */
  struct generation *generation;
  const char *name;
  const json_t *values;  /* the parameters, secrets among them */
  const json_t *secrets; /* the texts among them that are secret */
  const char *operator_name;
  const json_t *answers; /* to its questions, for script_run_again(); NULL: yes to all */
};

/** Runs it in `vm` on the copy, reporting to the listener of `session`, which the caller ends. As operator_run(). */
enum mulligan_status script_run_on(const struct script_run *run, struct vm *vm, struct plan *plan,
                                   struct op_session *session, struct fault *fault);
/** The same in a fresh vm, silently, with the answers that were given; `context` is a struct script_run. For
 * run_record_apply(). */
enum mulligan_status script_run_again(void *context, struct plan *fresh, struct fault *fault);

#endif
