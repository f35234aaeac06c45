/**
 * command.c - flags, settings and messages, the same for every command.
 *
 * Runs on the main thread, before anything else is started.
 */
#include "cli/command.h"

#include "base/file.h"
#include "base/log.h"
#include "vm/settings_file.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 64 };

static bool json_flag;
static bool help_flag;

static const struct command_option common[] = {
    {"data", "DIR", "the data folder (default: data)", NULL, NULL, "data"},
    {"scripts", "DIR", "the scripts folder (default: scripts)", NULL, NULL, "scripts"},
    {"notebooks", "DIR", "the notebooks folder (default: notebooks beside the scripts)", NULL, NULL, "notebooks"},
    {"json", NULL, "print JSON", NULL, &json_flag, NULL},
    {"help", NULL, "tell what this command takes", NULL, &help_flag, NULL},
};

enum { COMMON_COUNT = sizeof common / sizeof *common };

static void print_option(const struct command_option *option) {
  char flag[64];
  snprintf(flag, sizeof flag, "--%s%s%s", option->name, option->placeholder ? " " : "",
           option->placeholder ? option->placeholder : "");
  printf("  %-24s %s\n", flag, option->help);
}

/* Every setting with its default; those of the Lua side are tables. */
static void print_settings(void) {
  size_t count;
  const struct settings_entry *entries = settings_entries(&count);
  printf(
      "\nsettings, in scripts/settings.lua or as MULLIGAN_ and the name in capitals (or the variable in brackets):\n");
  for (size_t i = 0; i < count; i++) {
    const char *fallback = entries[i].fallback;
    printf("  %-24s %s", entries[i].name, entries[i].help);
    if (entries[i].variable)
      printf(" [%s]", entries[i].variable);
    if (fallback && fallback[0])
      printf(" (default: %s)", fallback);
    putchar('\n');
  }
}

static void print_help(const struct command *command, const struct command_option *options, size_t count) {
  printf("usage: mulligan %s%s%s [FLAGS]\n\n%s.\n\nflags:\n", command->name, command->arguments[0] ? " " : "",
         command->arguments, command->summary);
  for (size_t i = 0; i < count; i++)
    print_option(&options[i]);
  for (size_t i = 0; i < COMMON_COUNT; i++)
    print_option(&common[i]);
  if (command->lists_settings)
    print_settings();
}

/* The flags of both tables, and the value that was given for each setting among them. */
struct parse {
  const struct command_option *options[MOST_OPTIONS];
  const char *values[MOST_OPTIONS];
  struct option longs[MOST_OPTIONS + 1];
  int count;
};

static void add_options(struct parse *to, const struct command_option *options, size_t count) {
  for (size_t i = 0; i < count && to->count < MOST_OPTIONS; i++) {
    to->options[to->count] = &options[i];
    to->longs[to->count] =
        (struct option){options[i].name, options[i].flag ? no_argument : required_argument, NULL, 'A' + to->count};
    to->count++;
  }
}

static enum mulligan_status apply_flags(const struct parse *given, struct settings *settings, struct fault *fault) {
  for (int i = 0; i < given->count; i++) {
    const struct command_option *option = given->options[i];
    if (!option->setting || !given->values[i])
      continue;
    char origin[64];
    snprintf(origin, sizeof origin, "--%s", option->name);
    enum mulligan_status status = settings_set(settings, option->setting, given->values[i], origin, fault);
    if (status != MULLIGAN_OK)
      return status;
  }
  return MULLIGAN_OK;
}

/* The flags of the command that runs, for as long as it does. */
static struct parse parse;

static enum mulligan_status apply_words(struct settings *settings, struct fault *fault) {
  enum mulligan_status status = settings_from_environment(settings, fault);
  return status == MULLIGAN_OK ? apply_flags(&parse, settings, fault) : status;
}

enum mulligan_status command_settle(struct settings **out, const char *source, size_t length, struct fault *fault) {
  *out = NULL;
  struct settings *settings = settings_create();
  if (!settings)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  enum mulligan_status status = source ? settings_file_apply_source(settings, source, length, fault) : MULLIGAN_OK;
  if (status == MULLIGAN_OK)
    status = apply_words(settings, fault);
  if (status != MULLIGAN_OK) {
    settings_destroy(settings);
    return status;
  }
  settings_settle(settings);
  *out = settings;
  return MULLIGAN_OK;
}

/* Defaults, settings.lua, environment, flags; the flags and the environment also say where settings.lua is. */
static enum mulligan_status settle(struct settings *settings, struct fault *fault) {
  enum mulligan_status status = apply_words(settings, fault);
  if (status != MULLIGAN_OK)
    return status;
  char *path = file_join(settings->scripts, "settings.lua");
  if (!path)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  status = settings_file_apply(settings, path, fault);
  free(path);
  if (status == MULLIGAN_OK)
    status = apply_words(settings, fault);
  settings_settle(settings);
  return status;
}

/* Settles context->settings; without settings.lua where that is broken and the command wants to go on all the same. */
static enum mulligan_status settle_context(struct command_context *context, struct fault *fault) {
  context->settings = settings_create();
  if (!context->settings)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  enum mulligan_status status = settle(context->settings, fault);
  if (status != MULLIGAN_OK && context->keep_going && *context->keep_going) {
    settings_destroy(context->settings);
    status = command_settle(&context->settings, NULL, 0, fault);
  }
  enum log_level level;
  if (status == MULLIGAN_OK && log_parse_level(context->settings->log_level, &level))
    log_set_level(level);
  return status;
}

bool command_parse(struct command_context *context, const struct command_option *options, size_t count, int argc,
                   char **argv, int *status) {
  parse = (struct parse){.count = 0};
  json_flag = help_flag = false;
  add_options(&parse, options, count);
  add_options(&parse, common, COMMON_COUNT);

  char program[64];
  snprintf(program, sizeof program, "mulligan %s", argv[0]);
  char *name = argv[0];
  argv[0] = program; /* getopt's own messages begin with it */
  optind = 0;
  int found;
  while ((found = getopt_long(argc, argv, "", parse.longs, NULL)) != -1) {
    if (found == '?') {
      fprintf(stderr, "`mulligan %s --help` tells what it takes.\n", name);
      argv[0] = name;
      *status = COMMAND_USAGE;
      return false;
    }
    const struct command_option *option = parse.options[found - 'A'];
    if (option->flag)
      *option->flag = true;
    else if (option->text)
      *option->text = optarg;
    parse.values[found - 'A'] = optarg;
  }
  argv[0] = name;
  if (help_flag) {
    print_help(context->command, options, count);
    *status = COMMAND_DONE;
    return false;
  }
  context->json = json_flag;
  context->arguments = argv + optind;
  context->argument_count = argc - optind;
  struct fault fault;
  if (settle_context(context, &fault) == MULLIGAN_OK)
    return true;
  *status = command_fault(context, &fault);
  return false;
}

int command_fail(const struct command_context *context, int status, const char *format, ...) {
  va_list args;
  fprintf(stderr, "mulligan %s: ", context->command->name);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  return status;
}

int command_fault(const struct command_context *context, const struct fault *fault) {
  return command_fail(context, COMMAND_FAILED, "%s", fault->message);
}

int command_print_json(const struct command_context *context, const json_t *value) {
  if (json_dumpf(value, stdout, JSON_INDENT(2)) != 0 || fputc('\n', stdout) == EOF || fflush(stdout) != 0)
    return command_fail(context, COMMAND_FAILED, "standard output cannot be written");
  return COMMAND_DONE;
}
