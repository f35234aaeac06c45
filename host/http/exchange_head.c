/**
 * exchange_head.c - the check of a head's line ends.
 *
 * Called by exchange.c for each request, on civetweb's worker. civetweb ends the headers silently at a line that it
 * cannot read as one (a folded line, one without a name) and takes a bare LF for a line's end, where the server in
 * front of it may not: what one of them takes for a body is the next request to the other. It keeps no note of that,
 * but its texts all point into the head as it was received, with NULs in place of what separated them, so that the gaps
 * between them tell.
 *
 * Invariant: a gap is looked at from its start and no further than to its first unexpected byte, and a head ends with a
 * line break, so no look goes beyond the head.
 */
#include "http/exchange_head.h"

#include <stdbool.h>
#include <string.h>

#include <civetweb.h>

/* Where the next line begins if the line of this text, the last on it, ended in CR LF; NULL if it did not. */
static const char *line_after(const char *text) {
  const char *end = text + strlen(text);
  return end[1] == '\0' ? end + 2 : NULL;
}

/* Is there nothing but the colon and blanks after it between a header's name and its value? */
static bool separated_by_colon(const struct mg_header *header) {
  const char *at = header->name + strlen(header->name) + 1;
  while (at < header->value && (*at == ' ' || *at == '\t'))
    at++;
  return at == header->value;
}

const char *exchange_head_fault(const struct mg_request_info *info) {
  const char *line = line_after(info->http_version);
  for (int i = 0; i < info->num_headers; i++) {
    const struct mg_header *header = &info->http_headers[i];
    if (line != header->name)
      return "a line does not end in CR LF";
    if (!separated_by_colon(header))
      return "a blank stands before a header's colon";
    line = line_after(header->value);
  }
  if (!line)
    return "a line does not end in CR LF";
  /* The empty line that ends the head keeps its CR, unless there was no header before it. */
  if (*line != (info->num_headers > 0 ? '\r' : '\0'))
    return "a header is folded over two lines, or has no name";
  return NULL;
}
