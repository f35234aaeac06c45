/**
 * test_pages.c - the host's own answers in their four forms.
 */
#include "http/pages.h"
#include "http/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static struct buf written(const struct page *page, enum route_renderer format, const char **type) {
  struct buf out;
  buf_init(&out, 64 * 1024);
  *type = pages_write(page, format, NULL, &out);
  assert_false(out.failed);
  return out;
}

static const struct page failure = {
    .status = 500,
    .code = "error",
    .app_code = 9000,
    .reference = "ERR-7K3F-9QXA",
    .report_to = "the server team",
    .path = "/x/",
    .language = "en",
};

static void a_500_in_json_says_what_to_quote(void **state) {
  (void)state;
  const char *type;
  struct buf out = written(&failure, ROUTE_JSON, &type);
  assert_string_equal(type, "application/json");
  json_t *body = json_loads(out.data, 0, NULL);
  assert_non_null(body);
  assert_string_equal(json_string_value(json_object_get(body, "detail")),
                      "Something went wrong on our side. Please tell the server team, quoting ERR-7K3F-9QXA.");
  assert_string_equal(json_string_value(json_object_get(body, "code")), "error");
  assert_int_equal(json_integer_value(json_object_get(body, "app_code")), 9000);
  assert_string_equal(json_string_value(json_object_get(body, "error_id")), "ERR-7K3F-9QXA");
  assert_int_equal(json_object_size(body), 4);
  json_decref(body);
  buf_release(&out);
}

static void problem_json_follows_rfc_9457(void **state) {
  (void)state;
  const char *type;
  struct buf out = written(&failure, ROUTE_PROBLEM, &type);
  assert_string_equal(type, "application/problem+json");
  json_t *body = json_loads(out.data, 0, NULL);
  assert_string_equal(json_string_value(json_object_get(body, "type")), "about:blank");
  assert_string_equal(json_string_value(json_object_get(body, "title")), "Internal Server Error");
  assert_int_equal(json_integer_value(json_object_get(body, "status")), 500);
  json_decref(body);
  buf_release(&out);
}

static void plain_text_names_the_reference_once(void **state) {
  (void)state;
  const char *type;
  struct buf out = written(&failure, ROUTE_TEXT, &type);
  assert_string_equal(type, "text/plain; charset=utf-8");
  const char *first = strstr(out.data, "ERR-7K3F-9QXA");
  assert_non_null(first);
  assert_null(strstr(first + 1, "ERR-7K3F-9QXA"));
  buf_release(&out);

  struct page own = failure;
  own.detail = "The library is closed.";
  out = written(&own, ROUTE_TEXT, &type);
  assert_non_null(strstr(out.data, "The library is closed."));
  assert_non_null(strstr(out.data, "ERR-7K3F-9QXA"));
  buf_release(&out);
}

static void a_page_escapes_what_it_shows(void **state) {
  (void)state;
  struct page hostile = failure;
  hostile.detail = "<script>alert(\"1\" & '2')</script> {{error_id}}";
  const char *type;
  struct buf out = written(&hostile, ROUTE_HTML, &type);
  assert_string_equal(type, "text/html; charset=utf-8");
  assert_null(strstr(out.data, "<script>"));
  assert_non_null(strstr(out.data, "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;"));
  assert_non_null(strstr(out.data, "{{error_id}}")); /* a value is not a template */
  assert_non_null(strstr(out.data, "<code>ERR-7K3F-9QXA</code>"));
  buf_release(&out);
}

static void a_block_goes_where_its_value_is_absent(void **state) {
  (void)state;
  struct page missing = {.status = 404, .language = "en"};
  const char *type;
  struct buf out = written(&missing, ROUTE_HTML, &type);
  assert_null(strstr(out.data, "<code>"));
  assert_null(strstr(out.data, "{{"));
  assert_non_null(strstr(out.data, "There is nothing at this address."));
  buf_release(&out);
}

static void speaks_korean(void **state) {
  (void)state;
  struct page korean = failure;
  korean.language = "ko";
  const char *type;
  struct buf out = written(&korean, ROUTE_JSON, &type);
  json_t *body = json_loads(out.data, 0, NULL);
  assert_string_equal(json_string_value(json_object_get(body, "detail")),
                      "저희 쪽에서 문제가 생겼습니다. 서버 팀에 ERR-7K3F-9QXA 번호와 함께 알려 주세요.");
  json_decref(body);
  buf_release(&out);
}

static void every_status_has_a_reason(void **state) {
  (void)state;
  for (int status = 200; status < 600; status++)
    assert_true(strlen(reason_of(status)) > 0);
  assert_string_equal(reason_of(404), "Not Found");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_500_in_json_says_what_to_quote),
      cmocka_unit_test(problem_json_follows_rfc_9457),
      cmocka_unit_test(plain_text_names_the_reference_once),
      cmocka_unit_test(a_page_escapes_what_it_shows),
      cmocka_unit_test(a_block_goes_where_its_value_is_absent),
      cmocka_unit_test(speaks_korean),
      cmocka_unit_test(every_status_has_a_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
