/**
 * named_value.c - finding the value beside a secret name.
 *
 * Called by scrub.c for every `=` and `:` of a text, from any thread; keeps no
 * state. Forms and JSON are taken apart properly before this is asked; what
 * comes here is text of any kind, so only writings that are hardly anything
 * else count: code such as `token = session.token` stays as it is.
 */
#include "base/named_value.h"

#include <string.h>
#include <strings.h>

enum { BLANKS_MOST = 4 }; /* blanks on either side of `=` and `:` */

static bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
         (unsigned char)c >= 0x80;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static bool is_quote(char c) {
  return c == '"' || c == '\'';
}

/** The end of a quoted value; `escapes` backslashes stood before its opening quote (one in JSON within JSON). */
static size_t quoted_end(const char *text, size_t length, size_t at, char quote, size_t escapes) {
  size_t backslashes = 0;
  for (; at < length; at++) {
    if (text[at] == quote && (escapes == 0 ? backslashes % 2 == 0 : backslashes == escapes))
      return at - escapes;
    backslashes = text[at] == '\\' ? backslashes + 1 : 0;
  }
  return length;
}

static bool is_word(const char *text, size_t length, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0)
      return true;
  }
  return false;
}

/** The end of an unquoted value; with a scheme's name ("Bearer x") what follows the blank is part of it. */
static size_t bare_end(const char *text, size_t length, size_t at) {
  static const char *const schemes[] = {"Bearer", "JWT", "Basic", "Token"};
  size_t start = at;
  for (; at < length; at++) {
    char c = text[at];
    if ((unsigned char)c > ' ' && strchr("&;,\"'<>()}\\", c) == NULL)
      continue;
    if (c != ' ' || !is_word(text + start, at - start, schemes, sizeof schemes / sizeof *schemes))
      break;
    while (at + 1 < length && text[at + 1] == ' ')
      at++;
  }
  return at;
}

/** The end of a header's value inside a longer text. */
static size_t header_end(const char *text, size_t length, size_t at) {
  while (at < length && text[at] != '\0' && strchr("\r\n\"'\\", text[at]) == NULL)
    at++;
  return at;
}

/** `nil`, `true`, and SQL's `?`, `?1`, `$1` and `:name` stand for no secret. */
static bool is_placeholder(const char *text, size_t length) {
  static const char *const nothings[] = {"nil", "null", "none", "true", "false"};
  if (is_word(text, length, nothings, sizeof nothings / sizeof *nothings))
    return true;
  if (length == 0 || strchr("?$:", text[0]) == NULL)
    return false;
  for (size_t i = 1; i < length; i++) {
    bool digit = text[i] >= '0' && text[i] <= '9';
    if (!digit && !(text[0] == ':' && is_name_char(text[i])))
      return false;
  }
  return true;
}

/** Where the name beside a separator stands, and how it is written. */
struct label {
  size_t start, end;
  bool quoted;
  bool spaced; /* from the separator */
};

static struct label label_before(const char *text, size_t from, size_t at) {
  struct label label = {.end = at};
  while (label.end > from && at - label.end < BLANKS_MOST && is_blank(text[label.end - 1]))
    label.end--;
  label.spaced = label.end < at;
  if (label.end > from && is_quote(text[label.end - 1])) {
    label.quoted = true;
    label.end--;
    while (label.end > from && at - label.end < 2 * BLANKS_MOST && text[label.end - 1] == '\\')
      label.end--;
  }
  label.start = label.end;
  while (label.start > from && is_name_char(text[label.start - 1]))
    label.start--;
  return label;
}

bool named_value_at(const struct scrub *scrub, const char *text, size_t length, size_t from, size_t at,
                    struct giveaway *found) {
  static const char *const headers[] = {"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"};
  struct label label = label_before(text, from, at);
  const char *name = text + label.start;
  size_t name_length = label.end - label.start;
  bool pair = label.quoted || text[at] == '=';
  bool header = !pair && is_word(name, name_length, headers, sizeof headers / sizeof *headers);
  if (name_length == 0 || (!pair && !header) || !scrub_is_secret_name(scrub, name, name_length))
    return false;

  size_t value = at + 1;
  while (value < length && value - at <= BLANKS_MOST && is_blank(text[value]))
    value++;
  size_t escapes = 0;
  while (value + escapes < length && escapes < BLANKS_MOST && text[value + escapes] == '\\')
    escapes++;
  size_t quote = value + escapes;
  if (header) {
    *found = (struct giveaway){value, header_end(text, length, value)};
  } else if (quote < length && is_quote(text[quote])) {
    *found = (struct giveaway){quote + 1, quoted_end(text, length, quote + 1, text[quote], escapes)};
  } else {
    /* `token = session.token` and `token == other` are code. */
    if ((!label.quoted && (label.spaced || value > at + 1)) || (value < length && text[value] == '='))
      return false;
    *found = (struct giveaway){value, bare_end(text, length, value)};
    if (is_placeholder(text + value, found->end - value))
      return false;
  }
  size_t found_length = found->end - found->start;
  bool done =
      found_length == strlen(MULLIGAN_SCRUBBED) && memcmp(text + found->start, MULLIGAN_SCRUBBED, found_length) == 0;
  return found_length > 0 && !done;
}
