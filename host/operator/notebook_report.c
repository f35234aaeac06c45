/**
 * notebook_report.c - the files that a notebook's run leaves.
 *
 * Called when a run's outcome is known, and before it is asked for, so that there are files whatever happens then.
 * Invariant: everything is cleaned of secrets before it is laid out (notebook_output.c).
 */
#include "operator/notebook_report.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "operator/notebook_html.h"
#include "operator/notebook_ipynb.h"
#include "operator/notebook_output.h"
#include "operator/plan_text.h"
#include "operator/printable.h"
#include "operator/table.h"
#include "operator/words.h"

#include <inttypes.h>
#include <string.h>

enum { FILE_CAP = 512 << 20, TEXT_CAP = 64 << 20, PAGE_WIDTH = 100, VALUE_WIDTH = 200 };

/* A copy without secrets; NULL when out of memory. */
static json_t *clean(const struct notebook_report *report, const json_t *value) {
  struct scrub_tally tally = {.taint = report->taint};
  json_t *copy = scrub_json(report->scrub, value, &tally);
  if (copy && taint_json(report->taint, &copy, &tally.count))
    return copy;
  json_decref(copy);
  return NULL;
}

/* ---- the cells ---- */

/* Whatever a code cell of the file had put out belongs to another run. */
static bool fill_cell(const struct notebook_report *report, json_t *cell, const json_t *done) {
  json_t *outputs = done ? clean(report, json_object_get(done, "outputs")) : json_array();
  if (!outputs)
    return false;
  notebook_output_enrich(outputs);
  json_object_set_new(cell, "outputs", outputs);
  json_object_set(cell, "execution_count", done ? json_object_get(done, "count") : json_null());
  return true;
}

static json_t *copy_cell(const struct notebook_report *report, size_t index) {
  json_t *cell = json_copy(notebook_cell(report->notebook, index));
  json_t *source = clean(report, json_object_get(cell, "source"));
  const json_t *done = json_array_get(report->outputs, index);
  bool good = source && json_object_set_new(cell, "source", source) == 0;
  if (good && notebook_cell_is_code(cell))
    good = fill_cell(report, cell, json_is_object(done) ? done : NULL);
  if (good)
    return cell;
  json_decref(cell);
  return NULL;
}

/* ---- what came of it ---- */

static void add_parameters(const struct notebook_report *report, struct buf *out) {
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)report->parameters, name, value) {
    buf_addf(out, "%s = ", name);
    table_add_value(out, value, VALUE_WIDTH);
    buf_add_char(out, '\n');
  }
}

static void add_summary(const struct notebook_report *report, struct buf *out) {
  char date[MULLIGAN_RFC3339_SIZE];
  buf_addf(out, words("%s of %s, by %s, %s\n"), report->run, report->file, report->operator_name,
           clock_rfc3339(report->started_us, date));
  add_parameters(report, out);
  bool saved = strcmp(report->outcome, "applied") == 0;
  buf_addf(out, words("\n%s. Rows that change: %" PRId64 ". %s\n"), words(report->outcome), report->rows,
           saved ? words("It was saved.") : words("Nothing has been saved."));
  if (*report->message) {
    printable_add_lines(out, report->message, strlen(report->message));
    buf_add_char(out, '\n');
  }
  if (report->changes && report->rows > 0)
    plan_text_add(out, report->changes, PAGE_WIDTH);
}

/* Indented, so that nothing in it is taken for Markdown. */
static void add_block(struct buf *out, const json_t *text) {
  const char *line = json_string_value(text);
  while (*line) {
    size_t length = strcspn(line, "\n");
    if (length > 0)
      buf_addf(out, "    %.*s", (int)length, line);
    buf_add_char(out, '\n');
    line += length + (line[length] ? 1 : 0);
  }
}

static json_t *last_cell(const struct notebook_report *report) {
  struct buf summary, source;
  buf_init(&summary, TEXT_CAP);
  buf_init(&source, TEXT_CAP);
  add_summary(report, &summary);
  json_t *text = json_stringn(summary.data, summary.length), *cleaned = text ? clean(report, text) : NULL;
  buf_addf(&source, "## %s\n\n", words("What came of it"));
  if (cleaned)
    add_block(&source, cleaned);
  while (source.length > 0 && source.data[source.length - 1] == '\n')
    source.length--;
  json_t *cell = cleaned ? notebook_ipynb_cell("markdown", "mulligan-run", source.data, source.length,
                                               json_pack("{s:[s]}", "tags", "mulligan-run"))
                         : NULL;
  json_decref(text);
  json_decref(cleaned);
  buf_release(&summary);
  buf_release(&source);
  return cell;
}

/* ---- the whole ---- */

/* A run's own file may be run again; its last cell is then a new one's. */
static bool is_last_cell(const json_t *cell) {
  const char *id = json_string_value(json_object_get(cell, "id"));
  return id && strcmp(id, "mulligan-run") == 0;
}

json_t *notebook_report_make(const struct notebook_report *report) {
  json_t *made = json_copy(report->notebook->json), *cells = json_array();
  json_t *metadata = json_copy(json_object_get(made, "metadata"));
  bool good = made && cells && metadata;
  for (size_t i = 0; good && i < notebook_cell_count(report->notebook); i++)
    if (!is_last_cell(notebook_cell(report->notebook, i)))
      good = json_array_append_new(cells, copy_cell(report, i)) == 0;
  good = good && json_array_append_new(cells, last_cell(report)) == 0;
  json_object_set_new(metadata, "mulligan",
                      json_pack("{s:s, s:s, s:s, s:I}", "run", report->run, "notebook", report->file, "outcome",
                                report->outcome, "rows", (json_int_t)report->rows));
  json_object_set_new(made, "metadata", metadata);
  json_object_set_new(made, "cells", cells);
  if (good)
    return made;
  json_decref(made);
  return NULL;
}

static bool is_notebook(const char *path) {
  size_t length = strlen(path);
  return length > 6 && strcmp(path + length - 6, ".ipynb") == 0;
}

enum mulligan_status notebook_report_write(const json_t *made, const char *path, unsigned mode, struct fault *fault) {
  struct notebook notebook = {.json = (json_t *)(uintptr_t)made};
  struct buf text;
  buf_init(&text, FILE_CAP);
  bool good = is_notebook(path) ? notebook_ipynb_write(made, &text) : notebook_html_write(&notebook, &text);
  enum mulligan_status status = good ? file_replace(path, text.data, text.length, mode, fault)
                                     : fault_set(fault, MULLIGAN_NOMEM, "%s: out of memory", path);
  buf_release(&text);
  return status;
}
