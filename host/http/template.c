/**
 * template.c - a page with places to fill.
 *
 * Called by the host's own pages, on any thread; pure.
 */
#include "http/template.h"

#include "base/html.h"
#include "vm/embedded.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NAME = 50 };

static const struct template_value *find_value(const struct template_value *values, const char *name, size_t length) {
  for (; values->name; values++)
    if (strlen(values->name) == length && memcmp(values->name, name, length) == 0)
      return values;
  return NULL;
}

static bool is_there(const struct template_value *value) {
  return value->text && value->text[0];
}

/* Fills the page from `at` up to `end`. */
static void fill(struct buf *out, const char *at, const char *end, const struct template_value *values) {
  while (at < end) {
    const char *open = memmem(at, (size_t)(end - at), "{{", 2);
    const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
    if (!close)
      break;
    buf_add(out, at, (size_t)(open - at));
    bool block = open[2] == '#';
    const char *name = open + 2 + block;
    size_t length = (size_t)(close - name);
    const struct template_value *value = find_value(values, name, length);
    char closing[MOST_NAME + 6];
    snprintf(closing, sizeof closing, "{{/%.*s}}", (int)(length < MOST_NAME ? length : MOST_NAME), name);
    const char *block_end = block ? memmem(close, (size_t)(end - close), closing, strlen(closing)) : NULL;
    at = close + 2;
    if (!value || (block && !block_end)) {
      buf_add(out, open, (size_t)(at - open));
    } else if (!block) {
      if (is_there(value))
        html_add(out, value->text, strlen(value->text));
    } else {
      if (is_there(value))
        fill(out, at, block_end, values);
      at = block_end + strlen(closing);
    }
  }
  buf_add(out, at, (size_t)(end - at));
}

void template_fill(struct buf *out, const char *page, const struct template_value *values) {
  fill(out, page, page + strlen(page), values);
}

const char *template_asset(const char *name) {
  static const char folder[] = "assets/";
  for (const struct embedded_file *file = embedded_files; file->name; file++)
    if (strncmp(file->name, folder, sizeof folder - 1) == 0 && strcmp(file->name + sizeof folder - 1, name) == 0)
      return file->bytes;
  assert(!"an asset that the program does not have");
  return "";
}
