/**
 * reload_report.c - puts problems into lines and rows.
 *
 * Called by whichever thread loads; blocks on the log and, for a row, on the disk.
 */
#include "cli/reload_report.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SHOWN = 20, MOST_LINE = 4096 };

/* One line, without what gives itself away as a secret: a source line may hold anything. */
static void put_line(const struct host *host, const char *text, FILE *out) {
  struct buf line;
  struct scrub_tally tally = {0};
  buf_init(&line, MOST_LINE);
  if (!scrub_text(host->scrub, text, strlen(text), &line, &tally))
    buf_clear(&line, 0);
  if (out)
    fprintf(out, "%s\n", line.data);
  else
    log_error("%s", line.data);
  buf_release(&line);
}

void reload_report_problems(const struct host *host, const struct problem_list *problems, FILE *out) {
  char text[MOST_LINE];
  for (size_t i = 0; i < problems->count && i < MOST_SHOWN; i++) {
    const struct problem *problem = &problems->items[i];
    snprintf(text, sizeof text, "%s%s", out ? "mulligan serve: " : "", problem->sentence);
    put_line(host, text, out);
    if (problem->source) {
      snprintf(text, sizeof text, "%6d | %s", problem->line, problem->source);
      put_line(host, text, out);
    }
  }
  if (problems->count > MOST_SHOWN) {
    snprintf(text, sizeof text, "and %zu more", problems->count - MOST_SHOWN);
    put_line(host, text, out);
  }
}

json_t *reload_report_json(const struct problem_list *problems) {
  json_t *list = json_array();
  for (size_t i = 0; i < problems->count && i < MOST_SHOWN; i++) {
    const struct problem *problem = &problems->items[i];
    json_array_append_new(
        list, json_pack("{s:s, s:s?, s:o, s:s?}", "sentence", problem->sentence, "file", problem->file, "line",
                        problem->line > 0 ? json_integer(problem->line) : json_null(), "source", problem->source));
  }
  return list;
}

void reload_report_record(const struct host *host, const struct problem_list *problems,
                          const struct generation *generation, int64_t serving) {
  struct error_record *record = host->errors ? error_record_create(ERROR_SOURCE_RELOAD) : NULL;
  if (!record)
    return;
  struct buf message;
  buf_init(&message, MULLIGAN_ERROR_MESSAGE_MOST);
  record->frames = json_array();
  for (size_t i = 0; i < problems->count && i < MOST_SHOWN; i++) {
    buf_addf(&message, "%s%s", i > 0 ? "\n" : "", problems->items[i].sentence);
    json_t *frame = problem_frame(&problems->items[i], generation);
    if (frame)
      json_array_append_new(record->frames, frame);
  }
  record->generation = serving;
  error_record_set(record, &record->exc_type, "LoadError", strlen("LoadError"), 32);
  error_record_set(record, &record->message, message.data, message.length, MULLIGAN_ERROR_MESSAGE_MOST);
  buf_release(&message);
  error_log_record(host->errors, record, true, NULL);
}
