/**
 * body_scrub.c - a request's body without its secrets, whole or cut off, well-formed or not.
 *
 * Called by error_scrub.c in the thread that had the error. What parses as JSON is scrubbed as a value. Everything else
 * is read leniently, as a person would: a word, a colon or an equals sign, and what seems to be its value. That errs on
 * the side of taking too much out: a body that did not parse is often recorded because of a typing error right beside
 * the password.
 */
#include "data/body_scrub.h"

#include "base/taint.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

/** A position in the text. */
struct cursor {
  const char *at;
  const char *end;
};

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool is_quote(char c) {
  return c == '"' || c == '\'';
}

/** Scrubs what is whole JSON; false in `*parsed` if it is not. */
static bool scrub_whole_json(const struct scrub *scrub, const char *body, size_t length, struct buf *out,
                             struct scrub_tally *tally, bool *parsed) {
  json_t *value = json_loadb(body, length, JSON_ALLOW_NUL, NULL);
  *parsed = value != NULL;
  if (value == NULL)
    return true;
  json_t *clean = scrub_json(scrub, value, tally);
  json_decref(value);
  if (clean == NULL)
    return false;
  /* Dumped twice, once for the size: jansson's own growing copy would be one more allocation of the same size. */
  size_t size = json_dumpb(clean, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
  bool good = buf_reserve(out, size);
  if (good) {
    json_dumpb(clean, out->data + out->length, size, JSON_COMPACT | JSON_ENCODE_ANY);
    out->length += size;
    out->data[out->length] = '\0';
  }
  json_decref(clean);
  return good;
}

/** Past a quoted text, from its opening quote; to the end if it is not closed. */
static void skip_quoted(struct cursor *cursor) {
  char quote = *cursor->at++;
  while (cursor->at < cursor->end && *cursor->at != quote)
    cursor->at += *cursor->at == '\\' && cursor->at + 1 < cursor->end ? 2 : 1;
  if (cursor->at < cursor->end)
    cursor->at++;
}

/** Past a value: a quoted text, a bracketed list or object with all it holds, or a run up to a separator. */
static void skip_value(struct cursor *cursor) {
  int depth = 0;
  while (cursor->at < cursor->end) {
    char c = *cursor->at;
    if (is_quote(c) && (depth > 0 || c == '"' || cursor->at[-1] != '\\')) {
      skip_quoted(cursor);
    } else if (c == '{' || c == '[') {
      depth++;
      cursor->at++;
    } else if (depth > 0 && (c == '}' || c == ']')) {
      depth--;
      cursor->at++;
    } else if (depth == 0 && strchr(",}]&;\r\n", c) != NULL) {
      return;
    } else {
      cursor->at++;
      continue;
    }
    if (depth == 0)
      return;
  }
}

/** Remembers what skip_value() passed: JSON if it parses, else the text without its quotes, of which one may be
 * missing.
 */
static void remember_value(const struct scrub *scrub, const char *value, size_t length, struct taint *taint) {
  json_t *parsed = taint != NULL ? json_loadb(value, length, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL) : NULL;
  if (parsed != NULL) {
    scrub_remember(scrub, parsed, taint);
    json_decref(parsed);
    return;
  }
  while (length > 0 && (is_quote(value[0]) || value[0] == '\\'))
    value++, length--;
  while (length > 0 && (is_quote(value[length - 1]) || value[length - 1] == '\\'))
    length--;
  taint_add(taint, value, length);
}

/** Past the content of a multipart part, from within its headers; the headers are copied. */
static bool replace_part(struct cursor *cursor, struct buf *out, struct scrub_tally *tally) {
  const char *start = cursor->at;
  size_t left = (size_t)(cursor->end - start);
  const char *blank = memmem(start, left, "\r\n\r\n", 4);
  size_t gap = 4;
  if (blank == NULL) {
    blank = memmem(start, left, "\n\n", 2);
    gap = 2;
  }
  if (blank == NULL)
    return true; /* cut off within the headers: no content is here */
  const char *content = blank + gap;
  const char *next = memmem(content, (size_t)(cursor->end - content), "\n--", 3);
  if (next == NULL)
    next = cursor->end;
  else if (next > content && next[-1] == '\r')
    next--;
  cursor->at = next;
  taint_add(tally->taint, content, (size_t)(next - content));
  tally->count++;
  return buf_add(out, start, (size_t)(content - start)) && buf_add_text(out, MULLIGAN_SCRUBBED);
}

/** At a word: copies it, and replaces the value that it names if it is a secret's name. */
static bool take_word(const struct scrub *scrub, struct cursor *cursor, const char *text, bool multipart,
                      struct buf *out, struct scrub_tally *tally) {
  const char *word = cursor->at;
  while (cursor->at < cursor->end && is_word(*cursor->at))
    cursor->at++;
  size_t length = (size_t)(cursor->at - word);
  struct cursor after = *cursor;
  if (word > text && is_quote(word[-1]) && after.at < after.end && *after.at == word[-1])
    after.at++;
  while (after.at < after.end && is_space(*after.at))
    after.at++;
  bool named = after.at < after.end && (*after.at == ':' || *after.at == '=');
  if (!named)
    return buf_add(out, word, length);
  after.at++;
  while (after.at < after.end && (*after.at == ' ' || *after.at == '\t'))
    after.at++;

  if (multipart && length == 4 && strncasecmp(word, "name", 4) == 0) {
    /* name="password" in a Content-Disposition: the value is the part's content. */
    const char *name = after.at < after.end && is_quote(*after.at) ? after.at + 1 : after.at;
    const char *stop = name;
    while (stop < after.end && is_word(*stop))
      stop++;
    if (!scrub_is_secret_name(scrub, name, (size_t)(stop - name)))
      return buf_add(out, word, length);
    if (!buf_add(out, word, (size_t)(stop - word)))
      return false;
    cursor->at = stop;
    return replace_part(cursor, out, tally);
  }
  if (!scrub_is_secret_name(scrub, word, length))
    return buf_add(out, word, length);
  bool good = buf_add(out, word, (size_t)(after.at - word));
  bool quoted = after.at < after.end && is_quote(*after.at);
  *cursor = after;
  skip_value(cursor);
  remember_value(scrub, after.at, (size_t)(cursor->at - after.at), tally->taint);
  tally->count++;
  return good && buf_add_text(out, quoted ? "\"" MULLIGAN_SCRUBBED "\"" : MULLIGAN_SCRUBBED);
}

static bool scrub_leniently(const struct scrub *scrub, const char *text, size_t length, struct buf *out,
                            struct scrub_tally *tally) {
  struct cursor cursor = {text, text + length};
  bool multipart = length > 2 && text[0] == '-' && text[1] == '-';
  bool good = true;
  while (good && cursor.at < cursor.end) {
    if (is_word(*cursor.at)) {
      good = take_word(scrub, &cursor, text, multipart, out, tally);
    } else {
      good = buf_add_char(out, *cursor.at);
      cursor.at++;
    }
  }
  return good;
}

/** `a=1&b=2`: no blank anywhere, an equals sign, and neither JSON nor multipart. */
static bool looks_like_form(const char *body, size_t length) {
  if (memchr(body, '=', length) == NULL || *body == '{' || *body == '[' || *body == '<' || *body == '-')
    return false;
  for (size_t i = 0; i < length; i++) {
    if (is_space(body[i]))
      return false;
  }
  return true;
}

bool body_scrub_text(const struct scrub *scrub, const char *text, size_t length, struct buf *out,
                     struct scrub_tally *tally) {
  bool parsed = false;
  if (length > 0 && (text[0] == '{' || text[0] == '[') && !scrub_whole_json(scrub, text, length, out, tally, &parsed))
    return false;
  return parsed || scrub_text(scrub, text, length, out, tally);
}

bool body_scrub(const struct scrub *scrub, const char *body, size_t length, struct buf *out,
                struct scrub_tally *tally) {
  if (length == 0)
    return true;
  bool parsed = false;
  size_t start = 0;
  while (start < length && is_space(body[start]))
    start++;
  if (start < length && (body[start] == '{' || body[start] == '[' || body[start] == '"') &&
      !scrub_whole_json(scrub, body, length, out, tally, &parsed))
    return false;
  if (parsed)
    return true;
  if (looks_like_form(body, length))
    return scrub_form(scrub, body, length, out, tally);

  struct buf lenient;
  buf_init(&lenient, out->cap);
  bool good = scrub_leniently(scrub, body, length, &lenient, tally) &&
              scrub_text(scrub, lenient.data, lenient.length, out, tally);
  buf_release(&lenient);
  return good;
}
