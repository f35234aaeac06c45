/**
 * reload.c - `mulligan reload`: the running host of a data folder loads its scripts anew.
 *
 * Asks through the control socket and waits for the outcome. `mulligan migrate` does so too, once the database is ready
 * for the scripts.
 */
#include "cli/reload.h"

#include "base/control.h"

#include <stdio.h>
#include <string.h>

/* A load may take as long as the setting load_deadline lets it, and one may be under way already. */
enum { MOST_SECONDS = 120 };

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static void print_problems(const json_t *problems) {
  size_t index;
  json_t *problem;
  json_array_foreach(problems, index, problem) {
    fprintf(stderr, "%s\n", text_of(problem, "sentence"));
    if (json_is_string(json_object_get(problem, "source")))
      fprintf(stderr, "%6lld | %s\n", (long long)json_integer_value(json_object_get(problem, "line")),
              text_of(problem, "source"));
  }
}

int reload_tell(const struct command_context *context, const json_t *outcome) {
  const char *what = text_of(outcome, "outcome");
  long long generation = (long long)json_integer_value(json_object_get(outcome, "generation"));
  if (strcmp(what, "refused") == 0) {
    print_problems(json_object_get(outcome, "problems"));
    if (generation > 0)
      return command_fail(context, COMMAND_FAILED, "not loaded: generation %lld serves on", generation);
    return command_fail(context, COMMAND_FAILED, "not loaded: the host answers 503 until the scripts are mended");
  }
  if (strcmp(what, "loaded") == 0)
    printf("generation %lld serves: %s; loaded in %.0f ms\n", generation, text_of(outcome, "changes"),
           json_real_value(json_object_get(outcome, "milliseconds")));
  else
    printf("nothing has changed: generation %lld serves\n", generation);
  size_t index;
  json_t *name;
  json_array_foreach(json_object_get(outcome, "restart"), index, name) {
    printf("the setting %s needs a restart; until then it stays as it is\n", json_string_value(name));
  }
  return COMMAND_DONE;
}

enum mulligan_status reload_ask(const struct command_context *context, json_t **outcome, struct fault *fault) {
  *outcome = NULL;
  json_t *question = json_pack("{s:s}", "command", "reload");
  if (!question)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  enum mulligan_status status = control_ask(context->settings->data, question, MOST_SECONDS, outcome, fault);
  json_decref(question);
  return status;
}

int command_reload(struct command_context *context, int argc, char **argv) {
  int status;
  static const bool keep_going = true; /* a broken settings.lua is the running host's to tell */
  context->keep_going = &keep_going;
  if (!command_parse(context, NULL, 0, argc, argv, &status))
    return status;
  if (context->argument_count > 0)
    return command_fail(context, COMMAND_USAGE, "'%s' is not expected here", context->arguments[0]);
  struct fault fault;
  json_t *outcome;
  if (reload_ask(context, &outcome, &fault) != MULLIGAN_OK) {
    status = command_fault(context, &fault);
  } else if (context->json) {
    status = command_print_json(context, outcome);
    if (strcmp(text_of(outcome, "outcome"), "refused") == 0)
      status = COMMAND_FAILED;
  } else {
    status = reload_tell(context, outcome);
  }
  json_decref(outcome);
  return status;
}
