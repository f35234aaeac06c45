/**
 * debug_mode.h - whether debug mode is on, and whether it may be.
 */
#ifndef MULLIGAN_CLI_DEBUG_MODE_H
#define MULLIGAN_CLI_DEBUG_MODE_H

#include "cli/command.h"

#include <stdbool.h>

/**
 * Settles context->settings by the flags --debug and --debug-anyone. Debug mode shows source, values and SQL to whoever
 * meets an error, so it is refused on an address that other machines reach, unless `anyone`. Returns true to go on;
 * false after saying why not, `*status` being the exit status.
 */
bool debug_mode_settle(struct command_context *context, bool debug, bool anyone, int *status);

#endif
