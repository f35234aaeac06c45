/**
 * repl_show.c - the console's messages, as an operator sees them.
 *
 * Called by the console, in the middle of an input, and by the prompt; on the main thread. Colours go to terminals
 * only, and not where NO_COLOR is set. Invariant: no line is written behind a progress bar.
 */
#include "operator/repl_internal.h"

#include "base/clock.h"
#include "operator/printable.h"
#include "operator/repl_pager.h"
#include "operator/table.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MIME_TABLE    "application/vnd.mulligan.table+json"
#define MIME_PROGRESS "application/vnd.mulligan.progress+json"

static const char *const styles[] = {[REPL_PLAIN] = "",
                                     [REPL_BOLD] = "\x1b[1m",
                                     [REPL_DIM] = "\x1b[2m",
                                     [REPL_RED] = "\x1b[1;31m",
                                     [REPL_YELLOW] = "\x1b[33m"};

int repl_width(void) {
  return terminal_width(stdout);
}

int repl_width_or(int fallback) {
  int width = repl_width();
  return width > 0 ? width : fallback;
}

static int terminal_rows(void) {
  struct winsize size;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

/* ---- writing ---- */

static void clear_bar(struct repl *repl) {
  if (repl->display.bar_is_open)
    fputs("\r\x1b[K", stdout);
  repl->display.bar_is_open = false;
}

static void write_styled(const struct repl *repl, FILE *out, enum repl_style style, const char *text, size_t length) {
  bool styled = repl->colour && style != REPL_PLAIN;
  if (styled)
    fputs(styles[style], out);
  fwrite(text, 1, length, out);
  if (styled)
    fputs("\x1b[0m", out);
  fflush(out);
}

static void say_to(const struct repl *repl, FILE *out, enum repl_style style, const char *format, va_list args) {
  char *text = NULL;
  int length = vasprintf(&text, format, args);
  if (length < 0)
    return;
  write_styled(repl, out, style, text, (size_t)length);
  fputc('\n', out);
  fflush(out);
  free(text);
}

void repl_say(const struct repl *repl, enum repl_style style, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say_to(repl, repl->interactive ? stdout : stderr, style, format, args);
  va_end(args);
}

void repl_complain(const struct repl *repl, const char *format, ...) {
  va_list args;
  fflush(stdout);
  va_start(args, format);
  say_to(repl, stderr, REPL_RED, format, args);
  va_end(args);
}

static int count_lines(const char *text, size_t length) {
  int lines = 0;
  for (size_t i = 0; i < length; i++)
    lines += text[i] == '\n';
  return lines;
}

void repl_show_text(const struct repl *repl, const char *text, size_t length) {
  bool is_long = repl->interactive && terminal_rows() > 0 && count_lines(text, length) >= terminal_rows();
  if (is_long && repl_pager_show(text, length))
    return;
  fwrite(text, 1, length, stdout);
  fflush(stdout);
}

void repl_show_buf(const struct repl *repl, struct buf *text) {
  repl_show_text(repl, text->data, text->length);
  buf_release(text);
}

/* ---- values ---- */

/* A table's first line is its head, unless it has turned. */
static bool has_head(const json_t *table) {
  const json_t *rows = json_object_get(table, "rows");
  int width = repl_width();
  return json_array_size(rows) > 0 && table_width(json_object_get(table, "columns"), rows) <= width;
}

static void show_bundle(struct repl *repl, const json_t *data) {
  const json_t *plain = json_object_get(data, "text/plain"), *table = json_object_get(data, MIME_TABLE);
  const char *text = json_string_value(plain) ? json_string_value(plain) : "";
  struct buf shown;
  buf_init(&shown, REPL_TEXT_CAP);
  const char *head = repl->colour && table && has_head(table) ? strchr(text, '\n') : NULL;
  if (head)
    buf_addf(&shown, "%s%.*s\x1b[0m%s", styles[REPL_BOLD], (int)(head - text), text, head);
  else
    buf_add(&shown, text, json_string_length(plain));
  if (shown.length > 0 && shown.data[shown.length - 1] != '\n')
    buf_add_char(&shown, '\n');
  clear_bar(repl);
  repl_show_text(repl, shown.data, shown.length);
  buf_release(&shown);
}

static void show_progress(struct repl *repl, const json_t *bar) {
  double seconds = json_number_value(json_object_get(bar, "seconds"));
  const struct op_progress progress = {.label = json_string_value(json_object_get(bar, "label")),
                                       .done = json_integer_value(json_object_get(bar, "done")),
                                       .total = json_integer_value(json_object_get(bar, "total")),
                                       .started_ns = clock_monotonic_ns() - (int64_t)(seconds * 1e9),
                                       .finished = json_is_true(json_object_get(bar, "finished"))};
  struct op_listener listener = display_listener(&repl->display);
  listener.progress(listener.context, &progress);
}

static void show_data(struct repl *repl, const json_t *content) {
  const json_t *data = json_object_get(content, "data"), *bar = json_object_get(data, MIME_PROGRESS);
  if (bar)
    show_progress(repl, bar);
  else
    show_bundle(repl, data);
}

/* ---- words and failures ---- */

static void show_stream(struct repl *repl, const json_t *content) {
  const json_t *text = json_object_get(content, "text");
  bool is_remark = strcmp(json_string_value(json_object_get(content, "name")), "stderr") == 0;
  clear_bar(repl);
  fflush(stdout);
  write_styled(repl, is_remark ? stderr : stdout, is_remark ? REPL_DIM : REPL_PLAIN, json_string_value(text),
               json_string_length(text));
}

static void show_error(struct repl *repl, const json_t *content) {
  const char *source = json_string_value(json_object_get(content, "source"));
  const char *hint = json_string_value(json_object_get(content, "hint"));
  size_t index;
  json_t *line;
  clear_bar(repl);
  json_array_foreach(json_object_get(content, "traceback"), index, line) {
    const char *text = json_string_value(line);
    enum repl_style style = index == 0                        ? REPL_RED
                            : source && !strcmp(text, source) ? REPL_PLAIN
                            : hint && !strcmp(text, hint)     ? REPL_YELLOW
                                                              : REPL_DIM;
    fflush(stdout);
    write_styled(repl, stderr, style, text, json_string_length(line));
    fputc('\n', stderr);
  }
  fflush(stderr);
}

static void ignore(struct repl *repl, const json_t *content) {
  (void)repl;
  (void)content;
}

void repl_publish(void *context, const json_t *message) {
  static const struct {
    const char *type;
    void (*show)(struct repl *repl, const json_t *content);
  } shows[] = {{"stream", show_stream},
               {"display_data", show_data},
               {"update_display_data", show_data},
               {"execute_result", show_data},
               {"error", show_error},
               {"execute_input", ignore}, /* it stands on the terminal already */
               {"status", ignore}};
  const char *type = json_string_value(json_object_get(json_object_get(message, "header"), "msg_type"));
  for (size_t i = 0; i < sizeof shows / sizeof *shows; i++)
    if (strcmp(shows[i].type, type) == 0)
      shows[i].show(context, console_content(message));
}
