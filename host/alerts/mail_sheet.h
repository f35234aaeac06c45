/**
 * mail_sheet.h - a mail's body, written once as text and once as HTML, piece by piece.
 *
 * So neither says what the other does not. Labels are this program's own words; everything else may be anybody's, in
 * UTF-8 and (but for the lines of a quotation) on one line. The HTML has its styles in it, loads nothing, and sets only
 * such colours as are readable on light and on dark, since mail programs have both. Any thread.
 */
#ifndef MULLIGAN_ALERTS_MAIL_SHEET_H
#define MULLIGAN_ALERTS_MAIL_SHEET_H

#include "base/buf.h"

#include <stdbool.h>

enum { MAIL_VALUE_MOST = 32 * 1024 }; /* bytes of one value */

struct mail_sheet {
  struct buf text; /* lines end with CRLF in both */
  struct buf html;
};

/** Begins a document, whose title the HTML has as well. To be ended with mail_sheet_release() in any case. */
void mail_sheet_begin(struct mail_sheet *sheet, const char *title, bool korean);
/** Ends the document; false if a piece did not fit, or there was no memory for it. */
bool mail_sheet_end(struct mail_sheet *sheet);
void mail_sheet_release(struct mail_sheet *sheet);

void mail_sheet_add_headline(struct mail_sheet *sheet, const struct buf *line);
/** What an error says: a first line, and `rest`, which may have line breaks and anything else in it. */
void mail_sheet_add_quotation(struct mail_sheet *sheet, const struct buf *first, const char *rest);
/** Rows stand between these two. */
void mail_sheet_begin_rows(struct mail_sheet *sheet);
void mail_sheet_end_rows(struct mail_sheet *sheet);
/** `label: value`; nothing if the value is empty. `url` (may be NULL) is where the value leads. Clears the value. */
void mail_sheet_add_row(struct mail_sheet *sheet, const char *label, struct buf *value, const char *url);
/** A link that looks like a button; nothing if the address is not one of the web. */
void mail_sheet_add_link(struct mail_sheet *sheet, const char *label, const char *url);
/** A command to type. */
void mail_sheet_add_command(struct mail_sheet *sheet, const char *label, const struct buf *command);
/** Who says all this. */
void mail_sheet_add_signature(struct mail_sheet *sheet, const struct buf *line);

#endif
