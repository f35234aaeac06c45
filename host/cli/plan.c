/**
 * plan.c - `mulligan plan list|show|apply`: plans that were kept.
 *
 * Runs on the main thread. To list or show them needs no scripts; to apply one does, since what made it is done once
 * more.
 */
#include "cli/desk.h"
#include "cli/job_exit.h"
#include "cli/script_words.h"
#include "operator/kept_plan.h"

#include <stdlib.h>
#include <string.h>

enum action { LIST, SHOW, APPLY, UNKNOWN };

static enum action find_action(const struct command_context *context) {
  static const char *const names[] = {[LIST] = "list", [SHOW] = "show", [APPLY] = "apply"};
  if (context->argument_count == 0)
    return LIST;
  for (int i = LIST; i < UNKNOWN; i++)
    if (strcmp(context->arguments[0], names[i]) == 0)
      return (enum action)i;
  return UNKNOWN;
}

static int run(struct command_context *context, enum action action, const struct kept_plan_options *options) {
  struct host host;
  struct fault fault;
  enum job_outcome outcome;
  if (desk_open(&host, context, action == APPLY, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  switch (action) {
  case LIST:
    outcome = kept_plan_list(&host.services, options);
    break;
  case SHOW:
    outcome = kept_plan_show(&host.services, options);
    break;
  default:
    outcome = kept_plan_apply(&host.services, host.generation, options);
  }
  host_close(&host);
  return job_exit(outcome);
}

int command_plan(struct command_context *context, int argc, char **argv) {
  struct kept_plan_options options = {.out = stdout};
  const char *as = NULL;
  const struct command_option flags[] = {
      {"yes", NULL, "apply: do not ask for the confirmation", NULL, &options.yes, NULL},
      {"as", "NAME", "apply: who does it (default: the Unix user)", &as, NULL, NULL},
      {"reason", "TEXT", "apply: why (default: the reason of the run that made the plan)", &options.reason, NULL, NULL},
  };
  char *command_line = desk_command_line(argc, argv);
  int status;
  if (!command_parse(context, flags, sizeof flags / sizeof *flags, argc, argv, &status)) {
    free(command_line);
    return status;
  }
  enum action action = find_action(context);
  if (action == UNKNOWN) {
    status =
        command_fail(context, COMMAND_USAGE, "there is no '%s'; there are list, show and apply", context->arguments[0]);
  } else if (action == LIST && context->argument_count > 1) {
    status = command_fail(context, COMMAND_USAGE, "list takes no argument");
  } else if (action != LIST && context->argument_count != 2) {
    status = command_fail(context, COMMAND_USAGE, "%s takes one plan, as `mulligan plan list` shows it",
                          context->arguments[0]);
  } else {
    options.sha = action == LIST ? NULL : context->arguments[1];
    options.operator_name = script_words_operator(as);
    options.command_line = command_line;
    options.json = context->json;
    options.width = desk_width(stdout);
    status = run(context, action, &options);
  }
  free(command_line);
  return status;
}
