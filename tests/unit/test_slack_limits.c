/**
 * test_slack_limits.c - what reaches Slack is valid, and as much of it as fits.
 */
#include "alerts/slack_limits.h"
#include "alerts/slack_markup.h"
#include "alerts/slack_text.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CAP = 1 << 20 };

#define HANGUL "가"

/* ---- markup ---- */

static void value_becomes(const char *value, const char *expected) {
  struct buf out;
  buf_init(&out, CAP);
  assert_true(slack_markup_add_value(&out, value, strlen(value)));
  assert_string_equal(out.data, expected);
  buf_release(&out);
}

static void markup_becomes(const char *markup, const char *expected) {
  struct buf out;
  buf_init(&out, CAP);
  assert_true(slack_markup_add_tidy(&out, markup, strlen(markup), true));
  assert_string_equal(out.data, expected);
  buf_release(&out);
}

static void test_a_value_is_shown_as_it_is(void **state) {
  (void)state;
  value_becomes("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d");
  value_becomes("&amp;", "&amp;amp;");
  value_becomes("<!channel> <@U123> <https://evil.example|click>",
                "&lt;!channel&gt; &lt;@U123&gt; &lt;https://evil.example|click&gt;");
  value_becomes("`code` and ```block```", "ˋcodeˋ and ˋˋˋblockˋˋˋ");
  value_becomes("one\r\ntwo\nthree\tfour", "one two three four");
  value_becomes("\x01\x1b[31m\x7f\xc2\x85\xe2\x80\xae한글 🦀", "  [31m   한글 🦀");
}

static void test_markup_calls_nobody(void **state) {
  (void)state;
  markup_becomes(
      "<!channel> <!here> <!everyone> <@U123> <#C123> <!subteam^S1|team>",
      "&lt;!channel&gt; &lt;!here&gt; &lt;!everyone&gt; &lt;@U123&gt; &lt;#C123&gt; &lt;!subteam^S1|team&gt;");
  markup_becomes("<javascript:alert(1)|x> <file:///etc/passwd>",
                 "&lt;javascript:alert(1)|x&gt; &lt;file:///etc/passwd&gt;");
}

static void test_links_dates_and_entities_stay(void **state) {
  (void)state;
  markup_becomes("&lt;x&gt; &amp; <https://a.example/?b=1&c=2|see>",
                 "&lt;x&gt; &amp; <https://a.example/?b=1&amp;c=2|see>");
  markup_becomes("<!date^1392734382^{date}|2014-02-18>", "<!date^1392734382^{date}|2014-02-18>");
  markup_becomes("<mailto:kim@example.com|Kim>", "<mailto:kim@example.com|Kim>");
}

static void test_what_is_no_markup_is_escaped(void **state) {
  (void)state;
  markup_becomes("1 < 2 & 3 > 2 &copy; &", "1 &lt; 2 &amp; 3 &gt; 2 &amp;copy; &amp;");
  markup_becomes("<https://a.example", "&lt;https://a.example");
  markup_becomes("<https://a\n.example>", "&lt;https://a\n.example&gt;");
  markup_becomes("<https://a<!channel>>", "&lt;https://a&lt;!channel&gt;&gt;");
  markup_becomes("<https://a|`>", "&lt;https://a|`&gt;");
  markup_becomes("<https://> <mailto:|x> <https://a b|x>", "&lt;https://&gt; &lt;mailto:|x&gt; &lt;https://a b|x&gt;");
  markup_becomes("<!date^x^y|z> <!date^1|> <!date^1^y|>", "&lt;!date^x^y|z&gt; &lt;!date^1|&gt; &lt;!date^1^y|&gt;");
}

