/**
 * debug_frames.c - a traceback as HTML.
 *
 * Pure; any thread. All that comes from the row goes through visible.h; only numbers and this file's own texts do not.
 */
#include "http/debug_frames.h"

#include "http/debug_report.h"
#include "http/debug_value.h"
#include "http/visible.h"

#include <stdlib.h>
#include <string.h>

enum { INLINE_MOST = 72, PREVIEW_MOST = 100, MOST_DEPTH = 16, PART_MOST = 256 * 1024 };

static void add_visible(struct buf *out, const char *text) {
  visible_add_html(out, text, strlen(text));
}

/* A part that another file writes as plain text. */
static void add_place(struct buf *out, const json_t *frame) {
  struct buf place;
  buf_init(&place, PART_MOST);
  debug_report_add_place(&place, frame);
  add_visible(out, place.data);
  buf_release(&place);
}

static void add_function(struct buf *out, const json_t *frame) {
  struct buf function;
  buf_init(&function, PART_MOST);
  debug_report_add_function(&function, frame);
  add_visible(out, function.data);
  buf_release(&function);
}

/* ---- values ---- */

static const char *class_of(const json_t *value) {
  switch (json_typeof(value)) {
  case JSON_STRING:
    return debug_value_is_mark(value) ? "mark" : "string";
  case JSON_INTEGER:
  case JSON_REAL:
    return "number";
  case JSON_TRUE:
  case JSON_FALSE:
  case JSON_NULL:
    return "word";
  default:
    return "table";
  }
}

static void add_value(struct buf *out, const json_t *value, int depth);

static void add_entry(struct buf *out, const char *name, const json_t *value, int depth) {
  buf_add_text(out, "<tr><th scope=\"row\">");
  add_visible(out, name);
  buf_add_text(out, "</th><td>");
  add_value(out, value, depth);
  buf_add_text(out, "</td></tr>\n");
}

static void add_entries(struct buf *out, const json_t *table, int depth) {
  const char *key;
  json_t *item;
  size_t index;
  json_object_foreach((json_t *)table, key, item) {
    struct buf name;
    buf_init(&name, PART_MOST);
    debug_value_add_key(&name, key);
    add_entry(out, name.data, item, depth);
    buf_release(&name);
  }
  json_array_foreach(table, index, item) {
    char name[24];
    snprintf(name, sizeof name, "[%zu]", index + 1);
    add_entry(out, name, item, depth);
  }
}

/* The text is whole UTF-8, and is cut between characters. */
static size_t cut(const char *text, size_t length, size_t most) {
  if (length <= most)
    return length;
  while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80)
    most--;
  return most;
}

static void add_value(struct buf *out, const json_t *value, int depth) {
  struct buf line;
  buf_init(&line, PART_MOST);
  debug_value_add(&line, value);
  size_t size = json_object_size(value) + json_array_size(value);
  if (size == 0 || line.length <= INLINE_MOST || depth == MOST_DEPTH) {
    buf_addf(out, "<code class=\"%s\">", class_of(value));
    add_visible(out, line.data);
    buf_add_text(out, "</code>");
  } else {
    size_t kept = cut(line.data, line.length, PREVIEW_MOST);
    buf_add_text(out, "<details class=\"table\"><summary><code>");
    visible_add_html(out, line.data, kept);
    buf_addf(out, "%s</code></summary><table class=\"values\">\n", kept < line.length ? "…" : "");
    add_entries(out, value, depth + 1);
    buf_add_text(out, "</table></details>");
  }
  buf_release(&line);
}

void debug_frames_add_value(struct buf *out, const json_t *value) {
  add_value(out, value, 0);
}

static void add_values(struct buf *out, const json_t *values, const char *heading) {
  const char *name;
  json_t *value;
  if (json_object_size(values) == 0)
    return;
  buf_addf(out, "<table class=\"values\"><caption>%s</caption>\n", heading);
  json_object_foreach((json_t *)values, name, value) add_entry(out, name, value, 0);
  buf_add_text(out, "</table>\n");
}

