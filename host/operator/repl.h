/**
 * repl.h - the operators' prompt: the terminal's front end to the console.
 *
 * On a terminal it reads, shows and asks until Ctrl-D; without one it runs what a file, a pipe or the command line
 * gives, up to the first input that fails. The main thread uses it.
 */
#ifndef MULLIGAN_OPERATOR_REPL_H
#define MULLIGAN_OPERATOR_REPL_H

#include "vm/generation.h"
#include "vm/vm.h"

#include <jansson.h>
#include <stdio.h>

/** Everything outlives the call. */
struct repl_options {
  const struct vm_services *services;
  struct generation *generation;
  const char *operator_name;
  const char *command_line; /* for the audit */
  const char *code;         /* runs this and ends; NULL for none */
  const char *file;         /* then this file, and ends; "-" is standard input; NULL for none */
  /** Rows of ErrorLog, and one of them in full, as `mulligan errors` shows them. */
  void (*show_errors)(FILE *out, const json_t *rows);
  void (*show_error)(FILE *out, const json_t *row);
};

enum repl_outcome {
  REPL_DONE,
  REPL_FAILED,     /* an input failed, which was told */
  REPL_REFUSED,    /* an apply or undo was refused, or an input aborted */
  REPL_INTERRUPTED /* Ctrl-C without a terminal */
};

enum repl_outcome repl_run(const struct repl_options *options);

#endif
