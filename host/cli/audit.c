/**
 * audit.c - `mulligan audit list|show|verify`: who ran what, what came of it, and whether the record is whole.
 *
 * Runs on the main thread, beside a running host or without one. Runs that ended without a word are settled first; but
 * verify looks at what is there, and settles nothing.
 */
#include "data/audit.h"
#include "base/buf.h"
#include "cli/desk.h"
#include "operator/audit_text.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 256 << 20, LIST_LIMIT = 50 };

struct flags {
  const char *limit;
};

static int print_text(const struct buf *text) {
  return fwrite(text->data, 1, text->length, stdout) == text->length ? COMMAND_DONE : COMMAND_FAILED;
}

static int list(struct command_context *context, const struct host *host, const struct flags *flags) {
  json_t *runs;
  struct fault fault;
  char *end = NULL;
  long limit = flags->limit ? strtol(flags->limit, &end, 10) : LIST_LIMIT;
  if (flags->limit && (*end || !*flags->limit || limit < 0 || limit > INT32_MAX))
    return command_fail(context, COMMAND_USAGE, "--limit takes a whole number, 0 for all, not '%s'", flags->limit);
  desk_settle(host);
  if (audit_list(host->services.settings->data, (int)limit, &runs, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int status;
  if (context->json) {
    status = command_print_json(context, runs);
  } else {
    struct buf text;
    buf_init(&text, TEXT_CAP);
    audit_text_add_list(&text, runs, desk_width(stdout));
    status = print_text(&text);
    buf_release(&text);
  }
  json_decref(runs);
  return status;
}

static int show(struct command_context *context, const struct host *host, const struct flags *flags) {
  json_t *run;
  struct fault fault;
  (void)flags;
  desk_settle(host);
  if (audit_get(host->services.settings->data, context->arguments[1], &run, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int status;
  if (context->json) {
    status = command_print_json(context, run);
  } else {
    struct buf text;
    buf_init(&text, TEXT_CAP);
    audit_text_add_run(&text, run, desk_width(stdout));
    status = print_text(&text);
    buf_release(&text);
  }
  json_decref(run);
  return status;
}

static int verify(struct command_context *context, const struct host *host, const struct flags *flags) {
  const struct audit_options options = desk_audit(host);
  json_t *verdict;
  struct fault fault;
  (void)flags;
  if (audit_verify(&options, &verdict, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  bool sound = json_is_true(json_object_get(verdict, "sound"));
  int status;
  if (context->json) {
    status = command_print_json(context, verdict);
  } else {
    struct buf text;
    buf_init(&text, TEXT_CAP);
    audit_text_add_verdict(&text, verdict);
    fwrite(text.data, 1, text.length, sound ? stdout : stderr);
    status = COMMAND_DONE;
    buf_release(&text);
  }
  json_decref(verdict);
  return sound ? status : COMMAND_FAILED;
}

struct action {
  const char *name;
  int arguments; /* beside its name */
  const char *takes;
  int (*run)(struct command_context *context, const struct host *host, const struct flags *flags);
};

static const struct action actions[] = {
    {"list", 0, "no argument", list},
    {"show", 1, "one run, as `mulligan audit list` shows it", show},
    {"verify", 0, "no argument", verify},
};

int command_audit(struct command_context *context, int argc, char **argv) {
  struct flags flags = {0};
  const struct command_option options[] = {
      {"limit", "N", "list: at most so many, 0 for all (default: 50)", &flags.limit, NULL, NULL}};
  int status;
  if (!command_parse(context, options, sizeof options / sizeof *options, argc, argv, &status))
    return status;
  const char *name = context->argument_count > 0 ? context->arguments[0] : "list";
  const struct action *action = NULL;
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
    if (strcmp(actions[i].name, name) == 0)
      action = &actions[i];
  if (!action)
    return command_fail(context, COMMAND_USAGE, "there is no '%s'; there are list, show and verify", name);
  int given = context->argument_count > 0 ? context->argument_count - 1 : 0;
  if (given != action->arguments)
    return command_fail(context, COMMAND_USAGE, "%s takes %s", name, action->takes);
  struct host host;
  struct fault fault;
  if (desk_open(&host, context, false, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  status = action->run(context, &host, &flags);
  host_close(&host);
  return status;
}
