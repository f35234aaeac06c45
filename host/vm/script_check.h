/**
 * script_check.h - everything that can be known to be wrong with the scripts without serving them.
 */
#ifndef MULLIGAN_VM_SCRIPT_CHECK_H
#define MULLIGAN_VM_SCRIPT_CHECK_H

#include "vm/vm.h"

#include <jansson.h>

/**
 * Checks the scripts folder: every script compiles, has no undeclared global, no require that leads nowhere and no SQL
 * that does not prepare; the settings and migrations are right; the routes files run, and the operator scripts load.
 * Returns the findings (finding.h), in no order; the caller owns the list. Nothing is read of the data folder.
 */
json_t *script_check(const struct vm_services *services);

#endif
