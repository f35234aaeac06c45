/**
 * script_routes.h - routes that stand twice in the scripts.
 */
#ifndef MULLIGAN_VM_SCRIPT_ROUTES_H
#define MULLIGAN_VM_SCRIPT_ROUTES_H

#include "vm/generation.h"

#include <jansson.h>

/**
 * Finds every registration, as it is written in the routes files, whose path and method stand at an earlier place too;
 * the finding names both. For scripts that were refused: one that registers the same in either branch of an `if` is
 * fine when it is run.
 */
void script_routes_check(const struct generation *generation, json_t *findings);

#endif
