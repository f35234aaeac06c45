/**
 * undo.c - `mulligan undo RUN`: takes back what a run changed.
 *
 * Runs on the main thread. Needs no script: what takes the run back is in the audit.
 */
#include "operator/undo.h"
#include "cli/desk.h"
#include "cli/job_exit.h"
#include "cli/script_words.h"

#include <stdlib.h>

int command_undo(struct command_context *context, int argc, char **argv) {
  struct undo_options options = {.out = stdout};
  const char *as = NULL;
  const struct command_option flags[] = {
      {"apply", NULL, "save it, after it was shown", NULL, &options.apply, NULL},
      {"yes", NULL, "do not ask for the confirmation", NULL, &options.yes, NULL},
      {"as", "NAME", "who does it (default: the Unix user)", &as, NULL, NULL},
      {"reason", "TEXT", "why; kept in the audit", &options.reason, NULL, NULL},
  };
  char *command_line = desk_command_line(argc, argv); /* before the words are put in order */
  int status;
  struct host host;
  struct fault fault;
  if (!command_parse(context, flags, sizeof flags / sizeof *flags, argc, argv, &status)) {
    free(command_line);
    return status;
  }
  if (context->argument_count != 1) {
    status = command_fail(context, COMMAND_USAGE, "name one run, as `mulligan audit list` shows it");
  } else if (desk_open(&host, context, false, &fault) != MULLIGAN_OK) {
    status = command_fault(context, &fault);
  } else {
    options.run = context->arguments[0];
    options.operator_name = script_words_operator(as);
    options.command_line = command_line;
    options.json = context->json;
    options.width = desk_width(stdout);
    status = job_exit(undo_run(&host.services, &options));
    host_close(&host);
  }
  free(command_line);
  return status;
}
