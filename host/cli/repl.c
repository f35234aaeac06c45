/**
 * repl.c - `mulligan repl`: the operators' prompt, a file, or a line of code.
 *
 * Runs on the main thread. Like `run` it never creates or migrates a database.
 */
#include "operator/repl.h"
#include "cli/error_text.h"
#include "cli/host.h"
#include "cli/script_words.h"

#include "base/buf.h"
#include "base/file.h"
#include "operator/command_line.h"

#include <stdlib.h>
#include <string.h>

enum { COMMAND_LINE_CAP = 64 * 1024 };

static enum mulligan_status open_host(struct host *host, struct command_context *context, struct fault *fault) {
  char *path = file_join(context->settings->data, "app.db");
  bool has = path && file_exists(path);
  free(path);
  if (!has)
    return fault_set(fault, MULLIGAN_MISSING, "there is no database in %s: `mulligan migrate` makes one",
                     context->settings->data);
  enum mulligan_status status = host_open(host, context, HOST_DATA, fault);
  if (status != MULLIGAN_OK)
    return status;
  /* Routes are left out: one that is broken is no reason to keep an operator from working. */
  status = generation_load(&host->generation, &host->services, 1, false, fault);
  if (status != MULLIGAN_OK) {
    host_record_load_failure(host, fault);
    host_close(host);
  }
  return status;
}

static int exit_status(enum repl_outcome outcome) {
  switch (outcome) {
  case REPL_DONE:
    return COMMAND_DONE;
  case REPL_REFUSED:
    return COMMAND_REFUSED;
  case REPL_INTERRUPTED:
    return COMMAND_INTERRUPTED;
  case REPL_FAILED:
    break;
  }
  return COMMAND_FAILED;
}

static int run(struct command_context *context, struct repl_options *options) {
  struct host host;
  struct fault fault;
  if (open_host(&host, context, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  options->services = &host.services;
  options->generation = host.generation;
  enum repl_outcome outcome = repl_run(options);
  host_close(&host);
  return exit_status(outcome);
}

/* For the audit; the code's own secrets are taken out of its cells, so it is not repeated here. */
static void add_command_line(struct buf *out, const struct repl_options *options) {
  buf_add_text(out, "mulligan repl");
  if (options->code)
    buf_add_text(out, " -e …");
  if (options->file) {
    buf_add_char(out, ' ');
    command_line_add_word(out, options->file);
  }
}

int command_repl(struct command_context *context, int argc, char **argv) {
  static char execute[] = "--execute";
  const char *as = NULL;
  struct repl_options options = {.show_errors = error_text_list, .show_error = error_text_show};
  const struct command_option flags[] = {
      {"execute", "CODE", "run this and end; -e for short", &options.code, NULL, NULL},
      {"as", "NAME", "who works here (default: the Unix user)", &as, NULL, NULL},
  };
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "-e") == 0)
      argv[i] = execute;
  int status;
  if (!command_parse(context, flags, sizeof flags / sizeof *flags, argc, argv, &status))
    return status;
  if (context->json)
    return command_fail(context, COMMAND_USAGE,
                        "it lists nothing that could be JSON; op.say(json.encode(…)) prints some");
  if (context->argument_count > 1)
    return command_fail(context, COMMAND_USAGE, "it takes one file, and \"%s\" is one more", context->arguments[1]);
  options.file = context->argument_count > 0 ? context->arguments[0] : NULL;
  options.operator_name = script_words_operator(as);
  struct buf line;
  buf_init(&line, COMMAND_LINE_CAP);
  add_command_line(&line, &options);
  options.command_line = line.data;
  status = run(context, &options);
  buf_release(&line);
  return status;
}
