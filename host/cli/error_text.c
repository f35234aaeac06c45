/**
 * error_text.c - errors and groups, written out for a person at a terminal.
 *
 * Called by the command `errors`, on the main thread. Takes the rows as error_log.h and error_group.h give them.
 */
#include "cli/error_text.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "cli/row_field.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000, MESSAGE_SHOWN = 100, ROUTE_SHOWN = 48, LABEL_WIDTH = 12 };

static bool has(const json_t *row, const char *name) {
  const json_t *value = json_object_get(row, name);
  return value != NULL && !json_is_null(value) && !(json_is_string(value) && json_string_length(value) == 0);
}

/** Writes text without letting it steer the terminal; line breaks are kept, and followed by `indent`, if that is not
 * NULL. */
static void put_text(FILE *out, const char *text, size_t length, const char *indent) {
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '\n' && indent != NULL)
      fprintf(out, "\n%s", indent);
    else if (c == '\n')
      fputs("\\n", out);
    else if (c == '\t')
      fputc(' ', out);
    else if (c == 0xC2 && i + 1 < length && (unsigned char)text[i + 1] < 0xA0)
      fprintf(out, "\\x%02x", (unsigned char)text[++i]); /* U+0080 to U+009F steer terminals too */
    else if (c < 0x20 || c == 0x7F)
      fprintf(out, "\\x%02x", c);
    else
      fputc(c, out);
  }
}

/** The same, on one line and cut. */
static void put_cut(FILE *out, const char *text, size_t most) {
  size_t length = strlen(text), kept = utf8_cut(text, length, most);
  put_text(out, text, kept, NULL);
  if (kept < length)
    fputs("…", out);
}

/* ---- tables ---- */

/** Printed width of a cell that is cut at `most` bytes, as far as padding goes: characters, and two for wide ones. */
static int width_of(const char *text, size_t most) {
  size_t length = strlen(text), kept = utf8_cut(text, length, most);
  int width = kept < length;
  for (size_t i = 0; i < kept; i++) {
    unsigned char c = (unsigned char)text[i];
    if ((c & 0xC0) == 0x80)
      continue;
    width += c >= 0xE1 && !(c == 0xE2) ? 2 : 1; /* Hangul and its neighbours, emoji; not the dashes and quotes of E2 */
  }
  return width;
}

static void put_cell(FILE *out, const char *text, size_t most, int width) {
  put_cut(out, text, most);
  fprintf(out, "%*s", width > width_of(text, most) ? width - width_of(text, most) + 2 : 2, "");
}

/** "GET /seminar/{id}/", or what else says where it was. */
static char *place_of(const json_t *row) {
  struct buf place;
  buf_init(&place, 8192);
  const char *route = has(row, "route") ? row_text(row, "route") : row_text(row, "path");
  if (*route != '\0')
    buf_addf(&place, "%s%s%s", row_text(row, "method"), has(row, "method") ? " " : "", route);
  else if (has(row, "script"))
    buf_add_text(&place, row_text(row, "script"));
  else
    buf_add_text(&place, row_text(row, "source"));
  char *text = buf_detach(&place);
  buf_release(&place);
  return text;
}

static void status_text(const json_t *row, char out[16]) {
  if (has(row, "status"))
    snprintf(out, 16, "%lld", (long long)row_number(row, "status"));
  else
    snprintf(out, 16, "-");
}

void error_text_list(FILE *out, const json_t *rows) {
  if (json_array_size(rows) == 0) {
    fputs("No errors.\n", out);
    return;
  }
  int type_width = 4, place_width = 5;
  size_t index;
  json_t *row;
  json_array_foreach(rows, index, row) {
    char *place = place_of(row);
    int type = width_of(row_text(row, "exc_type"), ROUTE_SHOWN), wide = width_of(place ? place : "", ROUTE_SHOWN);
    type_width = type > type_width ? type : type_width;
    place_width = wide > place_width ? wide : place_width;
    free(place);
  }
  fprintf(out, "%-19s  %-13s  %-6s  ", "TIME", "REFERENCE", "STATUS");
  put_cell(out, "TYPE", ROUTE_SHOWN, type_width);
  put_cell(out, "WHERE", ROUTE_SHOWN, place_width);
  fputs("MESSAGE\n", out);
  json_array_foreach(rows, index, row) {
    char time[ROW_TIME_SIZE], status[16], *place = place_of(row);
    status_text(row, status);
    fprintf(out, "%s  %-13s  %-6s  ", row_time(row_number(row, "occurred_at"), time), row_text(row, "ref"), status);
    put_cell(out, row_text(row, "exc_type"), ROUTE_SHOWN, type_width);
    put_cell(out, place ? place : "", ROUTE_SHOWN, place_width);
    put_cut(out, row_text(row, "message"), MESSAGE_SHOWN);
    if (row_number(row, "repeats") > 0)
      fprintf(out, " (and %lld more)", (long long)row_number(row, "repeats"));
    fputc('\n', out);
    free(place);
  }
}

