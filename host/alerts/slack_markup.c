/**
 * slack_markup.c - text in Slack's markup.
 *
 * Called for each text of a message by whoever composes it. A text is walked in units, which are never split: an
 * entity, a link, the fence of a block of code, or a character.
 */
#include "alerts/slack_markup.h"

#include <string.h>

#define ELLIPSIS        "…"
#define FENCE           "```"
#define BACKTICK_LETTER "ˋ" /* U+02CB */

enum { LONGEST_LINK = 3100 };

static bool is_continuation(char byte) {
  return ((unsigned char)byte & 0xC0) == 0x80;
}

size_t slack_markup_count(const char *text, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++)
    count += !is_continuation(text[i]);
  return count;
}

/* The bytes of the character at the beginning. */
static size_t character_length(const char *text, size_t length) {
  size_t bytes = 1;
  while (bytes < length && is_continuation(text[bytes]))
    bytes++;
  return bytes;
}

static bool begins(const char *text, size_t length, const char *with) {
  size_t wanted = strlen(with);
  return length >= wanted && memcmp(text, with, wanted) == 0;
}

/* Control characters, and those that only turn the direction in which others are read. */
static bool is_control(const char *text, size_t bytes) {
  const unsigned char *at = (const unsigned char *)text;
  if (bytes == 1)
    return at[0] < 0x20 || at[0] == 0x7F;
  if (bytes == 2)
    return at[0] == 0xC2 && at[1] < 0xA0;
  /* U+2028 to U+202E and U+2066 to U+2069 */
  return bytes == 3 && at[0] == 0xE2 &&
         ((at[1] == 0x80 && at[2] >= 0xA8 && at[2] <= 0xAE) || (at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9));
}

/* ---- units ---- */

/* The bytes of an entity at the beginning; 0 if there is none. */
static size_t entity_length(const char *text, size_t length) {
  static const char *const entities[] = {"&amp;", "&lt;", "&gt;"};
  for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
    if (begins(text, length, entities[i]))
      return strlen(entities[i]);
  return 0;
}

/* The end of what begins at `at` and has none of `none`, no control characters and no code. */
static size_t run_end(const char *text, size_t length, size_t at, const char *none) {
  while (at < length && at < LONGEST_LINK && text[at] != '<' && text[at] != '>' && text[at] != '`' &&
         (text[at] == '\0' || !strchr(none, text[at]))) {
    size_t bytes = character_length(text + at, length - at);
    if (is_control(text + at, bytes))
      break;
    at += bytes;
  }
  return at;
}

static bool is_at(const char *text, size_t length, size_t at, char character) {
  return at < length && text[at] == character;
}

/* <https://address> or <https://address|label>, or the same with an e-mail address. */
static size_t address_length(const char *text, size_t length) {
  static const char *const schemes[] = {"<https://", "<http://", "<mailto:"};
  size_t begin = 0;
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes && begin == 0; i++)
    begin = begins(text, length, schemes[i]) ? strlen(schemes[i]) : 0;
  if (begin == 0)
    return 0;
  size_t end = run_end(text, length, begin, "| ");
  if (end == begin)
    return 0;
  if (is_at(text, length, end, '|'))
    end = run_end(text, length, end + 1, "");
  return is_at(text, length, end, '>') ? end + 1 : 0;
}

/* <!date^1392734382^form|words>, or with an address before the bar. */
static size_t date_length(const char *text, size_t length) {
  static const char mark[] = "<!date^";
  if (!begins(text, length, mark))
    return 0;
  size_t digits = sizeof mark - 1, end = digits;
  while (end < length && text[end] >= '0' && text[end] <= '9')
    end++;
  if (end == digits || !is_at(text, length, end, '^'))
    return 0;
  end = run_end(text, length, end + 1, "^|");
  if (is_at(text, length, end, '^'))
    end = run_end(text, length, end + 1, "^|");
  if (!is_at(text, length, end, '|'))
    return 0;
  size_t words = end + 1;
  end = run_end(text, length, words, "|");
  return end > words && is_at(text, length, end, '>') ? end + 1 : 0;
}

