/**
 * exchange.c - the way of a request: checked, read, routed, run, recorded, answered with one write.
 *
 * Called by civetweb's workers, each with an exchange of its own. A vm is held only while Lua runs: the body is read
 * before one is taken, and the answer is written after it was given back, so a slow client holds nothing but its own
 * connection. A 5xx is written only when its ErrorLog record is durable.
 *
 * Invariant: each request is answered once, by send_answer(), whatever became of it.
 */
#include "http/exchange.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/debug_console.h"
#include "http/debug_page.h"
#include "http/debug_source.h"
#include "http/error_page.h"
#include "http/exchange_head.h"
#include "http/exchange_log.h"
#include "http/negotiation.h"
#include "http/pages.h"
#include "http/path_segment.h"
#include "http/reason.h"
#include "vm/generation.h"
#include "vm/request.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <civetweb.h>

enum {
  KEPT_BUFFER = 64 * 1024,
  READ_CHUNK = 16 * 1024,
  PREFIX_LENGTH = 12,
  ID_SIZE = PREFIX_LENGTH + 8 + 1,
  DATE_SIZE = 48
};

struct exchange {
  struct exchange_shared *shared;
  char prefix[PREFIX_LENGTH + 1]; /* of the request ids of this worker */
  uint32_t counter;               /* and what makes each its own */
  char date[DATE_SIZE];           /* the Date header's line, and */
  time_t date_at;                 /* the second it is for */

  /* the request under way */
  struct mg_connection *connection;
  const struct mg_request_info *info;
  struct exchange_head head;
  char id[ID_SIZE];
  int64_t begun_ns;
  bool close;      /* the connection ends with this answer */
  struct buf path; /* the decoded segments, one after the other */
  struct buf body;
  struct route_segment segments[ROUTE_MOST_SEGMENTS];
  int segment_count;
  bool slash;
  struct generation *generation; /* pinned while the request runs */
  struct route_match match;
  struct vm_request request;
  struct request_header headers[EXCHANGE_MOST_HEADERS];
  struct vm_response response;
  char reference[MULLIGAN_REFERENCE_SIZE]; /* of the error on record; "" for none */
  struct buf out;
  struct buf entry; /* for the request log */
};

/* ---- life ---- */

struct exchange *exchange_create(struct exchange_shared *shared) {
  struct exchange *exchange = calloc(1, sizeof *exchange);
  if (!exchange) {
    log_error("out of memory for a worker");
    return NULL;
  }
  exchange->shared = shared;
  unsigned char seed[6];
  randombytes_buf(seed, sizeof seed);
  sodium_bin2hex(exchange->prefix, sizeof exchange->prefix, seed, sizeof seed);
  buf_init(&exchange->path, 64 * 1024);
  buf_init(&exchange->body, (size_t)shared->services->settings->body_limit);
  size_t most = (size_t)shared->services->settings->response_limit;
  buf_init(&exchange->out, most + KEPT_BUFFER);
  buf_init(&exchange->entry, EXCHANGE_LOG_MOST);
  vm_response_init(&exchange->response, most);
  return exchange;
}

void exchange_destroy(struct exchange *exchange) {
  if (!exchange)
    return;
  buf_release(&exchange->path);
  buf_release(&exchange->body);
  buf_release(&exchange->out);
  buf_release(&exchange->entry);
  vm_response_release(&exchange->response);
  free(exchange);
}

/* The worker's prefix and its count, in eight hexadecimal digits. */
static void write_id(struct exchange *exchange) {
  static const char digits[] = "0123456789abcdef";
  uint32_t count = exchange->counter++;
  char *id = exchange->id;
  memcpy(id, exchange->prefix, PREFIX_LENGTH);
  for (int i = PREFIX_LENGTH; i < ID_SIZE - 1; i++, count <<= 4)
    id[i] = digits[count >> 28];
  id[ID_SIZE - 1] = '\0';
}

