/**
 * html.c - the five characters that mean something to HTML.
 *
 * A pure function; any thread.
 */
#include "base/html.h"

#include <stddef.h>

const char *html_entity(char c) {
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return NULL;
  }
}

bool html_add(struct buf *out, const char *text, size_t length) {
  const char *end = text + length;
  while (text < end) {
    const char *at = text, *entity = NULL;
    while (at < end && !(entity = html_entity(*at)))
      at++;
    buf_add(out, text, (size_t)(at - text));
    if (at < end) {
      buf_add_text(out, entity);
      at++;
    }
    text = at;
  }
  return !out->failed;
}