static size_t unit_length(const char *text, size_t length) {
  size_t unit = *text == '&' ? entity_length(text, length) : 0;
  if (*text == '<' && (unit = address_length(text, length)) == 0)
    unit = date_length(text, length);
  if (unit == 0 && begins(text, length, FENCE))
    unit = strlen(FENCE);
  return unit > 0 ? unit : character_length(text, length);
}

/* ---- escaping ---- */

static bool add_escaped(struct buf *out, const char *text, size_t bytes) {
  switch (*text) {
  case '&':
    return buf_add_text(out, "&amp;");
  case '<':
    return buf_add_text(out, "&lt;");
  case '>':
    return buf_add_text(out, "&gt;");
  default:
    return is_control(text, bytes) ? buf_add_char(out, ' ') : buf_add(out, text, bytes);
  }
}

bool slack_markup_add_value(struct buf *out, const char *value, size_t length) {
  for (size_t at = 0, bytes; at < length; at += bytes) {
    bytes = character_length(value + at, length - at);
    bool pair = value[at] == '\r' && at + 1 < length && value[at + 1] == '\n';
    if (value[at] == '`')
      buf_add_text(out, BACKTICK_LETTER);
    else if (!pair)
      add_escaped(out, value + at, bytes);
  }
  return !out->failed;
}

/* What stands inside of a link: its own `&` may be written either way. */
static void add_link(struct buf *out, const char *text, size_t length) {
  for (size_t at = 0, bytes; at < length; at += bytes) {
    bytes = unit_length(text + at, length - at);
    if (bytes == 1 && text[at] == '&')
      buf_add_text(out, "&amp;");
    else
      buf_add(out, text + at, bytes);
  }
}

bool slack_markup_add_tidy(struct buf *out, const char *text, size_t length, bool lines) {
  for (size_t at = 0, bytes; at < length; at += bytes) {
    bytes = unit_length(text + at, length - at);
    bool pair = text[at] == '\r' && at + 1 < length && text[at + 1] == '\n';
    if (text[at] == '<' && bytes > 1) {
      buf_add_char(out, '<');
      add_link(out, text + at + 1, bytes - 2);
      buf_add_char(out, '>');
    } else if (text[at] == '\n' && lines) {
      buf_add_char(out, '\n');
    } else if (text[at] == '&' && bytes > 1) {
      buf_add(out, text + at, bytes);
    } else if (!pair) {
      add_escaped(out, text + at, bytes);
    }
  }
  return !out->failed;
}

/* ---- cutting ---- */

/* What has to follow here for code to be ended. */
struct code {
  bool block, inline_;
};

static void see_unit(struct code *code, const char *text, size_t bytes) {
  if (bytes == strlen(FENCE) && memcmp(text, FENCE, bytes) == 0) {
    code->block = !code->block;
    code->inline_ = false;
  } else if (bytes == 1 && *text == '`' && !code->block) {
    code->inline_ = !code->inline_;
  } else if (*text == '\n') {
    code->inline_ = false;
  }
}

static const char *ending(const struct code *code) {
  return code->block ? ELLIPSIS FENCE : code->inline_ ? ELLIPSIS "`" : ELLIPSIS;
}

bool slack_markup_add_cut(struct buf *out, const char *text, size_t length, size_t most) {
  if (slack_markup_count(text, length) <= most)
    return buf_add(out, text, length);
  size_t kept = 0, count = 0;
  const char *end = ELLIPSIS;
  struct code code = {false, false};
  for (size_t at = 0; at < length && count < most;) {
    size_t bytes = unit_length(text + at, length - at);
    count += slack_markup_count(text + at, bytes);
    see_unit(&code, text + at, bytes);
    at += bytes;
    if (count + slack_markup_count(ending(&code), strlen(ending(&code))) <= most) {
      kept = at;
      end = ending(&code);
    }
  }
  return buf_add(out, text, kept) && buf_add_text(out, end);
}
