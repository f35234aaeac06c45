/**
 * slack_markup.h - text in Slack's markup: counted, made harmless, cut.
 *
 * Slack reads `&`, `<` and `>` in every text: `&amp;`, `&lt;` and `&gt;` stand for the three, `<…>` is a link, a date
 * or a mention. Lengths are counted in characters of what is sent, as Slack counts them. All texts are valid UTF-8.
 * Pure functions; any thread.
 */
#ifndef MULLIGAN_ALERTS_SLACK_MARKUP_H
#define MULLIGAN_ALERTS_SLACK_MARKUP_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/** How many characters. */
size_t slack_markup_count(const char *text, size_t length);

/**
 * Appends a value so that Slack shows it as it is, on one line: `&`, `<` and `>` escaped, a backtick as the letter ˋ
 * (which ends no code), line breaks and control characters as blanks.
 */
bool slack_markup_add_value(struct buf *out, const char *value, size_t length);

/**
 * Appends markup made harmless: what is no entity, link or date is escaped, mentions and groups too, so that nothing in
 * it calls anybody. Control characters are blanks, and line breaks unless `lines`.
 */
bool slack_markup_add_tidy(struct buf *out, const char *text, size_t length, bool lines);

/**
 * Appends tidy markup, cut to at most `most` characters (at least 1): a text that is longer ends in "…" where no
 * character, entity or link is split, and code that was begun is ended.
 */
bool slack_markup_add_cut(struct buf *out, const char *text, size_t length, size_t most);

#endif
