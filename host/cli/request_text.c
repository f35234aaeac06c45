/**
 * request_text.c - requests, written out for a person at a terminal.
 *
 * Called by the command `requests`, on the main thread. Takes the rows as request_log_read.h gives them.
 */
#include "cli/request_text.h"

#include "base/buf.h"
#include "operator/printable.h"
#include "operator/words.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum {
  SECOND_US = 1000000,
  TIME_SIZE = 32,
  TIME_WIDTH = 19,
  STATUS_WIDTH = 6,
  DURATION_WIDTH = 10,
  BYTES_WIDTH = 9,
  ID_WIDTH = 20,
  USER_WIDTH = 22,
  LABEL_WIDTH = 14,
  UNCUT = 1 << 20
};

static const char *text_of(const json_t *row, const char *name) {
  const char *text = json_string_value(json_object_get(row, name));
  return text ? text : "";
}

static int64_t number_of(const json_t *row, const char *name) {
  return json_integer_value(json_object_get(row, name));
}

/* `2021-11-13 23:59:00` in local time. */
static const char *local_time(int64_t us, char out[TIME_SIZE]) {
  time_t seconds = (time_t)(us / SECOND_US);
  struct tm parts;
  if (!localtime_r(&seconds, &parts) || strftime(out, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &parts) == 0)
    snprintf(out, TIME_SIZE, "-");
  return out;
}

/* A text in `width` columns, cut if need be, and the gap behind it. */
static void put_cell(FILE *out, const char *text, int width, bool right) {
  struct buf cell;
  buf_init(&cell, UNCUT);
  int blanks = width - printable_add(&cell, text, strlen(text), width);
  fprintf(out, "%*s%s%*s", right ? blanks : 0, "", cell.data, (right ? 0 : blanks) + 2, "");
  buf_release(&cell);
}

static void put_uncut(FILE *out, const char *text) {
  struct buf shown;
  buf_init(&shown, UNCUT);
  printable_add(&shown, text, strlen(text), UNCUT);
  fputs(shown.data, out);
  buf_release(&shown);
}

/* `0.41 ms`: three figures are enough to compare. */
static const char *duration_of(const json_t *row, char out[TIME_SIZE]) {
  double ms = (double)number_of(row, "duration_us") / 1000;
  snprintf(out, TIME_SIZE, ms < 10 ? "%.2f ms" : ms < 100 ? "%.1f ms" : "%.0f ms", ms);
  return out;
}

/* The e-mail address, else the id. */
static const char *user_of(const json_t *row, char out[TIME_SIZE]) {
  if (*text_of(row, "user_email"))
    return text_of(row, "user_email");
  if (number_of(row, "user_id") != 0)
    snprintf(out, TIME_SIZE, "%" PRId64, number_of(row, "user_id"));
  else
    snprintf(out, TIME_SIZE, "-");
  return out;
}

static void put_request(FILE *out, const json_t *row) {
  put_uncut(out, *text_of(row, "method") ? text_of(row, "method") : "-");
  fputc(' ', out);
  put_uncut(out, *text_of(row, "path") ? text_of(row, "path") : "-");
  if (*text_of(row, "query")) {
    fputc('?', out);
    put_uncut(out, text_of(row, "query"));
  }
}

/* ---- the table ---- */

void request_text_heading(FILE *out) {
  put_cell(out, words("TIME"), TIME_WIDTH, false);
  put_cell(out, words("STATUS"), STATUS_WIDTH, false);
  put_cell(out, words("DURATION"), DURATION_WIDTH, true);
  put_cell(out, words("BYTES"), BYTES_WIDTH, true);
  put_cell(out, words("USER"), USER_WIDTH, false);
  put_cell(out, words("ID"), ID_WIDTH, false);
  fprintf(out, "%s\n", words("REQUEST"));
}

void request_text_rows(FILE *out, const json_t *rows) {
  size_t index;
  json_t *row;
  json_array_foreach(rows, index, row) {
    char text[TIME_SIZE];
    put_cell(out, local_time(number_of(row, "started_at"), text), TIME_WIDTH, false);
    snprintf(text, sizeof text, "%" PRId64, number_of(row, "status"));
    put_cell(out, text, STATUS_WIDTH, false);
    put_cell(out, duration_of(row, text), DURATION_WIDTH, true);
    snprintf(text, sizeof text, "%" PRId64, number_of(row, "bytes"));
    put_cell(out, text, BYTES_WIDTH, true);
    put_cell(out, user_of(row, text), USER_WIDTH, false);
    put_cell(out, text_of(row, "request_id"), ID_WIDTH, false);
    put_request(out, row);
    if (number_of(row, "weight") > 1)
      fprintf(out, words(" (one of %" PRId64 ")"), number_of(row, "weight"));
    if (*text_of(row, "error_ref"))
      fprintf(out, "  %s", text_of(row, "error_ref"));
    fputc('\n', out);
  }
}

/* ---- one request ---- */

static void put_field(FILE *out, const char *label, const char *value) {
  if (!*value)
    return;
  put_cell(out, label, LABEL_WIDTH, false);
  put_uncut(out, value);
  fputc('\n', out);
}

static void put_body(FILE *out, const char *label, const json_t *row, const char *name) {
  const char *body = text_of(row, name);
  struct buf lines;
  if (!*body)
    return;
  buf_init(&lines, UNCUT);
  printable_add_lines(&lines, body, strlen(body));
  fprintf(out, "\n%s\n%s\n", label, lines.data);
  buf_release(&lines);
}

void request_text_show(FILE *out, const json_t *row) {
  char text[TIME_SIZE];
  put_cell(out, words("request"), LABEL_WIDTH, false);
  put_request(out, row);
  fputc('\n', out);
  put_field(out, words("id"), text_of(row, "request_id"));
  put_field(out, words("time"), local_time(number_of(row, "started_at"), text));
  put_field(out, words("route"), text_of(row, "route"));
  snprintf(text, sizeof text, "%" PRId64, number_of(row, "status"));
  put_field(out, words("status"), text);
  put_field(out, words("duration"), duration_of(row, text));
  snprintf(text, sizeof text, "%" PRId64, number_of(row, "bytes"));
  put_field(out, words("bytes"), text);
  put_field(out, words("user"), user_of(row, text));
  put_field(out, words("address"), text_of(row, "remote_addr"));
  put_field(out, words("client"), text_of(row, "user_agent"));
  put_field(out, words("error"), text_of(row, "error_ref"));
  if (number_of(row, "weight") > 1) {
    put_cell(out, words("one of"), LABEL_WIDTH, false);
    fprintf(out, "%" PRId64 "\n", number_of(row, "weight"));
  }
  put_body(out, words("what was sent:"), row, "input");
  put_body(out, words("what was answered:"), row, "output");
}

/* ---- what is not there ---- */

void request_text_gaps(FILE *out, const json_t *gaps) {
  int64_t sampled = number_of(gaps, "sampled");
  if (sampled > 0)
    fprintf(out, words("%" PRId64 " more came too fast to be kept one by one, and are only counted.\n"), sampled);
  size_t index;
  json_t *dropped;
  json_array_foreach(json_object_get(gaps, "dropped"), index, dropped) {
    char time[TIME_SIZE];
    fprintf(out, words("%" PRId64 " are missing, the last at %s: %s.\n"), number_of(dropped, "count"),
            local_time(number_of(dropped, "last_at"), time), words(text_of(dropped, "reason")));
  }
}
