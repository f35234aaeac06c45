/**
 * check.c - `mulligan check`: loads every script, off to the side, and says what is wrong with it.
 *
 * Routes are run as the host would run them; every other script is compiled, and operator scripts are loaded too.
 */
#include "cli/host.h"

#include "operator/script.h"
#include "vm/script_check.h"

#include <stdio.h>

static void print_problems(const json_t *problems) {
  size_t index;
  json_t *problem;
  json_array_foreach(problems, index, problem) {
    fprintf(stderr, "%s\n", json_string_value(problem));
  }
}

/* What operator scripts say of themselves is the operator floor's to judge; only of scripts that load, or each problem
 * came twice. */
static void check_descriptions(const struct host *host, json_t *problems) {
  struct generation *generation;
  struct fault fault;
  if (json_array_size(problems) > 0 || generation_load(&generation, &host->services, 1, false, &fault) != MULLIGAN_OK)
    return;
  script_check_descriptions(&host->services, generation, problems);
  generation_drop(generation);
}

int command_check(struct command_context *context, int argc, char **argv) {
  int status;
  if (!command_parse(context, NULL, 0, argc, argv, &status))
    return status;
  struct host host;
  struct fault fault;
  if (host_open(&host, context, 0, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  json_t *problems = script_check(&host.services);
  check_descriptions(&host, problems);
  size_t count = json_array_size(problems);
  if (context->json)
    status = command_print_json(context, problems);
  else if (count == 0)
    printf("every script in %s loads\n", context->settings->scripts);
  else
    print_problems(problems);
  json_decref(problems);
  host_close(&host);
  return count > 0 ? COMMAND_FAILED : COMMAND_DONE;
}
