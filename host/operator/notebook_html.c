/**
 * notebook_html.c - cells as HTML.
 *
 * A pure function of its arguments. A notebook may come from anybody, so nothing of it reaches the page but as text,
 * as what the Markdown library makes of text in its safe mode, or as a picture, which runs no script.
 */
#include "operator/notebook_html.h"

#include "base/html.h"
#include "operator/table.h"
#include "vm/embedded.h"

#include <cmark.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_CAP = 64 * 1024, CELL_WIDTH = 400 };

static void add_text(struct buf *out, const json_t *text) {
  html_add(out, json_string_value(text) ? json_string_value(text) : "", json_string_length(text));
}

/* An asset of the binary. */
static void add_asset(struct buf *out, const char *name) {
  for (const struct embedded_file *file = embedded_files; file->name; file++)
    if (strcmp(file->name, name) == 0)
      buf_add(out, file->bytes, file->length);
}

/* ---- outputs ---- */

static void add_value(struct buf *out, const json_t *value) {
  struct buf text;
  buf_init(&text, CELL_CAP);
  table_add_value(&text, value, CELL_WIDTH);
  html_add(out, text.data, text.length);
  buf_release(&text);
}

void notebook_html_add_table(struct buf *out, const json_t *table) {
  const json_t *columns = json_object_get(table, "columns"), *rows = json_object_get(table, "rows");
  size_t index, place;
  json_t *row, *column;
  buf_add_text(out, "<div class=\"table\"><table><thead><tr>");
  json_array_foreach((json_t *)columns, place, column) {
    buf_add_text(out, "<th>");
    add_text(out, column);
    buf_add_text(out, "</th>");
  }
  buf_add_text(out, "</tr></thead><tbody>\n");
  json_array_foreach((json_t *)rows, index, row) {
    buf_add_text(out, "<tr>");
    json_array_foreach((json_t *)columns, place, column) {
      const json_t *value = json_object_get(row, json_string_value(column));
      buf_add_text(out, json_is_number(value) ? "<td class=\"number\">" : "<td>");
      add_value(out, value);
      buf_add_text(out, "</td>");
    }
    buf_add_text(out, "</tr>\n");
  }
  buf_addf(out, "</tbody></table></div>");
  json_int_t total = json_integer_value(json_object_get(table, "total"));
  if (total > (json_int_t)json_array_size(rows))
    buf_addf(out, "<p class=\"more\">%zu / %lld</p>", json_array_size(rows), (long long)total);
}

void notebook_html_add_progress(struct buf *out, const json_t *bar) {
  long long done = json_integer_value(json_object_get(bar, "done"));
  long long total = json_integer_value(json_object_get(bar, "total"));
  buf_addf(out, "<p class=\"progress\"><progress value=\"%lld\" max=\"%lld\"></progress> ", done,
           total > 0 ? total : 1);
  add_text(out, json_object_get(bar, "label"));
  buf_addf(out, " %lld / %lld</p>", done, total);
}

static void add_base64(struct buf *out, const char *bytes, size_t length) {
  size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
  if (!buf_reserve(out, size))
    return;
  sodium_bin2base64(out->data + out->length, size, (const unsigned char *)bytes, length,
                    sodium_base64_VARIANT_ORIGINAL);
  out->length += size - 1; /* `size` counts the NUL */
}

