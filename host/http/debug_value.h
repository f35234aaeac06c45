/**
 * debug_value.h - a value of a script, as it was taken down, written as Lua would write it.
 */
#ifndef MULLIGAN_HTTP_DEBUG_VALUE_H
#define MULLIGAN_HTTP_DEBUG_VALUE_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * Appends `{ name = "x", [2] = true }` and its like on one line, without what a reader would not see (visible.h). What
 * is no value but tells of one (a function's address, a cycle, something scrubbed) stands without quotation marks.
 */
void debug_value_add(struct buf *out, const json_t *value);
/** Is this text such a mark, rather than a text of the script's? */
bool debug_value_is_mark(const json_t *value);
/** Appends a table's key with what belongs around it: `name`, `[2]`, `["two words"]`. */
void debug_value_add_key(struct buf *out, const char *key);

#endif
