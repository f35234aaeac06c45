/**
 * demo.h - demo data for a first look, loaded by the application's own operator script.
 */
#ifndef MULLIGAN_CLI_DEMO_H
#define MULLIGAN_CLI_DEMO_H

#include "cli/host.h"

/**
 * Runs the operator script `demo_data` and applies what it does. A script that declines (the database is not empty) is
 * no failure. Returns an exit status: COMMAND_DONE to go on.
 */
int demo_load(struct command_context *context, struct host *host);

#endif
