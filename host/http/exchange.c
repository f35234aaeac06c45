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
#include "base/utf8.h"
#include "http/exchange_head.h"
#include "http/negotiation.h"
#include "http/pages.h"
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
  MOST_HEADERS = 64, /* civetweb drops what comes after without a word */
  MOST_RESPONSE = 64 << 20,
  KEPT_BUFFER = 64 * 1024,
  READ_CHUNK = 16 * 1024,
  ID_SIZE = 21
};

struct exchange {
  struct exchange_shared *shared;
  char prefix[13];  /* of the request ids of this worker */
  uint32_t counter; /* and what makes each its own */
  char date[40];    /* the Date header's value, and */
  time_t date_at;   /* the second it is for */

  /* the request under way */
  struct mg_connection *connection;
  const struct mg_request_info *info;
  char id[ID_SIZE];
  bool close;      /* the connection ends with this answer */
  struct buf path; /* the decoded segments, one after the other */
  struct buf body;
  struct route_segment segments[ROUTE_MOST_SEGMENTS];
  int segment_count;
  bool slash;
  struct generation *generation; /* pinned while the request runs */
  struct route_match match;
  struct vm_request request;
  struct request_header headers[MOST_HEADERS];
  struct vm_response response;
  char reference[MULLIGAN_REFERENCE_SIZE]; /* of the error on record; "" for none */
  struct buf out;
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
  buf_init(&exchange->out, MOST_RESPONSE + KEPT_BUFFER);
  vm_response_init(&exchange->response, MOST_RESPONSE);
  return exchange;
}

void exchange_destroy(struct exchange *exchange) {
  if (!exchange)
    return;
  buf_release(&exchange->path);
  buf_release(&exchange->body);
  buf_release(&exchange->out);
  vm_response_release(&exchange->response);
  free(exchange);
}

static void begin(struct exchange *exchange, struct mg_connection *connection) {
  exchange->connection = connection;
  exchange->info = mg_get_request_info(connection);
  snprintf(exchange->id, sizeof exchange->id, "%s%08" PRIx32, exchange->prefix, exchange->counter++);
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

/* ---- the request's head ---- */

static const char *header(const struct exchange *exchange, const char *name) {
  return mg_get_header(exchange->connection, name);
}

static bool is_token(const char *text) {
  if (!*text)
    return false;
  for (; *text; text++)
    if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", *text))
      return false;
  return true;
}

static bool has_control(const char *text) {
  for (; *text; text++)
    if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
      return true;
  return false;
}

/*
 * What civetweb lets through and two servers in a row might read differently. Returns what is wrong, or NULL; the
 * connection is not to be trusted after it.
 */
static const char *find_smuggling(const struct mg_request_info *info) {
  int lengths = 0, encodings = 0, hosts = 0;
  if (info->num_headers >= MOST_HEADERS)
    return "there are too many headers";
  const char *fault = exchange_head_fault(info);
  if (fault)
    return fault;
  for (int i = 0; i < info->num_headers; i++) {
    const char *name = info->http_headers[i].name, *value = info->http_headers[i].value;
    if (!is_token(name))
      return "a header's name is malformed";
    if (has_control(value))
      return "a header's value holds control characters";
    if (strcasecmp(name, "Content-Length") == 0) {
      lengths++;
      if (!*value || strspn(value, "0123456789") != strlen(value) || strlen(value) > 18)
        return "Content-Length is not a number";
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
      encodings++;
      if (strcasecmp(value, "chunked") != 0)
        return "the only Transfer-Encoding is chunked";
    } else if (strcasecmp(name, "Host") == 0) {
      hosts++;
    }
  }
  if (lengths > 1)
    return "Content-Length is given twice";
  if (encodings > 1 || (lengths && encodings))
    return "the length of the body is given in two ways";
  if (encodings && strcmp(info->http_version, "1.1") != 0)
    return "HTTP/1.0 knows no Transfer-Encoding";
  if (hosts > 1)
    return "Host is given twice";
  if (hosts == 0 && strcmp(info->http_version, "1.1") == 0)
    return "there is no Host header";
  return NULL;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends one decoded segment; false for a broken escape, a NUL or control character, or bad UTF-8. */
static bool decode_segment(struct buf *out, const char *text, size_t length) {
  size_t start = out->length;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if (c == '%') {
      int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < length ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return false;
      c = (char)(high * 16 + low);
      i += 2;
    }
    if ((unsigned char)c < ' ' || c == 0x7f || !buf_add_char(out, c))
      return false;
  }
  return utf8_valid(out->data + start, out->length - start);
}

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
    if (!decode_segment(&exchange->path, at, length))
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
  int count = info->num_headers < MOST_HEADERS ? info->num_headers : MOST_HEADERS;
  for (int i = 0; i < count; i++)
    exchange->headers[i] = (struct request_header){info->http_headers[i].name, info->http_headers[i].value};
  request->headers = exchange->headers;
  request->header_count = count;
  request->remote_addr = info->remote_addr;
  request->language = negotiation_language(header(exchange, "Accept-Language"));
  request->id = exchange->id;
}

