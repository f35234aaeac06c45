/**
 * debug_page.c - what debug mode makes of an answer.
 *
 * Called by exchange.c on the request's worker, after the error is on record. A report is put together beside the
 * response and moved into it when it is whole, so the usual answer is there whatever happens.
 */
#include "http/debug_page.h"

#include "base/last_save.h"
#include "base/loopback.h"
#include "data/error_log.h"
#include "http/debug_html.h"
#include "http/debug_json.h"
#include "http/debug_routes.h"
#include "http/debug_text.h"
#include "http/visible.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { REPORT_MOST = 16 * 1024 * 1024, KEPT = 64 * 1024, MOST_CAUSES = 5, NONCE_BYTES = 16, WHY_MOST = 4096 };

static const char prefix[] = MULLIGAN_OWN_PATHS "/debug/";

bool debug_page_wanted(const struct settings *settings, const char *host) {
  return settings->debug && (settings->debug_anyone || loopback_host(host));
}

/* ---- putting a report into a response ---- */

/* Moves the report into the body, in its place or after it; false where it does not fit. */
static bool put(struct vm_response *response, const struct buf *report, bool after) {
  size_t before = after ? response->body.length : 0;
  if (report->failed || before + report->length > response->body.cap)
    return false;
  if (!after)
    buf_clear(&response->body, KEPT);
  return buf_add(&response->body, report->data, report->length);
}

/* Drops the headers that an application has set for the body that is no more. */
static void drop_headers(struct buf *headers) {
  static const char *const names[] = {"Content-Security-Policy",
                                      "Content-Security-Policy-Report-Only",
                                      "Content-Encoding",
                                      "Content-Disposition",
                                      "ETag",
                                      "Last-Modified",
                                      "Cache-Control",
                                      "Refresh"};
  struct buf kept;
  buf_init(&kept, headers->cap);
  for (const char *line = headers->data; *line;) {
    size_t length = strcspn(line, "\n"), name = strcspn(line, ":\n");
    length += line[length] == '\n';
    bool drop = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
      drop = drop || (strlen(names[i]) == name && strncasecmp(names[i], line, name) == 0);
    if (!drop)
      buf_add(&kept, line, length);
    line += length;
  }
  if (!kept.failed) {
    buf_clear(headers, KEPT);
    buf_add(headers, kept.data, kept.length);
  }
  buf_release(&kept);
}

/* Nothing but the page's own style and scripts, whatever a value on it says; it may ask this server only. */
static void add_policy(struct buf *headers, const char *nonce) {
  buf_addf(headers,
           "Content-Security-Policy: default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; img-src data:; "
           "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
           "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n",
           nonce, nonce);
}

static void put_html(struct vm_response *response, const struct debug_report *report) {
  unsigned char random[NONCE_BYTES];
  char nonce[2 * NONCE_BYTES + 1];
  randombytes_buf(random, sizeof random);
  sodium_bin2hex(nonce, sizeof nonce, random, sizeof random);
  struct buf page;
  buf_init(&page, REPORT_MOST);
  debug_html_add(&page, report, nonce);
  if (put(response, &page, false)) {
    drop_headers(&response->headers);
    add_policy(&response->headers, nonce);
    response->content_type = "text/html; charset=utf-8";
  }
  buf_release(&page);
}

static void put_text(struct vm_response *response, const struct debug_report *report) {
  struct buf text;
  buf_init(&text, REPORT_MOST);
  if (response->body.length > 0)
    buf_add_char(&text, '\n');
  debug_text_add(&text, report);
  put(response, &text, true);
  response->content_type = "text/plain; charset=utf-8";
  buf_release(&text);
}

static int add_dumped(const char *bytes, size_t length, void *out) {
  return buf_add(out, bytes, length) ? 0 : -1;
}

/* The body is an object, written without blanks. */
static void put_json(struct vm_response *response, const struct debug_report *report) {
  struct buf text, *body = &response->body;
  json_t *debug = debug_json(report);
  buf_init(&text, REPORT_MOST);
  buf_add_text(&text, body->length > 2 ? ",\"debug\":" : "\"debug\":");
  if (debug && json_dump_callback(debug, add_dumped, &text, JSON_COMPACT) == 0 && buf_add_char(&text, '}') &&
      body->length + text.length <= body->cap) {
    body->length--; /* the closing brace */
    put(response, &text, true);
  }
  json_decref(debug);
  buf_release(&text);
}

static void add_report(struct vm_response *response, const struct debug_report *report, enum route_renderer format) {
  if (format == ROUTE_HTML)
    put_html(response, report);
  else if (format == ROUTE_TEXT)
    put_text(response, report);
  else
    put_json(response, report);
}

