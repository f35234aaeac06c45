/**
 * debug_json.c - debug mode's report as JSON.
 *
 * Pure; any thread. Parts of the row are shared with it, not copied.
 */
#include "http/debug_json.h"

#include "http/debug_curl.h"

#include <string.h>

enum { MOST_CURL = 256 * 1024 };

static void copy_members(json_t *out, const json_t *row, const char *const *names) {
  for (; *names; names++) {
    json_t *value = json_object_get(row, *names);
    if (value && !json_is_null(value))
      json_object_set(out, *names, value);
  }
}

static void add_error(json_t *out, const json_t *row) {
  static const char *const names[] = {"message", "value", "frames", "truncated", "scrubbed", NULL};
  json_object_set_new(out, "type", json_string(debug_report_type(row)));
  copy_members(out, row, names);
}

static json_t *request_of(const json_t *row) {
  static const char *const names[] = {"method",      "path",        "query",      "route",       "headers",
                                      "body",        "user_id",     "user_email", "remote_addr", "request_id",
                                      "body_length", "duration_us", "lua_bytes",  NULL};
  json_t *request = json_object();
  copy_members(request, row, names);
  return request;
}

static json_t *sql_of(const json_t *row) {
  json_t *list = json_array();
  size_t index;
  json_t *crumb;
  json_array_foreach(json_object_get(row, "breadcrumbs"), index, crumb) {
    if (strcmp(debug_report_text(crumb, "kind"), "sql") == 0)
      json_array_append(list, crumb);
  }
  return list;
}

static json_t *causes_of(const json_t *row) {
  json_t *list = json_array();
  for (const json_t *cause = json_object_get(row, "cause"); cause; cause = json_object_get(cause, "cause")) {
    json_t *item = json_object();
    add_error(item, cause);
    json_array_append_new(list, item);
  }
  return list;
}

static void add_commands(json_t *out, const struct debug_report *report) {
  struct buf curl;
  buf_init(&curl, MOST_CURL);
  debug_curl_add(&curl, report->row);
  if (!curl.failed)
    json_object_set_new(out, "curl", json_stringn(curl.data, curl.length));
  buf_release(&curl);
  if (report->reference)
    json_object_set_new(out, "show", json_sprintf("mulligan errors show %s", report->reference));
}

json_t *debug_json(const struct debug_report *report) {
  static const char *const names[] = {"breadcrumbs", NULL};
  json_t *out = json_object();
  json_object_set_new(out, "generation", json_integer(report->generation));
  if (!report->row) {
    json_object_set(out, "routes", (json_t *)report->routes);
    return out;
  }
  add_error(out, report->row);
  json_object_set_new(out, "causes", causes_of(report->row));
  json_object_set_new(out, "request", request_of(report->row));
  json_object_set_new(out, "sql", sql_of(report->row));
  copy_members(out, report->row, names);
  add_commands(out, report);
  return out;
}
