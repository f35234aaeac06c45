/**
 * kept_plan.h - plans that were kept (plan_file.h): listed, shown, applied.
 */
#ifndef MULLIGAN_OPERATOR_KEPT_PLAN_H
#define MULLIGAN_OPERATOR_KEPT_PLAN_H

#include "operator/job.h"
#include "vm/generation.h"
#include "vm/vm.h"

#include <stdbool.h>
#include <stdio.h>

struct kept_plan_options {
  const char *sha;           /* its beginning, as it was typed */
  const char *operator_name; /* who applies it */
  const char *reason;        /* NULL: that of the run that made it */
  const char *command_line;  /* for the audit */
  bool yes, json;
  FILE *out;
  int width;
};

/** Shows every plan that was kept, the newest first. */
enum job_outcome kept_plan_list(const struct vm_services *services, const struct kept_plan_options *options);
/** Shows one: where it comes from, and its rows. */
enum job_outcome kept_plan_show(const struct vm_services *services, const struct kept_plan_options *options);
/**
 * Applies one as a run of its own, of kind "plan", once it was shown and confirmed. What made it is done once more and
 * must come out the same, where that is a script or an undo; else the rows that it changes alone are guarded.
 */
enum job_outcome kept_plan_apply(const struct vm_services *services, struct generation *generation,
                                 const struct kept_plan_options *options);

#endif