/* A cut text: within the limit, valid, a beginning of the whole, with nothing split and no code left open. */
static void check_cut(const char *text, size_t most) {
  struct buf out, again;
  buf_init(&out, CAP);
  buf_init(&again, CAP);
  size_t length = strlen(text);
  assert_true(slack_markup_add_cut(&out, text, length, most));
  size_t count = slack_markup_count(out.data, out.length);
  assert_in_range(count, 1, most);
  assert_true(utf8_valid(out.data, out.length));
  assert_true(slack_markup_add_tidy(&again, out.data, out.length, true));
  assert_string_equal(again.data, out.data); /* half an entity or link would be escaped now */
  const char *dots = strstr(out.data, "…");
  assert_non_null(dots);
  assert_memory_equal(out.data, text, (size_t)(dots - out.data));
  size_t backticks = 0;
  for (const char *at = out.data; *at; at++)
    backticks += *at == '`';
  assert_int_equal(backticks % 2, 0);
  buf_release(&out);
  buf_release(&again);
}

static void test_every_cut_is_at_a_boundary(void **state) {
  (void)state;
  static const char *const texts[] = {
      "한글로 된 아주 긴 오류 메시지입니다 🦀🦀 그리고 더",
      "&amp;&lt;&gt;&amp;&lt;&gt;a&amp;b&lt;c&gt;",
      "see <https://a.example/?x=1&amp;y=2|this 페이지> and <!date^1392734382^{date}|2014> more",
      "*하나* `code &amp; 더` plain ```block &lt;가나다&gt;\nlines``` `x` the end of it",
      "é́combining🏳️‍🌈flags",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    size_t count = slack_markup_count(texts[i], strlen(texts[i]));
    for (size_t most = 1; most < count; most++)
      check_cut(texts[i], most);
    struct buf out;
    buf_init(&out, CAP);
    assert_true(slack_markup_add_cut(&out, texts[i], strlen(texts[i]), count));
    assert_string_equal(out.data, texts[i]); /* what fits is not touched */
    buf_release(&out);
  }
}

/* ---- messages ---- */

static json_t *repeated(const char *piece, size_t times) {
  struct buf text;
  buf_init(&text, CAP);
  for (size_t i = 0; i < times; i++)
    assert_true(buf_add_text(&text, piece));
  json_t *value = json_string(text.data);
  assert_non_null(value);
  buf_release(&text);
  return value;
}

/* Takes the reference to the message. */
static json_t *apply(json_t *message, const char *expected_remarks) {
  struct buf remarks;
  buf_init(&remarks, CAP);
  assert_non_null(message);
  json_t *out = slack_limits_apply(message, "what happened", &remarks);
  assert_non_null(out);
  assert_string_equal(remarks.data, expected_remarks);
  buf_release(&remarks);
  json_decref(message);
  return out;
}

static json_t *block(const json_t *message, size_t index) {
  return json_array_get(json_object_get(message, "blocks"), index);
}

static size_t length_of(const json_t *text_object) {
  const json_t *text = json_object_get(text_object, "text");
  assert_true(json_is_string(text));
  return slack_markup_count(json_string_value(text), json_string_length(text));
}

static void test_texts_are_cut_to_their_limits(void **state) {
  (void)state;
  json_t *out = apply(json_pack("{s:[{s:s, s:{s:s, s:o}}, {s:s, s:{s:s, s:o}}]}", "blocks", "type", "header", "text",
                                "type", "plain_text", "text", repeated(HANGUL, 200), "type", "section", "text", "type",
                                "mrkdwn", "text", repeated("&", 1000)),
                      "");
  assert_int_equal(length_of(json_object_get(block(out, 0), "text")), SLACK_HEADER_MOST);
  /* 1000 ampersands are 5000 characters: entities of five, whole ones, and the dots */
  assert_int_equal(length_of(json_object_get(block(out, 1), "text")), SLACK_SECTION_MOST - 5 + 1);
  assert_string_equal(json_string_value(json_object_get(out, "text")), "what happened");
  json_decref(out);
}

static void test_a_limit_counts_characters(void **state) {
  (void)state;
  json_t *out =
      apply(json_pack("{s:[{s:s, s:o}]}", "blocks", "type", "header", "text", repeated(HANGUL, SLACK_HEADER_MOST)), "");
  assert_int_equal(json_string_length(json_object_get(json_object_get(block(out, 0), "text"), "text")),
                   SLACK_HEADER_MOST * strlen(HANGUL));
  json_decref(out);
}

