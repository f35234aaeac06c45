/**
 * version.c - `mulligan version`.
 */
#include "cli/command.h"

#include <stdio.h>

int command_version(struct command_context *context, int argc, char **argv) {
  int status;
  if (!command_parse(context, NULL, 0, argc, argv, &status))
    return status;
  if (context->json) {
    json_t *version = json_pack("{s:s}", "version", MULLIGAN_VERSION);
    status = command_print_json(context, version);
    json_decref(version);
    return status;
  }
  printf("mulligan %s\n", MULLIGAN_VERSION);
  return COMMAND_DONE;
}
