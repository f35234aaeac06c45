/**
 * command.h - what every subcommand shares: its entry in the table, its flags, its exit status.
 */
#ifndef MULLIGAN_CLI_COMMAND_H
#define MULLIGAN_CLI_COMMAND_H

#include "base/fault.h"
#include "base/settings.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum command_exit {
  COMMAND_DONE = 0,
  COMMAND_FAILED = 1,
  COMMAND_USAGE = 2,
  COMMAND_REFUSED = 3, /* refused, or not confirmed */
  COMMAND_INTERRUPTED = 130
};

struct command_context;

struct command {
  const char *name;
  const char *arguments;                                              /* "[REF…]", shown in the usage line */
  const char *summary;                                                /* one line for the list of commands */
  int (*run)(struct command_context *context, int argc, char **argv); /* argv[0] is the command's name */
  bool lists_settings;                                                /* --help tells every setting too */
};

/** A flag of one command. Exactly one of `text`, `flag` and `setting` is not NULL. */
struct command_option {
  const char *name;        /* without the two hyphens */
  const char *placeholder; /* "N", "DIR"; NULL for a flag without a value */
  const char *help;
  const char **text;   /* receives the value */
  bool *flag;          /* set to true */
  const char *setting; /* the setting that the value overrides */
};

struct command_context {
  const struct command *command;
  struct settings *settings; /* complete once command_parse() has returned COMMAND_DONE */
  bool json;                 /* --json was given */
  char **arguments;          /* what is not a flag, in order; NULL-terminated; points into argv */
  int argument_count;
  const bool
      *keep_going; /* set before command_parse(); if true after the flags, a broken settings.lua is passed over */
};

/** The table of all commands, ended by a row without a name. */
extern const struct command commands[];

/**
 * Reads the flags, anywhere between the arguments, then settles the settings (defaults, settings.lua, environment,
 * flags). Every command takes --data, --scripts, --notebooks, --json and --help beside its own `options`. Returns true
 * to go on; false when the command is over: `*status` is then its exit status (0 after --help, COMMAND_USAGE with the
 * reason on standard error, COMMAND_FAILED for settings that are wrong).
 */
bool command_parse(struct command_context *context, const struct command_option *options, size_t count, int argc,
                   char **argv, int *status);

/**
 * Settles the settings once more, with `source` for settings.lua (NULL: there is none) and the flags of
 * command_parse(). The caller owns `*out`. Any thread.
 */
enum mulligan_status command_settle(struct settings **out, const char *source, size_t length, struct fault *fault);

/** Prints "mulligan COMMAND: message" on standard error and returns `status`. */
int command_fail(const struct command_context *context, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** The same with a fault's message; COMMAND_FAILED. */
int command_fault(const struct command_context *context, const struct fault *fault);
/** Prints a JSON value and a line break on standard output; COMMAND_DONE, or COMMAND_FAILED when that cannot be
 * written. */
int command_print_json(const struct command_context *context, const json_t *value);

int command_alerts(struct command_context *context, int argc, char **argv);
int command_audit(struct command_context *context, int argc, char **argv);
int command_check(struct command_context *context, int argc, char **argv);
int command_errors(struct command_context *context, int argc, char **argv);
int command_plan(struct command_context *context, int argc, char **argv);
int command_reload(struct command_context *context, int argc, char **argv);
int command_log(struct command_context *context, int argc, char **argv);
int command_migrate(struct command_context *context, int argc, char **argv);
int command_notebook(struct command_context *context, int argc, char **argv);
int command_repl(struct command_context *context, int argc, char **argv);
int command_requests(struct command_context *context, int argc, char **argv);
int command_routes(struct command_context *context, int argc, char **argv);
int command_run(struct command_context *context, int argc, char **argv);
int command_serve(struct command_context *context, int argc, char **argv);
int command_undo(struct command_context *context, int argc, char **argv);
int command_user(struct command_context *context, int argc, char **argv);
int command_version(struct command_context *context, int argc, char **argv);

#endif
