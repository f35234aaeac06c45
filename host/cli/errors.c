/**
 * errors.c - `mulligan errors`: what went wrong, looked up and worked on from a shell.
 *
 * Runs on the main thread, beside a running host or without one: it reads errors.db and the spool by itself, and its
 * few writes take errors.lock as the host's do.
 */
#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/error_text.h"
#include "cli/flag_value.h"
#include "data/error_group.h"
#include "data/error_log.h"
#include "data/error_retention.h"

#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** The flags, as typed; NULL where they are not given. */
struct flags {
  const char *since, *status, *path, *user, *group, *limit, *older_than, *note, *as;
};

/* ---- list, show ---- */

static int list(const struct command_context *context, const struct flags *flags, char **arguments, int count) {
  (void)arguments;
  (void)count;
  struct error_log_filter filter = {.path = flags->path, .user = flags->user};
  int64_t status, limit;
  if (!flag_value_moment(context, "--since", flags->since, &filter.since) ||
      !flag_value_number(context, "--status", flags->status, 100, 0, &status) ||
      !flag_value_number(context, "--group", flags->group, 1, 0, &filter.group) ||
      !flag_value_number(context, "--limit", flags->limit, 1, 50, &limit))
    return COMMAND_USAGE;
  filter.status = (int)status;
  filter.limit = (int)limit;

  json_t *rows;
  struct fault fault;
  if (error_log_list(context->settings->data, &filter, &rows, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int result = COMMAND_DONE;
  json_t *dropped;
  if (error_dropped_list(context->settings->data, &dropped, NULL) == MULLIGAN_OK)
    error_text_dropped(context->json ? stderr : stdout, dropped);
  if (context->json)
    result = command_print_json(context, rows);
  else
    error_text_list(stdout, rows);
  json_decref(dropped);
  json_decref(rows);
  return result;
}

/** Shows every reference there is; one that is not there is named on standard error and fails the command at the end.
 */
static int show(const struct command_context *context, const struct flags *flags, char **references, int count) {
  (void)flags;
  int result = COMMAND_DONE;
  json_t *rows = json_array();
  for (int i = 0; i < count; i++) {
    json_t *row;
    struct fault fault;
    if (error_log_get(context->settings->data, references[i], &row, &fault) != MULLIGAN_OK)
      result = command_fault(context, &fault);
    else
      json_array_append_new(rows, row);
  }
  if (context->json && (count > 1 || json_array_size(rows) == 1)) {
    int printed = command_print_json(context, count > 1 ? rows : json_array_get(rows, 0));
    result = result == COMMAND_DONE ? printed : result;
  }
  size_t index;
  json_t *row;
  if (!context->json) {
    json_array_foreach(rows, index, row) {
      if (index > 0)
        puts("");
      error_text_show(stdout, row);
    }
  }
  json_decref(rows);
  return result;
}

/* ---- groups ---- */

static int groups(const struct command_context *context, const struct flags *flags, char **arguments, int count) {
  (void)arguments;
  (void)count;
  struct error_group_filter filter = {0};
  int64_t limit;
  if (!flag_value_moment(context, "--since", flags->since, &filter.since) ||
      !flag_value_number(context, "--group", flags->group, 1, 0, &filter.id) ||
      !flag_value_number(context, "--limit", flags->limit, 1, 50, &limit))
    return COMMAND_USAGE;
  filter.limit = (int)limit;
  json_t *rows;
  struct fault fault;
  if (error_group_list(context->settings->data, &filter, &rows, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int result = COMMAND_DONE;
  if (context->json)
    result = command_print_json(context, rows);
  else
    error_text_groups(stdout, rows);
  json_decref(rows);
  return result;
}

/** Who works here: `--as`, or the account's name. */
static const char *worker(const struct flags *flags) {
  if (flags->as != NULL)
    return flags->as;
  const struct passwd *account = getpwuid(getuid());
  return account != NULL ? account->pw_name : NULL;
}

static int set_state(const struct command_context *context, const struct flags *flags, const char *state,
                     const char *group) {
  int64_t id;
  if (!flag_value_number(context, "a group", group, 1, 0, &id))
    return COMMAND_USAGE;
  struct fault fault;
  if (error_group_set_state(context->settings->data, id, state, worker(flags), flags->note, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  struct error_group_filter filter = {.id = id, .limit = 1};
  json_t *rows;
  if (error_group_list(context->settings->data, &filter, &rows, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int result = COMMAND_DONE;
  if (context->json)
    result = command_print_json(context, json_array_get(rows, 0));
  else
    printf("Group %lld is %s.\n", (long long)id, state);
  json_decref(rows);
  return result;
}

static int resolve(const struct command_context *context, const struct flags *flags, char **arguments, int count) {
  (void)count;
  return set_state(context, flags, "resolved", arguments[0]);
}

static int reopen(const struct command_context *context, const struct flags *flags, char **arguments, int count) {
  (void)count;
  return set_state(context, flags, "open", arguments[0]);
}

static int mute(const struct command_context *context, const struct flags *flags, char **arguments, int count) {
  (void)count;
  return set_state(context, flags, "muted", arguments[0]);
}

static int prune(const struct command_context *context, const struct flags *flags, char **arguments, int count) {
  (void)arguments;
  (void)count;
  int64_t before, removed;
  if (flags->older_than == NULL)
    return command_fail(context, COMMAND_USAGE, "prune needs --older-than, such as --older-than 90d");
  if (!flag_value_moment(context, "--older-than", flags->older_than, &before))
    return COMMAND_USAGE;
  struct fault fault;
  if (error_log_prune(context->settings->data, before, &removed, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  if (!context->json) {
    printf("Removed %lld errors; groups and their counts stay.\n", (long long)removed);
    return COMMAND_DONE;
  }
  json_t *result = json_pack("{s:I}", "removed", (json_int_t)removed);
  int status = command_print_json(context, result);
  json_decref(result);
  return status;
}

/* ---- the command ---- */

struct action {
  const char *name;
  int least, most; /* arguments */
  const char *takes;
  int (*run)(const struct command_context *context, const struct flags *flags, char **arguments, int count);
};

static const struct action actions[] = {
    {"list", 0, 0, "no argument", list},
    {"show", 1, INT_MAX, "at least one reference, such as ERR-7K3F-9QXA", show},
    {"groups", 0, 0, "no argument", groups},
    {"resolve", 1, 1, "one group's number, as `mulligan errors groups` shows it", resolve},
    {"reopen", 1, 1, "one group's number, as `mulligan errors groups` shows it", reopen},
    {"mute", 1, 1, "one group's number, as `mulligan errors groups` shows it", mute},
    {"prune", 0, 0, "no argument", prune},
};

static const struct action *find_action(const char *name) {
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
    if (strcmp(actions[i].name, name) == 0)
      return &actions[i];
  return NULL;
}

int command_errors(struct command_context *context, int argc, char **argv) {
  struct flags flags = {0};
  const struct command_option options[] = {
      {"since", "SPAN", "list, groups: only what happened within 20s, 5m, 1h, 90d, or since a time", &flags.since, NULL,
       NULL},
      {"status", "N", "list: only this HTTP status", &flags.status, NULL, NULL},
      {"path", "P", "list: only this path", &flags.path, NULL, NULL},
      {"user", "U", "list: only this user, by e-mail or id", &flags.user, NULL, NULL},
      {"group", "G", "list, groups: only this group", &flags.group, NULL, NULL},
      {"limit", "N", "list, groups: at most so many (default: 50)", &flags.limit, NULL, NULL},
      {"older-than", "SPAN", "prune: what happened before", &flags.older_than, NULL, NULL},
      {"note", "TEXT", "resolve, reopen, mute: what the next one should know", &flags.note, NULL, NULL},
      {"as", "NAME", "resolve, reopen, mute: who does it (default: your account)", &flags.as, NULL, NULL},
  };
  int status;
  if (!command_parse(context, options, sizeof options / sizeof *options, argc, argv, &status))
    return status;
  bool named = context->argument_count > 0;
  const char *name = named ? context->arguments[0] : "list";
  const struct action *action = find_action(name);
  if (action == NULL)
    return command_fail(context, COMMAND_USAGE,
                        "there is no '%s'; there are list, show, groups, resolve, reopen, mute and prune", name);
  int count = context->argument_count - (named ? 1 : 0);
  if (count < action->least || count > action->most)
    return command_fail(context, COMMAND_USAGE, "%s takes %s", name, action->takes);
  /* An empty list for a folder that was mistyped would be taken for good news. */
  if (!file_exists(context->settings->data))
    return command_fail(context, COMMAND_FAILED, "there is no data folder %s", context->settings->data);
  return action->run(context, &flags, context->arguments + 1, count);
}
