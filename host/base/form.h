/**
 * form.h - URL-encoded and multipart bodies, taken apart.
 *
 * Pure parsing of bytes already in memory; no Lua, no HTTP. Fields come in their order, each through a callback;
 * repeated names are reported each time.
 */
#ifndef MULLIGAN_BASE_FORM_H
#define MULLIGAN_BASE_FORM_H

#include "base/buf.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

struct form_field {
  const char *name; /* decoded UTF-8; not terminated */
  size_t name_length;
  const char *value; /* decoded for URL-encoded forms, raw bytes for multipart */
  size_t value_length;
  const char *filename; /* multipart files; NULL for plain fields */
  size_t filename_length;
  const char *content_type; /* of a multipart part; NULL if it names none */
  size_t content_type_length;
};

/** Called for each field; the pointers live until it returns. False ends the parse with MULLIGAN_INTERRUPTED. */
typedef bool form_visit(void *context, const struct form_field *field);

/** Percent-decodes, with `+` as blank if `plus`; appends to `out`. False, with nothing appended, on a broken escape. */
bool form_percent_decode(const char *text, size_t length, bool plus, struct buf *out);
/** `a=1&b=2`. MULLIGAN_INVALID for a broken escape, invalid UTF-8, a NUL in a name or more than 1,000 fields. */
enum mulligan_status form_urlencoded(const char *text, size_t length, form_visit *visit, void *context,
                                     struct fault *fault);
/**
 * A multipart/form-data body (RFC 7578); `content_type` is the whole header, with its boundary. MULLIGAN_INVALID says
 * what is wrong with it; fields before the mistake have been visited then. At most 1,000 parts, 8 KiB of headers each.
 */
enum mulligan_status form_multipart(const char *content_type, const char *body, size_t length, form_visit *visit,
                                    void *context, struct fault *fault);

#endif