/* ---- what failed ---- */

void debug_page_add(struct vm_response *response, const struct page *page, enum route_renderer format,
                    const struct vm_request *request, const struct generation *generation, const json_t *row) {
  const struct route_table *routes = generation ? generation_routes(generation) : NULL;
  struct debug_report report = {
      .status = page->status,
      .reference = page->reference,
      .method = row ? debug_report_text(row, "method") : request->method,
      .path = row ? debug_report_text(row, "path") : request->path, /* which has no secret in it */
      .row = row,
      .generation = generation ? generation_number(generation) : 0,
  };
  json_t *list = !row && routes ? debug_routes_list(routes, request->path) : NULL;
  report.routes = list;
  bool json = format == ROUTE_JSON || format == ROUTE_PROBLEM;
  if (json && !response->own && !response->json_object) {
    /* What the application answered is no object: there is no place in it for a key. */
    buf_clear(&response->body, KEPT);
    response->content_type = pages_write(page, format, generation, &response->body);
  }
  add_report(response, &report, format);
  if (!page->reference)
    buf_add_text(&response->headers, "Cache-Control: no-store\r\n"); /* with a reference it is there anyway */
  json_decref(list);
}

/* ---- questions below /__mulligan__/debug/ ---- */

static void answer_generation(struct vm_response *response, const struct debug_page_sources *sources) {
  struct buf why, clean;
  struct scrub_tally tally = {0};
  buf_init(&why, WHY_MOST);
  buf_init(&clean, 2 * WHY_MOST);
  bool failed = last_save_refused(sources->last_save, &why);
  json_t *body = json_pack("{s:I, s:I, s:b}", "generation", (json_int_t)generation_number(sources->generation),
                           "process", (json_int_t)getpid(), "failed", failed);
  /* A complaint may quote the source, and so a secret that stands there. */
  if (failed && scrub_text(sources->scrub, why.data, why.length, &clean, &tally))
    json_object_set_new(body, "why", json_stringn(clean.data, clean.length));
  if (body)
    json_dump_callback(body, add_dumped, &response->body, JSON_COMPACT);
  response->content_type = "application/json";
  json_decref(body);
  buf_release(&why);
  buf_release(&clean);
}

/* The row of a reference with its causes inside, as a record that has just been made has them. */
static json_t *find_error(const char *folder, const char *reference, struct fault *fault) {
  json_t *first = NULL, *row;
  if (error_log_get(folder, reference, &first, fault) != MULLIGAN_OK)
    return NULL;
  row = first;
  for (int i = 0; i < MOST_CAUSES; i++) {
    const char *next = json_string_value(json_object_get(row, "cause_ref"));
    json_t *cause;
    if (!next || error_log_get(folder, next, &cause, fault) != MULLIGAN_OK)
      break;
    json_object_set_new(row, "cause", cause);
    row = cause;
  }
  return first;
}

static void answer_error(struct vm_response *response, const char *reference, enum route_renderer format,
                         const struct debug_page_sources *sources) {
  struct fault fault;
  json_t *row = find_error(sources->errors, reference, &fault);
  if (!row) {
    response->status = 404;
    response->content_type = "text/plain; charset=utf-8";
    visible_add_text(&response->body, fault.message, strlen(fault.message), "");
    buf_add_text(&response->headers, "X-Content-Type-Options: nosniff\r\n");
    return;
  }
  struct debug_report report = {
      .status = (int)debug_report_number(row, "status"),
      .reference = debug_report_text(row, "ref"),
      .method = debug_report_text(row, "method"),
      .path = debug_report_text(row, "path"),
      .row = row,
      .generation = generation_number(sources->generation),
      .stored = true,
  };
  bool json = format == ROUTE_JSON || format == ROUTE_PROBLEM;
  if (json) {
    response->content_type = "application/json";
    buf_add_text(&response->body, "{}");
  }
  add_report(response, &report, format);
  json_decref(row);
}

bool debug_page_answer(struct vm_response *response, const struct vm_request *request, enum route_renderer format,
                       const struct debug_page_sources *sources) {
  if (request->kind != ROUTE_GET || strncmp(request->path, prefix, sizeof prefix - 1) != 0)
    return false;
  const char *rest = request->path + sizeof prefix - 1;
  static const char errors[] = "errors/";
  bool generation_asked = strcmp(rest, "generation") == 0;
  if (!generation_asked && strncmp(rest, errors, sizeof errors - 1) != 0)
    return false;
  response->status = 200;
  if (generation_asked)
    answer_generation(response, sources);
  else
    answer_error(response, rest + sizeof errors - 1, format, sources);
  buf_add_text(&response->headers, "Cache-Control: no-store\r\n");
  return true;
}
