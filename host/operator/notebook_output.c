/**
 * notebook_output.c - a console's messages made into a notebook's outputs.
 *
 * Pure functions of their arguments. What is enriched was cleaned of secrets before, since a secret that is escaped or
 * cut for a page would not be found any more.
 */
#include "operator/notebook_output.h"

#include "base/buf.h"
#include "operator/chart.h"
#include "operator/chart_svg.h"
#include "operator/notebook_html.h"
#include "operator/table.h"
#include "operator/words.h"

#include <inttypes.h>
#include <string.h>

enum { TEXT_CAP = 64 << 20, PAGE_WIDTH = 100 };

#define MIME_TABLE    "application/vnd.mulligan.table+json"
#define MIME_CHART    "application/vnd.mulligan.chart+json"
#define MIME_PROGRESS "application/vnd.mulligan.progress+json"

bool notebook_output_init(struct notebook_output *output) {
  *output = (struct notebook_output){.list = json_array(), .displays = json_object()};
  return output->list && output->displays;
}

void notebook_output_release(struct notebook_output *output) {
  json_decref(output->list);
  json_decref(output->displays);
  *output = (struct notebook_output){NULL, NULL};
}

/* ---- taking in ---- */

/* Text that follows text of the same stream is one output with it. */
static void take_stream(struct notebook_output *output, const json_t *content) {
  json_t *last = json_array_get(output->list, json_array_size(output->list) - 1);
  json_t *name = json_object_get(content, "name"), *text = json_object_get(content, "text");
  json_t *pieces = json_object_get(last, "pieces");
  if (!pieces || !json_equal(json_object_get(last, "name"), name)) {
    pieces = json_array();
    json_array_append_new(output->list,
                          json_pack("{s:s, s:O, s:o}", "output_type", "stream", "name", name, "pieces", pieces));
  }
  json_array_append(pieces, text);
}

static void take_display(struct notebook_output *output, const json_t *content) {
  const char *id = json_string_value(json_object_get(json_object_get(content, "transient"), "display_id"));
  if (id)
    json_object_set_new(output->displays, id, json_integer((json_int_t)json_array_size(output->list)));
  json_array_append_new(output->list, json_pack("{s:s, s:O, s:{}}", "output_type", "display_data", "data",
                                                json_object_get(content, "data"), "metadata"));
}

static void take_update(struct notebook_output *output, const json_t *content) {
  const char *id = json_string_value(json_object_get(json_object_get(content, "transient"), "display_id"));
  const json_t *place = id ? json_object_get(output->displays, id) : NULL;
  if (place)
    json_object_set(json_array_get(output->list, (size_t)json_integer_value(place)), "data",
                    json_object_get(content, "data"));
  else
    take_display(output, content);
}

static void take_result(struct notebook_output *output, const json_t *content) {
  json_array_append_new(output->list, json_pack("{s:s, s:O, s:{}, s:O}", "output_type", "execute_result", "data",
                                                json_object_get(content, "data"), "metadata", "execution_count",
                                                json_object_get(content, "execution_count")));
}

static void take_error(struct notebook_output *output, const json_t *content) {
  json_array_append_new(output->list,
                        json_pack("{s:s, s:O, s:O, s:O}", "output_type", "error", "ename",
                                  json_object_get(content, "ename"), "evalue", json_object_get(content, "evalue"),
                                  "traceback", json_object_get(content, "traceback")));
}

void notebook_output_take(struct notebook_output *output, const json_t *message) {
  static const struct {
    const char *type;
    void (*take)(struct notebook_output *output, const json_t *content);
  } takes[] = {{"stream", take_stream},
               {"display_data", take_display},
               {"update_display_data", take_update},
               {"execute_result", take_result},
               {"error", take_error}};
  const char *type = json_string_value(json_object_get(json_object_get(message, "header"), "msg_type"));
  for (size_t i = 0; type && i < sizeof takes / sizeof *takes; i++)
    if (strcmp(takes[i].type, type) == 0)
      takes[i].take(output, json_object_get(message, "content"));
}

