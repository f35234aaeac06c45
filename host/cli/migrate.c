/**
 * migrate.c - `mulligan migrate`: brings app.db to the scripts' newest migration.
 *
 * A host that is running may have refused scripts that came with the migration; it is asked to load them.
 */
#include "cli/host.h"
#include "cli/reload.h"

#include <stdio.h>

/* What the running host, if there is one, makes of it is told but changes nothing of the migration's success. */
static void reload_running(const struct command_context *context) {
  json_t *outcome;
  struct fault fault;
  enum mulligan_status status = reload_ask(context, &outcome, &fault);
  if (status == MULLIGAN_OK && !context->json)
    reload_tell(context, outcome);
  else if (status != MULLIGAN_OK && status != MULLIGAN_MISSING)
    command_fault(context, &fault);
  json_decref(outcome);
}

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
  if (applied > 0)
    reload_running(context);
  return status;
}
