/**
 * form.c - percent escapes, and taking URL-encoded bodies apart.
 *
 * Called when a handler first reads a request's body, and by scrub.c; any
 * thread, no state. Invariants: linear time, and memory for one field; what is
 * not UTF-8 or has a broken escape is refused, never guessed at. Multipart
 * bodies are form_multipart.c's.
 */
#include "base/form.h"

#include "base/utf8.h"

#include <string.h>

enum { FIELDS_MOST = 1000 };

static int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool form_percent_decode(const char *text, size_t length, bool plus, struct buf *out) {
  if (!buf_reserve(out, length))
    return false;
  size_t before = out->length;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if (c == '%') {
      int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < length ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        out->length = before;
        if (out->capacity > 0)
          out->data[before] = '\0';
        return false;
      }
      c = (char)(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus) {
      c = ' ';
    }
    buf_add_char(out, c); /* fits: decoding never lengthens */
  }
  return true;
}

static enum mulligan_status out_of_memory(struct fault *fault) {
  return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}

/** Appends the decoded text, which must be UTF-8. */
static enum mulligan_status decode_part(const char *text, size_t length, struct buf *out, struct fault *fault) {
  size_t before = out->length;
  if (!form_percent_decode(text, length, true, out))
    return out->failed ? out_of_memory(fault)
                       : fault_set(fault, MULLIGAN_INVALID, "the form holds a broken percent escape");
  if (!utf8_valid(out->data + before, out->length - before))
    return fault_set(fault, MULLIGAN_INVALID, "the form is not valid UTF-8");
  return MULLIGAN_OK;
}

/** Decodes one `name=value` into `scratch` and shows it. */
static enum mulligan_status visit_pair(const char *text, size_t length, struct buf *scratch, form_visit *visit,
                                       void *context, struct fault *fault) {
  const char *equals = memchr(text, '=', length);
  size_t name_length = equals == NULL ? length : (size_t)(equals - text);
  size_t value_start = equals == NULL ? length : name_length + 1;

  buf_clear(scratch, scratch->cap);
  enum mulligan_status status = decode_part(text, name_length, scratch, fault);
  if (status != MULLIGAN_OK)
    return status;
  struct form_field field = {.name_length = scratch->length};
  if (memchr(scratch->data, '\0', scratch->length) != NULL)
    return fault_set(fault, MULLIGAN_INVALID, "a field's name holds a NUL");
  status = decode_part(text + value_start, length - value_start, scratch, fault);
  if (status != MULLIGAN_OK)
    return status;
  field.name = scratch->data;
  field.value = scratch->data + field.name_length;
  field.value_length = scratch->length - field.name_length;
  if (!visit(context, &field))
    return fault_set(fault, MULLIGAN_INTERRUPTED, "stopped by the reader of the form");
  return MULLIGAN_OK;
}

enum mulligan_status form_urlencoded(const char *text, size_t length, form_visit *visit, void *context,
                                     struct fault *fault) {
  struct buf scratch;
  buf_init(&scratch, length);
  enum mulligan_status status = MULLIGAN_OK;
  size_t fields = 0;
  for (size_t at = 0; at < length && status == MULLIGAN_OK;) {
    const char *ampersand = memchr(text + at, '&', length - at);
    size_t end = ampersand == NULL ? length : (size_t)(ampersand - text);
    if (end > at)
      status = fields++ == FIELDS_MOST
                   ? fault_set(fault, MULLIGAN_INVALID, "the form has more than %d fields", FIELDS_MOST)
                   : visit_pair(text + at, end - at, &scratch, visit, context, fault);
    at = end + 1;
  }
  buf_release(&scratch);
  return status;
}
