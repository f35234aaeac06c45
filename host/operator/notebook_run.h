/**
 * notebook_run.h - one run of a notebook, from its name and parameters to what came of it.
 *
 * As a script's run (job.h) it is a plan first: its cells run on a private copy, up to the first that fails, what they
 * would change is shown, and only then, if asked for and confirmed, applied; all of it is in the audit. Whatever comes
 * of it, DATA/runs has the notebook with its outputs and a page of it, both named after the run. The notebook itself is
 * not changed.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_RUN_H
#define MULLIGAN_OPERATOR_NOTEBOOK_RUN_H

#include "operator/job.h"
#include "operator/notebook.h"
#include "operator/notebook_play.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** What somebody wants who goes through a notebook cell by cell. */
enum notebook_pace {
  NOTEBOOK_GO,   /* run it, or pass over a text */
  NOTEBOOK_BACK, /* back to the code cell before this one */
  NOTEBOOK_QUIT
};

struct notebook_run_options {
  const char *name;   /* as it was typed */
  char *const *words; /* its parameters, each `--name=value` */
  size_t word_count;
  const char *operator_name;          /* who runs it */
  bool apply;                         /* save what it would change, once confirmed */
  bool yes;                           /* without asking */
  bool json;                          /* one object on standard output instead of text */
  const char *output, *html;          /* further files to write; NULL for none */
  const char *to_save;                /* how to save what was only shown; NULL: the same command with --apply */
  const struct notebook_front *front; /* who watches; not NULL */
  /** Asked before each cell; NULL runs them all. `context` is the front's. */
  enum notebook_pace (*pace)(void *context, const struct notebook *notebook, size_t index);
  FILE *out;
};

struct notebook_result {
  enum job_outcome outcome;
  bool interrupted; /* by Ctrl-C */
};

/** Runs it to its end. Ctrl-C ends the cell or the question under way, and so the run: nothing is saved then. */
struct notebook_result notebook_run(const struct vm_services *services, struct generation *generation,
                                    const struct notebook_run_options *options);

#endif
