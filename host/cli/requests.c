/**
 * requests.c - `mulligan requests`: what was asked and answered, looked up from a shell.
 *
 * Runs on the main thread, beside a running host or without one: it reads requests.db by itself.
 */
#include "base/file.h"
#include "cli/command.h"
#include "cli/flag_value.h"
#include "cli/request_text.h"
#include "data/request_log_read.h"
#include "operator/words.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { POLL_MS = 200, LIMIT = 50, PAGE = 1000 };

/** The flags, as typed; NULL where they are not given. */
struct flags {
  const char *status, *route, *path, *user, *since, *limit;
  bool slow, follow;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number) {
  (void)number;
  interrupted = 1;
}

/* ---- flags ---- */

/* `404`, or `5xx` for all of them. */
static bool read_status(const struct command_context *context, const char *text, struct request_filter *filter) {
  if (text == NULL)
    return true;
  if (strlen(text) == 3 && text[0] >= '1' && text[0] <= '5') {
    if (strcasecmp(text + 1, "xx") == 0) {
      filter->least_status = (text[0] - '0') * 100;
      filter->most_status = filter->least_status + 99;
      return true;
    }
    if (strspn(text, "0123456789") == 3) {
      filter->least_status = filter->most_status = (int)strtol(text, NULL, 10);
      return true;
    }
  }
  command_fail(context, COMMAND_USAGE, "--status takes a status such as 404, or all of a kind such as 5xx, not '%s'",
               text);
  return false;
}

static bool read_flags(const struct command_context *context, const struct flags *flags,
                       struct request_filter *filter) {
  int64_t limit;
  *filter = (struct request_filter){.route = flags->route, .path = flags->path, .user = flags->user};
  if (!read_status(context, flags->status, filter) ||
      !flag_value_moment(context, "--since", flags->since, &filter->since) ||
      !flag_value_number(context, "--limit", flags->limit, 1, LIMIT, &limit))
    return false;
  filter->limit = (int)limit;
  filter->order = flags->slow ? REQUEST_SLOWEST_FIRST : REQUEST_NEWEST_FIRST;
  return true;
}

/* ---- a list ---- */

static void tell_gaps(const struct command_context *context, int64_t since) {
  json_t *gaps;
  if (request_log_gaps(context->settings->data, since, &gaps, NULL) != MULLIGAN_OK)
    return;
  request_text_gaps(context->json ? stderr : stdout, gaps);
  json_decref(gaps);
}

