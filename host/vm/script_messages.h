/**
 * script_messages.h - texts in the catalogues of languages that nothing says.
 */
#ifndef MULLIGAN_VM_SCRIPT_MESSAGES_H
#define MULLIGAN_VM_SCRIPT_MESSAGES_H

#include "base/settings.h"
#include "vm/generation.h"

#include <jansson.h>

/**
 * Finds the keys of messages/ that no other script, no notebook and no file of the standard library has, as a text of
 * its own or between other words of one: warnings, since a text may also be put together when it is said.
 */
void script_messages_check(const struct generation *generation, const struct settings *settings, json_t *findings);

#endif
