/**
 * buf.c - the growing run of bytes.
 *
 * Called from every floor; a buffer belongs to one thread at a time.
 * Invariants: `data` is never NULL and always terminated; `length <= cap`;
 * `data` is either the shared empty text (capacity 0) or owned memory of
 * `capacity + 1` bytes.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What every empty buffer points at, so that `data` may be read unasked. Never written: capacity is 0 while it is
 * there. */
static char nothing[1];

void buf_init(struct buf *buf, size_t cap) {
  /* Doubling and the NUL must not overflow, whatever the caller calls "no limit". */
  if (cap > SIZE_MAX / 4)
    cap = SIZE_MAX / 4;
  *buf = (struct buf){.data = nothing, .cap = cap};
}

void buf_release(struct buf *buf) {
  if (buf == NULL)
    return;
  if (buf->capacity > 0)
    free(buf->data);
  buf_init(buf, buf->cap);
}

void buf_clear(struct buf *buf, size_t keep) {
  if (buf->capacity > keep) {
    buf_release(buf);
    return;
  }
  buf->length = 0;
  buf->failed = false;
  if (buf->capacity > 0)
    buf->data[0] = '\0';
}

bool buf_reserve(struct buf *buf, size_t more) {
  /* After one failure all later appends fail too: a hole in the middle would go unseen. */
  if (buf->failed)
    return false;
  if (more > buf->cap - buf->length) {
    buf->failed = true;
    return false;
  }
  size_t needed = buf->length + more;
  if (needed <= buf->capacity)
    return true;

  size_t capacity = buf->capacity < 64 ? 64 : buf->capacity * 2;
  if (capacity < needed)
    capacity = needed;
  if (capacity > buf->cap)
    capacity = buf->cap;
  char *data = realloc(buf->capacity > 0 ? buf->data : NULL, capacity + 1);
  if (data == NULL) {
    buf->failed = true;
    return false;
  }
  data[buf->length] = '\0';
  buf->data = data;
  buf->capacity = capacity;
  return true;
}

bool buf_add(struct buf *buf, const void *bytes, size_t length) {
  if (!buf_reserve(buf, length))
    return false;
  if (length > 0) {
    memcpy(buf->data + buf->length, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
  }
  return true;
}

bool buf_add_text(struct buf *buf, const char *text) {
  return buf_add(buf, text, strlen(text));
}

bool buf_add_char(struct buf *buf, char c) {
  return buf_add(buf, &c, 1);
}

bool buf_add_number(struct buf *buf, uint64_t number) {
  char digits[20];
  char *start = digits + sizeof digits;
  do
    *--start = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  return buf_add(buf, start, (size_t)(digits + sizeof digits - start));
}

bool buf_addf(struct buf *buf, const char *format, ...) {
  if (!buf_reserve(buf, 0))
    return false;
  /* What there is room for is written at once; the rest, once it is known how long it is. */
  size_t room = buf->capacity - buf->length;
  va_list args;
  va_start(args, format);
  int length = vsnprintf(room > 0 ? buf->data + buf->length : NULL, room > 0 ? room + 1 : 0, format, args);
  va_end(args);
  if (length >= 0 && (size_t)length > room) {
    if (buf->capacity > 0)
      buf->data[buf->length] = '\0';
    if (!buf_reserve(buf, (size_t)length))
      return false;
    va_start(args, format);
    length = vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
    va_end(args);
  }
  if (length < 0) {
    buf->failed = true;
    return false;
  }
  buf->length += (size_t)length;
  return true;
}

char *buf_detach(struct buf *buf) {
  char *data = buf->capacity > 0 ? buf->data : calloc(1, 1);
  bool failed = buf->failed || data == NULL;
  buf_init(buf, buf->cap);
  buf->failed = failed;
  return data;
}
