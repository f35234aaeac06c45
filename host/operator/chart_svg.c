/**
 * chart_svg.c - numbers as bars, drawn for a page.
 *
 * A pure function of its arguments. Measures are in the units of the picture's own view box, which scales with the
 * page.
 */
#include "operator/chart_svg.h"

#include "base/html.h"
#include "operator/table.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 640, LABELS = 200, VALUES = 90, GAP = 8, ROW = 26, BAR = 18, TITLE = 30, CAP = 512, MOST_WIDTH = 26 };

static void add_json(struct buf *out, const json_t *value) {
  struct buf text;
  buf_init(&text, CAP);
  table_add_value(&text, value, MOST_WIDTH);
  html_add(out, text.data, text.length);
  buf_release(&text);
}

static double extent(const json_t *bars) {
  double most = 0;
  size_t index;
  json_t *bar;
  json_array_foreach((json_t *)bars, index, bar) {
    most = fmax(most, fabs(json_number_value(json_object_get(bar, "value"))));
  }
  return most;
}

/* In tenths, by whole numbers, since printf's decimal point is the locale's. */
static void add_length(struct buf *out, double length) {
  long tenths = lround(length * 10);
  buf_addf(out, "%ld.%ld", tenths / 10, tenths % 10);
}

static void add_bar(struct buf *out, const json_t *bar, double most, int top) {
  const json_t *value = json_object_get(bar, "value");
  double number = json_number_value(value);
  double length = most > 0 ? fabs(number) / most * (WIDTH - LABELS - VALUES - 2 * GAP) : 0;
  buf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LABELS, top + BAR - 5);
  add_json(out, json_object_get(bar, "label"));
  buf_addf(out, "</text><rect x=\"%d\" y=\"%d\" height=\"%d\" rx=\"2\" class=\"%s\" width=\"", LABELS + GAP, top, BAR,
           number < 0 ? "below" : "bar");
  add_length(out, length);
  buf_add_text(out, "\"/><text y=\"");
  buf_addf(out, "%d\" x=\"", top + BAR - 5);
  add_length(out, LABELS + 2 * GAP + length);
  buf_add_text(out, "\">");
  add_json(out, value);
  buf_add_text(out, "</text>");
}

void chart_svg_add(struct buf *out, const json_t *chart) {
  const json_t *bars = json_object_get(chart, "bars"), *title = json_object_get(chart, "title");
  size_t length = json_string_length(title), index;
  int top = length > 0 ? TITLE : 0, height = top + ROW * (int)json_array_size(bars) + GAP;
  buf_addf(out,
           "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
           "font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"currentColor\">",
           WIDTH, height, WIDTH, height);
  buf_add_text(out, "<style>.bar{fill:#3b7dd8}.below{fill:#c8553d}</style><title>");
  html_add(out, length > 0 ? json_string_value(title) : "bars", length > 0 ? length : 4);
  buf_add_text(out, "</title>");
  if (length > 0) {
    buf_addf(out, "<text x=\"0\" y=\"18\" font-weight=\"600\">");
    html_add(out, json_string_value(title), length);
    buf_add_text(out, "</text>");
  }
  double most = extent(bars);
  json_t *bar;
  json_array_foreach((json_t *)bars, index, bar) {
    add_bar(out, bar, most, top + ROW * (int)index);
  }
  buf_add_text(out, "</svg>");
}