static void begin(struct exchange *exchange, struct mg_connection *connection) {
  exchange->connection = connection;
  exchange->info = mg_get_request_info(connection);
  exchange->head = (struct exchange_head){0};
  write_id(exchange);
  exchange->begun_ns = clock_monotonic_ns();
  exchange->close = false;
  exchange->segment_count = 0;
  buf_clear(&exchange->path, KEPT_BUFFER);
  buf_clear(&exchange->body, KEPT_BUFFER);
  buf_clear(&exchange->out, KEPT_BUFFER);
  vm_response_reset(&exchange->response);
  memset(&exchange->request, 0, sizeof exchange->request);
  exchange->reference[0] = '\0';
  exchange->match.path = NULL;
  exchange->request.match = &exchange->match;
}

/* ---- the request's path ---- */

/* Takes the path apart, decoding segment by segment, so that an encoded slash never makes two of one. */
static bool read_path(struct exchange *exchange) {
  const char *raw = exchange->info->local_uri_raw ? exchange->info->local_uri_raw : exchange->info->local_uri;
  size_t lengths[ROUTE_MOST_SEGMENTS];
  if (!raw || raw[0] != '/')
    return false;
  exchange->slash = false;
  const char *at = raw + 1;
  bool countable = true;
  while (*at) {
    size_t length = strcspn(at, "/");
    size_t before = exchange->path.length + 1;
    buf_add_char(&exchange->path, '/');
    if (!path_segment_decode(&exchange->path, at, length))
      return false;
    if (exchange->segment_count == ROUTE_MOST_SEGMENTS)
      countable = false;
    else
      lengths[exchange->segment_count++] = exchange->path.length - before;
    at += length;
    exchange->slash = *at == '/';
    if (*at == '/')
      at++;
  }
  if (exchange->slash || exchange->segment_count == 0) {
    exchange->slash = true;
    buf_add_char(&exchange->path, '/');
  }
  const char *text = exchange->path.data;
  for (int i = 0; i < exchange->segment_count; i++) {
    exchange->segments[i] = (struct route_segment){text + 1, lengths[i]};
    text += 1 + lengths[i];
  }
  if (!countable)
    exchange->segment_count = -1; /* deeper than any pattern: no route */
  return !exchange->path.failed;
}

static void fill_request(struct exchange *exchange) {
  const struct mg_request_info *info = exchange->info;
  struct vm_request *request = &exchange->request;
  request->method = info->request_method;
  request->kind = strcmp(info->request_method, "HEAD") == 0 ? ROUTE_GET : route_method_parse(info->request_method);
  request->path = exchange->path.data;
  request->path_length = exchange->path.length;
  request->query = info->query_string ? info->query_string : "";
  int count = info->num_headers < EXCHANGE_MOST_HEADERS ? info->num_headers : EXCHANGE_MOST_HEADERS;
  for (int i = 0; i < count; i++)
    exchange->headers[i] = (struct request_header){info->http_headers[i].name, info->http_headers[i].value};
  request->headers = exchange->headers;
  request->header_count = count;
  request->remote_addr = info->remote_addr;
  request->language = negotiation_language(exchange->head.accept_language);
  request->id = exchange->id;
}

/* ---- the body ---- */

