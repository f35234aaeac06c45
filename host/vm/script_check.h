/**
 * script_check.h - everything that can be known to be wrong with the scripts without serving them.
 */
#ifndef MULLIGAN_VM_SCRIPT_CHECK_H
#define MULLIGAN_VM_SCRIPT_CHECK_H

#include "vm/vm.h"

#include <jansson.h>

/**
 * Compiles every script of the scripts folder, runs the routes files and loads the operator scripts, and returns a list
 * of sentences, each naming file and line; an empty one if nothing is wrong. The caller owns the list.
 */
json_t *script_check(const struct vm_services *services);

#endif
