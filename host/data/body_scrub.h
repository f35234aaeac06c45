/**
 * body_scrub.h - a request's body without its secrets, whole or cut off, well-formed or not.
 */
#ifndef MULLIGAN_DATA_BODY_SCRUB_H
#define MULLIGAN_DATA_BODY_SCRUB_H

#include "base/buf.h"
#include "base/scrub.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * Appends the scrubbed body. What it is, is read off the body itself, since the header may lie or be absent: JSON that
 * parses is scrubbed as such; anything else is searched for JSON-like members, form fields and multipart parts with
 * secret names, so that a body that was refused as malformed, or of which only the beginning is here, keeps no secret
 * either. Adds the replacements to the tally; false when out of memory or past the buffer's cap.
 */
bool body_scrub(const struct scrub *scrub, const char *body, size_t length, struct buf *out, struct scrub_tally *tally);

/** Appends a scrubbed text of any kind, which may as a whole be a JSON object or list: an error's value written out. */
bool body_scrub_text(const struct scrub *scrub, const char *text, size_t length, struct buf *out,
                     struct scrub_tally *tally);

#endif
