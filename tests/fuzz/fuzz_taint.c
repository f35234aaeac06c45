/**
 * fuzz_taint.c - any bytes as values to remember and as texts to search: no overrun, and a value is never left over.
 *
 * The input is a text, a NUL, and the value that is planted in it.
 */
#include "base/scrub.h"
#include "base/taint.h"
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth) {
  if (!truth)
    abort();
}

/** Plants a declared secret, which no rule spares, between the text and the text again. */
static void check_planted(const char *text, size_t length, const char *value, size_t value_length) {
  struct taint *taint = taint_create();
  struct buf planted, clean;
  int count = 0;
  buf_init(&planted, SIZE_MAX);
  buf_init(&clean, SIZE_MAX);
  taint_add(taint, text, length);
  taint_add_likely(taint, text, length);
  taint_add_declared(taint, value, value_length);
  require(buf_add(&planted, text, length) && buf_add(&planted, value, value_length) && buf_add(&planted, text, length));
  require(taint_text(taint, planted.data, planted.length, &clean, &count) && !taint_failed(taint));
  require(count > 0 && memmem(clean.data, clean.length, value, value_length) == NULL);
  buf_release(&planted);
  buf_release(&clean);
  taint_destroy(taint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  const char *end = memchr(text, '\0', size);
  if (end == NULL)
    return 0;
  size_t length = (size_t)(end - text);
  const char *value = end + 1;
  size_t value_length = size - length - 1;
  /* Of what could stand in the mark itself, nothing; nor blanks, which are no part of a value at its ends. */
  bool plain = value_length >= 4 && value_length <= 200 && utf8_valid(value, value_length);
  for (size_t i = 0; plain && i < value_length; i++)
    plain = (unsigned char)value[i] > ' ' && strchr(MULLIGAN_SCRUBBED, value[i]) == NULL;
  if (plain && utf8_valid(text, length))
    check_planted(text, length, value, value_length);
  return 0;
}
