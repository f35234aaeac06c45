/**
 * pages.c - the words and the four forms of the host's own answers.
 *
 * Pure functions of their arguments; any thread.
 */
#include "http/pages.h"

#include "http/reason.h"
#include "http/template.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

struct words {
  int status;
  const char *english, *korean; /* the sentence for a client */
  const char *korean_title;
};

static const struct words words[] = {
    {400, "The request is malformed.", "요청의 형식이 잘못되었습니다.", "잘못된 요청입니다"},
    {401, NULL, NULL, "로그인이 필요합니다"},
    {403, NULL, NULL, "권한이 없습니다"},
    {404, "There is nothing at this address.", "이 주소에는 아무것도 없습니다.", "찾을 수 없습니다"},
    {405, "This method is not allowed here.", "여기에서는 쓸 수 없는 메서드입니다.", "허용되지 않은 메서드입니다"},
    {406, NULL, NULL, "응답할 수 없는 형식입니다"},
    {408, "The request took too long to arrive.", "요청이 도착하는 데 너무 오래 걸렸습니다.", "요청 시간이 지났습니다"},
    {409, NULL, NULL, "충돌이 있습니다"},
    {411, "The request must say how long its body is.", "요청 본문의 길이를 알려 주어야 합니다.", "길이가 필요합니다"},
    {413, "The request's body is too large.", "요청 본문이 너무 큽니다.", "본문이 너무 큽니다"},
    {414, "The address is too long.", "주소가 너무 깁니다.", "주소가 너무 깁니다"},
    {415, NULL, NULL, "지원하지 않는 형식입니다"},
    {417, "The expectation cannot be met.", "Expect 헤더의 요구를 들어줄 수 없습니다.", "요구를 들어줄 수 없습니다"},
    {429, NULL, NULL, "요청이 너무 많습니다"},
    {431, "The request's headers are too large or too many.", "요청 헤더가 너무 크거나 많습니다.",
     "헤더가 너무 큽니다"},
    {500, "Something went wrong on our side.", "저희 쪽에서 문제가 생겼습니다.", "서버에 문제가 생겼습니다"},
    {501, "The server does not know this method.", "서버가 모르는 메서드입니다.", "지원하지 않는 메서드입니다"},
    {503, "This took longer than it may, or too much is going on. Please try again in a moment.",
     "처리가 너무 오래 걸렸거나 요청이 몰렸습니다. 잠시 후 다시 시도해 주세요.", "잠시 이용할 수 없습니다"},
    {505, "The server does not speak this version of HTTP.", "서버가 지원하지 않는 HTTP 버전입니다.",
     "지원하지 않는 HTTP 버전입니다"},
};

static const struct words *words_of(int status) {
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (words[i].status == status)
      return &words[i];
  return NULL;
}

static bool is_korean(const struct page *page) {
  return page->language && strcmp(page->language, "ko") == 0;
}

static const char *report_to(const struct page *page) {
  static const char english[] = "the server team";
  const char *given = page->report_to && page->report_to[0] ? page->report_to : english;
  return is_korean(page) && strcmp(given, english) == 0 ? "서버 팀" : given;
}

static void add_detail(const struct page *page, struct buf *out) {
  const struct words *found = words_of(page->status);
  const char *sentence = found ? (is_korean(page) ? found->korean : found->english) : NULL;
  if (page->detail && page->detail[0]) {
    buf_add_text(out, page->detail);
  } else if (page->status == 500 && page->reference) {
    /* The two sentences with places to fill, spelled out so that the compiler checks them. */
    if (is_korean(page))
      buf_addf(out, "저희 쪽에서 문제가 생겼습니다. %s에 %s 번호와 함께 알려 주세요.", report_to(page),
               page->reference);
    else
      buf_addf(out, "Something went wrong on our side. Please tell %s, quoting %s.", report_to(page), page->reference);
  } else if (page->code && strcmp(page->code, "not_loaded") == 0) {
    buf_add_text(out, is_korean(page) ? "서비스를 고치고 있습니다. 잠시 후 다시 시도해 주세요."
                                      : "The service is being mended. Please try again in a moment.");
  } else {
    buf_add_text(out, sentence ? sentence : reason_of(page->status));
  }
}

/* ---- JSON ---- */

static const char *write_json(const struct page *page, bool problem, const char *detail, struct buf *out) {
  json_t *body = json_object();
  if (problem) {
    json_object_set_new(body, "type", json_string("about:blank"));
    json_object_set_new(body, "title", json_string(reason_of(page->status)));
    json_object_set_new(body, "status", json_integer(page->status));
  }
  json_object_set_new(body, "detail", json_string(detail));
  if (page->code && page->code[0])
    json_object_set_new(body, "code", json_string(page->code));
  if (page->app_code)
    json_object_set_new(body, "app_code", json_integer(page->app_code));
  if (page->reference)
    json_object_set_new(body, "error_id", json_string(page->reference));
  char *text = json_dumps(body, JSON_COMPACT);
  buf_add_text(out, text ? text : "{}");
  free(text);
  json_decref(body);
  return problem ? "application/problem+json" : "application/json";
}

/* ---- HTML ---- */

static const char *find_page(const struct page *page, const struct generation *generation) {
  char name[32];
  const char *found = NULL;
  if (generation && is_korean(page)) {
    snprintf(name, sizeof name, "%d.ko.html", page->status);
    found = generation_page(generation, name);
  }
  if (generation && !found) {
    snprintf(name, sizeof name, "%d.html", page->status);
    found = generation_page(generation, name);
  }
  return found ? found : template_asset("error.html");
}

static const char *write_html(const struct page *page, const struct generation *generation, const char *detail,
                              struct buf *out) {
  const struct words *found = words_of(page->status);
  char status[16], app_code[32];
  snprintf(status, sizeof status, "%d", page->status);
  snprintf(app_code, sizeof app_code, "%" PRId64, page->app_code);
  const struct template_value values[] = {
      {"title", is_korean(page) && found ? found->korean_title : reason_of(page->status)},
      {"detail", detail},
      {"status", status},
      {"code", page->code},
      {"app_code", page->app_code ? app_code : NULL},
      {"error_id", page->reference},
      {"report_to", report_to(page)},
      {"path", page->path},
      {"language", is_korean(page) ? "ko" : "en"},
      {NULL, NULL},
  };
  const char *template = find_page(page, generation);
  template_fill(out, template, values);
  return "text/html; charset=utf-8";
}

/* ---- all four ---- */

enum { MOST_DETAIL = 8192 };

const char *pages_write(const struct page *page, enum route_renderer format, const struct generation *generation,
                        struct buf *out) {
  struct buf detail;
  buf_init(&detail, MOST_DETAIL);
  add_detail(page, &detail);
  const char *type;
  if (format == ROUTE_HTML) {
    type = write_html(page, generation, detail.data, out);
  } else if (format == ROUTE_TEXT) {
    buf_addf(out, "%d %s\n\n%s\n", page->status, reason_of(page->status), detail.data);
    if (page->reference && !strstr(detail.data, page->reference))
      buf_addf(out, "%s\n", page->reference);
    type = "text/plain; charset=utf-8";
  } else {
    type = write_json(page, format == ROUTE_PROBLEM, detail.data, out);
  }
  buf_release(&detail);
  return type;
}
