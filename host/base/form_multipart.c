/**
 * form_multipart.c - taking multipart/form-data bodies apart (RFC 7578, RFC 2046).
 *
 * Called when a handler first reads a request's body; any thread, no state.
 * Invariants: linear time in the body's length, memory for one part's headers;
 * a body that two readers could understand in two ways is refused, never
 * guessed at.
 *
 * Written by hand because no C library in Debian reads multipart/form-data out
 * of memory: libmicrohttpd's post processor wants a connection of its own
 * server, libapreq2 the whole of APR and a filter chain, and GMime is a mail
 * reader that forgives what must be refused here.
 */
#include "base/form.h"

#include "base/token.h"
#include "base/utf8.h"

#include <string.h>
#include <strings.h>

enum {
  PARTS_MOST = 1000,
  HEADERS_MOST = 8192, /* bytes of one part's headers */
  BOUNDARY_MOST = 70   /* RFC 2046 */
};

/** A run of bytes inside what is parsed. */
struct span {
  const char *text;
  size_t length;
};

static enum mulligan_status out_of_memory(struct fault *fault) {
  return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static bool is_named(struct span name, const char *wanted) {
  return name.length == strlen(wanted) && strncasecmp(name.text, wanted, name.length) == 0;
}

static struct span take_token(struct span *rest) {
  struct span token = {rest->text, 0};
  while (token.length < rest->length && token_has(token.text[token.length]))
    token.length++;
  rest->text += token.length;
  rest->length -= token.length;
  return token;
}

static void skip_blanks(struct span *rest) {
  while (rest->length > 0 && is_blank(*rest->text)) {
    rest->text++;
    rest->length--;
  }
}

static bool take_char(struct span *rest, char c) {
  if (rest->length == 0 || *rest->text != c)
    return false;
  rest->text++;
  rest->length--;
  return true;
}

/** One parameter of a header's value; the value is still as it was written, without its quotes. */
struct parameter {
  struct span name;
  struct span value;
  bool quoted;
};

/** Takes `; name=value` off the front. */
static bool take_parameter(struct span *rest, struct parameter *out) {
  skip_blanks(rest);
  if (!take_char(rest, ';'))
    return false;
  skip_blanks(rest);
  out->name = take_token(rest);
  if (out->name.length == 0 || !take_char(rest, '='))
    return false;
  out->quoted = take_char(rest, '"');
  if (!out->quoted) {
    out->value = take_token(rest);
    return out->value.length > 0;
  }
  out->value = (struct span){rest->text, 0};
  while (rest->length > 0 && *rest->text != '"') {
    size_t step = *rest->text == '\\' && rest->length > 1 ? 2 : 1;
    rest->text += step;
    rest->length -= step;
    out->value.length += step;
  }
  return take_char(rest, '"');
}

/** Writes CRLF, two hyphens and the boundary; the delimiter that every part starts and ends with. */
static enum mulligan_status read_boundary(const char *content_type, struct buf *delimiter, struct fault *fault) {
  struct span rest = {content_type, strlen(content_type)};
  skip_blanks(&rest);
  struct span type = take_token(&rest);
  bool slash = take_char(&rest, '/');
  struct span subtype = take_token(&rest);
  if (!slash || !is_named(type, "multipart") || !is_named(subtype, "form-data"))
    return fault_set(fault, MULLIGAN_INVALID, "the body is not multipart/form-data");

