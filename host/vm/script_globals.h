/**
 * script_globals.h - global names in scripts that nobody has declared.
 */
#ifndef MULLIGAN_VM_SCRIPT_GLOBALS_H
#define MULLIGAN_VM_SCRIPT_GLOBALS_H

#include "vm/generation.h"

#include <jansson.h>

/** Finds every read of a global that is not among the list `known`, and every write of one, run or not. */
void script_globals_check(const struct generation_script *script, const json_t *known, json_t *findings);

#endif
