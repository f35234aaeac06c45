/**
 * code_word.c - the words of a Lua text.
 *
 * Called by the session before it runs a text, and by the completion of what is being typed. Keeps no state.
 */
#include "vm/code_word.h"

#include <string.h>

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The level of the long bracket that opens at `at` (`[[` has 0); -1 if none does. */
static int bracket_level(const char *text, size_t length, size_t at) {
  size_t end = at + 1;
  while (end < length && text[end] == '=')
    end++;
  return text[at] == '[' && end < length && text[end] == '[' ? (int)(end - at - 1) : -1;
}

/* Where the long bracket ends whose content begins at `body`; the text's length, and `*open`, if it does not. */
static size_t bracket_end(const char *text, size_t length, size_t body, int level, bool *open) {
  for (size_t at = body; at < length; at++) {
    if (text[at] != ']')
      continue;
    size_t end = at + 1;
    while (end < length && text[end] == '=')
      end++;
    if (end < length && text[end] == ']' && (int)(end - at - 1) == level)
      return end + 1;
  }
  *open = true;
  return length;
}

static size_t quoted_end(const char *text, size_t length, size_t body, char quote, bool *open) {
  size_t at = body;
  while (at < length && text[at] != quote && text[at] != '\n') {
    bool escaped = text[at++] == '\\' && at < length;
    if (escaped && text[at++] == 'z')
      while (at < length && is_blank(text[at]))
        at++;
    else if (escaped && text[at - 1] == '\r' && at < length && text[at] == '\n')
      at++;
  }
  *open = at >= length;
  if (at < length && text[at] == quote)
    at++;
  return at < length ? at : length;
}

static size_t number_end(const char *text, size_t length, size_t at) {
  while (at < length && (is_letter(text[at]) || is_digit(text[at]) || text[at] == '.' ||
                         ((text[at] == '+' || text[at] == '-') && strchr("eEpP", text[at - 1]))))
    at++;
  return at;
}

static size_t symbol_end(const char *text, size_t length, size_t at) {
  static const char *const longer[] = {"...", "..", "::", "==", "~=", "<=", ">=", "//", "<<", ">>"};
  for (size_t i = 0; i < sizeof longer / sizeof *longer; i++) {
    size_t size = strlen(longer[i]);
    if (length - at >= size && memcmp(text + at, longer[i], size) == 0)
      return at + size;
  }
  return at + 1;
}

/* A comment from its two hyphens on. */
static void read_comment(const char *text, size_t length, struct code_word *out) {
  size_t at = out->start + 2;
  int level = at < length ? bracket_level(text, length, at) : -1;
  out->kind = CODE_WORD_COMMENT;
  if (level >= 0) {
    out->end = bracket_end(text, length, at + (size_t)level + 2, level, &out->open);
    return;
  }
  while (at < length && text[at] != '\n')
    at++;
  out->end = at;
  out->open = at == length;
}

bool code_word_next(const char *text, size_t length, size_t *at, struct code_word *out) {
  while (*at < length && is_blank(text[*at]))
    (*at)++;
  if (*at >= length)
    return false;
  *out = (struct code_word){.kind = CODE_WORD_SYMBOL, .start = *at};
  char first = text[*at], second = *at + 1 < length ? text[*at + 1] : '\0';
  int level = bracket_level(text, length, *at);
  if (is_letter(first)) {
    out->kind = CODE_WORD_NAME;
    for (out->end = *at; out->end < length && (is_letter(text[out->end]) || is_digit(text[out->end]));)
      out->end++;
  } else if (is_digit(first) || (first == '.' && is_digit(second))) {
    out->kind = CODE_WORD_NUMBER;
    out->end = number_end(text, length, *at + 1);
  } else if (first == '"' || first == '\'') {
    out->kind = CODE_WORD_STRING;
    out->body = *at + 1;
    out->end = quoted_end(text, length, out->body, first, &out->open);
  } else if (level >= 0) {
    out->kind = CODE_WORD_STRING;
    out->body = *at + (size_t)level + 2;
    out->end = bracket_end(text, length, out->body, level, &out->open);
  } else if (first == '-' && second == '-') {
    read_comment(text, length, out);
  } else {
    out->end = symbol_end(text, length, *at);
  }
  *at = out->end;
  return true;
}

bool code_word_is(const char *text, const struct code_word *found, const char *word) {
  size_t length = found->end - found->start;
  return strlen(word) == length && memcmp(text + found->start, word, length) == 0;
}

static bool next_word(const char *text, size_t length, size_t *at, struct code_word *out) {
  while (code_word_next(text, length, at, out))
    if (out->kind != CODE_WORD_COMMENT)
      return true;
  *out = (struct code_word){.start = length, .end = length};
  return false;
}

/* The names behind a `local` that ends at `at`; true if one has another attribute. */
static bool blank_list(char *text, size_t length, size_t at) {
  struct code_word name, next, attribute, close;
  bool other = false;
  do {
    if (!next_word(text, length, &at, &name) || name.kind != CODE_WORD_NAME || code_word_is(text, &name, "function"))
      return other;
    next_word(text, length, &at, &next);
    if (!code_word_is(text, &next, "<"))
      continue;
    next_word(text, length, &at, &attribute);
    next_word(text, length, &at, &close);
    if (code_word_is(text, &attribute, "const") && code_word_is(text, &close, ">")) {
      text[next.start] = text[close.start] = ' ';
      memset(text + attribute.start, ' ', attribute.end - attribute.start);
    } else {
      other = true;
    }
    next_word(text, length, &at, &next);
  } while (code_word_is(text, &next, ","));
  return other;
}

bool code_word_blank_constants(char *text, size_t length) {
  struct code_word word;
  bool other = false;
  for (size_t at = 0; next_word(text, length, &at, &word);)
    if (word.kind == CODE_WORD_NAME && code_word_is(text, &word, "local") && blank_list(text, length, at))
      other = true;
  return other;
}
