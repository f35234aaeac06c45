/**
 * fuzz_form.c - any bytes as a form: no overrun, and only what the contract promises comes out.
 *
 * The first byte chooses the format; for multipart with a Content-Type of its own, that is the text up to a NUL.
 */
#include "base/form.h"
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth) {
  if (!truth)
    abort();
}

struct seen {
  size_t fields;
  size_t bytes;
  bool urlencoded;
};

static bool look(void *context, const struct form_field *field) {
  struct seen *seen = context;
  require(utf8_valid(field->name, field->name_length));
  require(memchr(field->name, '\0', field->name_length) == NULL);
  require(!seen->urlencoded || utf8_valid(field->value, field->value_length));
  require(seen->urlencoded || field->name_length > 0);
  require(field->filename == NULL || utf8_valid(field->filename, field->filename_length));
  for (size_t i = 0; i < field->content_type_length; i++)
    require(field->content_type[i] != '\n' && field->content_type[i] != '\r');
  for (size_t i = 0; i < field->value_length; i++)
    seen->bytes += field->value[i] == '\0'; /* reads every byte, so that the sanitizer checks it */
  require(++seen->fields <= 1000);
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  const char *text = (const char *)data + 1;
  size_t length = size - 1;
  struct seen seen = {.urlencoded = data[0] % 3 == 0};
  struct fault fault = {MULLIGAN_OK, ""};
  enum mulligan_status status;
  if (seen.urlencoded) {
    status = form_urlencoded(text, length, look, &seen, &fault);
  } else if (data[0] % 3 == 1) {
    status = form_multipart("multipart/form-data; boundary=b", text, length, look, &seen, &fault);
  } else {
    const char *end = memchr(text, '\0', length);
    if (end == NULL)
      return 0;
    size_t rest = length - (size_t)(end + 1 - text);
    status = form_multipart(text, end + 1, rest, look, &seen, &fault);
  }
  require(status == MULLIGAN_OK || status == MULLIGAN_INVALID);
  require((status == MULLIGAN_OK) == (fault.message[0] == '\0'));
  return 0;
}
