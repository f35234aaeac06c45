/**
 * debug_html.c - debug mode's report as a page.
 *
 * Pure but for the process id; any thread. The page watches /__mulligan__/debug/generation by what its body's data
 * attributes say (assets/debug.js). Everything that is not this program's own text goes through visible.h.
 */
#include "http/debug_html.h"

#include "http/debug_curl.h"
#include "http/debug_frames.h"
#include "http/debug_text.h"
#include "http/reason.h"
#include "http/visible.h"
#include "vm/embedded.h"

#include <string.h>
#include <unistd.h>

enum { COPY_MOST = 4 * 1024 * 1024, TITLE_MOST = 160 };

static void add_visible(struct buf *out, const char *text) {
  visible_add_html(out, text, strlen(text));
}

static void add_attribute(struct buf *out, const char *text) {
  visible_add_attribute(out, text, strlen(text));
}

static void add_time(struct buf *out, int64_t us) {
  debug_report_add_time(out, us);
}

/* ---- head ---- */

/* An asset of the host's own; one that this build has not is left out. */
static void add_asset(struct buf *out, const char *name, const char *element, const char *nonce) {
  for (const struct embedded_file *file = embedded_files; file->name; file++) {
    if (strcmp(file->name, name) == 0) {
      buf_addf(out, "<%s nonce=\"%s\">\n", element, nonce);
      buf_add(out, file->bytes, file->length);
      buf_addf(out, "</%s>\n", element);
    }
  }
}

