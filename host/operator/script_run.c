/**
 * script_run.c - an operator script's `run` on a plan's copy.
 *
 * Called by a job, and by whoever applies a plan that was kept, on that run's thread.
 */
#include "operator/script_run.h"

#include "base/buf.h"
#include "operator/answers.h"
#include "operator/words.h"

#include <string.h>

enum { TEXT_CAP = 64 << 20 };

enum mulligan_status script_run_on(const struct script_run *run, struct vm *vm, struct plan *plan,
                                   struct op_session *session, struct fault *fault) {
  session->operator_name = run->operator_name;
  const struct operator_call call = {.name = run->name,
                                     .language = words_language(),
                                     .parameters = run->values,
                                     .secrets = run->secrets,
                                     .frozen_us = plan_made_at(plan),
                                     .seed = plan_seed(plan),
                                     .session = session};
  vm_swap_store(vm, plan_store(plan));
  enum mulligan_status status = operator_run(vm, &call, fault);
  vm_swap_store(vm, NULL); /* it stays the plan's */
  return status;
}

/* What the script said when it failed, without what it was told in confidence. */
static void clean(struct vm *vm, struct fault *fault) {
  struct buf text;
  buf_init(&text, TEXT_CAP);
  if (vm_scrub_text(vm, fault->message, strlen(fault->message), &text))
    fault_set(fault, fault->status, "%s", text.data);
  buf_release(&text);
}

enum mulligan_status script_run_again(void *context, struct plan *fresh, struct fault *fault) {
  const struct script_run *run = context;
  struct vm *vm;
  enum mulligan_status status = vm_create(&vm, run->services, run->generation, VM_KIND_OPERATOR, NULL, fault);
  if (status != MULLIGAN_OK)
    return status;
  struct answers answers;
  answers_repeat(&answers, run->answers);
  struct op_listener listener = answers_listener(&answers);
  struct op_session session = {.listener = &listener};
  status = script_run_on(run, vm, fresh, &session, fault);
  if (status != MULLIGAN_OK)
    clean(vm, fault);
  error_record_destroy(vm_take_error(vm));
  op_session_end(&session);
  answers_release(&answers);
  vm_destroy(vm);
  return status;
}