void error_text_groups(FILE *out, const json_t *groups) {
  if (json_array_size(groups) == 0) {
    fputs("No errors.\n", out);
    return;
  }
  fprintf(out, "%-6s  %-8s  %-7s  %-6s  %-19s  %-19s  %s\n", "GROUP", "STATE", "TOTAL", "USERS", "FIRST", "LAST",
          "TITLE, CULPRIT");
  size_t index;
  json_t *group;
  json_array_foreach(groups, index, group) {
    char first[ROW_TIME_SIZE], last[ROW_TIME_SIZE];
    fprintf(out, "%-6lld  %-8s  %-7lld  %-6lld  %s  %s  ", (long long)row_number(group, "id"), row_text(group, "state"),
            (long long)row_number(group, "total"), (long long)row_number(group, "users"),
            row_time(row_number(group, "first_seen"), first), row_time(row_number(group, "last_seen"), last));
    if (has(group, "regressed_at"))
      fputs("(back again) ", out);
    put_cut(out, row_text(group, "title"), MESSAGE_SHOWN);
    fputs(", ", out);
    put_cut(out, row_text(group, "culprit"), ROUTE_SHOWN);
    fputc('\n', out);
  }
}

void error_text_dropped(FILE *out, const json_t *rows) {
  size_t index;
  json_t *row;
  json_array_foreach(rows, index, row) {
    char time[ROW_TIME_SIZE];
    fprintf(out, "%lld errors were not kept, last at %s: %s.\n", (long long)row_number(row, "count"),
            row_time(row_number(row, "last_at"), time), row_text(row, "reason"));
  }
}

/* ---- one error ---- */

static void put_label(FILE *out, const char *label) {
  fprintf(out, "  %-*s", LABEL_WIDTH, label);
}

static void put_field(FILE *out, const json_t *row, const char *label, const char *name) {
  if (!has(row, name))
    return;
  const json_t *value = json_object_get(row, name);
  put_label(out, label);
  if (json_is_string(value))
    put_text(out, json_string_value(value), json_string_length(value), "              ");
  else
    fprintf(out, "%lld", (long long)json_integer_value(value));
  fputc('\n', out);
}

/** A value as a person reads it: a text as it is, anything else as JSON. */
static void put_value(FILE *out, const json_t *value, const char *indent) {
  if (json_is_string(value)) {
    put_text(out, json_string_value(value), json_string_length(value), indent);
    return;
  }
  char *text = json_dumps(value, JSON_ENCODE_ANY);
  if (text != NULL)
    put_text(out, text, strlen(text), indent);
  free(text);
}

static void put_object(FILE *out, const char *heading, const json_t *object) {
  if (json_object_size(object) == 0)
    return;
  fprintf(out, "\n%s\n", heading);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    fputs("  ", out);
    put_cut(out, key, ROUTE_SHOWN);
    fputs(": ", out);
    put_value(out, value, "    ");
    fputc('\n', out);
  }
}

static void put_frame(FILE *out, size_t number, const json_t *frame) {
  long long line = row_number(frame, "line");
  fprintf(out, "%3zu ", number);
  put_cut(out, row_text(frame, "file"), MESSAGE_SHOWN);
  if (line > 0)
    fprintf(out, ":%lld", line);
  if (has(frame, "function")) {
    fputs("  in ", out);
    put_cut(out, row_text(frame, "function"), MESSAGE_SHOWN);
  }
  fputc('\n', out);
  const char *key;
  json_t *value;
  json_object_foreach(json_object_get(frame, "source"), key, value) {
    fprintf(out, "    %c %4s | ", strtoll(key, NULL, 10) == line ? '>' : ' ', key);
    put_value(out, value, NULL);
    fputc('\n', out);
  }
  json_object_foreach(json_object_get(frame, "locals"), key, value) {
    fputs("      ", out);
    put_cut(out, key, ROUTE_SHOWN);
    fputs(" = ", out);
    put_value(out, value, "        ");
    fputc('\n', out);
  }
}

static void put_when(FILE *out, const json_t *row) {
  char time[ROW_TIME_SIZE];
  long long occurred = row_number(row, "occurred_at"), recorded = row_number(row, "recorded_at");
  put_label(out, "when");
  fprintf(out, "%s.%06lld", row_time(occurred, time), occurred % SECOND_US);
  if (recorded == 0)
    fputs(" (in the spool: errors.db did not take it yet)", out);
  else if (recorded - occurred > SECOND_US)
    fprintf(out, " (stored %s)", row_time(recorded, time));
  fputc('\n', out);
}