/* Reads the whole body. Returns 0, or the status to answer with; the connection then closes. */
static int read_body(struct exchange *exchange) {
  const struct mg_request_info *info = exchange->info;
  bool chunked = exchange->head.chunked;
  if (!chunked && info->content_length <= 0)
    return 0;
  if (!chunked && (size_t)info->content_length > exchange->body.cap)
    return 413;
  if (exchange->head.expects_continue) /* civetweb answers it for no callback, and curl waits a second for it */
    mg_write(exchange->connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  for (;;) {
    size_t room = exchange->body.cap - exchange->body.length;
    size_t want = room < READ_CHUNK ? room : READ_CHUNK;
    char probe;
    if (want > 0 && !buf_reserve(&exchange->body, want))
      return 413;
    /* At the cap one more byte is asked for, to tell a body that just fits from one that is too long. */
    int got = want > 0 ? mg_read(exchange->connection, exchange->body.data + exchange->body.length, want)
                       : mg_read(exchange->connection, &probe, 1);
    if (got < 0)
      return 400;
    if (got == 0)
      break;
    if (want == 0)
      return 413;
    exchange->body.length += (size_t)got;
    exchange->body.data[exchange->body.length] = '\0';
  }
  if (!chunked && exchange->body.length != (size_t)info->content_length)
    return 400;
  exchange->request.body = exchange->body.data;
  exchange->request.body_length = exchange->body.length;
  return 0;
}

/* ---- the answer ---- */

static const char *date_line(struct exchange *exchange) {
  time_t now = time(NULL);
  if (now != exchange->date_at) {
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(exchange->date, sizeof exchange->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    exchange->date_at = now;
  }
  return exchange->date;
}

/* Will the client reuse the connection? Civetweb decides by the same headers. */
static bool client_keeps(const struct exchange *exchange) {
  const char *connection = exchange->head.connection;
  const char *version = exchange->info->http_version;
  if (connection)
    return strcasestr(connection, "keep-alive") != NULL ||
           (strcmp(version, "1.1") == 0 && strcasestr(connection, "close") == NULL);
  return version && strcmp(version, "1.1") == 0;
}

/* A worker waits on each open connection; when nearly all do, they are asked to go. */
static bool is_crowded(const struct exchange *exchange) {
  return atomic_load(&exchange->shared->connections) * 10 > exchange->shared->services->settings->threads * 9;
}

/* Those of the scripts that this request is for; what only a restart changes is the same in all. */
static const struct settings *settings_of(const struct exchange *exchange) {
  if (exchange->generation && !generation_is_void(exchange->generation))
    return generation_services(exchange->generation)->settings;
  return exchange->shared->services->settings;
}

static void add_line(struct buf *out, const char *name, const char *value) {
  buf_add_text(out, name);
  buf_add_text(out, value);
  buf_add(out, "\r\n", 2);
}

/* Piece by piece and not by a format: every answer passes here, and printf cost more than the handler of a small one.
 */
static void write_head(struct exchange *exchange, bool bodiless) {
  const struct vm_response *response = &exchange->response;
  struct buf *out = &exchange->out;
  buf_add_text(out, "HTTP/1.1 ");
  buf_add_number(out, (uint64_t)response->status);
  add_line(out, " ", reason_of(response->status));
  buf_add_text(out, date_line(exchange));
  if (response->content_type && response->content_type[0])
    add_line(out, "Content-Type: ", response->content_type);
  if (exchange->match.path)
    add_line(out, "Allow: ", exchange->match.path->allow);
  buf_add(out, response->headers.data, response->headers.length);
  if (exchange->reference[0] && response->status >= 500)
    add_line(out, "Cache-Control: no-store\r\nX-Error-Id: ", exchange->reference);
  if (exchange->shared->services->settings->debug && exchange->generation) {
    buf_add_text(out, "X-Mulligan-Generation: ");
    buf_add_number(out, (uint64_t)generation_number(exchange->generation));
    buf_add(out, "\r\n", 2);
  }
  add_line(out, "X-Request-Id: ", exchange->id);
  buf_add_text(out, exchange->close ? "Connection: close\r\n" : "Connection: keep-alive\r\n");
  if (!bodiless) {
    buf_add_text(out, "Content-Length: ");
    buf_add_number(out, response->body.length);
    buf_add(out, "\r\n", 2);
  }
  buf_add(out, "\r\n", 2);
}

/* Leaves what became of the request to the request log; returns the status. */
static int log_answer(struct exchange *exchange, int status, size_t bytes) {
  const struct exchange_log_answer answer = {status, bytes, exchange->begun_ns, exchange->reference};
  exchange_log_add(exchange->shared->services->requests, exchange->info, &exchange->request, &exchange->response,
                   &answer, &exchange->entry);
  return status;
}

/* Writes head and body as one, and returns the status. */
static int send_answer(struct exchange *exchange) {
  struct vm_response *response = &exchange->response;
  struct buf *out = &exchange->out;
  bool head = exchange->request.method && strcmp(exchange->request.method, "HEAD") == 0;
  bool bodiless = response->status == 204 || response->status == 304;
  if (exchange->close || !client_keeps(exchange) || is_crowded(exchange) ||
      atomic_load_explicit(&exchange->shared->draining, memory_order_relaxed)) {
    exchange->close = true;
    mg_disable_connection_keep_alive(exchange->connection);
  }
  write_head(exchange, bodiless);
  size_t head_length = out->length;
  if (!head && !bodiless)
    buf_add(out, response->body.data, response->body.length);
  if (out->failed) {
    log_error("an answer of %zu bytes could not be put together", response->body.length);
    exchange->close = true;
    mg_disable_connection_keep_alive(exchange->connection);
    return log_answer(exchange, 500, 0);
  }
  int sent = mg_write(exchange->connection, out->data, out->length);
  bool whole_head = sent > 0 && (size_t)sent > head_length;
  return log_answer(exchange, response->status, whole_head ? (size_t)sent - head_length : 0);
}

/* ---- errors ---- */

static unsigned error_formats(const struct settings *settings) {
  unsigned formats = 0;
  for (size_t i = 0; i < settings->error_renderers.count; i++)
    formats |= route_renderer_parse(settings->error_renderers.items[i]);
  return formats ? formats : ROUTE_JSON;
}

/* Is a developer asking, who is to see what happened? */
static bool in_debug_mode(const struct exchange *exchange) {
  const struct settings *settings = exchange->shared->services->settings;
  return settings->debug && debug_page_wanted(settings, mg_get_header(exchange->connection, "Host"));
}

/* The form that this client gets an error in; one that accepts none of them gets JSON, never a 406. */
static enum route_renderer error_format(const struct exchange *exchange) {
  unsigned offered = in_debug_mode(exchange) ? DEBUG_PAGE_FORMATS : error_formats(settings_of(exchange));
  unsigned format = negotiation_format(exchange->head.accept, offered);
  return format ? (enum route_renderer)format : ROUTE_JSON;
}

static struct page page_of(const struct exchange *exchange) {
  const struct vm_response *response = &exchange->response;
  return (struct page){
      .status = response->status,
      .detail = response->detail.length > 0 ? response->detail.data : NULL,
      .code = response->code,
      .app_code = response->app_code,
      .reference = response->status >= 500 && exchange->reference[0] ? exchange->reference : NULL,
      .report_to = settings_of(exchange)->report_to,
      .path = exchange->request.path,
      .language = exchange->request.language,
  };
}

/* Puts the host's own page in place of the response's body. */
static void write_page(struct exchange *exchange, enum route_renderer format) {
  struct vm_response *response = &exchange->response;
  struct page page = page_of(exchange);
  buf_clear(&response->body, KEPT_BUFFER);
  response->content_type = pages_write(&page, format, exchange->generation, &response->body);
  buf_add_text(&response->headers, "Vary: Accept, Accept-Language\r\n");
}

/* Adds the keys that a 5xx in JSON owes its reader to the object that the application wrote. */
static void complete_json(struct exchange *exchange) {
  struct vm_response *response = &exchange->response;
  struct buf *body = &response->body;
  if (!response->json_object || !exchange->reference[0] || body->length < 2)
    return;
  bool empty = body->length == 2;
  body->length--; /* the closing brace */
  if (response->code[0] && !response->has_code)
    buf_addf(body, "%s\"code\":\"%s\"", empty ? "" : ",", response->code), empty = false;
  if (response->app_code && !response->has_app_code)
    buf_addf(body, "%s\"app_code\":%" PRId64, empty ? "" : ",", response->app_code), empty = false;
  buf_addf(body, "%s\"error_id\":\"%s\"}", empty ? "" : ",", exchange->reference);
}

/* Hands the record over. A 5xx waits here until it is durable, and learns its reference, which in a storm is that of an
 * earlier one; `shown`, if it is not NULL, gets what was recorded of it. */
static void record_error(struct exchange *exchange, json_t **shown) {
  struct vm_response *response = &exchange->response;
  struct error_log *errors = exchange->shared->services->errors;
  struct error_record *record = response->error;
  if (!record || !errors)
    return;
  response->error = NULL;
  struct fault fault;
  if (shown && response->status >= 500)
    debug_source_widen(record, exchange->generation);
  enum mulligan_status status = response->status >= 500
                                    ? error_log_refer_and_show(errors, record, exchange->reference, shown, &fault)
                                    : error_log_record(errors, record, false, &fault);
  if (status != MULLIGAN_OK)
    log_error("%s", fault.message);
}

/* Puts the error on record, then chooses the form of its answer, which names the reference. */
static void finish_error(struct exchange *exchange) {
  struct vm_response *response = &exchange->response;
  bool debug = in_debug_mode(exchange);
  json_t *recorded = NULL;
  record_error(exchange, debug ? &recorded : NULL);
  bool routeless = response->status == 404 && !exchange->match.path;
  bool negotiated = response->own || response->status >= 500 || routeless;
  if (negotiated) {
    enum route_renderer format = error_format(exchange);
    if (response->own || format != ROUTE_JSON)
      write_page(exchange, format);
    else if (response->status >= 500)
      complete_json(exchange);
    struct page page = page_of(exchange);
    if (recorded || (debug && routeless))
      debug_page_add(response, &page, format, &exchange->request, exchange->generation, recorded);
  }
  json_decref(recorded);
}

/* The host's own refusal, without a vm; `close` where the connection is not to be trusted any further. */
static int refuse(struct exchange *exchange, int status, const char *code, const char *detail, bool close) {
  struct vm_response *response = &exchange->response;
  vm_response_reset(response);
  exchange->close = exchange->close || close;
  response->status = status;
  response->own = true;
  snprintf(response->code, sizeof response->code, "%s", code);
  if (detail)
    buf_addf(&response->detail, "%s%s.", "The request is malformed: ", detail);
  if (status == 503)
    buf_add_text(&response->headers, "Retry-After: 1\r\n");
  response->error = request_error_record(&exchange->request, exchange->shared->services->scrub, status, code,
                                         detail ? detail : reason_of(status));
  finish_error(exchange);
  return send_answer(exchange);
}

/* ---- answers that need no script ---- */

static int answer_options(struct exchange *exchange) {
  exchange->response.status = 200;
  return send_answer(exchange);
}

/* What debug mode's pages ask for; false for any other path. */
static bool answer_debug(struct exchange *exchange) {
  const struct vm_services *services = exchange->shared->services;
  const struct debug_page_sources sources = {
      .generation = exchange->generation,
      .last_save = services->last_save,
      .scrub = services->scrub,
      .errors = error_log_folder(services->errors),
  };
  return debug_page_answer(&exchange->response, &exchange->request, error_format(exchange), &sources);
}

/* The slashed form of the path as the client wrote it, with its query. */
static int redirect_to_slash(struct exchange *exchange) {
  struct vm_response *response = &exchange->response;
  const char *raw = exchange->info->local_uri_raw;
  response->status = 301;
  buf_addf(&response->headers, "Location: %s/%s%s\r\n", raw, exchange->request.query[0] ? "?" : "",
           exchange->request.query);
  if (response->headers.failed)
    return refuse(exchange, 414, "uri_too_long", NULL, false);
  return send_answer(exchange);
}

/* ---- the scripts' answer ---- */

static void find_route(struct exchange *exchange) {
  if (exchange->segment_count >= 0)
    route_table_match(generation_routes(exchange->generation), exchange->segments, exchange->segment_count,
                      exchange->slash, &exchange->match);
}

static int run(struct exchange *exchange) {
  struct vm *vm;
  struct fault fault;
  enum mulligan_status status =
      vm_pool_take(exchange->shared->pool, exchange->match.path, settings_of(exchange)->pool_wait, &vm, &fault);
  if (status != MULLIGAN_OK) {
    log_error("%s", fault.message);
    return refuse(exchange, 503, status == MULLIGAN_BUSY ? "busy" : "unavailable", NULL, false);
  }
  /* The routes of a generation go with its scripts: a reload between the two look-ups is settled by the vm's own. */
  if (vm_generation(vm) != exchange->generation) {
    generation_drop(exchange->generation);
    exchange->generation = generation_hold(vm_generation(vm));
    log_pin_generation(generation_number(exchange->generation));
    find_route(exchange);
  }
  const struct route_path *path = exchange->match.path;
  exchange->request.acceptable =
      !path || negotiation_format(exchange->head.accept, route_path_route(path, exchange->request.kind)->renderers);
  request_run(vm, &exchange->request, &exchange->response);
  vm_pool_give(exchange->shared->pool, vm);
  if (exchange->response.status == 503 && exchange->response.own)
    buf_add_text(&exchange->response.headers, "Retry-After: 1\r\n");
  if (exchange->response.status >= 400)
    finish_error(exchange);
  else
    record_error(exchange, NULL);
  return send_answer(exchange);
}

static int answer(struct exchange *exchange) {
  const char *fault = exchange_head_read(&exchange->head, exchange->info);
  fill_request(exchange);
  if (fault)
    return refuse(exchange, exchange->info->num_headers >= EXCHANGE_MOST_HEADERS ? 431 : 400, "bad_request", fault,
                  true);
  if (!read_path(exchange)) {
    exchange->request.path = "/";
    exchange->request.path_length = 1;
    return refuse(exchange, 400, "bad_path", "the path has a broken escape, a control character or bad UTF-8", true);
  }
  exchange->request.path = exchange->path.data;
  exchange->request.path_length = exchange->path.length;
  if (atomic_load_explicit(&exchange->shared->draining, memory_order_relaxed))
    return refuse(exchange, 503, "stopping", NULL, true);
  int status = read_body(exchange);
  if (status == 413)
    return refuse(exchange, 413, "too_large", NULL, true);
  if (status)
    return refuse(exchange, 400, "bad_body", "the body cannot be read to its end", true);
  if (error_page_answer(&exchange->response, &exchange->request, exchange->head.accept,
                        error_log_folder(exchange->shared->services->errors), in_debug_mode(exchange)))
    return send_answer(exchange);
  struct debug_console *console = exchange->shared->console;
  if (console && debug_console_answer(console, &exchange->request, exchange->info->server_port, &exchange->response))
    return send_answer(exchange);
  if (in_debug_mode(exchange) && answer_debug(exchange))
    return send_answer(exchange);
  if (generation_is_void(exchange->generation))
    return refuse(exchange, 503, "not_loaded", NULL, false);
  find_route(exchange);
  if (exchange->match.path && strcmp(exchange->request.method, "OPTIONS") == 0)
    return answer_options(exchange);
  if (exchange->match.path && exchange->match.slash_missing && exchange->request.kind == ROUTE_GET)
    return redirect_to_slash(exchange);
  return run(exchange);
}

int exchange_handle(struct exchange *exchange, struct mg_connection *connection) {
  begin(exchange, connection);
  exchange->generation = vm_pool_generation(exchange->shared->pool);
  log_pin_generation(generation_number(exchange->generation));
  int status = answer(exchange);
  log_pin_generation(0);
  generation_drop(exchange->generation);
  exchange->generation = NULL;
  return status;
}

void exchange_refuse(struct exchange *exchange, struct mg_connection *connection, int status) {
  begin(exchange, connection);
  const struct mg_request_info *info = exchange->info;
  struct vm_request *request = &exchange->request;
  request->method = info->request_method ? info->request_method : "";
  request->path = info->request_uri ? info->request_uri : "";
  request->path_length = strlen(request->path);
  request->query = "";
  request->remote_addr = info->remote_addr;
  request->language = "en";
  request->id = exchange->id;
  exchange->head.accept = mg_get_header(connection, "Accept"); /* the rest of such a head is not to be looked at */
  refuse(exchange, status, "bad_request", NULL, true);
}