static void add_head(struct buf *out, const struct debug_report *report, const char *nonce) {
  const char *message = debug_report_text(report->row, "message");
  size_t length = strcspn(message, "\n");
  buf_add_text(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
  /* A title has no elements in it. */
  add_attribute(out, report->row ? debug_report_type(report->row) : "No route");
  if (length > 0) {
    buf_add_text(out, ": ");
    visible_add_attribute(out, message, length < TITLE_MOST ? length : TITLE_MOST);
  }
  buf_add_text(out, "</title>\n");
  add_asset(out, "assets/debug.css", "style", nonce);
  add_asset(out, "assets/debug_console.css", "style", nonce);
  buf_add_text(out, "</head>\n");
}

/* What the page has to know to watch for a newer generation; a stored error has nothing to wait for. */
static void add_body_tag(struct buf *out, const struct debug_report *report) {
  buf_addf(out, "<body data-generation=\"%lld\" data-process=\"%ld\" data-method=\"", (long long)report->generation,
           (long)getpid());
  add_attribute(out, report->method);
  buf_addf(out, "\"%s>\n", report->stored ? "" : " data-watch");
}

/* The first of the application's frames, or of any that has a place. */
static const json_t *culprit(const json_t *row) {
  size_t index;
  const json_t *frame, *any = NULL;
  json_array_foreach(json_object_get(row, "frames"), index, frame) {
    if (json_is_true(json_object_get(frame, "in_app")))
      return frame;
    if (!any && debug_report_number(frame, "line") > 0)
      any = frame;
  }
  return any;
}

static void add_copy_buttons(struct buf *out, const struct debug_report *report) {
  buf_add_text(out, "<p class=\"actions\">\n<button type=\"button\" data-copy=\"as-text\">Copy as text</button>\n"
                    "<button type=\"button\" data-copy=\"as-curl\">Copy as curl</button>\n");
  if (report->reference) {
    buf_add_text(out, "<span class=\"reference\"><a href=\"/__mulligan__/debug/errors/");
    add_attribute(out, report->reference);
    buf_add_text(out, "\">");
    add_visible(out, report->reference);
    buf_add_text(out, "</a> <button type=\"button\" class=\"quiet\" data-copy=\"as-command\" title=\"Copy this "
                      "command\"><code>mulligan errors show ");
    add_visible(out, report->reference);
    buf_add_text(out, "</code></button></span>\n");
  }
  buf_add_text(out, "</p>\n");
}

/* The message, without the place that Lua puts before it if the line below tells that one anyway. */
static void add_message(struct buf *out, const char *message, const char *place) {
  size_t length = strlen(place);
  if (length > 0 && strncmp(message, place, length) == 0 && strncmp(message + length, ": ", 2) == 0)
    message += length + 2;
  add_visible(out, message);
}

/* What was raised, where that is no text: its message is but an address. */
static void add_raised(struct buf *out, const json_t *row) {
  if (!debug_report_has(row, "value"))
    return;
  buf_add_text(out, "<p class=\"raised\"><code>");
  add_visible(out, debug_report_text(row, "value"));
  buf_add_text(out, "</code></p>\n");
}

static void add_heading(struct buf *out, const struct debug_report *report) {
  const json_t *row = report->row, *frame = culprit(row);
  struct buf place;
  buf_init(&place, 64 * 1024);
  if (frame)
    debug_report_add_place(&place, frame);
  buf_add_text(out, "<h1><span class=\"type\">");
  add_visible(out, row ? debug_report_type(row) : "No route");
  buf_add_text(out, "</span> <span class=\"message\">");
  add_message(out, row ? debug_report_text(row, "message") : report->path, place.data);
  buf_add_text(out, "</span></h1>\n");
  add_raised(out, row);
  if (frame) {
    buf_add_text(out, "<p class=\"where\">at <code>");
    add_visible(out, place.data);
    buf_add_text(out, "</code></p>\n");
  }
  const json_t *nearest = json_array_get(report->routes, 0);
  if (json_is_true(json_object_get(nearest, "near"))) {
    buf_add_text(out, "<p class=\"where\">Is <code>");
    add_visible(out, debug_report_text(nearest, "pattern"));
    buf_add_text(out, "</code> meant?</p>\n");
  }
  buf_release(&place);
}

static void add_header(struct buf *out, const struct debug_report *report) {
  buf_add_text(out,
               "<a class=\"skip\" href=\"#main\">Skip to the details</a>\n<div class=\"bar\"><span><strong>mulligan"
               "</strong> debug mode");
  buf_add_text(out, report->stored ? ", a stored error</span></div>\n"
                                   : "</span><span id=\"watch\" role=\"status\"></span></div>\n");
  buf_addf(out, "<header>\n<p class=\"what\"><span class=\"status\">%d</span> <span class=\"reason\">%s</span> <code>",
           report->status, reason_of(report->status));
  add_visible(out, report->method);
  buf_add_char(out, ' ');
  add_visible(out, report->path);
  buf_add_text(out, "</code></p>\n");
  add_heading(out, report);
  if (report->row)
    add_copy_buttons(out, report);
  buf_add_text(out, "</header>\n");
}

/* ---- sections ---- */

static void add_row(struct buf *out, const char *label, const json_t *row, const char *name) {
  if (!debug_report_has(row, name))
    return;
  const json_t *value = json_object_get(row, name);
  buf_addf(out, "<tr><th scope=\"row\">%s</th><td><code>", label);
  if (json_is_integer(value))
    buf_addf(out, "%lld", (long long)json_integer_value(value));
  else
    add_visible(out, debug_report_text(row, name));
  buf_add_text(out, "</code></td></tr>\n");
}

static void add_headers(struct buf *out, const json_t *headers) {
  const char *name;
  json_t *value;
  if (json_object_size(headers) == 0)
    return;
  buf_add_text(out, "<table class=\"values\"><caption>Headers</caption>\n");
  json_object_foreach((json_t *)headers, name, value) {
    buf_add_text(out, "<tr><th scope=\"row\">");
    add_visible(out, name);
    buf_add_text(out, "</th><td><code>");
    add_visible(out, json_is_string(value) ? json_string_value(value) : "");
    buf_add_text(out, "</code></td></tr>\n");
  }
  buf_add_text(out, "</table>\n");
}

static void add_body(struct buf *out, const json_t *row) {
  if (!debug_report_has(row, "body"))
    return;
  const char *body = debug_report_text(row, "body");
  long long whole = debug_report_number(row, "body_length");
  buf_addf(out, "<h3>Body <small>%lld bytes%s</small></h3>\n<pre class=\"body\" tabindex=\"0\">\n", whole,
           (size_t)whole > strlen(body) ? ", of which this is the beginning" : "");
  add_visible(out, body);
  buf_add_text(out, "</pre>\n");
}

static void add_request(struct buf *out, const json_t *row) {
  buf_add_text(out, "<section id=\"request\" class=\"panel\"><h2>Request</h2>\n<table class=\"values\">\n");
  for (const struct debug_field *field = debug_report_request; field->label; field++)
    add_row(out, field->label, row, field->column);
  if (debug_report_has(row, "duration_us")) {
    buf_add_text(out, "<tr><th scope=\"row\">took</th><td><code>");
    add_time(out, debug_report_number(row, "duration_us"));
    buf_add_text(out, "</code></td></tr>\n");
  }
  if (debug_report_number(row, "lua_bytes") > 0)
    buf_addf(out, "<tr><th scope=\"row\">Lua memory</th><td><code>%lld KiB</code></td></tr>\n",
             (long long)debug_report_number(row, "lua_bytes") / 1024);
  buf_add_text(out, "</table>\n");
  add_headers(out, json_object_get(row, "headers"));
  add_body(out, row);
  buf_add_text(out, "</section>\n");
}

/* One thing that happened before; its time is told back from the error. */
static void add_crumb(struct buf *out, const json_t *crumb, int64_t error_us, bool when) {
  const char *kind = debug_report_text(crumb, "kind");
  bool sql = strcmp(kind, "sql") == 0;
  int64_t before = error_us - debug_report_number(crumb, "at_us");
  buf_add_text(out, "<li>");
  if (when) {
    buf_add_text(out, "<span class=\"time\">−");
    add_time(out, before > 0 ? before : 0);
    buf_add_text(out, "</span> <span class=\"kind\">");
    add_visible(out, kind);
    buf_add_text(out, "</span> ");
  } else {
    buf_add_text(out, "<span class=\"time\">");
    add_time(out, debug_report_number(crumb, "us"));
    buf_add_text(out, "</span> ");
  }
  buf_addf(out, "<code%s>", sql ? " class=\"sql\"" : "");
  add_visible(out, debug_report_text(crumb, "text"));
  buf_add_text(out, "</code></li>\n");
}

static void add_sql(struct buf *out, const json_t *row) {
  struct debug_sql sql = debug_report_sql(row);
  size_t index;
  const json_t *crumb;
  buf_addf(out, "<section id=\"sql\" class=\"panel\"><h2>SQL <small>%zu statement%s", sql.count,
           sql.count == 1 ? "" : "s");
  if (sql.count > 0) {
    buf_add_text(out, " in ");
    add_time(out, sql.us);
  }
  buf_add_text(out, "</small></h2>\n");
  if (sql.count == 0)
    buf_add_text(out, "<p class=\"none\">None was run.</p>\n");
  buf_add_text(out, "<ol class=\"crumbs\">\n");
  json_array_foreach(json_object_get(row, "breadcrumbs"), index, crumb) {
    if (strcmp(debug_report_text(crumb, "kind"), "sql") == 0)
      add_crumb(out, crumb, 0, false);
  }
  buf_add_text(out, "</ol></section>\n");
}

static void add_breadcrumbs(struct buf *out, const json_t *row) {
  size_t index;
  const json_t *crumb;
  const json_t *crumbs = json_object_get(row, "breadcrumbs");
  buf_add_text(out, "<section id=\"before\" class=\"panel\"><h2>Before it <small>breadcrumbs, in the order of their "
                    "time</small></h2>\n");
  if (json_array_size(crumbs) == 0)
    buf_add_text(out, "<p class=\"none\">Nothing was noted: no SQL, no line of the log.</p>\n");
  buf_add_text(out, "<ol class=\"crumbs timed\">\n");
  json_array_foreach(crumbs, index, crumb) add_crumb(out, crumb, debug_report_number(row, "occurred_at"), true);
  buf_add_text(out, "</ol></section>\n");
}

/* ---- the traceback and its causes ---- */

static void frame_prefix(char out[32], int cause) {
  if (cause == 0)
    snprintf(out, 32, "frame-");
  else
    snprintf(out, 32, "cause-%d-frame-", cause);
}

static void add_traceback(struct buf *out, const json_t *row) {
  const json_t *frames = json_object_get(row, "frames");
  buf_add_text(out, "<section id=\"traceback\"><h2>Traceback <small>innermost first</small> <button type=\"button\" "
                    "id=\"unfold\" class=\"quiet\" hidden>Unfold all</button></h2>\n");
  if (json_array_size(frames) == 0)
    buf_add_text(out, "<p class=\"none\">There is none: no script was running, or it returned this answer rather than "
                      "raise an error.</p>\n");
  debug_frames_add(out, frames, "frame-", debug_report_text(row, "request_id"));
  buf_add_text(out, "</section>\n");
  int number = 1;
  char prefix[32];
  for (const json_t *cause = json_object_get(row, "cause"); cause; cause = json_object_get(cause, "cause"), number++) {
    frame_prefix(prefix, number);
    buf_addf(out, "<section class=\"cause\" id=\"cause-%d\"><h2>Caused by <span class=\"type\">", number);
    add_visible(out, debug_report_type(cause));
    buf_add_text(out, "</span></h2>\n<p class=\"message\">");
    add_visible(out, debug_report_text(cause, "message"));
    buf_add_text(out, "</p>\n");
    add_raised(out, cause);
    /* Its coroutine is gone by now: there is nobody to be asked. */
    debug_frames_add(out, json_object_get(cause, "frames"), prefix, "");
    buf_add_text(out, "</section>\n");
  }
}

static void add_outline(struct buf *out, const json_t *row) {
  int number = 1;
  char prefix[32];
  buf_add_text(out, "<nav aria-label=\"On this page\"><h2><a href=\"#traceback\">Traceback</a></h2><ol>\n");
  debug_frames_add_outline(out, json_object_get(row, "frames"), "frame-");
  buf_add_text(out, "</ol>\n");
  for (const json_t *cause = json_object_get(row, "cause"); cause; cause = json_object_get(cause, "cause"), number++) {
    frame_prefix(prefix, number);
    buf_addf(out, "<h2><a href=\"#cause-%d\">Caused by ", number);
    add_visible(out, debug_report_type(cause));
    buf_add_text(out, "</a></h2><ol>\n");
    debug_frames_add_outline(out, json_object_get(cause, "frames"), prefix);
    buf_add_text(out, "</ol>\n");
  }
  buf_addf(out,
           "<h2><a href=\"#sql\">SQL</a> <small>%zu</small></h2>\n<h2><a href=\"#before\">Before it</a> "
           "<small>%zu</small></h2>\n<h2><a href=\"#request\">Request</a></h2>\n</nav>\n",
           debug_report_sql(row).count, json_array_size(json_object_get(row, "breadcrumbs")));
}

/* What the buttons copy. */
static void add_copies(struct buf *out, const struct debug_report *report) {
  struct buf text, curl;
  buf_init(&text, COPY_MOST);
  buf_init(&curl, COPY_MOST);
  debug_text_add(&text, report);
  debug_curl_add(&curl, report->row);
  buf_add_text(out, "<textarea id=\"as-text\" hidden readonly>\n");
  visible_add_attribute(out, text.data, text.length);
  buf_add_text(out, "</textarea>\n<textarea id=\"as-curl\" hidden readonly>\n");
  visible_add_attribute(out, curl.data, curl.length);
  buf_add_text(out, "</textarea>\n<textarea id=\"as-command\" hidden readonly>\nmulligan errors show ");
  add_attribute(out, report->reference ? report->reference : "");
  buf_add_text(out, "</textarea>\n");
  buf_release(&text);
  buf_release(&curl);
}

static void add_error(struct buf *out, const struct debug_report *report) {
  add_outline(out, report->row);
  buf_add_text(out, "<main id=\"main\">\n");
  add_traceback(out, report->row);
  add_sql(out, report->row);
  add_breadcrumbs(out, report->row);
  add_request(out, report->row);
  buf_add_text(out, "</main>\n");
  add_copies(out, report);
}

/* ---- a 404 ---- */

static void add_route(struct buf *out, const json_t *route) {
  size_t index;
  const json_t *method;
  const char *pattern = debug_report_text(route, "pattern");
  bool gets = false;
  buf_addf(out, "<tr%s><td class=\"methods\">", json_is_true(json_object_get(route, "near")) ? " class=\"near\"" : "");
  json_array_foreach(json_object_get(route, "methods"), index, method) {
    const char *name = json_string_value(method);
    gets = gets || strcmp(name ? name : "", "GET") == 0;
    buf_addf(out, "<span class=\"tag\">%s</span> ", name ? name : "");
  }
  buf_add_text(out, "</td><td class=\"pattern\">");
  if (gets && !strchr(pattern, '{')) {
    buf_add_text(out, "<a href=\"");
    add_attribute(out, pattern);
    buf_add_text(out, "\">");
  }
  buf_add_text(out, "<code>");
  add_visible(out, pattern);
  buf_add_text(out, gets && !strchr(pattern, '{') ? "</code></a>" : "</code>");
  buf_add_text(out, "</td><td class=\"place\"><code>");
  add_visible(out, debug_report_text(route, "file"));
  buf_addf(out, ":%lld</code></td></tr>\n", (long long)debug_report_number(route, "line"));
}

static void add_routes(struct buf *out, const struct debug_report *report) {
  size_t index, count = json_array_size(report->routes);
  const json_t *route;
  buf_addf(out,
           "<main id=\"main\" class=\"alone\">\n<section id=\"routes\" class=\"panel\"><h2>Routes <small>%zu in "
           "generation %lld, the nearest first</small></h2>\n",
           count, (long long)report->generation);
  if (count == 0)
    buf_add_text(out, "<p class=\"none\">There are none. A file in <code>scripts/routes/</code> makes one.</p>\n");
  else
    buf_add_text(out, "<p class=\"filter\" hidden><label>Filter <input type=\"search\" id=\"filter\" "
                      "autocomplete=\"off\" spellcheck=\"false\"></label></p>\n");
  buf_add_text(out, "<table class=\"routes\"><tbody>\n");
  json_array_foreach(report->routes, index, route) add_route(out, route);
  buf_add_text(out, "</tbody></table></section>\n</main>\n");
}

void debug_html_add(struct buf *out, const struct debug_report *report, const char *nonce) {
  add_head(out, report, nonce);
  add_body_tag(out, report);
  add_header(out, report);
  if (report->row)
    add_error(out, report);
  else
    add_routes(out, report);
  add_asset(out, "assets/debug.js", "script", nonce);
  add_asset(out, "assets/debug_console.js", "script", nonce);
  buf_add_text(out, "</body>\n</html>\n");
}
