/**
 * template.h - a page with places to fill.
 *
 * `{{name}}` is replaced by the value, escaped for HTML, and `{{#name}}…{{/name}}` stays only where the value is there;
 * any other text between double braces stays as it is.
 */
#ifndef MULLIGAN_HTTP_TEMPLATE_H
#define MULLIGAN_HTTP_TEMPLATE_H

#include "base/buf.h"

struct template_value {
  const char *name; /* NULL ends a list of them */
  const char *text; /* UTF-8; NULL or "": absent */
};

/** Appends the page, filled. Any thread. */
void template_fill(struct buf *out, const char *page, const struct template_value *values);

/** The page of this name among the host's own, host/assets/; never NULL. */
const char *template_asset(const char *name);

#endif
