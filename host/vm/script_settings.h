/**
 * script_settings.h - settings in settings.lua that are misspelt or wrong.
 */
#ifndef MULLIGAN_VM_SCRIPT_SETTINGS_H
#define MULLIGAN_VM_SCRIPT_SETTINGS_H

#include "vm/generation.h"

#include <jansson.h>

/** Finds every setting that is refused: a name that is no setting's, with the nearest one, or a wrong value. */
void script_settings_check(const struct generation *generation, json_t *findings);

#endif
