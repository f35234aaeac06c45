/**
 * html.c - the five characters that mean something to HTML.
 *
 * A pure function; any thread.
 */
#include "base/html.h"

#include <string.h>

static const char *entity_of(char c) {
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  default:
    return "&#39;";
  }
}

bool html_add(struct buf *out, const char *text, size_t length) {
  const char *end = text + length;
  while (text < end) {
    const char *at = text;
    while (at < end && !strchr("&<>\"'", *at ? *at : ' '))
      at++;
    buf_add(out, text, (size_t)(at - text));
    if (at < end)
      buf_add_text(out, entity_of(*at++));
    text = at;
  }
  return !out->failed;
}
