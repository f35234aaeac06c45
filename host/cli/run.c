/**
 * run.c - `mulligan run`: lists the operator scripts, or runs one: first shown, then done.
 *
 * Runs on the main thread.
 */
#include "cli/desk.h"
#include "cli/job_exit.h"
#include "cli/script_words.h"
#include "operator/job.h"

#include <stdio.h>

/* Opens what the job needs: a script that is to run needs the data, one that is only shown does not. */
static enum mulligan_status open_host(struct host *host, struct command_context *context, bool with_data,
                                      struct fault *fault) {
  if (with_data)
    return desk_open(host, context, true, fault);
  enum mulligan_status status = host_open(host, context, 0, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = generation_load(&host->generation, &host->services, 1, false, fault);
  if (status != MULLIGAN_OK)
    host_close(host);
  return status;
}

static int run(struct command_context *context, const struct script_words *words, struct job_options *options) {
  bool is_run = words->name && !words->help;
  struct host host;
  struct fault fault;
  if (!words->name && words->parameter_count > 0)
    return command_fail(context, COMMAND_USAGE, "name the script before its parameters: mulligan run NAME %s …",
                        words->parameters[0]);
  if (open_host(&host, context, is_run, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  enum job_outcome outcome = is_run        ? job_run(&host.services, host.generation, options)
                             : words->name ? job_show_usage(&host.services, host.generation, options)
                                           : job_list(&host.services, host.generation, options);
  host_close(&host);
  return job_exit(outcome);
}

int command_run(struct command_context *context, int argc, char **argv) {
  struct script_words words;
  struct fault fault;
  if (script_words_divide(&words, argc, argv, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  struct job_options options = {.command = "run",
                                .usage = "run NAME [--PARAMETER VALUE …] [--apply] [--yes] [--as NAME] [--json]",
                                .out = stdout};
  const char *as = NULL;
  const struct command_option flags[] = {
      {"apply", NULL, "save what the script changes, after it was shown", NULL, &options.apply, NULL},
      {"yes", NULL, "do not ask for the confirmation", NULL, &options.yes, NULL},
      {"as", "NAME", "who runs it (default: the Unix user)", &as, NULL, NULL},
  };
  static char help[] = "--help";
  if (words.help && !words.name)
    words.flags[words.flag_count++] = help;
  int status;
  if (command_parse(context, flags, sizeof flags / sizeof *flags, words.flag_count, words.flags, &status)) {
    options.name = words.name;
    options.names_script = true;
    options.words = words.parameters;
    options.word_count = words.parameter_count;
    options.operator_name = script_words_operator(as);
    options.json = context->json;
    status = run(context, &words, &options);
  }
  script_words_release(&words);
  return status;
}