/* ---- frames ---- */

/* The numbers are attributes, so that what is marked and copied is the source alone. */
static void add_source(struct buf *out, const json_t *frame) {
  const char *number;
  json_t *line;
  if (json_object_size(json_object_get(frame, "source")) == 0)
    return;
  buf_add_text(out, "<pre class=\"source\" tabindex=\"0\"><code>");
  json_object_foreach(json_object_get(frame, "source"), number, line) {
    const char *text = json_string_value(line);
    int64_t n = strtoll(number, NULL, 10);
    bool here = n == debug_report_number(frame, "line");
    buf_addf(out, "<span class=\"line%s\" data-n=\"%lld\">", here ? " here" : "", (long long)n);
    visible_add_html(out, text ? text : "", text ? json_string_length(line) : 0);
    buf_add_text(out, "\n</span>");
  }
  buf_add_text(out, "</code></pre>\n");
}

static const char *kind_of(const json_t *frame) {
  if (json_is_true(json_object_get(frame, "in_app")))
    return "app";
  return strcmp(debug_report_text(frame, "file"), "[C]") == 0 ? "native" : "library";
}

static void add_summary(struct buf *out, const json_t *frame, size_t number, const char *kind) {
  buf_addf(out, "<span class=\"nr\">%zu</span> <span class=\"function\">", number);
  add_function(out, frame);
  buf_add_text(out, "</span> <span class=\"place\">");
  add_place(out, frame);
  buf_add_text(out, "</span>");
  if (strcmp(kind, "library") == 0)
    buf_add_text(out, " <span class=\"tag\">library</span>");
}

static void add_frame(struct buf *out, const json_t *frame, size_t number, const char *prefix, const char *request) {
  const char *kind = kind_of(frame);
  const json_t *level = json_object_get(frame, "level");
  bool asks = json_is_integer(level) && *request;
  bool empty = !asks && json_object_size(json_object_get(frame, "source")) == 0 &&
               json_object_size(json_object_get(frame, "locals")) == 0 &&
               json_object_size(json_object_get(frame, "upvalues")) == 0;
  bool native = strcmp(kind, "native") == 0;
  buf_addf(out, "<section class=\"frame %s\" id=\"%s%zu\"", kind, prefix, number);
  if (asks) {
    buf_add_text(out, " data-request=\"");
    visible_add_attribute(out, request, strlen(request));
    buf_addf(out, "\" data-level=\"%lld\"", (long long)json_integer_value(level));
  }
  buf_add_text(out, ">");
  if (empty || native) {
    buf_add_text(out, "<p class=\"summary\">");
    add_summary(out, frame, number, kind);
    buf_add_text(out, "</p></section>\n");
    return;
  }
  buf_addf(out, "<details%s><summary>", strcmp(kind, "app") == 0 ? " open" : "");
  add_summary(out, frame, number, kind);
  buf_add_text(out, "</summary>\n<div class=\"inside\">\n");
  add_source(out, frame);
  add_values(out, json_object_get(frame, "locals"), "Locals");
  add_values(out, json_object_get(frame, "upvalues"), "Upvalues");
  buf_add_text(out, "<div class=\"console\"></div>\n</div></details></section>\n");
}

void debug_frames_add(struct buf *out, const json_t *frames, const char *prefix, const char *request) {
  size_t index;
  const json_t *frame;
  json_array_foreach(frames, index, frame) add_frame(out, frame, index + 1, prefix, request);
}

void debug_frames_add_outline(struct buf *out, const json_t *frames, const char *prefix) {
  size_t index;
  const json_t *frame;
  json_array_foreach(frames, index, frame) {
    buf_addf(out, "<li class=\"%s\"><a href=\"#%s%zu\"><span class=\"function\">", kind_of(frame), prefix, index + 1);
    add_function(out, frame);
    buf_add_text(out, "</span> <span class=\"place\">");
    add_place(out, frame);
    buf_add_text(out, "</span></a></li>\n");
  }
}
