/**
 * slack_text.h - an alert as plain text, for Slack.
 *
 * The text beside a template's blocks, for notifications, and all there is where no template has made any. Markup:
 * values are escaped. Any thread.
 */
#ifndef MULLIGAN_ALERTS_SLACK_TEXT_H
#define MULLIGAN_ALERTS_SLACK_TEXT_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

/** Appends one line: "[production] Error! code: 500 (9000) - a new error: message". `language` is "en" or "ko". */
bool slack_text_add_line(struct buf *out, const json_t *alert, const char *language);
/** Appends the line, and what else there is to know, each on a line of its own. */
bool slack_text_add_whole(struct buf *out, const json_t *alert, const char *language);

#endif
