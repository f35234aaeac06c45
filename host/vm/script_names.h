/**
 * script_names.h - the names that a script may use, and which of them somebody meant who wrote another.
 */
#ifndef MULLIGAN_VM_SCRIPT_NAMES_H
#define MULLIGAN_VM_SCRIPT_NAMES_H

#include "vm/generation.h"
#include "vm/vm.h"

#include <jansson.h>

/** The global names of every script's environment; the caller owns the list. NULL with a fault if it cannot be had. */
json_t *script_names_global(const struct vm_services *services, struct generation *generation, struct fault *fault);
/** What `require` takes: the modules of the standard library and the generation's scripts. The caller owns the list. */
json_t *script_names_modules(const struct generation *generation);

bool script_names_have(const json_t *names, const char *name);

/** The best of the candidates that were offered for a misspelt name. All zero but `wanted` to begin with. */
struct script_nearest {
  const char *wanted;
  char name[128]; /* "" if none is near */
  size_t distance;
};
void script_nearest_offer(struct script_nearest *nearest, const char *name, size_t length);
void script_nearest_offer_all(struct script_nearest *nearest, const json_t *names);
/** Writes "; is 'ipairs' meant?", or nothing, to `out`; returns `out`. */
const char *script_nearest_hint(const struct script_nearest *nearest, char out[160]);

#endif