static int list(const struct command_context *context, const struct request_filter *filter) {
  json_t *rows;
  struct fault fault;
  if (request_log_list(context->settings->data, filter, &rows, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int status = COMMAND_DONE;
  if (context->json) {
    status = command_print_json(context, rows);
  } else if (json_array_size(rows) == 0) {
    printf("%s\n", words("No requests."));
  } else {
    request_text_heading(stdout);
    request_text_rows(stdout, rows);
  }
  json_decref(rows);
  tell_gaps(context, filter->since);
  return status;
}

/* ---- following ---- */

static bool print_news(const struct command_context *context, const json_t *rows) {
  size_t index;
  json_t *row;
  if (!context->json)
    request_text_rows(stdout, rows);
  else
    json_array_foreach(rows, index, row) {
      json_dumpf(row, stdout, JSON_COMPACT);
      putchar('\n');
    }
  return fflush(stdout) == 0;
}

/* The last rows of the filter, the oldest first. */
static enum mulligan_status last_rows(const char *folder, const struct request_filter *filter, json_t **out,
                                      struct fault *fault) {
  json_t *rows;
  enum mulligan_status status = request_log_list(folder, filter, &rows, fault);
  if (status != MULLIGAN_OK)
    return status;
  *out = json_array();
  for (size_t i = json_array_size(rows); i-- > 0;)
    json_array_append(*out, json_array_get(rows, i));
  json_decref(rows);
  return MULLIGAN_OK;
}

/* What came after `*after`, which then is the last of it. Where requests.db was made anew its ids begin anew, too. */
static enum mulligan_status next_rows(const char *folder, struct request_filter *filter, int64_t *seen, json_t **out,
                                      struct fault *fault) {
  int64_t newest;
  enum mulligan_status status = request_log_newest(folder, &newest, fault);
  if (status != MULLIGAN_OK)
    return status;
  filter->after = *seen = newest < *seen ? 0 : *seen;
  status = request_log_list(folder, filter, out, fault);
  size_t count = status == MULLIGAN_OK ? json_array_size(*out) : 0;
  if (count == (size_t)filter->limit) /* there may be more */
    newest = json_integer_value(json_object_get(json_array_get(*out, count - 1), "id"));
  if (status == MULLIGAN_OK)
    *seen = newest;
  return status;
}

static void wait_a_moment(void) {
  nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
}

/* A requests.db that cannot be read for a while is waited for: the host mends it by itself. */
static int follow(const struct command_context *context, struct request_filter *filter) {
  const char *folder = context->settings->data;
  struct fault fault, told = {0};
  json_t *rows;
  int64_t seen = 0;
  sigaction(SIGINT, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
  if (request_log_newest(folder, &seen, &fault) != MULLIGAN_OK ||
      last_rows(folder, filter, &rows, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  if (!context->json)
    request_text_heading(stdout);
  bool open = print_news(context, rows);
  size_t shown = json_array_size(rows);
  int64_t last = json_integer_value(json_object_get(json_array_get(rows, shown > 0 ? shown - 1 : 0), "id"));
  seen = last > seen ? last : seen;
  json_decref(rows);
  filter->order = REQUEST_OLDEST_FIRST;
  filter->since = 0;
  filter->limit = PAGE;
  while (open && !interrupted) {
    if (next_rows(folder, filter, &seen, &rows, &fault) == MULLIGAN_OK) {
      bool waits = json_array_size(rows) < PAGE;
      open = print_news(context, rows);
      json_decref(rows);
      told.message[0] = '\0';
      if (!waits)
        continue;
    } else if (strcmp(told.message, fault.message) != 0) {
      command_fault(context, &fault);
      told = fault;
    }
    wait_a_moment();
  }
  return interrupted ? COMMAND_INTERRUPTED : command_fail(context, COMMAND_FAILED, "standard output cannot be written");
}

/* ---- one ---- */

static int show(const struct command_context *context, const char *request_id) {
  json_t *row;
  struct fault fault;
  if (request_log_get(context->settings->data, request_id, &row, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int status = COMMAND_DONE;
  if (context->json)
    status = command_print_json(context, row);
  else
    request_text_show(stdout, row);
  json_decref(row);
  return status;
}

/* ---- the command ---- */

static int list_or_follow(const struct command_context *context, const struct flags *flags) {
  struct request_filter filter;
  if (!read_flags(context, flags, &filter))
    return COMMAND_USAGE;
  if (flags->slow && flags->follow)
    return command_fail(context, COMMAND_USAGE, "--slow orders what is there, --follow waits for what comes: not both");
  return flags->follow ? follow(context, &filter) : list(context, &filter);
}

int command_requests(struct command_context *context, int argc, char **argv) {
  struct flags flags = {0};
  const struct command_option options[] = {
      {"slow", NULL, "the slowest first, instead of the newest", NULL, &flags.slow, NULL},
      {"status", "S", "only this status, such as 404, or this kind, such as 5xx", &flags.status, NULL, NULL},
      {"route", "R", "only this route, as `mulligan routes` shows it", &flags.route, NULL, NULL},
      {"path", "P", "only this path", &flags.path, NULL, NULL},
      {"user", "U", "only this user, by e-mail or id", &flags.user, NULL, NULL},
      {"since", "SPAN", "only what came within 20s, 5m, 1h, 90d, or since a time", &flags.since, NULL, NULL},
      {"limit", "N", "at most so many (default: 50)", &flags.limit, NULL, NULL},
      {"follow", NULL, "then what comes, until Ctrl-C; with --json one object a line", NULL, &flags.follow, NULL},
  };
  int status;
  if (!command_parse(context, options, sizeof options / sizeof *options, argc, argv, &status))
    return status;
  const char *name = context->argument_count > 0 ? context->arguments[0] : "list";
  bool lists = strcmp(name, "list") == 0, shows = strcmp(name, "show") == 0;
  if (!lists && !shows)
    return command_fail(context, COMMAND_USAGE, "there is no '%s'; there are list and show", name);
  if (lists && context->argument_count > 1)
    return command_fail(context, COMMAND_USAGE, "list takes no argument");
  if (shows && context->argument_count != 2)
    return command_fail(context, COMMAND_USAGE, "show takes one request's id, as X-Request-Id tells it");
  /* An empty list for a folder that was mistyped would be taken for good news. */
  if (!file_exists(context->settings->data))
    return command_fail(context, COMMAND_FAILED, "there is no data folder %s", context->settings->data);
  return shows ? show(context, context->arguments[1]) : list_or_follow(context, &flags);
}
