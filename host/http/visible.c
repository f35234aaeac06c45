/**
 * visible.c - text from anywhere, shown as it is.
 *
 * Pure; any thread. Each character is looked at by itself, so no sequence of them can mean more than they do.
 */
#include "http/visible.h"

#include "base/html.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD };

/* Reads the character at `text`; returns the bytes it takes, 1 for a malformed one. */
static size_t read_character(const char *text, size_t length, uint32_t *character) {
  unsigned char lead = (unsigned char)text[0];
  size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size > length || !utf8_valid(text, size)) {
    *character = REPLACEMENT;
    return 1;
  }
  *character = size == 1 ? lead : lead & (0x7Fu >> size);
  for (size_t i = 1; i < size; i++)
    *character = *character << 6 | ((unsigned char)text[i] & 0x3Fu);
  return size;
}

/* Would a reader not see it, or be misled by it? */
static bool is_unseen(uint32_t c) {
  static const struct {
    uint32_t first, last;
  } ranges[] = {
      {0x00, 0x08},     {0x0B, 0x1F},     {0x7F, 0x9F},       {0xAD, 0xAD},     {0x61C, 0x61C},
      {0x180E, 0x180E}, {0x200B, 0x200B}, {0x200E, 0x200F},   {0x2028, 0x202E}, {0x2060, 0x206F},
      {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
  };
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (c >= ranges[i].first && c <= ranges[i].last)
      return true;
  return false;
}

static void add_escape(struct buf *out, uint32_t c) {
  buf_addf(out, c < 0x100 ? "\\x%02X" : "\\u{%X}", (unsigned)c);
}

void visible_add_text(struct buf *out, const char *text, size_t length, const char *indent) {
  uint32_t c;
  for (size_t at = 0, size; at < length; at += size) {
    size = read_character(text + at, length - at, &c);
    if (is_unseen(c))
      add_escape(out, c);
    else if (c == REPLACEMENT)
      buf_add_text(out, "\xEF\xBF\xBD");
    else
      buf_add(out, text + at, size);
    if (c == '\n')
      buf_add_text(out, indent);
  }
}

/* `open` and `close` stand around an escape. */
static void add_markup(struct buf *out, const char *text, size_t length, const char *open, const char *close) {
  uint32_t c;
  for (size_t at = 0, size; at < length; at += size) {
    size = read_character(text + at, length - at, &c);
    const char *entity = c < 0x80 ? html_entity((char)c) : NULL;
    if (is_unseen(c)) {
      buf_add_text(out, open);
      add_escape(out, c);
      buf_add_text(out, close);
    } else if (entity) {
      buf_add_text(out, entity);
    } else if (c == REPLACEMENT) {
      buf_add_text(out, "\xEF\xBF\xBD");
    } else {
      buf_add(out, text + at, size);
    }
  }
}

void visible_add_html(struct buf *out, const char *text, size_t length) {
  add_markup(out, text, length, "<i>", "</i>");
}

void visible_add_attribute(struct buf *out, const char *text, size_t length) {
  add_markup(out, text, length, "", "");
}
