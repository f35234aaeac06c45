/**
 * mail_header.c - values of mail headers.
 *
 * Pure functions; any thread. libcurl writes the headers of a mail as it is given them (its MIME interface encodes
 * bodies only), and the libraries that encode words (GMime, libetpan) are whole mail clients, GMime with GLib: for one
 * subject and a few names they would cost more than the sixty lines here.
 */
#include "alerts/mail_header.h"

#include "base/utf8.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

enum {
  LINE_MOST = 76, /* of a line in which an encoded word stands */
  WORD_MOST = 72, /* of an encoded word: the standard's 75, and not to the last one */
  FRAME = 12,     /* =?UTF-8?Q? and ?= */
};

/** May this stand for itself in an encoded word, wherever that stands (RFC 2047, 5 (3))? */
static bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && strchr("!*+-/", c));
}

/** The bytes of the character at the start of a valid text. */
static size_t character_size(const char *text, size_t length) {
  size_t size = 1;
  while (size < length && ((unsigned char)text[size] & 0xC0) == 0x80)
    size++;
  return size;
}

static size_t quoted_size(const char *text, size_t length) {
  size_t size = 0;
  for (size_t i = 0; i < length; i++)
    size += is_plain(text[i]) || text[i] == ' ' ? 1 : 3;
  return size;
}

/** Appends one encoded word of at most `room` characters; returns how many bytes of the text it holds, at least one
 * character. */
static size_t add_word(struct buf *out, const char *text, size_t length, size_t room, bool base64) {
  size_t used = 0, written = 0;
  while (used < length) {
    size_t size = character_size(text + used, length - used);
    size_t more = base64 ? (used + size + 2) / 3 * 4 : written + quoted_size(text + used, size);
    if (used > 0 && more > room - FRAME)
      break;
    used += size;
    written = more;
  }
  buf_add_text(out, base64 ? "=?UTF-8?B?" : "=?UTF-8?Q?");
  if (base64) {
    char encoded[WORD_MOST + FRAME];
    assert(sodium_base64_ENCODED_LEN(used, sodium_base64_VARIANT_ORIGINAL) <= sizeof encoded);
    sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)text, used, sodium_base64_VARIANT_ORIGINAL);
    buf_add_text(out, encoded);
  } else {
    for (size_t i = 0; i < used; i++) {
      if (is_plain(text[i]) || text[i] == ' ')
        buf_add_char(out, text[i] == ' ' ? '_' : text[i]);
      else
        buf_addf(out, "=%02X", (unsigned)(unsigned char)text[i]);
    }
  }
  buf_add_text(out, "?=");
  return used;
}

static void add_words(struct buf *out, size_t column, const char *text, size_t length) {
  bool base64 = (length + 2) / 3 * 4 < quoted_size(text, length);
  for (size_t at = 0; at < length;) {
    size_t room = LINE_MOST - (column < LINE_MOST ? column : LINE_MOST);
    if (room < WORD_MOST / 2) {
      buf_add_text(out, "\r\n ");
      column = 1;
      continue;
    }
    at += add_word(out, text + at, length - at, room < WORD_MOST ? room : WORD_MOST, base64);
    column = LINE_MOST;
  }
}

static bool needs_words(size_t column, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (text[i] < ' ' || text[i] > '~')
      return true;
  /* What looks like an encoded word would be decoded; what begins or ends with a blank would lose it. */
  return column + length > LINE_MOST || memmem(text, length, "=?", 2) != NULL ||
         (length > 0 && (text[0] == ' ' || text[length - 1] == ' '));
}

bool mail_header_add_text(struct buf *out, size_t column, const char *text, size_t length) {
  assert(utf8_valid(text, length));
  if (needs_words(column, text, length))
    add_words(out, column, text, length);
  else
    buf_add(out, text, length);
  return !out->failed;
}

bool mail_header_add_address(struct buf *out, size_t column, const struct mail_address *address) {
  size_t length = strlen(address->name);
  if (length == 0)
    return buf_add_text(out, address->address);
  if (needs_words(column + 2, address->name, length)) {
    add_words(out, column, address->name, length);
  } else {
    buf_add_char(out, '"');
    for (const char *c = address->name; *c != '\0'; c++) {
      if (*c == '"' || *c == '\\')
        buf_add_char(out, '\\');
      buf_add_char(out, *c);
    }
    buf_add_char(out, '"');
  }
  return buf_addf(out, "\r\n <%s>", address->address);
}

bool mail_header_add_date(struct buf *out, int64_t wall_us) {
  /* Not by strftime(), whose names follow the locale. */
  static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  time_t seconds = (time_t)(wall_us / 1000000);
  struct tm date;
  gmtime_r(&seconds, &date);
  return buf_addf(out, "%s, %d %s %d %02d:%02d:%02d +0000", days[date.tm_wday], date.tm_mday, months[date.tm_mon],
                  1900 + date.tm_year, date.tm_hour, date.tm_min, date.tm_sec);
}

/** The size of what no line should hold at the start of a valid text: control characters (also those beyond ASCII),
 * separators of lines, and marks that turn the direction of what follows. 0: none stands there. */
static size_t unwanted(const char *text, size_t length) {
  unsigned char first = (unsigned char)text[0];
  if (first < 0x20 || first == 0x7F)
    return 1;
  if (first == 0xC2 && length >= 2 && (unsigned char)text[1] < 0xA0)
    return 2;
  if (first != 0xE2 || length < 3)
    return 0;
  unsigned char second = (unsigned char)text[1], third = (unsigned char)text[2];
  bool turns = (second == 0x80 && (third == 0x8E || third == 0x8F || (third >= 0xA8 && third <= 0xAE))) ||
               (second == 0x81 && third >= 0xA6 && third <= 0xA9);
  return turns ? 3 : 0;
}

bool mail_header_add_line(struct buf *out, const char *text, size_t length) {
  struct buf sound;
  buf_init(&sound, 3 * length + 1);
  utf8_add_repaired(&sound, text, length);
  size_t start = out->length;
  bool blank = false;
  for (size_t at = 0; at < sound.length;) {
    size_t gone = unwanted(sound.data + at, sound.length - at);
    if (gone > 0 || sound.data[at] == ' ') {
      blank = true;
      at += gone > 0 ? gone : 1;
      continue;
    }
    if (blank && out->length > start)
      buf_add_char(out, ' ');
    blank = false;
    size_t size = character_size(sound.data + at, sound.length - at);
    buf_add(out, sound.data + at, size);
    at += size;
  }
  bool whole = !sound.failed && !out->failed;
  buf_release(&sound);
  return whole;
}
