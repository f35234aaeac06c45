/**
 * utf8.h - is it UTF-8, and where may it be cut.
 */
#ifndef MULLIGAN_BASE_UTF8_H
#define MULLIGAN_BASE_UTF8_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/** True for well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF). NUL is allowed. */
bool utf8_valid(const char *bytes, size_t length);
/** The number of the valid leading bytes; equals `length` for a valid text. */
size_t utf8_valid_prefix(const char *bytes, size_t length);
/** The largest length of at most `most` bytes that does not split a character of a valid text. */
size_t utf8_cut(const char *bytes, size_t length, size_t most);
/** Appends the text with each malformed byte written as U+FFFD. */
bool utf8_add_repaired(struct buf *out, const char *bytes, size_t length);

#endif
