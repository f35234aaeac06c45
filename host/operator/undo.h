/**
 * undo.h - a run taken back: the inverse of what it changed, itself planned, shown, confirmed and entered in the audit.
 */
#ifndef MULLIGAN_OPERATOR_UNDO_H
#define MULLIGAN_OPERATOR_UNDO_H

#include "operator/job.h"
#include "operator/plan.h"
#include "vm/vm.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/** What is to be done once more when a plan of an undo is made or applied; the context of undo_again(). */
struct undo {
  const struct vm_services *services;
  char run[MULLIGAN_REFERENCE_SIZE]; /* that is taken back */
  int64_t applied_at;                /* when it was over, in microseconds */
  char schema[65];                   /* that it was made for */
  struct changeset inverse;
};

/**
 * Finds what takes `run` back. MULLIGAN_MISSING or MULLIGAN_INVALID for no such run, MULLIGAN_DENIED where there is
 * nothing to take back: it was not applied, or was taken back already. Ended with undo_close().
 */
enum mulligan_status undo_open(struct undo *out, const struct vm_services *services, const char *run,
                               struct fault *fault);
void undo_close(struct undo *undo);
/**
 * Makes the changes on a plan's copy; `context` is a struct undo. MULLIGAN_CONSTRAINT says which row and column
 * somebody has edited since, and who; MULLIGAN_DENIED that the tables are others now.
 */
enum mulligan_status undo_again(void *context, struct plan *plan, struct fault *fault);

struct undo_options {
  const char *run;           /* as it was typed */
  const char *operator_name; /* who takes it back */
  const char *reason;        /* may be NULL */
  const char *command_line;  /* for the audit */
  bool apply, yes;
  bool json; /* one object on standard output instead of text */
  FILE *out;
  int width; /* columns */
};

/** Does it, from finding the run to telling what came of it. */
enum job_outcome undo_run(const struct vm_services *services, const struct undo_options *options);

#endif
