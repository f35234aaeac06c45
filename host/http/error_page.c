/**
 * error_page.c - the page of an error by its reference.
 *
 * Called by exchange.c on the request's worker, in production too, whether scripts are loaded or not. Nothing of a row
 * but what struct error_brief has ever gets here.
 *
 * Invariant: no more than MOST_READERS look something up at a time, and as many others as MOST_WAITING wait for that, a
 * second at most. So whoever asks for many pages, or for pages while errors.db is locked, holds that many workers and
 * no more.
 */
#include "http/error_page.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/error_log.h"
#include "http/negotiation.h"
#include "http/template.h"
#include "vm/hash_gate.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MOST_READERS = 4,
  MOST_WAITING = 32,
  MINUTE = 60,
  FORMATS = ROUTE_JSON | ROUTE_HTML | ROUTE_TEXT,
  NUMBER_SIZE = 24
};

static const char prefix[] = MULLIGAN_OWN_PATHS "/errors/";

/* ---- words ---- */

struct words {
  int status;
  const char *code; /* NULL for none */
  struct {
    const char *title, *detail;
  } english, korean;
};

static const struct words words[] = {
    {200,
     NULL,
     {"This error is on record", "What happened is known to those who look after this service, by this number."},
     {"이 오류는 기록되어 있습니다", "서비스 담당자는 이 번호로 무슨 일이 있었는지 알 수 있습니다."}},
    {404,
     "not_found",
     {"No error has this number", "It may be mistyped (one looks like ERR-7K3F-9QXA), or older than errors are kept."},
     {"이 번호의 오류가 없습니다",
      "잘못 적었거나(ERR-7K3F-9QXA와 같은 모양입니다) 보관 기간이 지난 번호일 수 있습니다."}},
    {405,
     "method_not_allowed",
     {"This page can only be read", "Ask for it with GET or HEAD."},
     {"읽기만 할 수 있는 페이지입니다", "GET이나 HEAD로 요청해 주세요."}},
    {503,
     "unavailable",
     {"The record cannot be read just now", "Please try again in a moment. Nothing is lost."},
     {"지금은 기록을 읽을 수 없습니다", "잠시 후 다시 시도해 주세요. 기록은 사라지지 않습니다."}},
};

/* What is said: `brief` is filled where the words are those of a 200. */
struct notice {
  const struct words *words;
  struct error_brief brief;
  bool korean, debug;
};

static const char *title_of(const struct notice *notice) {
  return notice->korean ? notice->words->korean.title : notice->words->english.title;
}

static const char *detail_of(const struct notice *notice) {
  return notice->korean ? notice->words->korean.detail : notice->words->english.detail;
}

/* ---- the three forms ---- */

/* "/__mulligan__/debug/errors/ERR-…", or "" where there is none. */
static const char *debug_path(const struct notice *notice, char out[64]) {
  out[0] = '\0';
  if (notice->debug && notice->words->status == 200)
    snprintf(out, 64, MULLIGAN_OWN_PATHS "/debug/errors/%s", notice->brief.reference);
  return out;
}

/* "2021-11-13 14:59:00 UTC" */
static void write_time(int64_t wall_us, char out[MULLIGAN_RFC3339_SIZE]) {
  clock_rfc3339(wall_us, out);
  out[10] = ' ';
  snprintf(out + 19, MULLIGAN_RFC3339_SIZE - 19, " UTC");
}

/* A number for people; "" for 0, which stands for none. */
static void write_number(int64_t number, char out[NUMBER_SIZE]) {
  out[0] = '\0';
  if (number)
    snprintf(out, NUMBER_SIZE, "%" PRId64, number);
}

static void write_html(const struct notice *notice, struct buf *out) {
  const struct error_brief *brief = &notice->brief;
  bool found = notice->words->status == 200;
  char number[NUMBER_SIZE], status[NUMBER_SIZE], app_code[NUMBER_SIZE], link[64];
  char instant[MULLIGAN_RFC3339_SIZE], time[MULLIGAN_RFC3339_SIZE];
  write_number(notice->words->status, number);
  write_number(brief->status, status);
  write_number(brief->app_code, app_code);
  clock_rfc3339(brief->occurred_at, instant);
  write_time(brief->occurred_at, time);
  const struct template_value values[] = {
      {"language", notice->korean ? "ko" : "en"},
      {"title", title_of(notice)},
      {"detail", detail_of(notice)},
      {"error_id", found ? brief->reference : NULL},
      {"failure", found ? NULL : number},
      {"instant", instant},
      {"time", time},
      {"time_label", notice->korean ? "시각" : "When"},
      {"status", status},
      {"status_label", notice->korean ? "상태" : "Status"},
      {"app_code", app_code},
      {"app_code_label", notice->korean ? "애플리케이션 코드" : "Application code"},
      {"team", notice->korean ? "서비스를 고치는 분께:" : "For those who work on it:"},
      {"debug_path", debug_path(notice, link)},
      {"debug_label", notice->korean ? "디버그 모드에서 보기" : "Show it in debug mode"},
      {NULL, NULL},
  };
  template_fill(out, template_asset("error_record.html"), values);
}

