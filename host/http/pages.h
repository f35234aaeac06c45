/**
 * pages.h - the host's own answers: an error as JSON, as a page, as plain text or as problem+json.
 */
#ifndef MULLIGAN_HTTP_PAGES_H
#define MULLIGAN_HTTP_PAGES_H

#include "base/buf.h"
#include "vm/generation.h"
#include "vm/route_table.h"

#include <stdint.h>

/** An error as a client is to see it. Texts are UTF-8; NULL or "" is absent. */
struct page {
  int status;
  const char *detail; /* NULL: the host's own sentence for the status, in `language` */
  const char *code;
  int64_t app_code;      /* 0: none */
  const char *reference; /* ERR-…, of a 5xx */
  const char *report_to; /* whom to tell */
  const char *path;      /* that was asked for */
  const char *language;  /* "en" or "ko" */
};

/**
 * Appends the page in this format and returns its Content-Type. HTML comes from the application's pages/STATUS.html
 * (STATUS.ko.html in Korean), or the host's own page where `generation` is NULL or has none.
 */
const char *pages_write(const struct page *page, enum route_renderer format, const struct generation *generation,
                        struct buf *out);

#endif