static void test_fields_beyond_the_tenth_go_on_below(void **state) {
  (void)state;
  json_t *fields = json_array();
  for (int i = 1; i <= 23; i++)
    json_array_append_new(fields, json_sprintf("*%d*", i));
  json_array_append_new(fields, repeated(HANGUL, 2500));
  json_array_append_new(fields, json_string("  "));
  json_t *out =
      apply(json_pack("{s:[{s:s, s:s, s:o}]}", "blocks", "type", "section", "text", "Facts", "fields", fields), "");
  assert_int_equal(json_array_size(json_object_get(out, "blocks")), 3);
  assert_int_equal(json_array_size(json_object_get(block(out, 0), "fields")), 10);
  assert_int_equal(json_array_size(json_object_get(block(out, 1), "fields")), 10);
  json_t *last = json_object_get(block(out, 2), "fields");
  assert_int_equal(json_array_size(last), 4);
  assert_int_equal(length_of(json_array_get(last, 3)), SLACK_FIELD_MOST);
  assert_non_null(json_object_get(block(out, 0), "text"));
  assert_null(json_object_get(block(out, 1), "text"));
  json_decref(out);
}

static void test_what_is_empty_is_left_out(void **state) {
  (void)state;
  json_t *out =
      apply(json_loads("{\"text\": \" \", \"blocks\": ["
                       "{\"type\": \"header\", \"text\": {\"type\": \"plain_text\", \"text\": \" \"}},"
                       "{\"type\": \"section\", \"text\": \"\", \"fields\": [\"\"]},"
                       "{\"type\": \"context\", \"elements\": [\"\", {\"type\": \"mrkdwn\", \"text\": \"\"}]},"
                       "{\"type\": \"actions\", \"elements\": []},"
                       "{\"type\": \"section\", \"fields\": {}, \"text\": null},"
                       "{\"type\": \"divider\"}]}",
                       0, NULL),
            "");
  assert_string_equal(json_string_value(json_object_get(out, "text")), "what happened");
  assert_int_equal(json_array_size(json_object_get(out, "blocks")), 1);
  assert_string_equal(json_string_value(json_object_get(block(out, 0), "type")), "divider");
  json_decref(out);
}

static void test_at_most_fifty_blocks(void **state) {
  (void)state;
  json_t *blocks = json_array();
  for (int i = 0; i < 70; i++)
    json_array_append_new(blocks, json_pack("{s:s, s:s, s:s}", "type", "section", "text", "x", "block_id", "same"));
  json_t *out = apply(json_pack("{s:o}", "blocks", blocks), "");
  assert_int_equal(json_array_size(json_object_get(out, "blocks")), SLACK_BLOCKS);
  json_t *last = json_array_get(json_object_get(block(out, 49), "elements"), 0);
  assert_string_equal(json_string_value(json_object_get(last, "text")), "… (+21)");
  assert_non_null(json_object_get(block(out, 0), "block_id")); /* an id is there once */
  assert_null(json_object_get(block(out, 1), "block_id"));
  json_decref(out);
}

static void test_all_texts_share_ten_thousand(void **state) {
  (void)state;
  json_t *blocks = json_array();
  json_array_append_new(blocks, json_pack("{s:s, s:s}", "type", "header", "text", "Error! code: 500"));
  for (int i = 0; i < 6; i++)
    json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "section", "text", repeated(HANGUL, 2900)));
  json_array_append_new(blocks, json_pack("{s:s, s:[s]}", "type", "context", "elements", "host"));
  json_t *out = apply(json_pack("{s:o}", "blocks", blocks), "");
  size_t all = length_of(out) + length_of(json_object_get(block(out, 0), "text")) +
               length_of(json_array_get(json_object_get(block(out, 7), "elements"), 0));
  for (size_t i = 1; i <= 6; i++)
    all += length_of(json_object_get(block(out, i), "text"));
  assert_in_range(all, SLACK_ALL_MOST - 6, SLACK_ALL_MOST);
  /* the short ones are whole */
  assert_string_equal(json_string_value(json_object_get(json_object_get(block(out, 0), "text"), "text")),
                      "Error! code: 500");
  json_decref(out);
}