  struct span boundary = {NULL, 0};
  for (skip_blanks(&rest); rest.length > 0; skip_blanks(&rest)) {
    struct parameter parameter;
    if (!take_parameter(&rest, &parameter))
      return fault_set(fault, MULLIGAN_INVALID, "the Content-Type of the multipart body cannot be read");
    if (!is_named(parameter.name, "boundary"))
      continue;
    if (boundary.text != NULL)
      return fault_set(fault, MULLIGAN_INVALID, "the multipart body has two boundaries");
    boundary = parameter.value;
  }
  if (boundary.length == 0)
    return fault_set(fault, MULLIGAN_INVALID, "the Content-Type of the multipart body names no boundary");
  bool fits = boundary.length <= BOUNDARY_MOST && boundary.text[boundary.length - 1] != ' ';
  for (size_t i = 0; i < boundary.length; i++) {
    char c = boundary.text[i];
    /* RFC 2046's set, and the other token characters that some clients use. */
    fits = fits && (token_has(c) || (c != '\0' && strchr("(),/:=? ", c) != NULL));
  }
  if (!fits)
    return fault_set(fault, MULLIGAN_INVALID, "the boundary of the multipart body is not allowed");
  if (!buf_add_text(delimiter, "\r\n--") || !buf_add(delimiter, boundary.text, boundary.length))
    return out_of_memory(fault);
  return MULLIGAN_OK;
}

/** A body on its way through the parser. */
struct multipart {
  const char *body;
  size_t length;
  size_t at;
  struct buf delimiter; /* with the CRLF before it */
  struct buf name;
  struct buf filename;
  struct fault *fault;
};

/** What one part's headers say; the decoded name and filename are in struct multipart. */
struct headers {
  bool disposition, has_filename, has_type;
  struct span type;
};

static enum mulligan_status broken(const struct multipart *multipart, const char *what) {
  return fault_set(multipart->fault, MULLIGAN_INVALID, "the multipart body is broken at byte %zu: %s", multipart->at,
                   what);
}

/** The character that a browser's escape stands for (they write a quote and line breaks so, and nothing else), or 0. */
static char browser_escape(struct span text) {
  if (text.length < 3)
    return 0;
  if (memcmp(text.text, "%22", 3) == 0)
    return '"';
  if (strncasecmp(text.text, "%0D", 3) == 0)
    return '\r';
  return strncasecmp(text.text, "%0A", 3) == 0 ? '\n' : 0;
}

/** Decodes a name. In quotes a backslash escapes a quote and itself, and nothing else: a path of Windows has no
 * escapes. */
static enum mulligan_status decode_name(struct multipart *multipart, const struct parameter *parameter,
                                        struct buf *out) {
  struct span rest = parameter->value;
  bool room = buf_reserve(out, rest.length);
  while (room && rest.length > 0) {
    size_t step = 1;
    char c = *rest.text;
    char escaped = browser_escape(rest);
    if (escaped != 0) {
      c = escaped;
      step = 3;
    } else if (parameter->quoted && c == '\\' && rest.length > 1 && (rest.text[1] == '"' || rest.text[1] == '\\')) {
      c = rest.text[1];
      step = 2;
    }
    room = buf_add_char(out, c);
    rest.text += step;
    rest.length -= step;
  }
  if (!room)
    return out_of_memory(multipart->fault);
  if (!utf8_valid(out->data, out->length))
    return broken(multipart, "a name is not valid UTF-8");
  return MULLIGAN_OK;
}

/** Decodes `UTF-8''na%C3%AFve.txt`, which RFC 7578 forbids and older clients send for names beyond ASCII. */
static enum mulligan_status decode_extended(struct multipart *multipart, struct span value) {
  static const char charset[] = "UTF-8'";
  size_t start = sizeof charset - 1;
  const char *quote = value.length > start && strncasecmp(value.text, charset, start) == 0
                          ? memchr(value.text + start, '\'', value.length - start)
                          : NULL;
  if (quote == NULL)
    return broken(multipart, "a filename* is not in UTF-8");
  start = (size_t)(quote + 1 - value.text);
  buf_clear(&multipart->filename, HEADERS_MOST);
  if (!form_percent_decode(value.text + start, value.length - start, false, &multipart->filename))
    return multipart->filename.failed ? out_of_memory(multipart->fault) : broken(multipart, "a filename* is broken");
  if (!utf8_valid(multipart->filename.data, multipart->filename.length) ||
      memchr(multipart->filename.data, '\0', multipart->filename.length) != NULL)
    return broken(multipart, "a filename* is not valid text");
  return MULLIGAN_OK;
}

/** Reads `form-data; name="a"; filename="b"`. */
static enum mulligan_status read_disposition(struct multipart *multipart, struct span value, struct headers *headers) {
  if (headers->disposition)
    return broken(multipart, "a part has two Content-Disposition headers");
  headers->disposition = true;
  if (!is_named(take_token(&value), "form-data"))
    return broken(multipart, "a part's Content-Disposition is not form-data");

