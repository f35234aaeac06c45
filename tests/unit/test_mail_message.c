/**
 * test_mail_message.c - what a mail says of an alert, and its headers, whatever an error has in it.
 */
#include "alerts/mail_address.h"
#include "alerts/mail_header.h"
#include "alerts/mail_message.h"
#include "alerts/mail_subject.h"
#include "base/utf8.h"
#include "dice.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 1 << 20 };

/* ---- reading headers back ---- */

static int digit(char c) {
  return c <= '9' ? c - '0' : c - 'A' + 10;
}

/** Decodes a header value as RFC 2047 says, and fails on a line that is too long and on a word that tears a
 * character. */
static void decode(const char *value, size_t column, struct buf *out) {
  size_t line = column;
  for (const char *c = value; *c != '\0'; c++) {
    line = *c == '\n' ? 0 : line + 1;
    assert_true(line <= 77); /* with the CR */
    assert_true((unsigned char)*c < 0x80);
    if (*c == '\n')
      assert_true(c[1] == ' ');
  }
  bool after_word = true; /* blanks before the value are not of it either */
  while (*value != '\0') {
    if (strncmp(value, "\r\n ", 3) == 0) {
      value += 2 + after_word; /* the blank between two words is none */
      continue;
    }
    const char *end = strncmp(value, "=?UTF-8?", 8) == 0 ? strstr(value + 10, "?=") : NULL;
    after_word = end != NULL;
    if (end == NULL) {
      buf_add_char(out, *value++);
      continue;
    }
    assert_true(end + 2 - value <= 75);
    size_t start = out->length;
    if (value[8] == 'B') {
      unsigned char bytes[64];
      size_t length;
      assert_int_equal(sodium_base642bin(bytes, sizeof bytes, value + 10, (size_t)(end - value - 10), NULL, &length,
                                         NULL, sodium_base64_VARIANT_ORIGINAL),
                       0);
      buf_add(out, bytes, length);
    } else {
      assert_true(value[8] == 'Q');
      for (const char *c = value + 10; c < end; c++) {
        if (*c == '=') {
          buf_add_char(out, (char)(digit(c[1]) << 4 | digit(c[2])));
          c += 2;
        } else {
          buf_add_char(out, *c == '_' ? ' ' : *c);
        }
      }
    }
    assert_true(utf8_valid(out->data + start, out->length - start));
    value = end + 2;
  }
}

static void assert_comes_back(const char *text, size_t column) {
  struct buf encoded, decoded;
  buf_init(&encoded, MOST);
  buf_init(&decoded, MOST);
  assert_true(mail_header_add_text(&encoded, column, text, strlen(text)));
  decode(encoded.data, column, &decoded);
  assert_string_equal(decoded.data, text);
  buf_release(&encoded);
  buf_release(&decoded);
}

static void texts_come_back_from_headers_as_they_were(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      "plain",
      " blanks at both ends ",
      "[production] NEW LuaError: a = b ? c : d (GET /x/) ×1",
      "한국어 제목입니다: 값이 없습니다 (GET /api/v1/seminar/{id}/) ×10000",
      "=?UTF-8?B?7ZWc?= looks like a word",
      "\xF0\x9F\xA6\x80\xF0\x9F\xA6\x80 crabs \xF0\x9F\xA6\x80",
      "a line that is longer than the seventy-six characters which a header's line may have at most",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (size_t column = 1; column < 70; column += 6)
      assert_comes_back(texts[i], column);
}

static void random_texts_come_back_from_headers_as_they_were(void **state) {
  (void)state;
  static const char *const characters[] = {"a", "Z",  "7",        " ",  "=", "?",
                                           "_", "\"", "\xC3\x97", "한", "…", "\xF0\x9F\xA6\x80"};
  struct dice dice = {2047};
  for (int round = 0; round < 3000; round++) {
    struct buf text;
    buf_init(&text, MOST);
    for (int left = (int)dice_roll(&dice, 150); left > 0; left--)
      buf_add_text(&text, characters[dice_roll(&dice, round % 3 == 0 ? 8 : 12)]);
    assert_comes_back(text.data, 1 + dice_roll(&dice, 70));
    buf_release(&text);
  }
}

