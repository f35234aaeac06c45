/**
 * table.c - rows as a table aligned by what a terminal shows.
 *
 * Called by the display of an operator's run. Invariant: every line ends without blanks.
 */
#include "operator/table.h"
#include "operator/printable.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_CAP = 4096, INDENT = 2, GAP = 2 };

int table_add_value(struct buf *out, const json_t *value, int most) {
  char number[40];
  switch (value ? json_typeof(value) : JSON_NULL) {
  case JSON_STRING:
    return printable_add(out, json_string_value(value), json_string_length(value), most);
  case JSON_TRUE:
    return printable_add(out, "true", 4, most);
  case JSON_FALSE:
    return printable_add(out, "false", 5, most);
  case JSON_INTEGER:
    return printable_add(out, number,
                         (size_t)snprintf(number, sizeof number, "%" PRId64, (int64_t)json_integer_value(value)), most);
  case JSON_REAL:
    return printable_add(out, number, (size_t)snprintf(number, sizeof number, "%.14g", json_real_value(value)), most);
  case JSON_NULL:
    return printable_add(out, "(none)", 6, most);
  default: {
    char *text = json_dumps(value, JSON_COMPACT);
    int width = text ? printable_add(out, text, strlen(text), most) : 0;
    free(text);
    return width;
  }
  }
}

static int value_width(const json_t *value) {
  struct buf cell;
  buf_init(&cell, CELL_CAP);
  int width = table_add_value(&cell, value, TABLE_CELL_WIDTH);
  buf_release(&cell);
  return width;
}

static void add_blanks(struct buf *out, int count) {
  for (; count > 0; count--)
    buf_add_char(out, ' ');
}

static void end_line(struct buf *out) {
  while (out->length > 0 && out->data[out->length - 1] == ' ')
    out->data[--out->length] = '\0';
  buf_add_char(out, '\n');
}

/* Fills `widths`, one a column; returns the whole line's. */
static int measure(const json_t *columns, const json_t *rows, int *widths) {
  int total = INDENT - GAP;
  size_t i, r;
  json_t *column, *row;
  json_array_foreach((json_t *)columns, i, column) {
    int most = value_width(column);
    json_array_foreach((json_t *)rows, r, row) {
      int width = value_width(json_object_get(row, json_string_value(column)));
      most = width > most ? width : most;
    }
    widths[i] = most;
    total += most + GAP;
  }
  return total;
}

static void add_cell(struct buf *out, const json_t *value, int width) {
  bool right = json_is_number(value);
  int blanks = width - value_width(value);
  add_blanks(out, right ? blanks : 0);
  table_add_value(out, value, TABLE_CELL_WIDTH);
  add_blanks(out, (right ? 0 : blanks) + GAP);
}

static void add_aligned(struct buf *out, const json_t *columns, const json_t *rows, const int *widths) {
  size_t i, r;
  json_t *column, *row;
  add_blanks(out, INDENT);
  json_array_foreach((json_t *)columns, i, column) add_cell(out, column, widths[i]);
  end_line(out);
  json_array_foreach((json_t *)rows, r, row) {
    add_blanks(out, INDENT);
    json_array_foreach((json_t *)columns, i, column)
        add_cell(out, json_object_get(row, json_string_value(column)), widths[i]);
    end_line(out);
  }
}

/* One line a column, one block a row; values may then be as long as the line allows. */
static void add_blocks(struct buf *out, const json_t *columns, const json_t *rows, int width) {
  int names = 0;
  size_t i, r;
  json_t *column, *row;
  json_array_foreach((json_t *)columns, i, column) {
    int name = value_width(column);
    names = name > names ? name : names;
  }
  int most = width - INDENT - names - GAP;
  most = most < TABLE_CELL_WIDTH ? TABLE_CELL_WIDTH : most;
  json_array_foreach((json_t *)rows, r, row) {
    if (r > 0)
      buf_add_char(out, '\n');
    json_array_foreach((json_t *)columns, i, column) {
      add_blanks(out, INDENT);
      add_cell(out, column, names);
      table_add_value(out, json_object_get(row, json_string_value(column)), most);
      end_line(out);
    }
  }
}

void table_add(struct buf *out, const json_t *columns, const json_t *rows, int width) {
  size_t count = json_array_size(columns);
  int *widths = calloc(count + 1, sizeof *widths);
  if (!widths) {
    out->failed = true;
    return;
  }
  if (measure(columns, rows, widths) <= width)
    add_aligned(out, columns, rows, widths);
  else
    add_blocks(out, columns, rows, width);
  free(widths);
}

int table_width(const json_t *columns, const json_t *rows) {
  int *widths = calloc(json_array_size(columns) + 1, sizeof *widths);
  int width = widths ? measure(columns, rows, widths) : TABLE_WIDTH_UNLIMITED;
  free(widths);
  return width;
}
