/**
 * plan_text.c - a plan's changes as an operator reads them.
 *
 * Called by an operator's run. Both forms are tables: one line a row where that fits the terminal, else one line a
 * column, with before and after side by side.
 */
#include "operator/plan_text.h"
#include "operator/table.h"
#include "operator/words.h"

#include <string.h>

enum { CELL_CAP = 4096, LEAST_CELL = 12, BLOCK_GAPS = 6 /* the indent and two gaps */ };

/* The column that says which side of a change a line shows; no column of a database has this name. */
static const char label_column[] = "";
static const char mark[] = "*";

static const char *text_of(const json_t *change, const char *key) {
  return json_string_value(json_object_get(change, key));
}

static bool is_changed(const json_t *change, const char *column) {
  size_t index;
  json_t *name;
  json_array_foreach(json_object_get(change, "changed"), index,
                     name) if (strcmp(json_string_value(name), column) == 0) return true;
  return false;
}

static const json_t *any_row(const json_t *change) {
  const json_t *after = json_object_get(change, "after");
  return json_is_object(after) ? after : json_object_get(change, "before");
}

/* A value as text of at most `most` columns, with the mark in front if it changed. */
static json_t *cut_text(const json_t *value, bool changed, int most) {
  struct buf cell;
  buf_init(&cell, CELL_CAP);
  buf_add_text(&cell, changed ? mark : "");
  table_add_value(&cell, value, most - changed);
  json_t *text = json_string(cell.data);
  buf_release(&cell);
  return text;
}

/* ---- one line a row ---- */

static void add_line(json_t *lines, const char *label, const json_t *row, const json_t *change) {
  json_t *line = json_object();
  json_object_set_new(line, label_column, json_string(label));
  const char *column;
  json_t *value;
  json_object_foreach((json_t *)row, column, value) {
    if (change && is_changed(change, column))
      json_object_set_new(line, column, cut_text(value, true, TABLE_CELL_WIDTH));
    else
      json_object_set(line, column, value);
  }
  json_array_append_new(lines, line);
}

static void add_lines(json_t *lines, const json_t *change) {
  const char *operation = text_of(change, "operation");
  if (strcmp(operation, "insert") == 0) {
    add_line(lines, words("new"), json_object_get(change, "after"), NULL);
  } else if (strcmp(operation, "delete") == 0) {
    add_line(lines, words("removed"), json_object_get(change, "before"), NULL);
  } else {
    add_line(lines, words("before"), json_object_get(change, "before"), NULL);
    add_line(lines, words("after"), json_object_get(change, "after"), change);
  }
}

/* ---- one line a column ---- */

/* A change as a table of its own: column, before, after; or column and the one side there is. */
static void add_block(struct buf *out, const json_t *change, int width) {
  const json_t *before = json_object_get(change, "before"), *after = json_object_get(change, "after");
  bool had = json_is_object(before), has = json_is_object(after);
  const char *before_word = has ? words("before") : words("removed"), *after_word = had ? words("after") : words("new");
  json_t *columns = json_pack("[s]", label_column), *lines = json_array();
  if (had)
    json_array_append_new(columns, json_string(before_word));
  if (has)
    json_array_append_new(columns, json_string(after_word));

  int names = 0;
  const char *column;
  json_t *value;
  json_object_foreach((json_t *)any_row(change), column, value) {
    int length = (int)strlen(column);
    names = length > names ? length : names;
  }
  int most = (width - names - BLOCK_GAPS) / (had && has ? 2 : 1);
  most = most < LEAST_CELL ? LEAST_CELL : most;
  json_object_foreach((json_t *)any_row(change), column, value) {
    json_t *line = json_pack("{s:s}", label_column, column);
    if (had)
      json_object_set_new(line, before_word, cut_text(json_object_get(before, column), false, most));
    if (has)
      json_object_set_new(line, after_word, cut_text(json_object_get(after, column), is_changed(change, column), most));
    json_array_append_new(lines, line);
  }
  table_add(out, columns, lines, TABLE_WIDTH_UNLIMITED);
  json_decref(columns);
  json_decref(lines);
}

/* ---- a table of the database ---- */

/* The changes of one table: those from `from` up to `to`. */
struct part {
  const json_t *changes;
  size_t from, to;
};

static void add_count(struct buf *out, int count, const char *word, bool *first) {
  if (count == 0)
    return;
  buf_addf(out, "%s%d %s", *first ? " " : ", ", count, word);
  *first = false;
}

static void add_heading(struct buf *out, const struct part *part) {
  int updated = 0, inserted = 0, deleted = 0;
  for (size_t i = part->from; i < part->to; i++) {
    const char *operation = text_of(json_array_get(part->changes, i), "operation");
    inserted += operation[0] == 'i';
    deleted += operation[0] == 'd';
    updated += operation[0] == 'u';
  }
  bool first = true;
  buf_addf(out, "\n%s:", text_of(json_array_get(part->changes, part->from), "table"));
  add_count(out, updated, words("changed"), &first);
  add_count(out, inserted, words("new"), &first);
  add_count(out, deleted, words("removed"), &first);
  buf_add_char(out, '\n');
}

static void add_part(struct buf *out, const struct part *part, int width) {
  add_heading(out, part);
  size_t shown = part->to - part->from < PLAN_TEXT_ROWS ? part->to : part->from + PLAN_TEXT_ROWS;
  json_t *columns = json_array(), *lines = json_array();
  json_array_append_new(columns, json_string(label_column));
  const char *column;
  json_t *value;
  json_object_foreach((json_t *)any_row(json_array_get(part->changes, part->from)), column, value)
      json_array_append_new(columns, json_string(column));
  for (size_t i = part->from; i < shown; i++)
    add_lines(lines, json_array_get(part->changes, i));
  if (table_width(columns, lines) <= width) {
    table_add(out, columns, lines, width);
  } else {
    for (size_t i = part->from; i < shown; i++) {
      buf_add_text(out, i > part->from ? "\n" : "");
      add_block(out, json_array_get(part->changes, i), width);
    }
  }
  if (shown < part->to)
    buf_addf(out, words("  … and %zu more (--json shows all)\n"), part->to - shown);
  json_decref(columns);
  json_decref(lines);
}

void plan_text_add(struct buf *out, const json_t *changes, int width) {
  size_t count = json_array_size(changes);
  for (size_t from = 0, to; from < count; from = to) {
    const char *table = text_of(json_array_get(changes, from), "table");
    for (to = from + 1; to < count && strcmp(text_of(json_array_get(changes, to), "table"), table) == 0;)
      to++;
    add_part(out, &(struct part){changes, from, to}, width);
  }
}