static void write_text(const struct notice *notice, struct buf *out) {
  const struct error_brief *brief = &notice->brief;
  char time[MULLIGAN_RFC3339_SIZE], link[64];
  buf_addf(out, "%s\n%s\n", title_of(notice), detail_of(notice));
  if (notice->words->status != 200)
    return;
  write_time(brief->occurred_at, time);
  buf_addf(out, "\n%s\n%s: %s\n", brief->reference, notice->korean ? "시각" : "When", time);
  if (brief->status)
    buf_addf(out, "%s: %d\n", notice->korean ? "상태" : "Status", brief->status);
  if (brief->app_code)
    buf_addf(out, "%s: %" PRId64 "\n", notice->korean ? "애플리케이션 코드" : "Application code", brief->app_code);
  buf_addf(out, "\nmulligan errors show %s\n", brief->reference);
  if (*debug_path(notice, link))
    buf_addf(out, "%s\n", link);
}

static void write_json(const struct notice *notice, struct buf *out) {
  const struct error_brief *brief = &notice->brief;
  char instant[MULLIGAN_RFC3339_SIZE], link[64];
  json_t *body = json_pack("{s:s}", "detail", title_of(notice));
  if (notice->words->code)
    json_object_set_new(body, "code", json_string(notice->words->code));
  if (notice->words->status == 200) {
    json_object_set_new(body, "error_id", json_string(brief->reference));
    json_object_set_new(body, "occurred_at", json_string(clock_rfc3339(brief->occurred_at, instant)));
    json_object_set_new(body, "status", brief->status ? json_integer(brief->status) : json_null());
    json_object_set_new(body, "app_code", brief->app_code ? json_integer(brief->app_code) : json_null());
    if (*debug_path(notice, link))
      json_object_set_new(body, "debug", json_string(link));
  }
  char *text = json_dumps(body, JSON_COMPACT);
  buf_add_text(out, text ? text : "{}");
  free(text);
  json_decref(body);
}

/* ---- looking it up ---- */

/* Once a minute: how much is written to the log is not for clients to decide. */
static void warn(const struct fault *fault) {
  static atomic_llong warned_at = -MINUTE;
  long long now = clock_monotonic_ns() / 1000000000, before = atomic_load(&warned_at);
  if (now - before >= MINUTE && atomic_compare_exchange_strong(&warned_at, &before, now))
    log_warning("the page of an error: %s", fault->message);
}

static int look_up(const char *errors, const char *reference, struct error_brief *brief) {
  static struct hash_gate gate = HASH_GATE_INITIALIZER; /* made for hashes, and just right for this */
  const int64_t deadline_ns = clock_monotonic_ns() + INT64_C(1000000000);
  struct fault fault;
  if (hash_gate_enter(&gate, MOST_READERS, MOST_WAITING, deadline_ns, &fault) != MULLIGAN_OK)
    return 503;
  enum mulligan_status status = error_log_brief(errors, reference, brief, &fault);
  hash_gate_leave(&gate);
  if (status == MULLIGAN_OK)
    return 200;
  if (status == MULLIGAN_MISSING || status == MULLIGAN_INVALID)
    return 404;
  warn(&fault);
  return 503;
}

static const struct words *words_of(int status) {
  const struct words *found = words;
  while (found->status != status)
    found++;
  return found;
}

/* The path's last part, without the slash that some put after it; NULL for what is too long to be a reference. */
static const char *read_reference(const char *path, char out[64]) {
  size_t length = strlen(path);
  if (length > 0 && path[length - 1] == '/')
    length--;
  if (length >= 64)
    return NULL;
  memcpy(out, path, length);
  out[length] = '\0';
  return out;
}

bool error_page_answer(struct vm_response *response, const struct vm_request *request, const char *accept,
                       const char *errors, bool debug) {
  if (strncmp(request->path, prefix, sizeof prefix - 1) != 0)
    return false;
  struct notice notice = {.korean = strcmp(request->language, "ko") == 0, .debug = debug};
  char typed[64];
  const char *reference = read_reference(request->path + sizeof prefix - 1, typed);
  response->status = request->kind != ROUTE_GET ? 405 : reference ? look_up(errors, reference, &notice.brief) : 404;
  notice.words = words_of(response->status);
  switch (negotiation_format(accept, FORMATS)) {
  case ROUTE_HTML:
    write_html(&notice, &response->body);
    response->content_type = "text/html; charset=utf-8";
    break;
  case ROUTE_TEXT:
    write_text(&notice, &response->body);
    response->content_type = "text/plain; charset=utf-8";
    break;
  default:
    write_json(&notice, &response->body);
    response->content_type = "application/json";
  }
  if (response->status == 405)
    buf_add_text(&response->headers, "Allow: GET, HEAD\r\n");
  if (response->status == 503)
    buf_add_text(&response->headers, "Retry-After: 1\r\n");
  /* The link may have come by mail or chat: it is not to be kept, passed on or framed by anybody. */
  buf_add_text(&response->headers,
               "Vary: Accept, Accept-Language\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
               "X-Robots-Tag: noindex\r\nX-Content-Type-Options: nosniff\r\n"
               "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
               "form-action 'none'; frame-ancestors 'none'\r\n");
  return true;
}
