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

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_name_char(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
         (unsigned char)c >= 0x80;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static bool is_quote(char c) {
  return c == '"' || c == '\'';
}

static bool is_word(const char *text, size_t length, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0)
      return true;
  }
  return false;
}

/** How a value is written, and so what ends it. */
struct value {
  enum { VALUE_BARE, VALUE_QUOTED, VALUE_HEADER } kind;
  size_t start;
  char quote;
  size_t escapes; /* backslashes before its opening quote: one in JSON within JSON */
};

static size_t quoted_end(const char *text, size_t length, const struct value *value, size_t at) {
  size_t backslashes = 0;
  for (; at < length; at++) {
    if (text[at] == value->quote && (value->escapes == 0 ? backslashes % 2 == 0 : backslashes == value->escapes))
      return at - value->escapes;
    backslashes = text[at] == '\\' ? backslashes + 1 : 0;
  }
  return length;
}

/** After a scheme's name ("Bearer x") what follows the blank is part of the value. */
static size_t bare_end(const char *text, size_t length, const struct value *value, size_t at) {
  static const char *const schemes[] = {"Bearer", "JWT", "Basic", "Token"};
  for (; at < length; at++) {
    char c = text[at];
    if ((unsigned char)c > ' ' && strchr("&;,\"'<>()}\\", c) == NULL)
      continue;
    if (c != ' ' || !is_word(text + value->start, at - value->start, schemes, sizeof schemes / sizeof *schemes))
      break;
    while (at + 1 < length && text[at + 1] == ' ')
      at++;
  }
  return at;
}

static size_t header_end(const char *text, size_t length, size_t at) {
  while (at < length && text[at] != '\0' && strchr("\r\n\"'\\", text[at]) == NULL)
    at++;
  return at;
}

/** Where a value ends that is known to reach up to `at`. */
static size_t value_end(const char *text, size_t length, const struct value *value, size_t at) {
  switch (value->kind) {
  case VALUE_QUOTED:
    return quoted_end(text, length, value, at);
  case VALUE_HEADER:
    return header_end(text, length, at);
  case VALUE_BARE:
    break;
  }
  return bare_end(text, length, value, at);
}

/** The whole value: `private_key=-----BEGIN …` seems to end at a blank, but what begins in a value belongs to it. */
static size_t whole_end(const char *text, size_t length, const struct value *value) {
  size_t end = value_end(text, length, value, value->start);
  for (size_t i = value->start; i < end; i++) {
    struct giveaway inner;
    if (giveaway_at(text, length, value->start, i, &inner) && inner.end > end)
      end = value_end(text, length, value, inner.end);
  }
  return end;
}

/** `nil`, `true`, and SQL's `?`, `?1`, `$1` and `:name` stand for no secret. */
static bool is_placeholder(const char *text, size_t length) {
  static const char *const nothings[] = {"nil", "null", "none", "true", "false"};
  if (is_word(text, length, nothings, sizeof nothings / sizeof *nothings))
    return true;
  if (length == 0 || strchr("?$:", text[0]) == NULL)
    return false;
  /* An ordinal has at most three digits, a name is one ASCII word: nothing that could hold a secret itself. */
  bool named = text[0] == ':' && length > 1 && !is_digit(text[1]);
  for (size_t i = 1; i < length; i++) {
    if (!is_digit(text[i]) && !(named && is_name_char(text[i]) && text[i] != '-' && (unsigned char)text[i] < 0x80))
      return false;
  }
  return named || (text[0] != ':' && length <= 4);
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

  struct value value = {.kind = header ? VALUE_HEADER : VALUE_BARE, .start = at + 1};
  while (value.start < length && value.start - at <= BLANKS_MOST && is_blank(text[value.start]))
    value.start++;
  label.spaced = label.spaced || value.start > at + 1;
  size_t quote = value.start;
  while (quote < length && quote - value.start < BLANKS_MOST && text[quote] == '\\')
    quote++;
  if (!header && quote < length && is_quote(text[quote])) {
    value = (struct value){VALUE_QUOTED, quote + 1, text[quote], quote - value.start};
  } else if (!header) {
    /* `token = session.token` and `token == other` are code. */
    if ((!label.quoted && label.spaced) || (value.start < length && text[value.start] == '='))
      return false;
    if (is_placeholder(text + value.start, bare_end(text, length, &value, value.start) - value.start))
      return false;
  }
  *found = (struct giveaway){value.start, whole_end(text, length, &value)};
  return found->end > found->start;
}
