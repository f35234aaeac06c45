/**
 * log_entry.c - reading lines of the log, plain and JSON, and writing them in either form.
 *
 * Used by `mulligan log`, on its one thread. Invariant: what is written holds no control character, whoever wrote the
 * line, and as JSON is an object.
 */
#include "cli/log_entry.h"

#include "base/clock.h"
#include "base/log.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STAMP_LENGTH = 23 /* 2021-11-13 23:59:00,123 */ };

/* ---- plain lines ---- */

/** Reads the local time at the beginning of a line; false if there is none. */
static bool read_stamp(const char *line, int64_t *time_us) {
  struct tm local = {.tm_isdst = -1};
  int thousandths, read = 0;
  if (sscanf(line, "%4d-%2d-%2d %2d:%2d:%2d,%3d%n", &local.tm_year, &local.tm_mon, &local.tm_mday, &local.tm_hour,
             &local.tm_min, &local.tm_sec, &thousandths, &read) != 7 ||
      read != STAMP_LENGTH)
    return false;
  local.tm_year -= 1900;
  local.tm_mon -= 1;
  *time_us = (int64_t)mktime(&local) * 1000000 + thousandths * 1000;
  return true;
}

/** Reads `text` as a whole number from 1; 0 if it is none. */
static int64_t read_number(const char *text) {
  char *end;
  long long number = isdigit((unsigned char)*text) ? strtoll(text, &end, 10) : 0;
  return number > 0 && *end == '\0' ? number : 0;
}

/** Cuts ` (ab12cd34, g3)` or ` (g3)` off the end of a message. A request is never told without the generation. */
static void cut_context(char *message, struct log_event *event) {
  size_t length = strlen(message);
  char *open = length > 0 && message[length - 1] == ')' ? strrchr(message, '(') : NULL;
  if (open == NULL || open - message < 1 || open[-1] != ' ')
    return;
  char *comma = strstr(open, ", g"), *number = comma != NULL ? comma + 3 : open[1] == 'g' ? open + 2 : NULL;
  if (number == NULL)
    return;
  message[length - 1] = '\0';
  event->generation = read_number(number);
  if (event->generation == 0) {
    message[length - 1] = ')';
    return;
  }
  if (comma != NULL) {
    *comma = '\0';
    event->request_id = open + 1;
  }
  open[-1] = '\0';
}

/** Cuts ` [in scripts/routes/seminars.lua:42]` off the end of a message. */
static void cut_place(char *message, struct log_event *event) {
  size_t length = strlen(message);
  if (length == 0 || message[length - 1] != ']')
    return;
  char *place = NULL;
  for (char *at = message; (at = strstr(at, " [in ")) != NULL; at++)
    place = at;
  char *colon = place != NULL ? strrchr(place, ':') : NULL;
  if (colon == NULL)
    return;
  message[length - 1] = '\0';
  int64_t number = read_number(colon + 1);
  if (number == 0) {
    message[length - 1] = ']';
    return;
  }
  event->line = (int)number;
  *colon = *place = '\0';
  event->file = place + 5;
}

static bool read_plain(struct log_entry *entry, char *parts) {
  struct log_event *event = &entry->event;
  if (!read_stamp(parts, &event->time_us) || parts[STAMP_LENGTH] != ' ')
    return false;
  char *word = parts + STAMP_LENGTH + 1, *end = strchr(word, ':');
  if (end == NULL || end[1] != ' ')
    return false;
  *end = '\0';
  if (!log_parse_level(word, &event->level))
    return false;
  char *message = end + 2;
  event->message = message;
  cut_context(message, event);
  cut_place(message, event);
  return true;
}

/* ---- JSON lines ---- */

static bool read_json(struct log_entry *entry) {
  struct log_event *event = &entry->event;
  const json_t *object = entry->object;
  const char *time = json_string_value(json_object_get(object, "time"));
  const char *level = json_string_value(json_object_get(object, "level"));
  event->message = json_string_value(json_object_get(object, "message"));
  event->file = json_string_value(json_object_get(object, "file"));
  event->line = (int)json_integer_value(json_object_get(object, "line"));
  event->request_id = json_string_value(json_object_get(object, "request_id"));
  event->generation = json_integer_value(json_object_get(object, "generation"));
  event->pid = json_integer_value(json_object_get(object, "pid"));
  return time != NULL && level != NULL && event->message != NULL && log_parse_level(level, &event->level) &&
         clock_parse_rfc3339(time, strlen(time), &event->time_us);
}

bool log_entry_read(struct log_entry *out, const char *line, size_t length) {
  *out = (struct log_entry){0};
  out->line = malloc(length + 1);
  if (out->line == NULL)
    return false;
  memcpy(out->line, line, length);
  out->line[length] = '\0';
  for (char *nul = out->line; (nul = memchr(nul, '\0', length - (size_t)(nul - out->line))) != NULL;)
    *nul = ' '; /* a line of somebody else; the rest of it is to be seen, too */
  if (*out->line == '{') {
    out->format = LOG_FORMAT_JSON;
    out->object = json_loadb(out->line, length, JSON_REJECT_DUPLICATES, NULL);
    out->known = out->object != NULL && read_json(out);
    return true;
  }
  out->parts = strdup(out->line);
  out->known = out->parts != NULL && read_plain(out, out->parts);
  return out->parts != NULL;
}

void log_entry_release(struct log_entry *entry) {
  free(entry->line);
  free(entry->parts);
  json_decref(entry->object);
  *entry = (struct log_entry){0};
}

/* ---- writing ---- */

/** Somebody else's line: whatever is in it. */
static void write_foreign(const struct log_entry *entry, enum log_format format, FILE *out) {
  char text[LOG_LINE_SIZE];
  size_t length = log_line_escape(entry->line, format, text, sizeof text);
  fputs(format == LOG_FORMAT_JSON ? "{\"message\":\"" : "", out);
  fwrite(text, 1, length, out);
  fputs(format == LOG_FORMAT_JSON ? "\"}" : "", out);
}

static void write_coloured(const char *line, enum log_level level, FILE *out) {
  static const char *const colours[] = {"2", "0", "33", "31"}; /* faint, none, yellow, red */
  size_t width = strlen(log_level_name(level));
  fprintf(out, "%.*s\x1b[%sm%.*s\x1b[0m%s", STAMP_LENGTH + 1, line, colours[level], (int)width, line + STAMP_LENGTH + 1,
          line + STAMP_LENGTH + 1 + width);
}

void log_entry_write(const struct log_entry *entry, enum log_format format, bool colour, FILE *out) {
  if (!entry->known) {
    write_foreign(entry, format, out);
    return;
  }
  /* Composed anew, since a line that looks like the log's own may still hold what a terminal obeys. */
  char line[LOG_LINE_SIZE];
  size_t length = log_line_write(&entry->event, format, line, sizeof line);
  line[length - 1] = '\0';
  if (colour && format == LOG_FORMAT_PLAIN)
    write_coloured(line, entry->event.level, out);
  else
    fwrite(line, 1, length - 1, out);
}
