/**
 * debug_text.h - debug mode's report as plain text.
 */
#ifndef MULLIGAN_HTTP_DEBUG_TEXT_H
#define MULLIGAN_HTTP_DEBUG_TEXT_H

#include "http/debug_report.h"

/** Appends the report, for a terminal or for pasting: no character in it is one that a terminal obeys. */
void debug_text_add(struct buf *out, const struct debug_report *report);

#endif
