/**
 * visible.h - text from anywhere, shown as it is: nothing in it is obeyed, and nothing in it hides.
 *
 * Control characters, those that turn the direction of writing and those without a width would command a terminal or
 * make one text look like another; they appear as escapes such as `\x1B` and `\u{202E}`. Malformed UTF-8 appears as
 * U+FFFD. Line breaks and tabs stay.
 */
#ifndef MULLIGAN_HTTP_VISIBLE_H
#define MULLIGAN_HTTP_VISIBLE_H

#include "base/buf.h"

#include <stddef.h>

/** Appends the text as plain text; each line break is followed by `indent`. */
void visible_add_text(struct buf *out, const char *text, size_t length, const char *indent);
/** Appends it as the text of an HTML element, escapes within `<i>`. */
void visible_add_html(struct buf *out, const char *text, size_t length);
/** Appends it as an HTML attribute's value, to stand between double quotes. */
void visible_add_attribute(struct buf *out, const char *text, size_t length);

#endif