static void a_line_has_no_line_breaks_and_nothing_hidden(void **state) {
  (void)state;
  static const struct {
    const char *text, *line;
  } cases[] = {
      {"one\r\nBcc: all@example.com", "one Bcc: all@example.com"},
      {"\n\n  a \t b\v\f \x7F", "a b"},
      {"a\xE2\x80\xA8"
       "b\xE2\x80\xA9"
       "c\xC2\x85"
       "d",
       "a b c d"},
      {"exe.\xE2\x80\xAEgnp", "exe. gnp"},
      {"bad \xFF\xC3 bytes", "bad \xEF\xBF\xBD\xEF\xBF\xBD bytes"},
      {"한국어 … ×", "한국어 … ×"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct buf line;
    buf_init(&line, MOST);
    assert_true(mail_header_add_line(&line, cases[i].text, strlen(cases[i].text)));
    assert_string_equal(line.data, cases[i].line);
    buf_release(&line);
  }
}

static void a_date_is_one_of_mails(void **state) {
  (void)state;
  struct buf date;
  buf_init(&date, MOST);
  assert_true(mail_header_add_date(&date, INT64_C(1636815540123456)));
  assert_string_equal(date.data, "Sat, 13 Nov 2021 14:59:00 +0000");
  buf_release(&date);
}

/* ---- addresses ---- */

static void addresses_are_read_as_people_write_them(void **state) {
  (void)state;
  static const struct {
    const char *text, *name, *address, *header;
  } cases[] = {
      {"kim@example.com", "", "kim@example.com", "kim@example.com"},
      {"  root@localhost ", "", "root@localhost", "root@localhost"},
      {"<kim@example.com>", "", "kim@example.com", "kim@example.com"},
      {"Kim Minji <kim+ops@mail.example.com>", "Kim Minji", "kim+ops@mail.example.com",
       "\"Kim Minji\"\r\n <kim+ops@mail.example.com>"},
      {"\"Kim, Minji \\\"MJ\\\"\" <kim@example.com>", "Kim, Minji \"MJ\"", "kim@example.com",
       "\"Kim, Minji \\\"MJ\\\"\"\r\n <kim@example.com>"},
      {"김민지 <kim@example.com>", "김민지", "kim@example.com", "=?UTF-8?B?6rmA66+87KeA?=\r\n <kim@example.com>"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct mail_address address;
    struct fault fault = {.message = ""};
    if (mail_address_read(&address, cases[i].text, &fault) != MULLIGAN_OK)
      fail_msg("%s: %s", cases[i].text, fault.message);
    assert_string_equal(address.name, cases[i].name);
    assert_string_equal(address.address, cases[i].address);
    struct buf header;
    buf_init(&header, MOST);
    assert_true(mail_header_add_address(&header, 4, &address));
    assert_string_equal(header.data, cases[i].header);
    buf_release(&header);
  }
}

static void what_is_no_address_is_refused_and_named(void **state) {
  (void)state;
  static const struct {
    const char *text, *names;
  } cases[] = {
      {"", "\"\""},
      {"kim", "\"kim\""},
      {"@example.com", "@example.com"},
      {"kim@", "\"kim@\""},
      {"kim@@example.com", "kim@@example.com"},
      {"kim@example..com", "example..com"},
      {".kim@example.com", ".kim"},
      {"kim@example.com.", "example.com."},
      {"kim @example.com", "kim @example.com"},
      {"kim@exa_mple.com", "exa_mple"},
      {"kim@example.com>, <all@example.com", "kim@example.com>"},
      {"Kim <kim@example.com", "no >"},
      {"Kim <Lee> <kim@example.com>", "<"},
      {"Kim \"X <kim@example.com>", "\""},
      {"kim@example.com\r\nBcc: all@example.com", "Bcc"},
      {"Kim\r\nBcc: x <kim@example.com>", "control character"},
      {"Kim <kim@example.com\r\nRCPT TO:<all@example.com>", ">"},
      {"김@example.com", "ASCII"},
      {"kim@예시.com", "xn--"},
      {"bad \xFF name <kim@example.com>", "UTF-8"},
      {"kim@"
       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
       "aaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com",
       "150"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct mail_address address;
    struct fault fault = {.message = ""};
    if (mail_address_read(&address, cases[i].text, &fault) != MULLIGAN_INVALID)
      fail_msg("%s is taken", cases[i].text);
    if (strstr(fault.message, cases[i].names) == NULL)
      fail_msg("%s: %s", cases[i].text, fault.message);
  }
}

/* ---- subjects ---- */

static json_t *alert_of(const char *kind, const char *message) {
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:s}", "environment", "staging", "kind", kind,
                   "exc_type", "LuaError", "message", message, "method", "GET", "route", "/api/v1/seminar/{id:int}/",
                   "total", 10, "ref", "ERR-7K3F-9QXA", "status", 500, "user_email", "kim@example.com");
}

static size_t count_characters(const char *text) {
  size_t count = 0;
  for (; *text != '\0'; text++)
    count += ((unsigned char)*text & 0xC0) != 0x80;
  return count;
}

static void assert_subject(const json_t *alert, const char *language, const char *expected) {
  struct mail_message message;
  assert_int_equal(mail_message_compose(&message, alert, language, NULL), MULLIGAN_OK);
  assert_string_equal(message.subject.data, expected);
  mail_message_release(&message);
}

static void a_subject_says_what_kind_of_news_it_is(void **state) {
  (void)state;
  static const char *const kinds[][2] = {{"new", "NEW"},          {"regression", "AGAIN"}, {"count", "10th"},
                                         {"spike", "SPIKE"},      {"repeats", "REPEATS"},  {"reload", "RELOAD"},
                                         {"operator", "OPERATOR"}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    json_t *alert = alert_of(kinds[i][0], "it fails");
    char expected[200];
    snprintf(expected, sizeof expected, "[staging] %s LuaError: it fails (GET /api/v1/seminar/{id:int}/) ×10",
             kinds[i][1]);
    assert_subject(alert, "en", expected);
    assert_subject(alert, "ko", expected);
    json_decref(alert);
  }
  json_t *digest =
      json_pack("{s:s, s:s, s:i, s:i}", "environment", "staging", "kind", "digest", "messages", 7, "times", 9000);
  assert_subject(digest, "en", "[staging] DIGEST 7 messages held back ×9000");
  assert_subject(digest, "ko", "[staging] DIGEST 보류된 메시지 7개 ×9000");
  json_decref(digest);
  json_t *test = json_pack("{s:s, s:s}", "environment", "staging", "kind", "test");
  assert_subject(test, "en", "[staging] TEST Alerts by mail arrive");
  json_decref(test);
}

static void a_subject_of_an_operator_names_the_script(void **state) {
  (void)state;
  json_t *alert = json_pack("{s:s, s:s, s:s, s:s, s:s}", "environment", "staging", "kind", "operator", "exc_type",
                            "LuaError", "message", "no such student", "script", "reverse_drop");
  assert_subject(alert, "en", "[staging] OPERATOR LuaError: no such student (reverse_drop) ×1");
  json_decref(alert);
}

static void a_long_subject_is_cut_in_the_message(void **state) {
  (void)state;
  struct buf korean;
  buf_init(&korean, MOST);
  for (int i = 0; i < 10000; i++)
    buf_add_text(&korean, "값");
  json_t *alert = alert_of("new", korean.data);
  struct mail_message message;
  assert_int_equal(mail_message_compose(&message, alert, "ko", NULL), MULLIGAN_OK);
  assert_int_equal(count_characters(message.subject.data), MAIL_SUBJECT_MOST);
  assert_non_null(strstr(message.subject.data, "값… (GET /api/v1/seminar/{id:int}/) ×10"));
  assert_comes_back(message.subject.data, strlen("Subject: "));
  mail_message_release(&message);

  json_object_set_new(alert, "route", json_string(korean.data));
  json_object_set_new(alert, "environment", json_string(korean.data));
  assert_int_equal(mail_message_compose(&message, alert, "ko", NULL), MULLIGAN_OK);
  assert_int_equal(count_characters(message.subject.data), MAIL_SUBJECT_MOST);
  mail_message_release(&message);
  json_decref(alert);
  buf_release(&korean);
}

static void a_long_subject_loses_the_position_before_the_message(void **state) {
  (void)state;
  json_t *alert = alert_of("new", "scripts/routes/certificate.lua:8: it fails");
  json_object_set_new(alert, "frame", json_pack("{s:s, s:i}", "file", "scripts/routes/certificate.lua", "line", 8));
  assert_subject(
      alert, "en",
      "[staging] NEW LuaError: scripts/routes/certificate.lua:8: it fails (GET /api/v1/seminar/{id:int}/) ×10");
  json_object_set_new(alert, "message",
                      json_string("scripts/routes/certificate.lua:8: attempt to index a nil value (field 'teacher')"));
  assert_subject(
      alert, "en",
      "[staging] NEW LuaError: attempt to index a nil value (field 'teacher') (GET /api/v1/seminar/{id:int}/) "
      "×10");
  json_decref(alert);
}

/* ---- bodies ---- */

static void both_bodies_say_the_same_and_html_is_escaped(void **state) {
  (void)state;
  static const char *const facts[] = {"ERR-7K3F-9QXA",
                                      "kim@example.com",
                                      "500 (9000)",
                                      "routes/seminars.lua:42 (show)",
                                      "GET /api/v1/seminar/{id:int}/",
                                      "12,345; since the last message 678; users 9",
                                      "2021-11-13 14:59:00 UTC",
                                      "https://example.com/errors/1?a=1",
                                      "mulligan errors show ERR-7K3F-9QXA",
                                      "mulligan errors mute 3",
                                      "web-1",
                                      "0.1.0"};
  json_t *alert = alert_of("new", "<script>alert(1)</script> & \"quotes\"\n.\nFrom here\r\n\x01 end");
  json_object_update_new(alert,
                         json_pack("{s:i, s:{s:s, s:i, s:s}, s:I, s:I, s:I, s:i, s:I, s:s, s:s, s:s}", "app_code", 9000,
                                   "frame", "file", "routes/seminars.lua", "line", 42, "function", "show", "total",
                                   (json_int_t)12345, "times", (json_int_t)678, "users", (json_int_t)9, "group", 3,
                                   "first_seen", (json_int_t)INT64_C(1636815540123456), "url",
                                   "https://example.com/errors/1?a=1", "host", "web-1", "release", "0.1.0"));
  struct mail_message message;
  assert_int_equal(mail_message_compose(&message, alert, "en", NULL), MULLIGAN_OK);
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
    if (strstr(message.body.text.data, facts[i]) == NULL || strstr(message.body.html.data, facts[i]) == NULL)
      fail_msg("%s is missing in\n%s\n%s", facts[i], message.body.text.data, message.body.html.data);
  }
  assert_non_null(strstr(message.body.text.data, "    LuaError: <script>alert(1)</script> & \"quotes\"\r\n    .\r\n"));
  assert_null(strstr(message.body.html.data, "<script"));
  assert_non_null(strstr(message.body.html.data, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;"));
  assert_null(strchr(message.body.text.data, '\x01'));
  assert_null(strchr(message.body.html.data, '\x01'));
  /* Nothing is loaded from anywhere. */
  assert_null(strstr(message.body.html.data, "src="));
  assert_null(strstr(message.body.html.data, "url("));
  mail_message_release(&message);
  json_decref(alert);
}

static void only_addresses_of_the_web_are_linked(void **state) {
  (void)state;
  static const char *const urls[] = {"javascript:alert(1)", "data:text/html,x", "//example.com", "ftp://example.com"};
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    json_t *alert = alert_of("new", "it fails");
    json_object_set_new(alert, "url", json_string(urls[i]));
    struct mail_message message;
    assert_int_equal(mail_message_compose(&message, alert, "en", NULL), MULLIGAN_OK);
    assert_null(strstr(message.body.html.data, "href"));
    mail_message_release(&message);
    json_decref(alert);
  }
}

static void an_address_cannot_leave_its_attribute(void **state) {
  (void)state;
  json_t *alert = alert_of("new", "it fails");
  json_object_set_new(alert, "url", json_string("https://example.com/\" onclick=\"x"));
  struct mail_message message;
  assert_int_equal(mail_message_compose(&message, alert, "en", NULL), MULLIGAN_OK);
  assert_non_null(strstr(message.body.html.data, "https://example.com/&quot; onclick=&quot;x\""));
  mail_message_release(&message);
  json_decref(alert);
}

static void a_digest_lists_what_was_held_back(void **state) {
  (void)state;
  json_t *alert = json_pack("{s:s, s:s, s:i, s:i, s:i, s:[{s:s, s:i, s:i, s:s, s:s}, {s:s, s:i}]}", "environment",
                            "staging", "kind", "digest", "messages", 7, "times", 1234, "more_groups", 5, "groups",
                            "title", "LuaError: <it> fails", "times", 1200, "status", 500, "ref", "ERR-7K3F-9QXA",
                            "url", "https://example.com/1", "title", "Other", "times", 34);
  struct mail_message message;
  assert_int_equal(mail_message_compose(&message, alert, "en", NULL), MULLIGAN_OK);
  assert_non_null(strstr(message.body.text.data, "×1,200: LuaError: <it> fails [500] – ERR-7K3F-9QXA\r\n"));
  assert_non_null(strstr(message.body.text.data, "×34: Other\r\n"));
  assert_non_null(strstr(message.body.text.data, "Errors beside these: 5\r\n"));
  assert_non_null(strstr(message.body.html.data, "href=\"https://example.com/1\">LuaError: &lt;it&gt; fails"));
  mail_message_release(&message);
  json_decref(alert);
}

static void an_alert_of_the_wrong_types_makes_a_mail_all_the_same(void **state) {
  (void)state;
  json_t *alert = json_pack("{s:i, s:b, s:[], s:s, s:{}, s:n, s:s, s:i}", "kind", 1, "message", 1, "title", "total",
                            "many", "route", "frame", "reasons", "x", "url", 5);
  struct mail_message message;
  assert_int_equal(mail_message_compose(&message, alert, "en", NULL), MULLIGAN_OK);
  assert_true(message.body.text.length > 0);
  mail_message_release(&message);
  json_decref(alert);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_come_back_from_headers_as_they_were),
      cmocka_unit_test(random_texts_come_back_from_headers_as_they_were),
      cmocka_unit_test(a_line_has_no_line_breaks_and_nothing_hidden),
      cmocka_unit_test(a_date_is_one_of_mails),
      cmocka_unit_test(addresses_are_read_as_people_write_them),
      cmocka_unit_test(what_is_no_address_is_refused_and_named),
      cmocka_unit_test(a_subject_says_what_kind_of_news_it_is),
      cmocka_unit_test(a_subject_of_an_operator_names_the_script),
      cmocka_unit_test(a_long_subject_is_cut_in_the_message),
      cmocka_unit_test(a_long_subject_loses_the_position_before_the_message),
      cmocka_unit_test(both_bodies_say_the_same_and_html_is_escaped),
      cmocka_unit_test(only_addresses_of_the_web_are_linked),
      cmocka_unit_test(an_address_cannot_leave_its_attribute),
      cmocka_unit_test(a_digest_lists_what_was_held_back),
      cmocka_unit_test(an_alert_of_the_wrong_types_makes_a_mail_all_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
