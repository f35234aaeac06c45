/**
 * html.h - text on its way into HTML or SVG.
 */
#ifndef MULLIGAN_BASE_HTML_H
#define MULLIGAN_BASE_HTML_H

#include "base/buf.h"

/** What stands for this character in a text; NULL if it stands for itself. */
const char *html_entity(char c);
/**
 * Appends a UTF-8 text so that it is text in an element and in a quoted attribute: `&`, `<`, `>` and both quotation
 * marks become entities. Any thread.
 */
bool html_add(struct buf *out, const char *text, size_t length);

#endif
