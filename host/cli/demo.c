/**
 * demo.c - `mulligan serve --demo`: the application's operator script `demo_data`, applied before the first request.
 *
 * Runs on the main thread. What the script says, the logins among it, goes to standard error: standard output is for
 * the address.
 */
#include "cli/demo.h"

#include "cli/script_words.h"
#include "operator/job.h"

#include <stdio.h>

int demo_load(struct command_context *context, struct host *host) {
  const struct job_options options = {.command = "serve --demo",
                                      .usage = "serve --demo",
                                      .name = "demo_data",
                                      .operator_name = script_words_operator(NULL),
                                      .apply = true,
                                      .yes = true,
                                      .brief = true,
                                      .out = stderr};
  enum job_outcome outcome = job_run(&host->services, host->generation, &options);
  if (outcome == JOB_APPLIED || outcome == JOB_ABORTED)
    return COMMAND_DONE;
  return command_fail(context, COMMAND_FAILED, "the demo data could not be loaded");
}