static void test_buttons(void **state) {
  (void)state;
  json_t *address = repeated("a", SLACK_URL_MOST);
  json_t *long_url = json_sprintf("https://%s", json_string_value(address));
  json_t *out = apply(
      json_pack("{s:[{s:s, s:[{s:s, s:o, s:s, s:s, s:s}, {s:s, s:s, s:o}, {s:s, s:s, s:s}, {s:s, s:s, s:s, s:s}]}]}",
                "blocks", "type", "actions", "elements", "type", "button", "text", repeated(HANGUL, 100), "url",
                "https://a.example/?b=1&c=2", "action_id", "same", "style", "shiny", "type", "button", "text", "Long",
                "url", long_url, "type", "button", "text", "Script", "url", "javascript:alert(1)", "type", "button",
                "text", "Two", "action_id", "same", "style", "danger"),
      "blocks[1].url: is longer than 3000 characters\n"
      "blocks[1].url: is no address of http:// or https://\n");
  json_t *buttons = json_object_get(block(out, 0), "elements");
  assert_int_equal(json_array_size(buttons), 2);
  json_t *first = json_array_get(buttons, 0), *second = json_array_get(buttons, 1);
  assert_int_equal(length_of(json_object_get(first, "text")), SLACK_BUTTON_MOST);
  assert_string_equal(json_string_value(json_object_get(first, "url")), "https://a.example/?b=1&c=2");
  assert_null(json_object_get(first, "style"));
  assert_null(json_object_get(second, "action_id"));
  assert_string_equal(json_string_value(json_object_get(second, "style")), "danger");
  json_decref(address);
  json_decref(out);
}

static void test_what_is_no_message_is_named(void **state) {
  (void)state;
  json_t *out = apply(json_loads("{\"text\": 7, \"colour\": \"red\", \"blocks\": ["
                                 "{\"type\": \"sectoin\", \"text\": \"x\"}, \"words\","
                                 "{\"type\": \"section\", \"text\": [1], \"fields\": [{\"text\": 5}]},"
                                 "{\"type\": \"section\", \"text\": \"good\", \"accessory\": {\"type\": \"menu\"}},"
                                 "{\"type\": \"image\", \"image_url\": \"data:x\", \"alt_text\": \"x\"},"
                                 "{\"type\": \"actions\", \"elements\": [{\"type\": \"select\"}]},"
                                 "{\"type\": \"context\", \"elements\": [7]}]}",
                                 0, NULL),
                      "colour: a message has text and blocks\n"
                      "text: is no text\n"
                      "blocks[1].type: a block is header, section, context, actions, image or divider, not sectoin\n"
                      "blocks[2].type: a block is header, section, context, actions, image or divider, not this\n"
                      "blocks[3].text: is no text\n"
                      "blocks[3].fields: [1] is no text\n"
                      "blocks[4]: an element is of the type button or image, not menu\n"
                      "blocks[5].image_url: is no address of http:// or https://\n"
                      "blocks[6].elements: [1] is no button\n"
                      "blocks[7].elements: [1] is no text or image\n");
  assert_int_equal(json_array_size(json_object_get(out, "blocks")), 1);
  json_decref(out);
}

static void test_blocks_are_a_list(void **state) {
  (void)state;
  json_t *out = apply(json_pack("{s:s}", "blocks", "x"), "blocks: is no list\n");
  assert_null(json_object_get(out, "blocks"));
  json_decref(out);
}

static void test_a_message_may_be_anything(void **state) {
  (void)state;
  static const char *const messages[] = {
      "{}",
      "{\"blocks\": {}}",
      "{\"blocks\": []}",
      "{\"blocks\": [[], 1, null, {}]}",
      "{\"text\": {\"text\": {\"text\": 1}}}",
      "{\"text\": \"a\\u0000b\"}",
  };
  for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
    struct buf remarks;
    buf_init(&remarks, CAP);
    json_t *message = json_loads(messages[i], JSON_ALLOW_NUL, NULL);
    assert_non_null(message);
    json_t *out = slack_limits_apply(message, "what happened", &remarks);
    assert_true(json_string_length(json_object_get(out, "text")) > 0);
    assert_null(json_object_get(out, "blocks"));
    json_decref(out);
    json_decref(message);
    buf_release(&remarks);
  }
}

