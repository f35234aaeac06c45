/**
 * debug_value.c - a value of a script, as it was taken down, written as Lua would write it.
 *
 * Pure; any thread. The values come out of vm/traceback.c, where tables have become objects whose keys are texts.
 */
#include "http/debug_value.h"

#include "base/scrub.h"
#include "http/visible.h"

#include <ctype.h>
#include <string.h>

enum { MOST_DEPTH = 16, MOST_TEXT = 64 * 1024 };

bool debug_value_is_mark(const json_t *value) {
  static const char *const kinds[] = {"<function ", "<userdata ", "<thread ", "<table ", "<cycle>", "<not a finite"};
  const char *text = json_string_value(value);
  if (!text)
    return false;
  if (strcmp(text, MULLIGAN_SCRUBBED) == 0 || strcmp(text, "{…}") == 0 || strcmp(text, "…") == 0)
    return true;
  size_t length = json_string_length(value);
  if (length < 2 || text[length - 1] != '>')
    return false;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strncmp(text, kinds[i], strlen(kinds[i])) == 0)
      return true;
  return false;
}

static bool is_name(const char *key) {
  if (!isalpha((unsigned char)*key) && *key != '_')
    return false;
  for (; *key; key++)
    if (!isalnum((unsigned char)*key) && *key != '_')
      return false;
  return true;
}

static bool is_number(const char *key) {
  key += *key == '-';
  size_t digits = strspn(key, "0123456789");
  return digits > 0 && key[digits + strspn(key + digits, ".0123456789")] == '\0';
}

static void add_quoted(struct buf *out, const char *text, size_t length) {
  struct buf escaped;
  buf_init(&escaped, MOST_TEXT);
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '\n')
      buf_add_text(&escaped, "\\n");
    else if (text[i] == '\t')
      buf_add_text(&escaped, "\\t");
    else if (text[i] == '"' || text[i] == '\\')
      buf_addf(&escaped, "\\%c", text[i]);
    else
      buf_add_char(&escaped, text[i]);
  }
  buf_add_char(out, '"');
  visible_add_text(out, escaped.data, escaped.length, "");
  buf_add_text(out, escaped.failed ? "…\"" : "\"");
  buf_release(&escaped);
}

void debug_value_add_key(struct buf *out, const char *key) {
  if (is_name(key) || strcmp(key, "…") == 0) {
    buf_add_text(out, key);
  } else if (is_number(key) || key[0] == '<') {
    buf_add_char(out, '[');
    visible_add_text(out, key, strlen(key), "");
    buf_add_char(out, ']');
  } else {
    buf_add_char(out, '[');
    add_quoted(out, key, strlen(key));
    buf_add_char(out, ']');
  }
}

static void add_value(struct buf *out, const json_t *value, int depth);

/* Of a list 1, 2, 3 … the keys are left out, as a person would. */
static void add_object(struct buf *out, const json_t *object, int depth) {
  const char *key;
  json_t *item;
  long long next = 1;
  bool first = true;
  json_object_foreach((json_t *)object, key, item) {
    char expected[24];
    snprintf(expected, sizeof expected, "%lld", next++);
    buf_add_text(out, first ? " " : ", ");
    first = false;
    if (strcmp(key, "…") == 0) {
      buf_add_text(out, key); /* there was more */
      continue;
    }
    if (strcmp(key, expected) != 0) {
      debug_value_add_key(out, key);
      buf_add_text(out, " = ");
    }
    add_value(out, item, depth + 1);
  }
}

static void add_array(struct buf *out, const json_t *array, int depth) {
  size_t index;
  json_t *item;
  json_array_foreach(array, index, item) {
    buf_add_text(out, index == 0 ? " " : ", ");
    add_value(out, item, depth + 1);
  }
}

static void add_value(struct buf *out, const json_t *value, int depth) {
  switch (json_typeof(value)) {
  case JSON_OBJECT:
  case JSON_ARRAY:
    if (depth == MOST_DEPTH) {
      buf_add_text(out, "{…}");
      return;
    }
    buf_add_char(out, '{');
    if (json_is_object(value))
      add_object(out, value, depth);
    else
      add_array(out, value, depth);
    buf_add_text(out, json_object_size(value) + json_array_size(value) > 0 ? " }" : "}");
    return;
  case JSON_STRING:
    if (debug_value_is_mark(value))
      visible_add_text(out, json_string_value(value), json_string_length(value), "");
    else
      add_quoted(out, json_string_value(value), json_string_length(value));
    return;
  case JSON_INTEGER:
    buf_addf(out, "%lld", (long long)json_integer_value(value));
    return;
  case JSON_REAL:
    buf_addf(out, "%.14g", json_real_value(value));
    return;
  case JSON_TRUE:
    buf_add_text(out, "true");
    return;
  case JSON_FALSE:
    buf_add_text(out, "false");
    return;
  case JSON_NULL:
    buf_add_text(out, "nil");
    return;
  }
}

void debug_value_add(struct buf *out, const json_t *value) {
  add_value(out, value, 0);
}