static void put_request(FILE *out, const json_t *row) {
  if (has(row, "path")) {
    put_label(out, "request");
    fprintf(out, "%s ", row_text(row, "method"));
    put_text(out, row_text(row, "path"), strlen(row_text(row, "path")), NULL);
    if (has(row, "query")) {
      fputc('?', out);
      put_text(out, row_text(row, "query"), strlen(row_text(row, "query")), NULL);
    }
    fputc('\n', out);
  }
  put_field(out, row, "route", "route");
  put_field(out, row, "request id", "request_id");
  put_field(out, row, "user", "user_email");
  put_field(out, row, "user id", "user_id");
  put_field(out, row, "address", "remote_addr");
  put_field(out, row, "program", "user_agent");
  put_field(out, row, "script", "script");
  put_field(out, row, "operator", "operator");
  if (has(row, "duration_us")) {
    put_label(out, "took");
    fprintf(out, "%.3f ms\n", (double)row_number(row, "duration_us") / 1000);
  }
  if (has(row, "lua_bytes")) {
    put_label(out, "Lua memory");
    fprintf(out, "%lld KiB\n", (long long)row_number(row, "lua_bytes") / 1024);
  }
}

/** What is not here because there was too much of it. */
static void put_storm(FILE *out, const json_t *row) {
  if (json_is_true(json_object_get(row, "storm"))) {
    put_label(out, "storm");
    fputs("one of too many in its minute: the first ones of its group have stack, headers and body\n", out);
  } else if (json_is_true(json_object_get(row, "truncated"))) {
    put_label(out, "cut");
    fputs("something here was too long and is not whole\n", out);
  }
  if (row_number(row, "repeats") > 0) {
    put_label(out, "repeats");
    fprintf(out, "%lld more in its minute were given this reference; the request here is the first one's\n",
            (long long)row_number(row, "repeats"));
  }
}

static void put_origin(FILE *out, const json_t *row) {
  put_label(out, "host");
  fprintf(out, "%s, mulligan %s, process %lld", row_text(row, "host"), row_text(row, "release"),
          (long long)row_number(row, "pid"));
  if (has(row, "generation"))
    fprintf(out, ", generation %lld of the scripts", (long long)row_number(row, "generation"));
  fputc('\n', out);
  put_field(out, row, "group", "group_id");
  put_field(out, row, "cause", "cause_ref");
  put_field(out, row, "user says", "user_report");
  if (row_number(row, "scrubbed") > 0) {
    put_label(out, "scrubbed");
    fprintf(out, "secrets taken out: %lld\n", (long long)row_number(row, "scrubbed"));
  }
  put_storm(out, row);
}

static void put_body(FILE *out, const json_t *row) {
  if (!has(row, "body"))
    return;
  long long length = row_number(row, "body_length");
  fprintf(out, "\nbody (%lld bytes in all)\n  ", length);
  put_text(out, row_text(row, "body"), strlen(row_text(row, "body")), "  ");
  fputc('\n', out);
}

void error_text_show(FILE *out, const json_t *row) {
  char status[16];
  status_text(row, status);
  fprintf(out, "%s  %s ", row_text(row, "ref"), status);
  put_cut(out, row_text(row, "exc_type"), MESSAGE_SHOWN);
  if (has(row, "code"))
    fprintf(out, " (%s)", row_text(row, "code"));
  if (has(row, "app_code"))
    fprintf(out, " [%lld]", (long long)row_number(row, "app_code"));
  fputs("\n  ", out);
  put_text(out, row_text(row, "message"), strlen(row_text(row, "message")), "  ");
  fputs("\n\n", out);
  put_when(out, row);
  put_field(out, row, "source", "source");
  put_request(out, row);
  put_origin(out, row);
  put_field(out, row, "value", "value");

  const json_t *frames = json_object_get(row, "frames");
  if (json_array_size(frames) > 0)
    fputs("\nstack, innermost first\n", out);
  size_t index;
  json_t *item;
  json_array_foreach(frames, index, item) put_frame(out, index + 1, item);
  const json_t *crumbs = json_object_get(row, "breadcrumbs");
  if (json_array_size(crumbs) > 0)
    fputs("\nbefore it\n", out);
  json_array_foreach(crumbs, index, item) {
    char time[ROW_TIME_SIZE];
    fprintf(out, "  %s  %-4s  ", row_time(row_number(item, "at_us"), time), row_text(item, "kind"));
    put_cut(out, row_text(item, "text"), 400);
    fputc('\n', out);
  }
  put_object(out, "headers", json_object_get(row, "headers"));
  put_object(out, "parameters", json_object_get(row, "args"));
  put_body(out, row);
}
