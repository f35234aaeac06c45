/**
 * debug_text.c - debug mode's report as plain text.
 *
 * Pure; any thread.
 */
#include "http/debug_text.h"

#include "http/debug_curl.h"
#include "http/debug_value.h"
#include "http/reason.h"
#include "http/visible.h"

#include <stdlib.h>
#include <string.h>

static void add_field(struct buf *out, const char *label, const json_t *row, const char *name) {
  if (!debug_report_has(row, name))
    return;
  const json_t *value = json_object_get(row, name);
  buf_addf(out, "  %-10s ", label);
  if (json_is_string(value))
    visible_add_text(out, json_string_value(value), json_string_length(value), "             ");
  else
    debug_value_add(out, value);
  buf_add_char(out, '\n');
}

static void add_values(struct buf *out, const json_t *values, const char *heading) {
  const char *name;
  json_t *value;
  if (json_object_size(values) == 0)
    return;
  buf_addf(out, "       %s\n", heading);
  json_object_foreach((json_t *)values, name, value) {
    buf_add_text(out, "         ");
    visible_add_text(out, name, strlen(name), "");
    buf_add_text(out, " = ");
    debug_value_add(out, value);
    buf_add_char(out, '\n');
  }
}

static void add_source(struct buf *out, const json_t *frame) {
  const char *number;
  json_t *line;
  json_object_foreach(json_object_get(frame, "source"), number, line) {
    bool here = strtoll(number, NULL, 10) == debug_report_number(frame, "line");
    const char *text = json_string_value(line);
    buf_addf(out, "    %c %4s | ", here ? '>' : ' ', number);
    visible_add_text(out, text ? text : "", text ? json_string_length(line) : 0, "");
    buf_add_char(out, '\n');
  }
}

static void add_frames(struct buf *out, const json_t *frames) {
  size_t index;
  const json_t *frame;
  if (json_array_size(frames) == 0)
    return;
  buf_add_text(out, "\nTraceback, innermost first\n");
  json_array_foreach(frames, index, frame) {
    buf_addf(out, "%3zu  ", index + 1);
    debug_report_add_place(out, frame);
    buf_add_text(out, "  in ");
    debug_report_add_function(out, frame);
    buf_add_char(out, '\n');
    if (json_is_true(json_object_get(frame, "in_app"))) {
      add_source(out, frame);
      add_values(out, json_object_get(frame, "locals"), "locals");
      add_values(out, json_object_get(frame, "upvalues"), "upvalues");
    }
  }
}

static void add_error(struct buf *out, const json_t *row) {
  const char *message = debug_report_text(row, "message");
  visible_add_text(out, debug_report_type(row), strlen(debug_report_type(row)), "");
  buf_add_text(out, ": ");
  visible_add_text(out, message, strlen(message), "  ");
  buf_add_char(out, '\n');
  add_field(out, "value", row, "value");
}

static void add_request(struct buf *out, const json_t *row) {
  const char *name;
  json_t *value;
  buf_add_text(out, "\nRequest\n");
  for (const struct debug_field *field = debug_report_request; field->label; field++)
    add_field(out, field->label, row, field->column);
  if (debug_report_has(row, "duration_us")) {
    buf_add_text(out, "  took       ");
    debug_report_add_time(out, debug_report_number(row, "duration_us"));
    buf_add_char(out, '\n');
  }
  json_object_foreach(json_object_get(row, "headers"), name, value) {
    const char *text = json_string_value(value);
    buf_add_text(out, "  ");
    visible_add_text(out, name, strlen(name), "");
    buf_add_text(out, ": ");
    visible_add_text(out, text ? text : "", text ? strlen(text) : 0, "");
    buf_add_char(out, '\n');
  }
  if (debug_report_has(row, "body")) {
    const char *body = debug_report_text(row, "body");
    buf_addf(out, "  body, %lld bytes in all\n    ", (long long)debug_report_number(row, "body_length"));
    visible_add_text(out, body, strlen(body), "    ");
    buf_add_char(out, '\n');
  }
}

static void add_breadcrumbs(struct buf *out, const json_t *row) {
  size_t index;
  const json_t *crumb;
  const json_t *crumbs = json_object_get(row, "breadcrumbs");
  if (json_array_size(crumbs) == 0)
    return;
  struct debug_sql sql = debug_report_sql(row);
  buf_add_text(out, "\nBefore it");
  if (sql.count > 0) {
    buf_addf(out, ", %zu of SQL in ", sql.count);
    debug_report_add_time(out, sql.us);
  }
  buf_add_char(out, '\n');
  json_array_foreach(crumbs, index, crumb) {
    const char *text = debug_report_text(crumb, "text");
    buf_addf(out, "  %-5s", debug_report_text(crumb, "kind"));
    if (debug_report_has(crumb, "us")) {
      buf_add_char(out, ' ');
      debug_report_add_time(out, debug_report_number(crumb, "us"));
    }
    buf_add_text(out, "  ");
    visible_add_text(out, text, strlen(text), "        ");
    buf_add_char(out, '\n');
  }
}

static void add_routes(struct buf *out, const struct debug_report *report) {
  size_t index, n;
  const json_t *route, *method;
  visible_add_text(out, report->method, strlen(report->method), "");
  buf_add_char(out, ' ');
  visible_add_text(out, report->path, strlen(report->path), "");
  buf_addf(out, " is no route of generation %lld.\n\nRoutes, the nearest first\n", (long long)report->generation);
  json_array_foreach(report->routes, index, route) {
    buf_addf(out, "%s ", json_is_true(json_object_get(route, "near")) ? "?" : " ");
    visible_add_text(out, debug_report_text(route, "pattern"), strlen(debug_report_text(route, "pattern")), "");
    buf_add_text(out, " ");
    json_array_foreach(json_object_get(route, "methods"), n, method) buf_addf(out, " %s", json_string_value(method));
    buf_add_text(out, "  (");
    debug_report_add_place(out, route);
    buf_add_text(out, ")\n");
  }
  if (json_array_size(report->routes) == 0)
    buf_add_text(out, "  There are none.\n");
}

void debug_text_add(struct buf *out, const struct debug_report *report) {
  if (!report->row) {
    add_routes(out, report);
    return;
  }
  add_error(out, report->row);
  if (report->reference)
    buf_addf(out, "  %d %s, %s: mulligan errors show %s\n", report->status, reason_of(report->status),
             report->reference, report->reference);
  add_frames(out, json_object_get(report->row, "frames"));
  for (const json_t *cause = json_object_get(report->row, "cause"); cause; cause = json_object_get(cause, "cause")) {
    buf_add_text(out, "\nCaused by ");
    add_error(out, cause);
    add_frames(out, json_object_get(cause, "frames"));
  }
  add_request(out, report->row);
  add_breadcrumbs(out, report->row);
  buf_add_text(out, "\nAgain\n");
  debug_curl_add(out, report->row);
  buf_add_char(out, '\n');
}