/* ---- the body ---- */

static bool is_chunked(const struct exchange *exchange) {
  return header(exchange, "Transfer-Encoding") != NULL;
}

/* civetweb answers this for no callback, and clients such as curl wait a second for it. */
static bool wants_continue(const struct exchange *exchange) {
  const char *expect = header(exchange, "Expect");
  return expect && strcasecmp(expect, "100-continue") == 0;
}

/* Reads the whole body. Returns 0, or the status to answer with; the connection then closes. */
static int read_body(struct exchange *exchange) {
  const struct mg_request_info *info = exchange->info;
  bool chunked = is_chunked(exchange);
  if (!chunked && info->content_length <= 0)
    return 0;
  if (!chunked && (size_t)info->content_length > exchange->body.cap)
    return 413;
  if (wants_continue(exchange))
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

static const char *date_header(struct exchange *exchange) {
  time_t now = time(NULL);
  if (now != exchange->date_at) {
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(exchange->date, sizeof exchange->date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    exchange->date_at = now;
  }
  return exchange->date;
}

/* Will the client reuse the connection? Civetweb decides by the same headers. */
static bool client_keeps(const struct exchange *exchange) {
  const char *connection = header(exchange, "Connection");
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

/* Writes head and body as one, and returns the status. */
static int send_answer(struct exchange *exchange) {
  struct vm_response *response = &exchange->response;
  const struct route_path *path = exchange->match.path;
  struct buf *out = &exchange->out;
  bool head = exchange->request.method && strcmp(exchange->request.method, "HEAD") == 0;
  bool bodiless = response->status == 204 || response->status == 304;
  if (exchange->close || !client_keeps(exchange) || is_crowded(exchange) ||
      atomic_load_explicit(&exchange->shared->draining, memory_order_relaxed)) {
    exchange->close = true;
    mg_disable_connection_keep_alive(exchange->connection);
  }
  buf_addf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", response->status, pages_reason(response->status),
           date_header(exchange));
  if (response->content_type && response->content_type[0])
    buf_addf(out, "Content-Type: %s\r\n", response->content_type);
  if (path)
    buf_addf(out, "Allow: %s\r\n", path->allow);
  buf_add(out, response->headers.data, response->headers.length);
  if (exchange->reference[0] && response->status >= 500)
    buf_addf(out, "X-Error-Id: %s\r\nCache-Control: no-store\r\n", exchange->reference);
  buf_addf(out, "X-Request-Id: %s\r\nConnection: %s\r\n", exchange->id, exchange->close ? "close" : "keep-alive");
  if (!bodiless)
    buf_addf(out, "Content-Length: %zu\r\n", response->body.length);
  buf_add(out, "\r\n", 2);
  if (!head && !bodiless)
    buf_add(out, response->body.data, response->body.length);
  if (out->failed) {
    log_error("an answer of %zu bytes could not be put together", response->body.length);
    exchange->close = true;
    mg_disable_connection_keep_alive(exchange->connection);
    return 500;
  }
  mg_write(exchange->connection, out->data, out->length);
  return response->status;
}

/* ---- errors ---- */

static unsigned error_formats(const struct settings *settings) {
  static const char *const names[] = {"json", "html", "text", "problem"};
  unsigned formats = 0;
  for (size_t i = 0; i < settings->error_renderers.count; i++)
    for (unsigned n = 0; n < sizeof names / sizeof *names; n++)
      if (strcmp(settings->error_renderers.items[i], names[n]) == 0)
        formats |= 1u << n;
  return formats ? formats : ROUTE_JSON;
}

/* The form that this client gets an error in; one that accepts none of them gets JSON, never a 406. */
static enum route_renderer error_format(const struct exchange *exchange) {
  unsigned format = negotiation_format(header(exchange, "Accept"), error_formats(exchange->shared->services->settings));
  return format ? (enum route_renderer)format : ROUTE_JSON;
}

/* Puts the host's own page in place of the response's body. */
static void write_page(struct exchange *exchange, enum route_renderer format) {
  struct vm_response *response = &exchange->response;
  struct page page = {
      .status = response->status,
      .detail = response->detail.length > 0 ? response->detail.data : NULL,
      .code = response->code,
      .app_code = response->app_code,
      .reference = response->status >= 500 && exchange->reference[0] ? exchange->reference : NULL,
      .report_to = exchange->shared->services->settings->report_to,
      .path = exchange->request.path,
      .language = exchange->request.language,
  };
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
 * earlier one. */
static void record_error(struct exchange *exchange) {
  struct vm_response *response = &exchange->response;
  struct error_log *errors = exchange->shared->services->errors;
  struct error_record *record = response->error;
  if (!record || !errors)
    return;
  response->error = NULL;
  struct fault fault;
  enum mulligan_status status = response->status >= 500 ? error_log_refer(errors, record, exchange->reference, &fault)
                                                        : error_log_record(errors, record, false, &fault);
  if (status != MULLIGAN_OK)
    log_error("%s", fault.message);
}

/* Puts the error on record, then chooses the form of its answer, which names the reference. */
static void finish_error(struct exchange *exchange) {
  struct vm_response *response = &exchange->response;
  record_error(exchange);
  bool negotiated = response->own || response->status >= 500 || (response->status == 404 && !exchange->match.path);
  if (negotiated) {
    enum route_renderer format = error_format(exchange);
    if (response->own || format != ROUTE_JSON)
      write_page(exchange, format);
    else if (response->status >= 500)
      complete_json(exchange);
  }
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
                                         detail ? detail : pages_reason(status));
  finish_error(exchange);
  return send_answer(exchange);
}

/* ---- answers that need no script ---- */

static int answer_options(struct exchange *exchange) {
  exchange->response.status = 200;
  return send_answer(exchange);
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
  const struct settings *settings = exchange->shared->services->settings;
  struct vm *vm;
  struct fault fault;
  enum mulligan_status status = vm_pool_take(exchange->shared->pool, settings->pool_wait, &vm, &fault);
  if (status != MULLIGAN_OK) {
    log_error("%s", fault.message);
    return refuse(exchange, 503, status == MULLIGAN_BUSY ? "busy" : "unavailable", NULL, false);
  }
  /* The routes of a generation go with its scripts: a reload between the two look-ups is settled by the vm's own. */
  if (vm_generation(vm) != exchange->generation) {
    generation_drop(exchange->generation);
    exchange->generation = generation_hold(vm_generation(vm));
    find_route(exchange);
  }
  const struct route_path *path = exchange->match.path;
  unsigned renderers = 0;
  if (path) {
    enum route_method kind = exchange->request.kind;
    const struct route *route =
        kind < ROUTE_METHOD_COUNT && path->routes[kind].entry ? &path->routes[kind] : &path->routes[path->first];
    renderers = route->renderers;
  }
  exchange->request.acceptable = !path || negotiation_format(header(exchange, "Accept"), renderers) != 0;
  request_run(vm, &exchange->request, &exchange->response);
  vm_pool_give(exchange->shared->pool, vm);
  if (exchange->response.status == 503 && exchange->response.own)
    buf_add_text(&exchange->response.headers, "Retry-After: 1\r\n");
  if (exchange->response.status >= 400)
    finish_error(exchange);
  else
    record_error(exchange);
  return send_answer(exchange);
}

static int answer(struct exchange *exchange) {
  const char *smuggling = find_smuggling(exchange->info);
  if (smuggling)
    return refuse(exchange, exchange->info->num_headers >= MOST_HEADERS ? 431 : 400, "bad_request", smuggling, true);
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
  fill_request(exchange);
  int status = answer(exchange);
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
  refuse(exchange, status, "bad_request", NULL, true);
}
