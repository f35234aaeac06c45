/**
 * request_line.c - a request as a line of the access log.
 *
 * Used by the request log's thread, for each request: so room is made once for the longest that a line may become, and
 * the time is put together once a second. Invariant: what the put_…() write stays within most_of().
 */
#include "data/request_line.h"

#include <string.h>
#include <time.h>

enum { SECOND_US = 1000000 };

/** Room for what stands between the texts. */
enum { FRAME_MOST = 256 };

/** What needs no escape within quotes. */
static bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static char *put_escaped(char *to, char c) {
  static const char digits[] = "0123456789abcdef";
  *to++ = '\\';
  if (c == '"' || c == '\\') {
    *to++ = c;
    return to;
  }
  *to++ = 'x';
  *to++ = digits[(unsigned char)c >> 4];
  *to++ = digits[c & 15];
  return to;
}

/** Puts a text that cannot leave its quotes, in at most four times its length. */
static char *put_text(char *to, struct request_span text) {
  for (size_t i = 0; i < text.length; i++) {
    char c = text.bytes[i];
    if (is_plain(c))
      *to++ = c;
    else
      to = put_escaped(to, c);
  }
  return to;
}

/** The same for a field between blanks: it must hold none, nor be empty. */
static char *put_word(char *to, struct request_span text) {
  for (size_t i = 0; i < text.length; i++) {
    char c = text.bytes[i];
    if (is_plain(c) && c != ' ')
      *to++ = c;
    else
      to = put_escaped(to, c);
  }
  if (text.length == 0)
    *to++ = '-';
  return to;
}

static char *put_quoted(char *to, struct request_span text) {
  *to++ = '"';
  if (text.length == 0)
    *to++ = '-';
  to = put_text(to, text);
  *to++ = '"';
  return to;
}

static char *put_number(char *to, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do
    digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  return mempcpy(to, digits + at, sizeof digits - at);
}

/** `"GET /hello/?a=b HTTP/1.1"`; `"-"` where nothing could be read. */
static char *put_request(char *to, const struct request_span *texts) {
  if (texts[REQUEST_FIELD_METHOD].length == 0 && texts[REQUEST_FIELD_TARGET].length == 0)
    return mempcpy(to, "\"-\"", 3);
  *to++ = '"';
  to = put_word(to, texts[REQUEST_FIELD_METHOD]);
  *to++ = ' ';
  to = put_word(to, texts[REQUEST_FIELD_TARGET]);
  if (texts[REQUEST_FIELD_QUERY].length > 0) {
    *to++ = '?';
    to = put_word(to, texts[REQUEST_FIELD_QUERY]);
  }
  if (texts[REQUEST_FIELD_VERSION].length > 0) {
    to = mempcpy(to, " HTTP/", 6);
    to = put_word(to, texts[REQUEST_FIELD_VERSION]);
  }
  *to++ = '"';
  return to;
}

/** The local time and its distance from UTC; the months' names are English in every locale. */
static void set_clock(struct request_line_clock *clock, int64_t second) {
  static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  struct tm parts;
  time_t time = (time_t)second;
  localtime_r(&time, &parts);
  char rest[24];
  strftime(rest, sizeof rest, "%Y:%H:%M:%S %z", &parts);
  size_t at = 0;
  clock->text[at++] = '[';
  clock->text[at++] = (char)('0' + parts.tm_mday / 10);
  clock->text[at++] = (char)('0' + parts.tm_mday % 10);
  clock->text[at++] = '/';
  memcpy(clock->text + at, months[parts.tm_mon], 3);
  at += 3;
  clock->text[at++] = '/';
  size_t length = strlen(rest);
  memcpy(clock->text + at, rest, length);
  memcpy(clock->text + at + length, "]", 2);
  clock->second = second;
}

static size_t most_of(const struct request_span *texts) {
  static const enum request_field fields[] = {
      REQUEST_FIELD_ADDRESS, REQUEST_FIELD_USER,    REQUEST_FIELD_METHOD,  REQUEST_FIELD_TARGET,
      REQUEST_FIELD_QUERY,   REQUEST_FIELD_VERSION, REQUEST_FIELD_REFERER, REQUEST_FIELD_AGENT,
  };
  size_t length = 0;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    length += texts[fields[i]].length;
  return FRAME_MOST + sizeof "\\x00" * length;
}

bool request_line_add(struct buf *out, const struct request_entry *entry, struct request_line_clock *clock) {
  const struct request_span *texts = entry->texts;
  int64_t second = entry->started_at / SECOND_US;
  if (second != clock->second)
    set_clock(clock, second);
  if (!buf_reserve(out, most_of(texts))) {
    out->failed = false;
    return false;
  }
  char *to = put_word(out->data + out->length, texts[REQUEST_FIELD_ADDRESS]);
  to = mempcpy(to, " - ", 3);
  to = put_word(to, texts[REQUEST_FIELD_USER]);
  *to++ = ' ';
  to = stpcpy(to, clock->text);
  *to++ = ' ';
  to = put_request(to, texts);
  *to++ = ' ';
  to = put_number(to, (uint64_t)entry->status);
  *to++ = ' ';
  to = put_number(to, (uint64_t)entry->bytes);
  *to++ = ' ';
  to = put_quoted(to, texts[REQUEST_FIELD_REFERER]);
  *to++ = ' ';
  to = put_quoted(to, texts[REQUEST_FIELD_AGENT]);
  *to++ = ' ';
  to = put_number(to, (uint64_t)entry->duration_us);
  *to++ = '\n';
  *to = '\0';
  out->length = (size_t)(to - out->data);
  return true;
}
