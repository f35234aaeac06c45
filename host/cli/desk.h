/**
 * desk.h - what the operators' commands open: a data folder with a database that is there and up to date.
 */
#ifndef MULLIGAN_CLI_DESK_H
#define MULLIGAN_CLI_DESK_H

#include "cli/host.h"
#include "data/audit.h"

#include <stdio.h>

/**
 * Opens the data and, with `scripts`, the scripts too, but for the routes: one that is broken is no reason to keep an
 * operator from working. Never creates or migrates a database: MULLIGAN_MISSING says how. The caller ends it with
 * host_close().
 */
enum mulligan_status desk_open(struct host *host, struct command_context *context, bool scripts, struct fault *fault);
/** Where the audit is. */
struct audit_options desk_audit(const struct host *host);
/** Settles the runs that ended without a word. Where that cannot be done, the log says why: what is there can be used
 * all the same. */
void desk_settle(const struct host *host);
/** The columns that a line on `out` may have. */
int desk_width(FILE *out);
/** The command line as it was typed, for the audit; the caller frees it. NULL when out of memory. */
char *desk_command_line(int argc, char *const *argv);

#endif
