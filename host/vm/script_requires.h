/**
 * script_requires.h - requires in scripts that lead nowhere.
 */
#ifndef MULLIGAN_VM_SCRIPT_REQUIRES_H
#define MULLIGAN_VM_SCRIPT_REQUIRES_H

#include "vm/generation.h"

#include <jansson.h>

/** Finds every `require "text"`, also inside functions, whose text is not among the list `modules`. */
void script_requires_check(const struct generation_script *script, const json_t *modules, json_t *findings);

#endif
