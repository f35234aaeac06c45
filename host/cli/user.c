/**
 * user.c - `mulligan user create`: makes an account, by the application's own operator script.
 *
 * The host knows no users; scripts/operators/create_user.lua does. It is run as any operator script, and applied at
 * once.
 */
#include "cli/host.h"
#include "cli/job_exit.h"
#include "cli/script_words.h"

#include <stdio.h>
#include <string.h>

static const char script[] = "create_user";

static int create(struct command_context *context, const struct script_words *words, struct job_options *options) {
  struct host host;
  struct fault fault;
  int parts = words->help ? 0 : HOST_DATA | HOST_MIGRATED;
  if (host_open(&host, context, parts, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int status;
  if (generation_load(&host.generation, &host.services, 1, false, &fault) != MULLIGAN_OK)
    status = command_fault(context, &fault);
  else if (words->help)
    status = job_exit(job_show_usage(&host.services, host.generation, options));
  else
    status = job_exit(job_run(&host.services, host.generation, options));
  host_close(&host);
  return status;
}

int command_user(struct command_context *context, int argc, char **argv) {
  struct script_words words;
  struct fault fault;
  if (script_words_divide(&words, argc, argv, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  const char *as = NULL;
  const struct command_option flags[] = {{"as", "NAME", "who makes it (default: the Unix user)", &as, NULL, NULL}};
  int status;
  bool is_create = words.name && strcmp(words.name, "create") == 0;
  if (!is_create && !words.help)
    status = command_fail(context, COMMAND_USAGE, "`mulligan user create --email …` is what there is");
  else if (command_parse(context, flags, sizeof flags / sizeof *flags, words.flag_count, words.flags, &status)) {
    struct job_options options = {.command = "user create",
                                  .usage = "user create --PARAMETER VALUE … [--as NAME] [--json]",
                                  .name = script,
                                  .words = words.parameters,
                                  .word_count = words.parameter_count,
                                  .operator_name = script_words_operator(as),
                                  .apply = true,
                                  .yes = true,
                                  .brief = true,
                                  .json = context->json,
                                  .out = stdout};
    status = create(context, &words, &options);
  }
  script_words_release(&words);
  return status;
}
