/**
 * path_segment.c - one segment of a request's path, decoded.
 *
 * Called by exchange.c for each segment by itself, so that an encoded slash never makes two of one. Pure; any thread.
 */
#include "http/path_segment.h"

#include "base/utf8.h"

static int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool path_segment_decode(struct buf *out, const char *text, size_t length) {
  if (!buf_reserve(out, length))
    return false;
  char *start = out->data + out->length, *to = start;
  bool ascii = true;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if (c == '%') {
      int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < length ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return false;
      c = (char)(high * 16 + low);
      i += 2;
    }
    if ((unsigned char)c < ' ' || c == 0x7f)
      return false;
    ascii = ascii && (unsigned char)c < 0x80;
    *to++ = c;
  }
  *to = '\0';
  out->length += (size_t)(to - start);
  return ascii || utf8_valid(start, (size_t)(to - start));
}