  bool has_name = false, has_plain = false, has_extended = false;
  for (skip_blanks(&value); value.length > 0; skip_blanks(&value)) {
    struct parameter parameter;
    enum mulligan_status status = MULLIGAN_OK;
    if (!take_parameter(&value, &parameter))
      return broken(multipart, "a part's Content-Disposition cannot be read");
    if (is_named(parameter.name, "name")) {
      if (has_name)
        return broken(multipart, "a part has two names");
      has_name = true;
      status = decode_name(multipart, &parameter, &multipart->name);
    } else if (is_named(parameter.name, "filename")) {
      if (has_plain)
        return broken(multipart, "a part has two file names");
      has_plain = true;
      if (!has_extended)
        status = decode_name(multipart, &parameter, &multipart->filename);
    } else if (is_named(parameter.name, "filename*")) {
      if (has_extended)
        return broken(multipart, "a part has two file names");
      has_extended = true;
      status = decode_extended(multipart, parameter.value);
    }
    if (status != MULLIGAN_OK)
      return status;
  }
  headers->has_filename = has_plain || has_extended;
  return has_name && multipart->name.length > 0 ? MULLIGAN_OK : broken(multipart, "a part has no name");
}

/** Reads one line of a part's headers. */
static enum mulligan_status read_header(struct multipart *multipart, struct span line, struct headers *headers) {
  struct span name = take_token(&line);
  if (name.length == 0 || !take_char(&line, ':'))
    return broken(multipart, "a line among a part's headers is no header");
  skip_blanks(&line);
  while (line.length > 0 && is_blank(line.text[line.length - 1]))
    line.length--;
  for (size_t i = 0; i < line.length; i++) {
    if (((unsigned char)line.text[i] < ' ' && line.text[i] != '\t') || line.text[i] == 127)
      return broken(multipart, "a part's header holds a control character");
  }
  if (is_named(name, "Content-Disposition"))
    return read_disposition(multipart, line, headers);
  if (is_named(name, "Content-Type")) {
    if (headers->has_type)
      return broken(multipart, "a part has two Content-Type headers");
    headers->has_type = true;
    headers->type = line;
  } else if (is_named(name, "Content-Transfer-Encoding") && !is_named(line, "binary") && !is_named(line, "8bit") &&
             !is_named(line, "7bit")) {
    return broken(multipart, "a part is encoded in a way that forms do not use");
  }
  return MULLIGAN_OK;
}

/** Reads a part's headers up to and with the empty line after them. */
static enum mulligan_status read_headers(struct multipart *multipart, struct headers *headers) {
  *headers = (struct headers){0};
  buf_clear(&multipart->name, HEADERS_MOST);
  buf_clear(&multipart->filename, HEADERS_MOST);
  size_t room = HEADERS_MOST;
  for (;;) {
    const char *text = multipart->body + multipart->at;
    size_t left = multipart->length - multipart->at;
    const char *end = memmem(text, left < room ? left : room, "\r\n", 2);
    if (end == NULL)
      return broken(multipart, left < room ? "a part's headers do not end" : "a part's headers are too long");
    struct span line = {text, (size_t)(end - text)};
    if (line.length > 0) {
      enum mulligan_status status = read_header(multipart, line, headers);
      if (status != MULLIGAN_OK)
        return status;
    }
    room -= line.length + 2;
    multipart->at += line.length + 2;
    if (line.length == 0)
      return headers->disposition ? MULLIGAN_OK : broken(multipart, "a part has no Content-Disposition");
  }
}

/** Reads the rest of a delimiter's line: `*last` says that it was the closing one. */
static enum mulligan_status end_delimiter(struct multipart *multipart, bool *last) {
  struct span rest = {multipart->body + multipart->at, multipart->length - multipart->at};
  *last = rest.length >= 2 && memcmp(rest.text, "--", 2) == 0;
  if (*last) {
    rest.text += 2;
    rest.length -= 2;
  }
  skip_blanks(&rest);
  if (rest.length >= 2 && memcmp(rest.text, "\r\n", 2) == 0) {
    multipart->at = (size_t)(rest.text + 2 - multipart->body);
    return MULLIGAN_OK;
  }
  if (*last && rest.length == 0)
    return MULLIGAN_OK;
  return broken(multipart,
                rest.length == 0 ? "it ends without its last boundary" : "a boundary is followed by other text");
}

/** Reads one part and shows it; leaves `at` behind the delimiter that ends it. */
static enum mulligan_status read_part(struct multipart *multipart, form_visit *visit, void *context) {
  struct headers headers;
  enum mulligan_status status = read_headers(multipart, &headers);
  if (status != MULLIGAN_OK)
    return status;
  const char *value = multipart->body + multipart->at;
  const char *end =
      memmem(value, multipart->length - multipart->at, multipart->delimiter.data, multipart->delimiter.length);
  if (end == NULL)
    return broken(multipart, "it ends without its last boundary");
  struct form_field field = {
      .name = multipart->name.data,
      .name_length = multipart->name.length,
      .value = value,
      .value_length = (size_t)(end - value),
      .filename = headers.has_filename ? multipart->filename.data : NULL,
      .filename_length = headers.has_filename ? multipart->filename.length : 0,
      .content_type = headers.has_type ? headers.type.text : NULL,
      .content_type_length = headers.type.length,
  };
  if (!visit(context, &field))
    return fault_set(multipart->fault, MULLIGAN_INTERRUPTED, "stopped by the reader of the form");
  multipart->at = (size_t)(end - multipart->body) + multipart->delimiter.length;
  return MULLIGAN_OK;
}

/** Goes behind the first delimiter, which alone may stand without a CRLF, at the very start. */
static enum mulligan_status skip_preamble(struct multipart *multipart) {
  const char *delimiter = multipart->delimiter.data;
  size_t size = multipart->delimiter.length;
  if (multipart->length >= size - 2 && memcmp(multipart->body, delimiter + 2, size - 2) == 0) {
    multipart->at = size - 2;
    return MULLIGAN_OK;
  }
  const char *first = memmem(multipart->body, multipart->length, delimiter, size);
  if (first == NULL)
    return broken(multipart, "its boundary is not there");
  multipart->at = (size_t)(first - multipart->body) + size;
  return MULLIGAN_OK;
}

enum mulligan_status form_multipart(const char *content_type, const char *body, size_t length, form_visit *visit,
                                    void *context, struct fault *fault) {
  struct multipart multipart = {.body = body, .length = length, .fault = fault};
  buf_init(&multipart.delimiter, BOUNDARY_MOST + 4);
  buf_init(&multipart.name, HEADERS_MOST);
  buf_init(&multipart.filename, HEADERS_MOST);

  bool last = false;
  enum mulligan_status status = read_boundary(content_type, &multipart.delimiter, fault);
  if (status == MULLIGAN_OK)
    status = skip_preamble(&multipart);
  if (status == MULLIGAN_OK)
    status = end_delimiter(&multipart, &last);
  for (size_t parts = 0; status == MULLIGAN_OK && !last; parts++) {
    status = parts == PARTS_MOST ? fault_set(fault, MULLIGAN_INVALID, "the form has more than %d parts", PARTS_MOST)
                                 : read_part(&multipart, visit, context);
    if (status == MULLIGAN_OK)
      status = end_delimiter(&multipart, &last);
  }
  buf_release(&multipart.delimiter);
  buf_release(&multipart.name);
  buf_release(&multipart.filename);
  return status;
}
