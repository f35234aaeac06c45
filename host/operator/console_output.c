/**
 * console_output.c - what inputs show, as messages, within bounds; and kept for the audit.
 *
 * Called by the console, and from inside scripts by way of bind_op.c, on the console's thread; raises nothing.
 * Invariant: of one input at most CONSOLE_TEXT_MOST bytes of text are published and kept; the rest is counted.
 */
#include "operator/console_internal.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "operator/chart.h"
#include "operator/printable.h"
#include "operator/table.h"
#include "operator/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define MIME_TABLE    "application/vnd.mulligan.table+json"
#define MIME_CHART    "application/vnd.mulligan.chart+json"
#define MIME_PROGRESS "application/vnd.mulligan.progress+json"

enum { REMARK_SIZE = 2048, PLAIN_WIDTH = 160, BUNDLE_CAP = 64 << 20 };

/* ---- messages ---- */

json_t *console_message(struct console *console, const char *type, json_t *content) {
  char date[MULLIGAN_RFC3339_SIZE], id[72];
  snprintf(id, sizeof id, "%s_%" PRId64, console->name, ++console->messages);
  json_t *parent = console->parent ? json_incref(console->parent) : json_object();
  return json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:s}, s:o, s:{}, s:o}", "header", "msg_id", id, "msg_type", type,
                   "session", console->name, "username", console->options.operator_name, "date",
                   clock_rfc3339(clock_wall_us(), date), "version", "5.3", "parent_header", parent, "metadata",
                   "content", content);
}

void console_publish(struct console *console, const char *type, json_t *content) {
  json_t *message = content ? console_message(console, type, content) : NULL;
  bool wanted = message && console->options.publish && (!console->silent || strcmp(type, "status") == 0);
  if (wanted)
    console->options.publish(console->options.context, message);
  json_decref(message);
}

void console_keep(struct console *console, json_t *item) {
  if (item)
    json_array_append_new(console->output, item);
}

/* How many of `length` bytes may still be shown; counts the others. */
static size_t admit(struct console *console, const char *text, size_t length) {
  size_t left = CONSOLE_TEXT_MOST - console->shown;
  size_t most = length <= left ? length : utf8_cut(text, utf8_valid_prefix(text, left), left);
  console->shown += most;
  console->withheld += length - most;
  if (most < length)
    console->shown = CONSOLE_TEXT_MOST; /* what follows a cut would not be understood */
  return most;
}

/* Adds to the text that was kept last, where that is of the same kind: a loop of print() is one piece. */
static void keep_text(struct console *console, const char *text, size_t length) {
  json_t *last = json_array_get(console->output, json_array_size(console->output) - 1);
  const char *kind = json_string_value(json_object_get(last, "kind"));
  json_t *before = json_object_get(last, "text");
  while (length > 0 && text[length - 1] == '\n')
    length--;
  if (kind && strcmp(kind, "say") == 0 && json_string_length(before) < 4096)
    json_object_set_new(last, "text", json_sprintf("%s\n%.*s", json_string_value(before), (int)length, text));
  else
    console_keep(console, json_pack("{s:s, s:s%}", "kind", "say", "text", text, length));
}

void console_stream(struct console *console, const char *stream, const char *text, size_t length) {
  size_t most = admit(console, text, length);
  if (most == 0)
    return;
  struct buf good;
  buf_init(&good, 3 * CONSOLE_TEXT_MOST);
  printable_add_lines(&good, text, most);
  console->inside_line = text[most - 1] != '\n';
  keep_text(console, good.data, good.length);
  console_publish(console, "stream", json_pack("{s:s, s:s%}", "name", stream, "text", good.data, good.length));
  buf_release(&good);
}

void console_remark(struct console *console, const char *format, ...) {
  char text[REMARK_SIZE];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(text, sizeof text - 1, format, args);
  va_end(args);
  if (length < 0)
    return;
  size_t most = (size_t)length < sizeof text - 2 ? (size_t)length : utf8_valid_prefix(text, sizeof text - 2);
  memcpy(text + most, "\n", 2);
  console_publish(console, "stream", json_pack("{s:s, s:s}", "name", "stderr", "text", text));
}

void console_print(void *context, const char *text, size_t length) {
  console_stream(context, "stdout", text, length);
}

void console_end_output(struct console *console) {
  if (console->inside_line)
    console_publish(console, "stream", json_pack("{s:s, s:s}", "name", "stdout", "text", "\n"));
  console->inside_line = false;
  if (console->withheld > 0)
    console_remark(console, words("(%zu more bytes were printed; %d of one input are shown at most)"),
                   console->withheld, CONSOLE_TEXT_MOST);
}

/* ---- mime bundles ---- */

static int width_of(const struct console *console) {
  return console->options.width > 0 ? console->options.width : PLAIN_WIDTH;
}

