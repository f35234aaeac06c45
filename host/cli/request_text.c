/**
 * request_text.c - requests, written out for a person at a terminal.
 *
 * Called by the command `requests`, on the main thread. Takes the rows as request_log_read.h gives them.
 */
#include "cli/request_text.h"

#include "base/buf.h"
#include "cli/row_field.h"
#include "operator/printable.h"
#include "operator/words.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
  SHORT_SIZE = ROW_TIME_SIZE,
  TIME_WIDTH = 19,
  STATUS_WIDTH = 6,
  DURATION_WIDTH = 10,
  BYTES_WIDTH = 9,
  ID_WIDTH = 20,
  USER_WIDTH = 22,
  LABEL_WIDTH = 14,
  UNCUT = 1 << 20
};

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
static const char *duration_of(const json_t *row, char out[SHORT_SIZE]) {
  double ms = (double)row_number(row, "duration_us") / 1000;
  snprintf(out, SHORT_SIZE, ms < 10 ? "%.2f ms" : ms < 100 ? "%.1f ms" : "%.0f ms", ms);
  return out;
}

/* The e-mail address, else the id. */
static const char *user_of(const json_t *row, char out[SHORT_SIZE]) {
  if (*row_text(row, "user_email"))
    return row_text(row, "user_email");
  if (row_number(row, "user_id") != 0)
    snprintf(out, SHORT_SIZE, "%" PRId64, row_number(row, "user_id"));
  else
    snprintf(out, SHORT_SIZE, "-");
  return out;
}

static void put_request(FILE *out, const json_t *row) {
  put_uncut(out, *row_text(row, "method") ? row_text(row, "method") : "-");
  fputc(' ', out);
  put_uncut(out, *row_text(row, "path") ? row_text(row, "path") : "-");
  if (*row_text(row, "query")) {
    fputc('?', out);
    put_uncut(out, row_text(row, "query"));
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
    char text[ROW_TIME_SIZE];
    put_cell(out, row_time(row_number(row, "started_at"), text), TIME_WIDTH, false);
    snprintf(text, sizeof text, "%" PRId64, row_number(row, "status"));
    put_cell(out, text, STATUS_WIDTH, false);
    put_cell(out, duration_of(row, text), DURATION_WIDTH, true);
    snprintf(text, sizeof text, "%" PRId64, row_number(row, "bytes"));
    put_cell(out, text, BYTES_WIDTH, true);
    put_cell(out, user_of(row, text), USER_WIDTH, false);
    put_cell(out, row_text(row, "request_id"), ID_WIDTH, false);
    put_request(out, row);
    if (row_number(row, "weight") > 1)
      fprintf(out, words(" (one of %" PRId64 ")"), row_number(row, "weight"));
    if (*row_text(row, "error_ref"))
      fprintf(out, "  %s", row_text(row, "error_ref"));
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
  const char *body = row_text(row, name);
  struct buf lines;
  if (!*body)
    return;
  buf_init(&lines, UNCUT);
  printable_add_lines(&lines, body, strlen(body));
  fprintf(out, "\n%s\n%s\n", label, lines.data);
  buf_release(&lines);
}

void request_text_show(FILE *out, const json_t *row) {
  char text[ROW_TIME_SIZE];
  put_cell(out, words("request"), LABEL_WIDTH, false);
  put_request(out, row);
  fputc('\n', out);
  put_field(out, words("id"), row_text(row, "request_id"));
  put_field(out, words("time"), row_time(row_number(row, "started_at"), text));
  put_field(out, words("route"), row_text(row, "route"));
  snprintf(text, sizeof text, "%" PRId64, row_number(row, "status"));
  put_field(out, words("status"), text);
  put_field(out, words("duration"), duration_of(row, text));
  snprintf(text, sizeof text, "%" PRId64, row_number(row, "bytes"));
  put_field(out, words("bytes"), text);
  put_field(out, words("user"), user_of(row, text));
  put_field(out, words("address"), row_text(row, "remote_addr"));
  put_field(out, words("client"), row_text(row, "user_agent"));
  put_field(out, words("error"), row_text(row, "error_ref"));
  if (row_number(row, "weight") > 1) {
    put_cell(out, words("one of"), LABEL_WIDTH, false);
    fprintf(out, "%" PRId64 "\n", row_number(row, "weight"));
  }
  put_body(out, words("what was sent:"), row, "input");
  put_body(out, words("what was answered:"), row, "output");
}

/* ---- what is not there ---- */

void request_text_gaps(FILE *out, const json_t *gaps) {
  int64_t sampled = row_number(gaps, "sampled");
  if (sampled > 0)
    fprintf(out, words("%" PRId64 " more came too fast to be kept one by one, and are only counted.\n"), sampled);
  size_t index;
  json_t *dropped;
  json_array_foreach(json_object_get(gaps, "dropped"), index, dropped) {
    char time[ROW_TIME_SIZE];
    fprintf(out, words("%" PRId64 " are missing, the last at %s: %s.\n"), row_number(dropped, "count"),
            row_time(row_number(dropped, "last_at"), time), words(row_text(dropped, "reason")));
  }
}
