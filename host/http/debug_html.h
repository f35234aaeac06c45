/**
 * debug_html.h - debug mode's report as a page that needs nothing else: its style and its scripts are in it.
 */
#ifndef MULLIGAN_HTTP_DEBUG_HTML_H
#define MULLIGAN_HTTP_DEBUG_HTML_H

#include "http/debug_report.h"

/** Appends the page. Only what carries `nonce` (letters and digits) is to run in it. */
void debug_html_add(struct buf *out, const struct debug_report *report, const char *nonce);

#endif