/* A picture as data; what Jupyter keeps in base64 already is passed on only if it is nothing else. */
static bool add_picture(struct buf *out, const json_t *data) {
  static const char *const coded[] = {"image/png", "image/jpeg"};
  const json_t *svg = json_object_get(data, "image/svg+xml");
  if (json_is_string(svg)) {
    buf_add_text(out, "<img alt=\"\" src=\"data:image/svg+xml;base64,");
    add_base64(out, json_string_value(svg), json_string_length(svg));
    buf_add_text(out, "\">");
    return true;
  }
  for (size_t i = 0; i < sizeof coded / sizeof *coded; i++) {
    const char *bytes = json_string_value(json_object_get(data, coded[i]));
    if (bytes &&
        bytes[strspn(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n")] == '\0') {
      buf_addf(out, "<img alt=\"\" src=\"data:%s;base64,", coded[i]);
      buf_add_text(out, bytes);
      buf_add_text(out, "\">");
      return true;
    }
  }
  return false;
}

static void add_bundle(struct buf *out, const json_t *data) {
  const json_t *table = json_object_get(data, "application/vnd.mulligan.table+json");
  const json_t *bar = json_object_get(data, "application/vnd.mulligan.progress+json");
  if (json_is_object(table)) {
    notebook_html_add_table(out, table);
  } else if (json_is_object(bar)) {
    notebook_html_add_progress(out, bar);
  } else if (!add_picture(out, data)) {
    buf_add_text(out, "<pre>");
    add_text(out, json_object_get(data, "text/plain"));
    buf_add_text(out, "</pre>");
  }
}

static void add_error(struct buf *out, const json_t *output) {
  size_t index;
  json_t *line;
  buf_add_text(out, "<pre class=\"error\"><strong>");
  add_text(out, json_object_get(output, "ename"));
  buf_add_text(out, "</strong>: ");
  add_text(out, json_object_get(output, "evalue"));
  json_array_foreach(json_object_get(output, "traceback"), index, line) {
    buf_add_char(out, '\n');
    add_text(out, line);
  }
  buf_add_text(out, "</pre>");
}

static void add_output(struct buf *out, const json_t *output) {
  const char *type = json_string_value(json_object_get(output, "output_type"));
  const char *stream = json_string_value(json_object_get(output, "name"));
  if (!type)
    return;
  if (strcmp(type, "stream") == 0) {
    buf_addf(out, "<pre%s>", stream && strcmp(stream, "stderr") == 0 ? " class=\"remark\"" : "");
    add_text(out, json_object_get(output, "text"));
    buf_add_text(out, "</pre>");
  } else if (strcmp(type, "error") == 0) {
    add_error(out, output);
  } else {
    add_bundle(out, json_object_get(output, "data"));
  }
  buf_add_char(out, '\n');
}

/* ---- cells ---- */

static void add_code(struct buf *out, const json_t *cell) {
  const json_t *count = json_object_get(cell, "execution_count");
  const json_t *title = json_object_get(json_object_get(cell, "metadata"), "title");
  const json_t *outputs = json_object_get(cell, "outputs");
  size_t index;
  json_t *output;
  buf_add_text(out, "<section class=\"code\">");
  if (json_is_string(title)) {
    buf_add_text(out, "<h3>");
    add_text(out, title);
    buf_add_text(out, "</h3>");
  }
  buf_addf(out, "<span class=\"count\">[%.0lld]</span><pre class=\"source\"><code>",
           (long long)json_integer_value(count));
  add_text(out, json_object_get(cell, "source"));
  buf_add_text(out, "</code></pre>\n");
  if (json_array_size(outputs) > 0)
    buf_add_text(out, "<div class=\"output\">\n");
  json_array_foreach((json_t *)outputs, index, output) {
    add_output(out, output);
  }
  buf_add_text(out, json_array_size(outputs) > 0 ? "</div></section>\n" : "</section>\n");
}

static bool add_markdown(struct buf *out, const json_t *cell) {
  const json_t *source = json_object_get(cell, "source");
  char *html = cmark_markdown_to_html(json_string_value(source), json_string_length(source), CMARK_OPT_DEFAULT);
  if (!html)
    return false;
  buf_add_text(out, "<section class=\"text\">\n");
  buf_add_text(out, html);
  buf_add_text(out, "</section>\n");
  free(html);
  return true;
}

bool notebook_html_write(const struct notebook *notebook, struct buf *out) {
  char title[200];
  bool good = true;
  notebook_title(notebook, title);
  buf_add_text(out, "<!doctype html>\n<html><head><meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                    "style-src 'unsafe-inline'\">\n<title>");
  html_add(out, title, strlen(title));
  buf_add_text(out, "</title>\n<style>\n");
  add_asset(out, "assets/notebook.css");
  buf_add_text(out, "</style></head><body><main>\n");
  for (size_t i = 0; good && i < notebook_cell_count(notebook); i++) {
    const json_t *cell = notebook_cell(notebook, i);
    const char *type = json_string_value(json_object_get(cell, "cell_type"));
    if (notebook_cell_is_code(cell)) {
      add_code(out, cell);
    } else if (strcmp(type, "markdown") == 0) {
      good = add_markdown(out, cell);
    } else {
      buf_add_text(out, "<section class=\"raw\"><pre>");
      add_text(out, json_object_get(cell, "source"));
      buf_add_text(out, "</pre></section>\n");
    }
  }
  buf_add_text(out, "</main></body></html>\n");
  return good && !out->failed;
}
