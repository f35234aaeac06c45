/**
 * job.h - one run of an operator script, from its name and words on a command line to what came of it.
 *
 * A run is a plan first: it works on a private copy, what it would change is shown, and only then, if asked for and
 * confirmed, applied; each is entered in the audit. Whatever goes wrong is told on standard error; a failure of the
 * script itself is kept in ErrorLog and its reference told.
 */
#ifndef MULLIGAN_OPERATOR_JOB_H
#define MULLIGAN_OPERATOR_JOB_H

#include "vm/generation.h"
#include "vm/vm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** What came of a run. */
enum job_outcome {
  JOB_PLANNED,       /* shown, and not to be applied, or there was nothing to apply */
  JOB_APPLIED,       /* saved */
  JOB_ABORTED,       /* the script called op.abort() */
  JOB_NOT_CONFIRMED, /* the operator did not type what was asked for */
  JOB_REFUSED,       /* the database would not have it: a conflict, other tables, what cannot be recorded */
  JOB_FAILED,        /* the script or the host failed */
  JOB_USAGE          /* the command line is wrong; nothing was run */
};

struct job_options {
  const char *command; /* "run", before messages */
  const char *usage;   /* "run NAME [--PARAMETER VALUE …] …": how it is called, for help */
  const char *name;    /* the script's name as it was typed */
  char *const *words;  /* its parameters as they were typed */
  size_t word_count;
  bool names_script;         /* the command line has the script's name and the flags below, for the audit */
  const char *operator_name; /* who runs it */
  bool apply;                /* save what it would change, once confirmed */
  bool yes;                  /* without asking */
  bool brief;                /* show what the script says, not the rows */
  bool json;                 /* one object on standard output instead of text */
  FILE *out;                 /* where text goes */
};

/** Runs it to its end. Blocks while somebody is asked. Meanwhile Ctrl-C ends the process with status 130.
 */
enum job_outcome job_run(const struct vm_services *services, struct generation *generation,
                         const struct job_options *options);

/** Shows how a script is used: its title, help and parameters. JOB_PLANNED, JOB_FAILED, or JOB_USAGE for an unknown
 * name. */
enum job_outcome job_show_usage(const struct vm_services *services, struct generation *generation,
                                const struct job_options *options);

/** Shows every operator script with its title. JOB_PLANNED; JOB_FAILED if one does not load, which is told. */
enum job_outcome job_list(const struct vm_services *services, struct generation *generation,
                          const struct job_options *options);

#endif
