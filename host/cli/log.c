/**
 * log.c - `mulligan log`: the end of the running host's log, and what comes next.
 *
 * Runs on the main thread, beside a running host or without one: it reads the files by itself.
 */
#include "base/log.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/log_entry.h"
#include "cli/log_tail.h"
#include "operator/words.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 100, LINES_UNLESS_TOLD = 100 };

/** What is shown, and how. */
struct view {
  enum log_level least;
  bool all; /* also lines without a level */
  enum log_format format;
  bool array; /* the lines are items of one */
  bool colour;
  int64_t shown;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static bool is_wanted(const struct view *view, const struct log_entry *entry) {
  return view->all || (entry->known && entry->event.level >= view->least);
}

static bool test_line(void *context, const char *line, size_t length) {
  const struct view *view = context;
  if (view->all)
    return true;
  struct log_entry entry;
  bool wanted = log_entry_read(&entry, line, length) && is_wanted(view, &entry);
  log_entry_release(&entry);
  return wanted;
}

static void show_line(void *context, const char *line, size_t length) {
  struct view *view = context;
  struct log_entry entry;
  if (!interrupted && log_entry_read(&entry, line, length) && is_wanted(view, &entry)) {
    fputs(!view->array ? "" : view->shown == 0 ? "\n  " : ",\n  ", stdout);
    log_entry_write(&entry, view->format, view->colour, stdout);
    fputs(view->array ? "" : "\n", stdout);
    view->shown++;
  }
  log_entry_release(&entry);
}

static bool wait_a_moment(void) {
  const struct timespec moment = {.tv_nsec = POLL_MS * 1000000L};
  return nanosleep(&moment, NULL) == 0 || !interrupted;
}

static int show(const struct command_context *context, const char *path, int64_t lines, bool follow,
                struct view *view) {
  struct fault fault;
  struct log_tail *tail;
  enum mulligan_status status = log_tail_open(&tail, path, &fault);
  if (status == MULLIGAN_MISSING)
    return command_fail(context, COMMAND_FAILED, words("there is no log at %s: `mulligan serve` writes it"), path);
  if (status != MULLIGAN_OK)
    return command_fault(context, &fault);
  sigaction(SIGINT, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
  fputs(view->array ? "[" : "", stdout);
  status = log_tail_last(tail, lines, follow, test_line, show_line, view, &fault);
  fputs(!view->array ? "" : view->shown == 0 ? "]\n" : "\n]\n", stdout);
  bool open = fflush(stdout) == 0;
  while (follow && status == MULLIGAN_OK && open && !interrupted && wait_a_moment()) {
    status = log_tail_more(tail, show_line, view, &fault);
    open = fflush(stdout) == 0;
  }
  log_tail_close(tail);
  if (interrupted)
    return COMMAND_INTERRUPTED;
  if (!open)
    return command_fail(context, COMMAND_FAILED, "standard output cannot be written");
  return status == MULLIGAN_OK ? COMMAND_DONE : command_fault(context, &fault);
}

static bool read_lines(const char *text, int64_t *lines) {
  *lines = LINES_UNLESS_TOLD;
  if (text == NULL)
    return true;
  char *end;
  *lines = strtoll(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == '\0' && *lines <= INT32_MAX;
}

int command_log(struct command_context *context, int argc, char **argv) {
  static const bool without_settings = true; /* the log is there to see why they are broken */
  const char *lines_text = NULL, *level = NULL;
  bool follow = false;
  const struct command_option options[] = {
      {"follow", NULL, "go on with what is logged from now on, until Ctrl-C; with --json an object a line", NULL,
       &follow, NULL},
      {"lines", "N", "how many of the last lines (default: 100)", &lines_text, NULL, NULL},
      {"level", "LEVEL", "only lines of that level or above: debug, info, warning, error", &level, NULL, NULL},
  };
  int status;
  context->keep_going = &without_settings;
  if (!command_parse(context, options, sizeof options / sizeof *options, argc, argv, &status))
    return status;
  if (context->argument_count > 0)
    return command_fail(context, COMMAND_USAGE, "'%s' is not expected here", context->arguments[0]);
  int64_t lines;
  if (!read_lines(lines_text, &lines))
    return command_fail(context, COMMAND_USAGE, words("--lines takes a whole number from 0, not '%s'"), lines_text);
  const char *no_colour = getenv("NO_COLOR");
  struct view view = {
      .all = level == NULL,
      .format = context->json ? LOG_FORMAT_JSON : LOG_FORMAT_PLAIN,
      .array = context->json && !follow,
      .colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour),
  };
  if (level != NULL && !log_parse_level(level, &view.least))
    return command_fail(context, COMMAND_USAGE, words("--level takes debug, info, warning or error, not '%s'"), level);
  char *folder = file_join(context->settings->data, "logs"), *path = folder ? file_join(folder, "mulligan.log") : NULL;
  status = path ? show(context, path, lines, follow, &view) : command_fail(context, COMMAND_FAILED, "out of memory");
  free(folder);
  free(path);
  return status;
}
