/**
 * chart.c - numbers as bars, drawn with the characters of a terminal.
 *
 * Called by the displays of operators' runs. Invariant: no line is wider than the terminal, but for its label and
 * value.
 */
#include "operator/chart.h"
#include "operator/printable.h"
#include "operator/table.h"
#include "operator/words.h"

#include <math.h>
#include <stdbool.h>

enum { LABEL_WIDTH = 28, BAR_WIDTH = 48, BAR_LEAST = 8, VALUE_CAP = 512, GAP = 2 };

static int text_width(const json_t *value) {
  struct buf text;
  buf_init(&text, VALUE_CAP);
  int width = table_add_value(&text, value, LABEL_WIDTH);
  buf_release(&text);
  return width;
}

static void add_blanks(struct buf *out, int count) {
  for (; count > 0; count--)
    buf_add_char(out, ' ');
}

static void add_bar(struct buf *out, double value, double most, int width) {
  static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  int eighths = most > 0 ? (int)lround(fabs(value) / most * width * 8) : 0;
  if (value < 0)
    buf_add_char(out, '-');
  for (int i = 0; i < eighths / 8; i++)
    buf_add_text(out, "█");
  buf_add_text(out, parts[eighths % 8]);
}

void chart_add(struct buf *out, const json_t *chart, int width) {
  const json_t *bars = json_object_get(chart, "bars"), *title = json_object_get(chart, "title");
  int labels = 0, values = 0;
  double most = 0;
  size_t i;
  json_t *bar;
  json_array_foreach((json_t *)bars, i, bar) {
    int label = text_width(json_object_get(bar, "label")), value = text_width(json_object_get(bar, "value"));
    labels = label > labels ? label : labels;
    values = value > values ? value : values;
    most = fmax(most, fabs(json_number_value(json_object_get(bar, "value"))));
  }
  if (json_string_length(title) > 0) {
    add_blanks(out, GAP);
    printable_add(out, json_string_value(title), json_string_length(title), width);
    buf_add_char(out, '\n');
  }
  int room = width - labels - values - 3 * GAP - 1;
  room = room > BAR_WIDTH ? BAR_WIDTH : room < BAR_LEAST ? BAR_LEAST : room;
  json_array_foreach((json_t *)bars, i, bar) {
    const json_t *value = json_object_get(bar, "value");
    add_blanks(out, GAP);
    int label = table_add_value(out, json_object_get(bar, "label"), LABEL_WIDTH);
    add_blanks(out, labels - label + GAP + values - text_width(value));
    table_add_value(out, value, LABEL_WIDTH);
    add_blanks(out, GAP);
    add_bar(out, json_number_value(value), most, room);
    while (out->length > 0 && out->data[out->length - 1] == ' ')
      out->data[--out->length] = '\0';
    buf_add_char(out, '\n');
  }
  if (json_array_size(bars) == 0)
    buf_addf(out, "  %s\n", words("(no rows)"));
}
