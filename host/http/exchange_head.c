/**
 * exchange_head.c - one look at each header, and the check of the line ends.
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

#include "base/token.h"

#include <string.h>
#include <strings.h>

#include <civetweb.h>

/* ---- the lines ---- */

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

/* Checks the line ends: every line ends in CR LF, none continues the one before or has a blank before its colon. */
static const char *line_fault(const struct mg_request_info *info) {
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

/* ---- the headers ---- */

/* What the body's length was said to be, and by how many headers. */
struct framing {
  int lengths, encodings, hosts;
};

static bool has_control(const char *text) {
  for (; *text; text++)
    if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
      return true;
  return false;
}

static void keep_first(const char **place, const char *value) {
  if (!*place)
    *place = value;
}

static const char *read_length(struct framing *framing, const char *value) {
  framing->lengths++;
  if (!*value || strspn(value, "0123456789") != strlen(value) || strlen(value) > 18)
    return "Content-Length is not a number";
  return NULL;
}

/* Each name is compared with the one known name of its length, so that an unknown one costs a single look. */
static const char *read_header(struct exchange_head *head, struct framing *framing, const struct mg_header *header) {
  const char *name = header->name, *value = header->value;
  size_t length = strlen(name);
  if (!token_is(name, length))
    return "a header's name is malformed";
  if (has_control(value))
    return "a header's value holds control characters";
  switch (length) {
  case sizeof "Host" - 1:
    if (strcasecmp(name, "Host") == 0)
      framing->hosts++;
    break;
  case sizeof "Accept" - 1: /* and "Expect" */
    if (strcasecmp(name, "Accept") == 0)
      keep_first(&head->accept, value);
    else if (strcasecmp(name, "Expect") == 0)
      head->expects_continue = strcasecmp(value, "100-continue") == 0;
    break;
  case sizeof "Connection" - 1:
    if (strcasecmp(name, "Connection") == 0)
      keep_first(&head->connection, value);
    break;
  case sizeof "Content-Length" - 1:
    if (strcasecmp(name, "Content-Length") == 0)
      return read_length(framing, value);
    break;
  case sizeof "Accept-Language" - 1:
    if (strcasecmp(name, "Accept-Language") == 0)
      keep_first(&head->accept_language, value);
    break;
  case sizeof "Transfer-Encoding" - 1:
    if (strcasecmp(name, "Transfer-Encoding") != 0)
      break;
    framing->encodings++;
    head->chunked = true;
    if (strcasecmp(value, "chunked") != 0)
      return "the only Transfer-Encoding is chunked";
    break;
  default:
    break;
  }
  return NULL;
}

static const char *framing_fault(const struct framing *framing, const char *version) {
  if (framing->lengths > 1)
    return "Content-Length is given twice";
  if (framing->encodings > 1 || (framing->lengths && framing->encodings))
    return "the length of the body is given in two ways";
  if (framing->encodings && strcmp(version, "1.1") != 0)
    return "HTTP/1.0 knows no Transfer-Encoding";
  if (framing->hosts > 1)
    return "Host is given twice";
  if (framing->hosts == 0 && strcmp(version, "1.1") == 0)
    return "there is no Host header";
  return NULL;
}

const char *exchange_head_read(struct exchange_head *head, const struct mg_request_info *info) {
  struct framing framing = {0};
  *head = (struct exchange_head){0};
  if (!info->http_version)
    return "the request line is malformed";
  if (info->num_headers >= EXCHANGE_MOST_HEADERS)
    return "there are too many headers";
  const char *fault = NULL;
  for (int i = 0; i < info->num_headers; i++) {
    const char *wrong = read_header(head, &framing, &info->http_headers[i]);
    fault = fault ? fault : wrong; /* the rest is read all the same: the refusal goes by it */
  }
  const char *lines = line_fault(info);
  if (lines)
    return lines;
  return fault ? fault : framing_fault(&framing, info->http_version);
}
