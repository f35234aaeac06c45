/**
 * display.c - a run's words, tables, bars and questions on the operator's terminal, or on whatever stands in its place.
 *
 * Called from inside the script by way of bind_op.c, on the run's thread; raises nothing. Invariant: no line is written
 * behind a progress bar.
 */
#include "operator/display.h"
#include "base/clock.h"
#include "operator/chart.h"
#include "operator/printable.h"
#include "operator/table.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <inttypes.h>
#include <string.h>

enum { TEXT_CAP = 64 << 20, PLAIN_WIDTH = 160, BAR_WIDTH = 24, TENTHS = 10 };

static const int64_t bar_pause_ns = 100 * 1000 * 1000;

bool display_init(struct display *display, FILE *out, bool assume_yes) {
  *display = (struct display){.out = out, .assume_yes = assume_yes, .output = json_array(), .bar_tenths = -1};
  return display->output != NULL;
}

void display_release(struct display *display) {
  json_decref(display->output);
  display->output = NULL;
}

int display_width(const struct display *display) {
  int width = display->out ? terminal_width(display->out) : 0;
  return width > 0 ? width : PLAIN_WIDTH;
}

static bool is_terminal(const struct display *display) {
  return terminal_width(display->out) > 0;
}

/* Takes an open bar off the line. */
static void clear_bar(struct display *display) {
  if (display->bar_is_open)
    fputs("\r\x1b[K", display->out);
  display->bar_is_open = false;
}

static void show(struct display *display, const struct buf *text) {
  if (!display->out)
    return;
  clear_bar(display);
  fwrite(text->data, 1, text->length, display->out);
  fflush(display->out);
}

static void say(void *context, const char *text, size_t length) {
  struct display *display = context;
  struct buf line;
  buf_init(&line, TEXT_CAP);
  printable_add_lines(&line, text, length);
  json_array_append_new(display->output, json_pack("{s:s, s:s%}", "kind", "say", "text", line.data, line.length));
  buf_add_char(&line, '\n');
  show(display, &line);
  buf_release(&line);
}

static void show_table(void *context, const json_t *columns, const json_t *rows) {
  struct display *display = context;
  json_array_append_new(display->output,
                        json_pack("{s:s, s:O, s:O}", "kind", "table", "columns", columns, "rows", rows));
  struct buf text;
  buf_init(&text, TEXT_CAP);
  if (json_array_size(rows) == 0)
    buf_addf(&text, "  %s\n", words("(no rows)"));
  else
    table_add(&text, columns, rows, display_width(display));
  show(display, &text);
  buf_release(&text);
}

static void show_chart(void *context, const json_t *chart) {
  struct display *display = context;
  json_array_append_new(display->output, json_pack("{s:s, s:O}", "kind", "chart", "chart", chart));
  struct buf text;
  buf_init(&text, TEXT_CAP);
  chart_add(&text, chart, display_width(display));
  show(display, &text);
  buf_release(&text);
}

/* ---- progress ---- */

static void add_bar(struct buf *out, const struct op_progress *progress) {
  double seconds = (double)(clock_monotonic_ns() - progress->started_ns) / 1e9;
  double rate = seconds > 0 ? (double)progress->done / seconds : 0;
  double share = progress->total > 0 ? (double)progress->done / (double)progress->total : 1;
  int full = (int)(share * BAR_WIDTH);
  buf_addf(out, "%s%s[", progress->label, *progress->label ? " " : "");
  for (int i = 0; i < BAR_WIDTH; i++)
    buf_add_char(out, i < full ? '#' : '.');
  buf_addf(out, "] %3d%%  %" PRId64 "/%" PRId64 "  %.0f/s", (int)(share * 100), progress->done, progress->total, rate);
  if (rate > 0 && !progress->finished) {
    int64_t left = (int64_t)((double)(progress->total - progress->done) / rate);
    buf_addf(out, words("  %" PRId64 ":%02d left"), left / 60, (int)(left % 60));
  }
}

static void draw_bar(struct display *display, const struct op_progress *progress) {
  int64_t now = clock_monotonic_ns();
  if (!progress->finished && display->bar_is_open && now - display->bar_at_ns < bar_pause_ns)
    return;
  display->bar_at_ns = now;
  struct buf bar, line;
  buf_init(&bar, TEXT_CAP);
  buf_init(&line, TEXT_CAP);
  add_bar(&bar, progress);
  printable_add(&line, bar.data, bar.length, display_width(display) - 1);
  fprintf(display->out, "\r\x1b[K%s%s", line.data, progress->finished ? "\n" : "");
  fflush(display->out);
  display->bar_is_open = !progress->finished;
  buf_release(&bar);
  buf_release(&line);
}

/* Without a terminal: a line at the start of each tenth of the way. */
static void print_progress(struct display *display, const struct op_progress *progress) {
  int64_t tenths = progress->total > 0 ? (int64_t)((double)progress->done / (double)progress->total * TENTHS) : TENTHS;
  if (progress->done == 0)
    display->bar_tenths = -1;
  if (tenths == display->bar_tenths)
    return;
  display->bar_tenths = tenths;
  fprintf(display->out, words("%s%s%" PRId64 " of %" PRId64 "\n"), progress->label, *progress->label ? ": " : "",
          progress->done, progress->total);
  fflush(display->out);
}

static void show_progress(void *context, const struct op_progress *progress) {
  struct display *display = context;
  if (!display->out)
    return;
  if (is_terminal(display))
    draw_bar(display, progress);
  else
    print_progress(display, progress);
}

/* ---- questions ---- */

static bool confirm(void *context, const char *question, const char *expected) {
  struct display *display = context;
  if (display->assume_yes || !terminal_is_there())
    return true;
  if (display->out)
    clear_bar(display);
  struct buf prompt, line;
  buf_init(&prompt, TEXT_CAP);
  buf_init(&line, TEXT_CAP);
  printable_add_lines(&prompt, question, strlen(question));
  buf_addf(&prompt, words("\nType \"%s\" to go on: "), expected);
  bool same = terminal_ask(prompt.data, false, &line) && strcmp(line.data, expected) == 0;
  buf_release(&prompt);
  buf_release(&line);
  return same;
}

struct op_listener display_listener(struct display *display) {
  return (struct op_listener){.context = display,
                              .say = say,
                              .table = show_table,
                              .progress = show_progress,
                              .chart = show_chart,
                              .confirm = confirm};
}