/* ---- plain text ---- */

static void expect_text(json_t *alert, const char *language, const char *expected) {
  struct buf text;
  buf_init(&text, CAP);
  assert_non_null(alert);
  assert_true(slack_text_add_whole(&text, alert, language));
  assert_string_equal(text.data, expected);
  buf_release(&text);
  json_decref(alert);
}

static json_t *an_alert(void) {
  return json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:s, s:{s:s, s:i, s:s}, s:s}", "kind",
                   "new", "environment", "production", "status", 500, "app_code", 9000, "exc_type", "RuntimeError",
                   "message", "a < b\n`<!channel>`", "method", "GET", "path", "/a&b", "user_id", 7, "user_email",
                   "kim@example.com", "total", 12, "ref", "ERR-7K3F-9QXA", "frame", "file", "scripts/a.lua", "line", 3,
                   "function", "f", "url", "https://a.example/ERR-7K3F-9QXA");
}

static void test_the_plain_text_tells_the_same(void **state) {
  (void)state;
  expect_text(an_alert(), "en",
              "[production] Error! code: 500 (9000) - a new error: a &lt; b ˋ&lt;!channel&gt;ˋ\n"
              "User: kim@example.com (#7)\n"
              "Request: GET /a&amp;b\n"
              "At: scripts/a.lua:3 (f)\n"
              "Times: 12\n"
              "Reference: ERR-7K3F-9QXA\n"
              "https://a.example/ERR-7K3F-9QXA");
  expect_text(an_alert(), "ko",
              "[production] Error 발생! code : 500 (9000) - 새 오류: a &lt; b ˋ&lt;!channel&gt;ˋ\n"
              "사용자: kim@example.com (#7)\n"
              "요청: GET /a&amp;b\n"
              "위치: scripts/a.lua:3 (f)\n"
              "횟수: 12\n"
              "오류 번호: ERR-7K3F-9QXA\n"
              "https://a.example/ERR-7K3F-9QXA");
  expect_text(json_pack("{s:s, s:s}", "kind", "test", "host", "web1"), "en",
              "a test message, nothing is wrong\nHost: web1");
  expect_text(json_pack("{s:s, s:i, s:[{s:s, s:i, s:s}], s:i}", "kind", "digest", "messages", 30, "groups", "title",
                        "TypeError: <x>", "times", 9, "ref", "ERR-1", "more_groups", 4),
              "en", "messages that were held back\nHeld back: 30\n9 × TypeError: &lt;x&gt; (ERR-1)\nMore groups: 4");
  expect_text(
      json_pack("{s:s, s:s, s:s, s:s}", "kind", "operator", "exc_type", "Error", "message", "no", "script", "drop"),
      "en", "Error! code: Error - an operator's run failed: no\nScript: drop");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_value_is_shown_as_it_is),     cmocka_unit_test(test_markup_calls_nobody),
      cmocka_unit_test(test_links_dates_and_entities_stay), cmocka_unit_test(test_what_is_no_markup_is_escaped),
      cmocka_unit_test(test_every_cut_is_at_a_boundary),    cmocka_unit_test(test_texts_are_cut_to_their_limits),
      cmocka_unit_test(test_a_limit_counts_characters),     cmocka_unit_test(test_fields_beyond_the_tenth_go_on_below),
      cmocka_unit_test(test_what_is_empty_is_left_out),     cmocka_unit_test(test_at_most_fifty_blocks),
      cmocka_unit_test(test_all_texts_share_ten_thousand),  cmocka_unit_test(test_buttons),
      cmocka_unit_test(test_what_is_no_message_is_named),   cmocka_unit_test(test_blocks_are_a_list),
      cmocka_unit_test(test_a_message_may_be_anything),     cmocka_unit_test(test_the_plain_text_tells_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