/* The pieces of a stream as one text. */
static void join(json_t *output) {
  const json_t *pieces = json_object_get(output, "pieces");
  struct buf text;
  size_t index;
  json_t *piece;
  if (!pieces)
    return;
  buf_init(&text, TEXT_CAP);
  json_array_foreach((json_t *)pieces, index, piece)
      buf_add(&text, json_string_value(piece), json_string_length(piece));
  json_object_set_new(output, "text", json_stringn(text.data, text.length));
  json_object_del(output, "pieces");
  buf_release(&text);
}

json_t *notebook_output_detach(struct notebook_output *output) {
  json_t *list = json_incref(output->list), *each;
  size_t index;
  json_array_foreach(list, index, each) join(each);
  notebook_output_release(output);
  return list;
}

/* ---- for the audit ---- */

static json_t *entry_of(const json_t *output) {
  const json_t *data = json_object_get(output, "data"), *table = json_object_get(data, MIME_TABLE);
  const json_t *chart = json_object_get(data, MIME_CHART), *text = json_object_get(output, "text");
  const json_t *error = json_array_get(json_object_get(output, "traceback"), 0);
  if (table)
    return json_pack("{s:s, s:O, s:O}", "kind", "table", "columns", json_object_get(table, "columns"), "rows",
                     json_object_get(table, "rows"));
  if (chart)
    return json_pack("{s:s, s:O}", "kind", "chart", "chart", chart);
  text = text ? text : error ? error : json_object_get(data, "text/plain");
  size_t length = json_string_length(text);
  while (length > 0 && json_string_value(text)[length - 1] == '\n')
    length--;
  return json_pack("{s:s, s:s%}", "kind", "say", "text", text ? json_string_value(text) : "", length);
}

json_t *notebook_output_entries(const json_t *outputs) {
  json_t *entries = json_array(), *output;
  size_t index;
  json_array_foreach((json_t *)outputs, index, output) {
    if (json_array_append_new(entries, entry_of(output)) != 0) {
      json_decref(entries);
      return NULL;
    }
  }
  return entries;
}

/* ---- for other programs ---- */

static void set_text(json_t *data, const char *mime, struct buf *text) {
  json_object_set_new(data, mime, json_stringn(text->data, text->length));
  buf_clear(text, TEXT_CAP);
}

static void enrich_table(json_t *data, const json_t *table, struct buf *text) {
  const json_t *rows = json_object_get(table, "rows");
  json_int_t total = json_integer_value(json_object_get(table, "total"));
  if (json_array_size(rows) == 0)
    buf_addf(text, "  %s\n", words("(no rows)"));
  else
    table_add(text, json_object_get(table, "columns"), rows, PAGE_WIDTH);
  if ((json_int_t)json_array_size(rows) < total)
    buf_addf(text, words("  … the first %zu of %" PRId64 " rows\n"), json_array_size(rows), (int64_t)total);
  set_text(data, "text/plain", text);
  notebook_html_add_table(text, table);
  set_text(data, "text/html", text);
}

static void enrich_chart(json_t *data, const json_t *chart, struct buf *text) {
  chart_add(text, chart, PAGE_WIDTH);
  set_text(data, "text/plain", text);
  chart_svg_add(text, chart);
  set_text(data, "image/svg+xml", text);
}

static void enrich_progress(json_t *data, const json_t *bar, struct buf *text) {
  notebook_html_add_progress(text, bar);
  set_text(data, "text/html", text);
}

void notebook_output_enrich(json_t *outputs) {
  static const struct {
    const char *mime;
    void (*enrich)(json_t *data, const json_t *value, struct buf *text);
  } kinds[] = {{MIME_TABLE, enrich_table}, {MIME_CHART, enrich_chart}, {MIME_PROGRESS, enrich_progress}};
  struct buf text;
  size_t index;
  json_t *output;
  buf_init(&text, TEXT_CAP);
  json_array_foreach(outputs, index, output) {
    json_t *data = json_object_get(output, "data");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
      if (json_object_get(data, kinds[i].mime))
        kinds[i].enrich(data, json_object_get(data, kinds[i].mime), &text);
  }
  buf_release(&text);
}
