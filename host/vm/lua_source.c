/**
 * lua_source.c - lines, keywords and the values of strings, on top of code_word.
 *
 * Called by lua_walk.c. The manual's section 3.1 says what an escape sequence means. Invariant: after a failure, and
 * behind the last word, the word is LUA_WORD_END.
 */
#include "vm/lua_source.h"

#include "vm/code_word.h"

#include <string.h>

static const char *const keywords[] = {"and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
                                       "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
                                       "repeat",   "return", "then", "true", "until",  "while"};

/* ---- the value of a string ---- */

/* The content of a string, of which `at` has been read. */
struct content {
  const char *at, *end;
};

/* The byte `offset` further on; NUL at the end. */
static char byte(const struct content *content, size_t offset) {
  return offset < (size_t)(content->end - content->at) ? content->at[offset] : '\0';
}

static bool is_break(char c) {
  return c == '\n' || c == '\r';
}

/* Steps over one line break, of one byte or two. */
static void skip_break(struct content *content) {
  char first = *content->at++;
  if (is_break(byte(content, 0)) && byte(content, 0) != first)
    content->at++;
}

static int hexadecimal(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "\u{20AC}" in UTF-8, which Lua extends to 31 bits. */
static void add_codepoint(struct buf *value, unsigned long code) {
  char bytes[6];
  int count = 0;
  unsigned long most = 0x3f;
  if (code < 0x80) {
    buf_add_char(value, (char)code);
    return;
  }
  do {
    bytes[count++] = (char)(0x80 | (code & 0x3f));
    code >>= 6;
    most >>= 1;
  } while (code > most);
  buf_add_char(value, (char)((~most << 1) | code));
  while (count > 0)
    buf_add_char(value, bytes[--count]);
}

static void read_codepoint(struct content *content, struct buf *value) {
  unsigned long code = 0;
  content->at += 2; /* u{ */
  for (; hexadecimal(byte(content, 0)) >= 0; content->at++)
    code = (code << 4 | (unsigned long)hexadecimal(*content->at)) & 0x7fffffff;
  if (byte(content, 0) == '}')
    content->at++;
  add_codepoint(value, code);
}

static void read_decimal(struct content *content, struct buf *value) {
  int code = 0;
  for (int i = 0; i < 3 && byte(content, 0) >= '0' && byte(content, 0) <= '9'; i++)
    code = code * 10 + (*content->at++ - '0');
  buf_add_char(value, (char)code);
}

static void skip_blanks(struct content *content) {
  while (byte(content, 0) == ' ' || (byte(content, 0) >= '\t' && byte(content, 0) <= '\r'))
    content->at++;
}

/* What stands behind a backslash. */
static void read_escape(struct content *content, struct buf *value) {
  static const char letters[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
  char c = byte(content, 0);
  const char *letter = c ? strchr(letters, c) : NULL;
  if (content->at == content->end)
    return;
  if (c >= '0' && c <= '9') {
    read_decimal(content, value);
  } else if (c == 'x' && content->end - content->at >= 3) {
    buf_add_char(value, (char)(hexadecimal(byte(content, 1)) * 16 + hexadecimal(byte(content, 2))));
    content->at += 3;
  } else if (c == 'u' && byte(content, 1) == '{') {
    read_codepoint(content, value);
  } else if (is_break(c)) {
    buf_add_char(value, '\n');
    skip_break(content);
  } else {
    content->at++;
    if (c == 'z')
      skip_blanks(content);
    else
      buf_add_char(value, letter ? meanings[letter - letters] : c); /* else a quote or a backslash */
  }
}

static void read_quoted(struct content content, struct buf *value) {
  while (content.at < content.end) {
    char c = *content.at++;
    if (c == '\\')
      read_escape(&content, value);
    else
      buf_add_char(value, c);
  }
}

static void read_long(struct content content, struct buf *value) {
  if (is_break(byte(&content, 0)))
    skip_break(&content);
  while (content.at < content.end) {
    bool broken = is_break(*content.at);
    buf_add_char(value, broken ? '\n' : *content.at);
    if (broken)
      skip_break(&content);
    else
      content.at++;
  }
}

static void read_value(struct lua_source *source, const struct code_word *token) {
  bool quoted = source->text[token->start] != '[';
  size_t closing = quoted ? 1 : token->body - token->start;
  if (token->open || token->end - token->body < closing) {
    lua_source_fail(source);
    return;
  }
  struct content content = {source->text + token->body, source->text + token->end - closing};
  buf_clear(&source->value, (size_t)-1);
  if (quoted)
    read_quoted(content, &source->value);
  else
    read_long(content, &source->value);
  source->word.text = source->value.data;
  source->word.length = source->value.length;
  if (source->value.failed)
    lua_source_fail(source);
}

/* ---- words ---- */

/* The next token that is no comment. */
static bool next_token(const struct lua_source *source, size_t *at, struct code_word *token) {
  while (code_word_next(source->text, source->length, at, token))
    if (token->kind != CODE_WORD_COMMENT)
      return true;
  return false;
}

/* A break of two bytes counts once. */
static void count_lines(struct lua_source *source, size_t to) {
  while (source->counted < to) {
    char c = source->text[source->counted++];
    if (!is_break(c))
      continue;
    source->line++;
    if (source->counted < to && is_break(source->text[source->counted]) && source->text[source->counted] != c)
      source->counted++;
  }
}

static enum lua_word_type type_of(const char *source, const struct code_word *token) {
  switch (token->kind) {
  case CODE_WORD_NUMBER:
    return LUA_WORD_NUMBER;
  case CODE_WORD_STRING:
    return LUA_WORD_STRING;
  case CODE_WORD_NAME:
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
      if (code_word_is(source, token, keywords[i]))
        return LUA_WORD_KEYWORD;
    return LUA_WORD_NAME;
  default:
    return LUA_WORD_SYMBOL;
  }
}

void lua_source_init(struct lua_source *source, const char *text, size_t length) {
  *source = (struct lua_source){.text = text, .length = length, .line = 1};
  buf_init(&source->value, length + 1);
  lua_source_next(source);
}

void lua_source_release(struct lua_source *source) {
  buf_release(&source->value);
}

void lua_source_next(struct lua_source *source) {
  struct code_word token;
  bool found = next_token(source, &source->at, &token);
  count_lines(source, found ? token.start : source->length);
  source->word = (struct lua_word){.line = source->line};
  if (!found)
    return;
  source->word.type = type_of(source->text, &token);
  source->word.text = source->text + token.start;
  source->word.length = token.end - token.start;
  if (source->word.type == LUA_WORD_STRING)
    read_value(source, &token);
}

void lua_source_fail(struct lua_source *source) {
  source->failed = true;
  source->at = source->counted = source->length;
  source->word.type = LUA_WORD_END;
}

static bool is_word(const char *text, size_t length, const char *word) {
  return strlen(word) == length && memcmp(text, word, length) == 0;
}

bool lua_source_at(const struct lua_source *source, const char *text) {
  const struct lua_word *word = &source->word;
  return (word->type == LUA_WORD_KEYWORD || word->type == LUA_WORD_SYMBOL) && is_word(word->text, word->length, text);
}

bool lua_source_before(const struct lua_source *source, const char *symbol) {
  struct code_word token;
  size_t at = source->at;
  return next_token(source, &at, &token) && token.kind == CODE_WORD_SYMBOL &&
         code_word_is(source->text, &token, symbol);
}
