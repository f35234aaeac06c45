/**
 * reload_report.h - what a reload came to, in words: for the log, the command line and ErrorLog.
 */
#ifndef MULLIGAN_CLI_RELOAD_REPORT_H
#define MULLIGAN_CLI_RELOAD_REPORT_H

#include "cli/host.h"
#include "vm/problem.h"

#include <jansson.h>
#include <stdio.h>

/**
 * Writes each problem and its line of source to `out`; to the log as errors where that is NULL. Without what gives
 * itself away as a secret.
 */
void reload_report_problems(const struct host *host, const struct problem_list *problems, FILE *out);
/** The problems as the control socket tells them. */
json_t *reload_report_json(const struct problem_list *problems);
/** Puts them on record as one row of the source reload and waits for it; `serving` is the generation that serves on. */
void reload_report_record(const struct host *host, const struct problem_list *problems,
                          const struct generation *generation, int64_t serving);

#endif
