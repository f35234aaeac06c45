/**
 * notebook.c - `mulligan notebook list|show|run|convert`: the operations desk's notebooks.
 *
 * Runs on the main thread. To list, show or convert them needs no data.
 */
#include "cli/desk.h"
#include "cli/job_exit.h"
#include "cli/script_words.h"
#include "operator/notebook_desk.h"
#include "operator/words.h"

#include <stdlib.h>
#include <string.h>

/* The values of `-p`, taken out of the command line, each as `--name=value` (arguments.h). */
struct keys {
  char **words;
  size_t count;
};

static void release_keys(struct keys *keys) {
  for (size_t i = 0; i < keys->count; i++)
    free(keys->words[i]);
  free(keys->words);
}

/* Takes a word; false if it is no NAME=VALUE, or there is no memory. */
static bool add_key(struct keys *keys, const char *word) {
  if (!word || !strchr(word, '=') || *word == '=')
    return false;
  size_t size = strlen(word) + 3;
  char *text = malloc(size);
  if (!text)
    return false;
  snprintf(text, size, "--%s", word);
  keys->words[keys->count++] = text;
  return true;
}

/* Moves `-p NAME=VALUE` and `-pNAME=VALUE` from the words to `keys`. Returns the word that is wrong, or NULL. */
static const char *take_keys(struct keys *keys, int *argc, char **argv) {
  int kept = 1;
  *keys = (struct keys){.words = calloc((size_t)*argc + 1, sizeof *keys->words)};
  if (!keys->words)
    return "(out of memory)";
  for (int i = 1; i < *argc; i++) {
    if (strncmp(argv[i], "-p", 2) != 0) {
      argv[kept++] = argv[i];
      continue;
    }
    const char *word = argv[i][2] ? argv[i] + 2 : i + 1 < *argc ? argv[++i] : "(nothing)";
    if (!add_key(keys, word))
      return word;
  }
  argv[kept] = NULL;
  *argc = kept;
  return NULL;
}

/* ---- actions ---- */

static int list(struct command_context *context, struct notebook_run_options *options) {
  (void)options;
  return job_exit(notebook_desk_list(context->settings, context->json, desk_width(stdout)));
}

static int show(struct command_context *context, struct notebook_run_options *options) {
  (void)options;
  return job_exit(notebook_desk_show(context->settings, context->arguments[1], context->json));
}

static int run(struct command_context *context, struct notebook_run_options *options) {
  struct host host;
  struct fault fault;
  if (desk_open(&host, context, true, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  options->name = context->arguments[1];
  options->json = context->json;
  struct notebook_result result = notebook_desk_run(&host.services, host.generation, options);
  host_close(&host);
  return result.interrupted ? COMMAND_INTERRUPTED : job_exit(result.outcome);
}

static int convert(struct command_context *context, struct notebook_run_options *options) {
  (void)options;
  return job_exit(notebook_desk_convert(context->settings, context->arguments[1], context->arguments[2]));
}

static const struct action {
  const char *name;
  int arguments; /* beside its name */
  const char *takes;
  int (*act)(struct command_context *context, struct notebook_run_options *options);
} actions[] = {
    {"list", 0, "no argument", list},
    {"show", 1, "one notebook, by its name or its path", show},
    {"run", 1, "one notebook, by its name or its path, and its parameters as -p NAME=VALUE", run},
    {"convert", 2, "a notebook and the path of another, one ending in .lua or .ipynb each", convert},
};

static int act(struct command_context *context, struct notebook_run_options *options) {
  const char *name = context->argument_count > 0 ? context->arguments[0] : "list";
  const struct action *action = NULL;
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
    if (strcmp(actions[i].name, name) == 0)
      action = &actions[i];
  int given = context->argument_count > 0 ? context->argument_count - 1 : 0;
  if (!action)
    return command_fail(context, COMMAND_USAGE, "there is no '%s'; there are list, show, run and convert", name);
  if (given != action->arguments)
    return command_fail(context, COMMAND_USAGE, "%s takes %s", name, action->takes);
  bool for_run = options->word_count > 0 || options->apply || options->yes || options->output || options->html;
  if (action->act != run && for_run)
    return command_fail(context, COMMAND_USAGE, "-p, --apply, --yes, --output and --html go with run, not with %s",
                        name);
  return action->act(context, options);
}

int command_notebook(struct command_context *context, int argc, char **argv) {
  struct notebook_run_options options = {.out = stdout};
  const char *as = NULL;
  const struct command_option flags[] = {
      {"apply", NULL, "run: save what it changes, after it was shown", NULL, &options.apply, NULL},
      {"yes", NULL, "run: do not ask for the confirmation", NULL, &options.yes, NULL},
      {"as", "NAME", "run: who runs it (default: the Unix user)", &as, NULL, NULL},
      {"output", "FILE.ipynb", "run: write what came of it there, too", &options.output, NULL, NULL},
      {"html", "FILE.html", "run: and as a page", &options.html, NULL, NULL},
  };
  struct keys keys;
  const char *wrong = take_keys(&keys, &argc, argv);
  int status;
  if (wrong) {
    status = command_fail(context, COMMAND_USAGE, "-p takes NAME=VALUE, not '%s'", wrong);
  } else if (command_parse(context, flags, sizeof flags / sizeof *flags, argc, argv, &status)) {
    options.words = keys.words;
    options.word_count = keys.count;
    options.operator_name = script_words_operator(as);
    status = act(context, &options);
  }
  release_keys(&keys);
  return status;
}
