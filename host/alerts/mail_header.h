/**
 * mail_header.h - values of mail headers (RFC 5322), with texts beyond ASCII as encoded words (RFC 2047).
 *
 * Every function appends the value that follows `column` characters of its line (the header's name, its colon and
 * blank), folded by a line break and a blank so that no line has more than 76. No line break of a text gets through.
 * Any thread.
 */
#ifndef MULLIGAN_ALERTS_MAIL_HEADER_H
#define MULLIGAN_ALERTS_MAIL_HEADER_H

#include "alerts/mail_address.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Appends UTF-8 as encoded words, in the shorter of the two encodings. ASCII that needs none is appended as it is.
 */
bool mail_header_add_text(struct buf *out, size_t column, const char *text, size_t length);
/** Appends `Name <address>`, or the bare address of one without a name. */
bool mail_header_add_address(struct buf *out, size_t column, const struct mail_address *address);
/** Appends `Sat, 13 Nov 2021 14:59:00 +0000`. */
bool mail_header_add_date(struct buf *out, int64_t wall_us);
/**
 * Appends any bytes as one line of text: malformed ones as U+FFFD; line breaks, other control characters and those that
 * turn the direction of text become blanks, of which none stand together or at the ends.
 */
bool mail_header_add_line(struct buf *out, const char *text, size_t length);

#endif
