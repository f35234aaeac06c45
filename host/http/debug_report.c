/**
 * debug_report.c - what debug mode has to tell of an answer, whatever form it is told in.
 *
 * Pure; any thread. The rows come from ErrorLog, but one looked up in a database may hold anything: nothing is relied
 * upon to be there or to be of the right type.
 */
#include "http/debug_report.h"

#include "http/visible.h"

#include <string.h>

const struct debug_field debug_report_request[] = {
    {"method", "method"},         {"path", "path"},       {"query", "query"},      {"route", "route"},
    {"user", "user_email"},       {"user id", "user_id"}, {"from", "remote_addr"}, {"request id", "request_id"},
    {"generation", "generation"}, {NULL, NULL},
};

const char *debug_report_text(const json_t *row, const char *name) {
  const char *text = json_string_value(json_object_get(row, name));
  return text ? text : "";
}

int64_t debug_report_number(const json_t *row, const char *name) {
  return json_integer_value(json_object_get(row, name));
}

bool debug_report_has(const json_t *row, const char *name) {
  const json_t *value = json_object_get(row, name);
  return value && !json_is_null(value) && !(json_is_string(value) && json_string_length(value) == 0);
}

const char *debug_report_type(const json_t *row) {
  return debug_report_text(row, debug_report_has(row, "exc_type") ? "exc_type" : "code");
}

void debug_report_add_place(struct buf *out, const json_t *frame) {
  const char *file = debug_report_text(frame, "file");
  int64_t line = debug_report_number(frame, "line");
  if (strcmp(file, "[C]") == 0)
    file = "C";
  visible_add_text(out, file, strlen(file), "");
  if (line > 0)
    buf_addf(out, ":%lld", (long long)line);
}

void debug_report_add_function(struct buf *out, const json_t *frame) {
  const char *name = debug_report_text(frame, "function");
  int64_t defined = debug_report_number(frame, "defined");
  if (*name && strcmp(name, "(anonymous)") != 0)
    visible_add_text(out, name, strlen(name), "");
  else if (defined > 0)
    buf_addf(out, "function of line %lld", (long long)defined);
  else
    buf_add_text(out, "host function"); /* of C, this program's own */
}

void debug_report_add_time(struct buf *out, int64_t us) {
  if (us < 1000000)
    buf_addf(out, us < 10000 ? "%.2f ms" : "%.1f ms", (double)us / 1000);
  else
    buf_addf(out, "%.2f s", (double)us / 1000000);
}

struct debug_sql debug_report_sql(const json_t *row) {
  struct debug_sql sql = {0};
  size_t index;
  const json_t *crumb;
  json_array_foreach(json_object_get(row, "breadcrumbs"), index, crumb) {
    if (strcmp(debug_report_text(crumb, "kind"), "sql") == 0) {
      sql.count++;
      sql.us += debug_report_number(crumb, "us");
    }
  }
  return sql;
}
