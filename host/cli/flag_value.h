/**
 * flag_value.h - what is typed behind a flag, read as what it means.
 *
 * Each says on standard error what is wrong and returns false.
 */
#ifndef MULLIGAN_CLI_FLAG_VALUE_H
#define MULLIGAN_CLI_FLAG_VALUE_H

#include "cli/command.h"

#include <stdbool.h>
#include <stdint.h>

/** A whole number of at least `least`; `fallback` where the flag was not given (`text` NULL). */
bool flag_value_number(const struct command_context *context, const char *name, const char *text, int64_t least,
                       int64_t fallback, int64_t *out);
/** The moment that a span (`1h`, `90d`) before now, or a time as such, names, in microseconds; 0 where the flag was not
 * given. */
bool flag_value_moment(const struct command_context *context, const char *name, const char *text, int64_t *out);

#endif
