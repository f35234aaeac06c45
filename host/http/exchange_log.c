/**
 * exchange_log.c - an answered request, handed to the request log.
 *
 * Called by exchange.c on the worker's thread, once for each request, after the answer went out; what it costs, the
 * next request on that connection waits for. So it only gathers what is at hand.
 */
#include "http/exchange_log.h"

#include "base/clock.h"

#include <string.h>
#include <strings.h>

#include <civetweb.h>

static struct request_span cut(const char *bytes, size_t length) {
  return (struct request_span){bytes, length < REQUEST_BODY_MOST ? length : REQUEST_BODY_MOST};
}

/* The target as it was sent, and its query where nobody has parted the two. */
static void add_target(struct request_span *texts, const struct mg_request_info *info,
                       const struct vm_request *request) {
  const char *raw = info->local_uri_raw ? info->local_uri_raw : info->request_uri;
  struct request_span path = request_span_of(raw);
  const char *mark = path.length > 0 ? memchr(raw, '?', path.length) : NULL;
  texts[REQUEST_FIELD_QUERY] = request_span_of(request->query);
  if (mark) {
    path.length = (size_t)(mark - raw);
    texts[REQUEST_FIELD_QUERY] = request_span_of(mark + 1);
  }
  texts[REQUEST_FIELD_PATH] = path;
}

/* The answer's Content-Type, also where the script wrote that header itself. */
static struct request_span type_of(const struct vm_response *response) {
  static const char name[] = "content-type: ";
  if (!response->content_type || response->content_type[0])
    return request_span_of(response->content_type);
  const char *line = response->headers.data;
  while (*line) {
    const char *end = strstr(line, "\r\n");
    if (strncasecmp(line, name, sizeof name - 1) == 0)
      return (struct request_span){line + sizeof name - 1, (size_t)(end - line) - (sizeof name - 1)};
    line = end + 2;
  }
  return (struct request_span){0};
}

static void add_bodies(struct request_entry *entry, const struct vm_request *request,
                       const struct vm_response *response) {
  const struct route_path *path = request->match->path;
  if (!path || !route_path_route(path, request->kind)->log_bodies)
    return;
  entry->input_bytes = (int64_t)request->body_length;
  entry->texts[REQUEST_FIELD_INPUT] = cut(request->body, request->body_length);
  entry->texts[REQUEST_FIELD_OUTPUT] = cut(response->body.data, response->body.length);
  entry->texts[REQUEST_FIELD_OUTPUT_TYPE] = type_of(response);
}

void exchange_log_add(struct request_log *log, const struct mg_request_info *info, const struct vm_request *request,
                      struct vm_response *response, const struct exchange_log_answer *answer, struct buf *scratch) {
  if (!log)
    return;
  int64_t duration_us = (clock_monotonic_ns() - answer->begun_ns) / 1000;
  const struct route_path *path = request->match->path;
  struct request_entry entry;
  memset(&entry, 0, sizeof entry);
  entry.started_at = clock_wall_us() - duration_us;
  entry.duration_us = duration_us;
  entry.bytes = (int64_t)answer->bytes;
  entry.user_id = response->user_id;
  entry.weight = 1;
  entry.status = answer->status;
  entry.taint = response->taint;
  struct request_span *texts = entry.texts;
  texts[REQUEST_FIELD_ID] = request_span_of(request->id);
  texts[REQUEST_FIELD_ROUTE] = request_span_of(path ? path->pattern : NULL);
  texts[REQUEST_FIELD_METHOD] = request_span_of(request->method);
  texts[REQUEST_FIELD_VERSION] = request_span_of(info->http_version);
  texts[REQUEST_FIELD_ADDRESS] = request_span_of(request->remote_addr);
  texts[REQUEST_FIELD_USER] = request_span_of(response->user_email);
  texts[REQUEST_FIELD_ERROR] = request_span_of(answer->reference);
  add_target(texts, info, request);
  add_bodies(&entry, request, response);
  response->taint = NULL;
  request_log_add(log, &entry, request->headers, request->header_count, scratch);
}
