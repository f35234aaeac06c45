/**
 * printable.h - text as a terminal shows it: how wide it is, and nothing in it that the terminal would obey.
 *
 * Widths are columns by wcwidth(3), in which Korean takes two. Any thread may call any function, whatever its locale.
 */
#ifndef MULLIGAN_OPERATOR_PRINTABLE_H
#define MULLIGAN_OPERATOR_PRINTABLE_H

#include "base/buf.h"

#include <stddef.h>

/**
 * Appends `text` on one line, in at most `most` columns: a line break becomes a blank, other control characters become
 * escapes such as `\x1B`, malformed bytes U+FFFD; what is cut ends with `…`. Returns the columns taken.
 */
int printable_add(struct buf *out, const char *text, size_t length, int most);
/** The same over several lines: line breaks and tabs stay, nothing is cut. */
void printable_add_lines(struct buf *out, const char *text, size_t length);

#endif
