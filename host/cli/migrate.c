/**
 * migrate.c - `mulligan migrate`: brings app.db to the scripts' newest migration.
 */
#include "cli/host.h"

#include <stdio.h>

int command_migrate(struct command_context *context, int argc, char **argv) {
  int status;
  if (!command_parse(context, NULL, 0, argc, argv, &status))
    return status;
  struct host host;
  struct fault fault;
  if (host_open(&host, context, HOST_DATA, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int applied = 0;
  if (host_migrate(&host, &applied, &fault) != MULLIGAN_OK) {
    status = command_fault(context, &fault);
  } else if (context->json) {
    json_t *result = json_pack("{s:i}", "applied", applied);
    status = command_print_json(context, result);
    json_decref(result);
  } else {
    printf(applied ? "%d migration(s) applied to %s\n" : "nothing to do%.0d: %s is up to date\n", applied,
           host.app_path);
    status = COMMAND_DONE;
  }
  host_close(&host);
  return status;
}
