/**
 * utf8.c - checking, cutting and repairing UTF-8.
 *
 * Called from every floor and any thread; keeps no state. Linear time, and
 * never reads beyond `length`, so the bytes need no terminator.
 */
#include "base/utf8.h"

/**
 * The length of the well-formed character that starts at `bytes`, or 0. The range of the second byte is
 * what rules out overlong forms, surrogates and code points above U+10FFFF (Unicode, table 3-7).
 */
static size_t character(const unsigned char *bytes, size_t length) {
  unsigned char lead = bytes[0];
  if (lead < 0x80)
    return 1;

  size_t size;
  unsigned char least = 0x80, most = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    size = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = 3;
    if (lead == 0xE0)
      least = 0xA0;
    else if (lead == 0xED)
      most = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4;
    if (lead == 0xF0)
      least = 0x90;
    else if (lead == 0xF4)
      most = 0x8F;
  } else {
    return 0;
  }
  if (length < size || bytes[1] < least || bytes[1] > most)
    return 0;
  for (size_t i = 2; i < size; i++) {
    if ((bytes[i] & 0xC0) != 0x80)
      return 0;
  }
  return size;
}

size_t utf8_valid_prefix(const char *bytes, size_t length) {
  size_t at = 0;
  while (at < length) {
    size_t size = character((const unsigned char *)bytes + at, length - at);
    if (size == 0)
      break;
    at += size;
  }
  return at;
}

bool utf8_valid(const char *bytes, size_t length) {
  return utf8_valid_prefix(bytes, length) == length;
}

size_t utf8_cut(const char *bytes, size_t length, size_t most) {
  if (length <= most)
    return length;
  while (most > 0 && ((unsigned char)bytes[most] & 0xC0) == 0x80)
    most--;
  return most;
}

bool utf8_add_repaired(struct buf *out, const char *bytes, size_t length) {
  while (length > 0) {
    size_t good = utf8_valid_prefix(bytes, length);
    if (!buf_add(out, bytes, good))
      return false;
    bytes += good;
    length -= good;
    if (length > 0) {
      if (!buf_add_text(out, "\xEF\xBF\xBD"))
        return false;
      bytes++;
      length--;
    }
  }
  return true;
}