static json_t *table_bundle(struct console *console, json_t *columns, json_t *rows, json_int_t total) {
  struct buf text;
  buf_init(&text, BUNDLE_CAP);
  size_t shown = json_array_size(rows);
  if (shown == 0)
    buf_addf(&text, "  %s\n", words("(no rows)"));
  else
    table_add(&text, columns, rows, width_of(console));
  if ((json_int_t)shown < total)
    buf_addf(&text, words("  … the first %zu of %" PRId64 " rows\n"), shown, (int64_t)total);
  json_t *bundle = json_pack("{s:s%, s:{s:O, s:O, s:I}}", "text/plain", text.data, text.length, MIME_TABLE, "columns",
                             columns, "rows", rows, "total", total);
  buf_release(&text);
  return bundle;
}

json_t *console_bundle(struct console *console, const json_t *value) {
  json_t *columns = json_object_get(value, "columns"), *text = json_object_get(value, "text");
  if (columns)
    return table_bundle(console, columns, json_object_get(value, "rows"),
                        json_integer_value(json_object_get(value, "total")));
  struct buf shown;
  buf_init(&shown, BUNDLE_CAP);
  printable_add_lines(&shown, json_string_value(text), json_string_length(text));
  json_t *bundle = json_pack("{s:s%}", "text/plain", shown.data, shown.length);
  buf_release(&shown);
  return bundle;
}

/* Counts a bundle's text against the input's limit; false when it is reached. */
static bool admit_bundle(struct console *console, const json_t *bundle) {
  const json_t *text = json_object_get(bundle, "text/plain");
  if (console->shown + json_string_length(text) <= CONSOLE_TEXT_MOST) {
    console->shown += json_string_length(text);
    return true;
  }
  console->withheld += json_string_length(text);
  return false;
}

static void display(struct console *console, json_t *bundle) {
  if (admit_bundle(console, bundle))
    console_publish(console, "display_data", json_pack("{s:O, s:{}, s:{}}", "data", bundle, "metadata", "transient"));
  json_decref(bundle);
}

/* ---- op ---- */

static void say(void *context, const char *text, size_t length) {
  struct buf line;
  buf_init(&line, SIZE_MAX / 2);
  buf_add(&line, text, length);
  buf_add_char(&line, '\n');
  console_stream(context, "stdout", line.data, line.length);
  buf_release(&line);
}

static void show_table(void *context, const json_t *columns, const json_t *rows) {
  struct console *console = context;
  json_t *kept = json_array();
  for (size_t i = 0; i < json_array_size(rows) && i < CONSOLE_ROWS_MOST; i++)
    json_array_append(kept, json_array_get(rows, i));
  console_keep(console, json_pack("{s:s, s:O, s:O}", "kind", "table", "columns", columns, "rows", kept));
  display(console, table_bundle(console, (json_t *)(uintptr_t)columns, kept, (json_int_t)json_array_size(rows)));
  json_decref(kept);
}

static void show_chart(void *context, const json_t *chart) {
  struct console *console = context;
  struct buf text;
  buf_init(&text, BUNDLE_CAP);
  chart_add(&text, chart, width_of(console));
  console_keep(console, json_pack("{s:s, s:O}", "kind", "chart", "chart", chart));
  display(console, json_pack("{s:s%, s:O}", "text/plain", text.data, text.length, MIME_CHART, chart));
  buf_release(&text);
}

/* One bar is one display, which is updated; a bar is known by when it was started. */
static void show_progress(void *context, const struct op_progress *progress) {
  struct console *console = context;
  bool first = console->bar_started != progress->started_ns;
  if (first)
    console->displays++;
  console->bar_started = progress->started_ns;
  char id[40], text[200];
  snprintf(id, sizeof id, "progress-%" PRId64, console->displays);
  double seconds = (double)(clock_monotonic_ns() - progress->started_ns) / 1e9;
  snprintf(text, sizeof text, "%s%s%" PRId64 " / %" PRId64, progress->label, *progress->label ? ": " : "",
           progress->done, progress->total);
  console_publish(console, first ? "display_data" : "update_display_data",
                  json_pack("{s:{s:s, s:{s:s, s:I, s:I, s:b, s:f}}, s:{}, s:{s:s}}", "data", "text/plain", text,
                            MIME_PROGRESS, "label", progress->label, "done", (json_int_t)progress->done, "total",
                            (json_int_t)progress->total, "finished", progress->finished, "seconds", seconds, "metadata",
                            "transient", "display_id", id));
}

static bool confirm(void *context, const char *question, const char *expected) {
  struct console *console = context;
  if (!console->options.ask || !console->may_ask)
    return true;
  struct buf prompt, answer;
  buf_init(&prompt, CONSOLE_TEXT_MOST);
  buf_init(&answer, REMARK_SIZE);
  printable_add_lines(&prompt, question, strlen(question));
  buf_addf(&prompt, words("\nType \"%s\" to go on: "), expected);
  json_t *message = console_message(
      console, "input_request",
      json_pack("{s:s%, s:b, s:s}", "prompt", prompt.data, prompt.length, "password", 0, "expected", expected));
  bool same =
      message && console->options.ask(console->options.context, message, &answer) && strcmp(answer.data, expected) == 0;
  json_decref(message);
  buf_release(&prompt);
  buf_release(&answer);
  return same;
}

struct op_listener console_listener(struct console *console) {
  return (struct op_listener){.context = console,
                              .say = say,
                              .table = show_table,
                              .progress = show_progress,
                              .chart = show_chart,
                              .confirm = confirm};
}
