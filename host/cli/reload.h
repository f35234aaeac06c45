/**
 * reload.h - asking the running host of a data folder to load its scripts anew.
 */
#ifndef MULLIGAN_CLI_RELOAD_H
#define MULLIGAN_CLI_RELOAD_H

#include "cli/command.h"

/** Asks, and waits for what came of it (reloader_answer()), which the caller then owns; fails as control_ask() does. */
enum mulligan_status reload_ask(const struct command_context *context, json_t **outcome, struct fault *fault);
/** Tells what came of it: COMMAND_DONE, or COMMAND_FAILED where the scripts were refused. */
int reload_tell(const struct command_context *context, const json_t *outcome);

#endif
