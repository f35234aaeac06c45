/**
 * main.c - `mulligan COMMAND …`: finds the command and runs it.
 */
#include "base/log.h"
#include "base/random_source.h"
#include "cli/command.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

const struct command commands[] = {
    {"serve", "", "serve the scripts over HTTP", command_serve, true},
    {"errors", "list|show REF…|groups|resolve|reopen|mute GROUP|prune", "what went wrong", command_errors, false},
    {"alerts", "status|test CHANNEL|retry [CHANNEL]", "Slack and mail: do they work, and what waits", command_alerts,
     false},
    {"run", "[NAME]", "run an operator script: first shown, then done", command_run, false},
    {"notebook", "list|show NAME|run NAME -p KEY=VALUE …|convert A B", "notebooks of the operations desk",
     command_notebook, false},
    {"plan", "list|show|apply SHA", "what runs would change: shown again, or applied", command_plan, false},
    {"undo", "RUN", "take back what a run changed: first shown, then done", command_undo, false},
    {"audit", "list|show RUN|verify", "who ran what, and what came of it", command_audit, false},
    {"repl", "[FILE] [-e CODE]", "the operators' prompt", command_repl, false},
    {"routes", "", "every path, its methods and where they are registered", command_routes, false},
    {"check", "", "say what is wrong with the scripts", command_check, false},
    {"reload", "", "let the running host load its scripts anew, and say what came of it", command_reload, false},
    {"migrate", "", "bring the database to the scripts' newest migration", command_migrate, false},
    {"user", "create", "make a user", command_user, false},
    {"requests", "[show ID]", "what was asked and answered, by whom and how fast", command_requests, false},
    {"log", "", "the end of the running host's log, and what comes next", command_log, false},
    {"version", "", "what this program is made of", command_version, false},
    {NULL, NULL, NULL, NULL, false},
};

static void print_commands(FILE *out) {
  fprintf(out, "usage: mulligan COMMAND [ARGUMENTS] [FLAGS]\n\ncommands:\n");
  for (const struct command *command = commands; command->name; command++)
    fprintf(out, "  %-9s %s\n", command->name, command->summary);
  fprintf(out, "\n`mulligan COMMAND --help` tells a command's flags.\n");
}

int main(int argc, char **argv) {
  signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk, which a write reports */
  random_source_install();
  if (sodium_init() < 0) {
    fprintf(stderr, "mulligan: libsodium does not start\n");
    return COMMAND_FAILED;
  }
  if (argc < 2) {
    print_commands(stderr);
    return COMMAND_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
    print_commands(stdout);
    return COMMAND_DONE;
  }
  const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
  for (const struct command *command = commands; command->name; command++) {
    if (strcmp(command->name, name) != 0)
      continue;
    struct command_context context = {.command = command};
    int status = command->run(&context, argc - 1, argv + 1);
    settings_destroy(context.settings);
    return status;
  }
  fprintf(stderr, "mulligan: there is no command '%s'\n\n", argv[1]);
  print_commands(stderr);
  return COMMAND_USAGE;
}
