/**
 * test_taint.c - a value that was redacted once is in no text, however it was written there; ordinary words stay.
 *
 * All secrets here are made up.
 */
#include "base/scrub.h"
#include "base/taint.h"
#include "base/utf8.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state) {
  *state = taint_create();
  return *state == NULL;
}

static int tear_down(void **state) {
  taint_destroy(*state);
  return 0;
}

static void add(struct taint *taint, const char *value) {
  taint_add(taint, value, strlen(value));
}

/** The text without its secrets; the caller frees it. */
static char *clean(struct taint *taint, const char *text, size_t length) {
  struct buf out;
  int count = 0;
  buf_init(&out, SIZE_MAX);
  assert_true(taint_text(taint, text, length, &out, &count));
  if (count == 0) {
    assert_int_equal(out.length, 0);
    assert_true(buf_add(&out, text, length));
  }
  return buf_detach(&out);
}

static void check(struct taint *taint, const char *text, const char *expected) {
  char *cleaned = clean(taint, text, strlen(text));
  if (strcmp(cleaned, expected) != 0)
    fail_msg("\"%s\" became \"%s\", not \"%s\"", text, cleaned, expected);
  free(cleaned);
}

static void stays(struct taint *taint, const char *text) {
  check(taint, text, text);
}

static void a_remembered_value_goes_wherever_it_stands(void **state) {
  struct taint *taint = *state;
  stays(taint, "hunter2-hunter2");
  add(taint, "hunter2-hunter2");
  add(taint, "  k3y with blanks\n");
  check(taint, "hunter2-hunter2", "[scrubbed]");
  check(taint, "cannot log in with hunter2-hunter2!", "cannot log in with [scrubbed]!");
  check(taint, "xhunter2-hunter2hunter2-hunter2y", "x[scrubbed]y");
  check(taint, "a hunter2-hunter2 and k3y with blanks", "a [scrubbed] and [scrubbed]");
  check(taint, "INSERT INTO t VALUES ('hunter2-hunter2', 1)", "INSERT INTO t VALUES ('[scrubbed]', 1)");
  check(taint, "HUNTER2-Hunter2", "[scrubbed]");
  stays(taint, "hunter2-hunter");
  stays(taint, "");
}

static void values_that_overlap_go_as_one(void **state) {
  struct taint *taint = *state;
  add(taint, "abc123");
  add(taint, "123xyz");
  add(taint, "0abc123x");
  check(taint, "-abc123xyz-", "-[scrubbed]-");
  check(taint, "-0abc123xyz-", "-[scrubbed]-");
  check(taint, "-0abc123-", "-0[scrubbed]-");
  check(taint, "-abc123abc123 123xyz-", "-[scrubbed] [scrubbed]-");
}

static void the_longest_of_values_with_one_beginning_goes(void **state) {
  struct taint *taint = *state;
  add(taint, "token-1");
  add(taint, "token-1-refresh");
  check(taint, "token-1-refresh", "[scrubbed]");
  check(taint, "token-1-refused", "[scrubbed]-refused");
}

static void what_is_part_of_ordinary_texts_is_not_remembered(void **state) {
  struct taint *taint = *state;
  static const char *const ordinary[] = {
      "",         "a",       "1",       "12345",      "true",
      "false",    "null",    "nil",     "none",       "x1y2z",
      "한글",     "비밀번",  "......",  "aaaaaaaa",   "--------",
      "******",   "\t \n",   "invalid", "Required",   "USERNAME",
      "password", "expired", "default", "[scrubbed]", "Bearer [scrubbed]",
  };
  for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
    add(taint, ordinary[i]);
  for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
    stays(taint, ordinary[i]);
  stays(taint, "the password is required, true or false, and 12345 is invalid");
}

static void a_short_word_or_number_goes_only_where_it_stands_alone(void **state) {
  struct taint *taint = *state;
  add(taint, "dragon");
  add(taint, "471100");
  check(taint, "dragon", "[scrubbed]");
  check(taint, "user=kim&pw=dragon&x=1", "user=kim&pw=[scrubbed]&x=1");
  check(taint, "q=%2Fdragon%20", "q=%2F[scrubbed]%20");
  check(taint, "\"a\\ndragon\"", "\"a\\n[scrubbed]\"");
  check(taint, "dragon을 찾을 수 없음", "[scrubbed]을 찾을 수 없음");
  check(taint, "code 471100.", "code [scrubbed].");
  stays(taint, "the dragonfly, snapdragon and check_dragon");
  stays(taint, "1647110012345 microseconds");
}

static void escapes_hide_nothing(void **state) {
  struct taint *taint = *state;
  add(taint, "p\"a/s s&w=r%d+1");
  add(taint, "열려라-참깨");
  add(taint, "rocket🚀fuel");
  check(taint, "x=p%22a%2Fs%20s%26w%3Dr%25d%2B1&y=1", "x=[scrubbed]&y=1");
  check(taint, "x=p%22a/s+s%26w%3dr%25d%2b1&y=1", "x=[scrubbed]&y=1");
  check(taint, "{\"a\":\"p\\\"a\\/s s&w=r%d+1\"}", "{\"a\":\"[scrubbed]\"}");
  check(taint, "%EC%97%B4%EB%A0%A4%EB%9D%BC-참깨", "[scrubbed]");
  check(taint, "\"\\uc5f4\\uB824\\ub77c-\\ucc38\\uAE68\"", "\"[scrubbed]\"");
  check(taint, "\\u0072ocket\\ud83d\\ude80fuel", "[scrubbed]");
  stays(taint, "%EC%97%B4%EB%A0%A4 % %2 %zz \\ \\u12 \\ud83d \\");
}

static void base64_hides_nothing(void **state) {
  struct taint *taint = *state;
  add(taint, "Basic a2ltOmh1bnRlcjItYWJj"); /* kim:hunter2-abc */
  check(taint, "hunter2-abc", "[scrubbed]");
  check(taint, "a2ltOmh1bnRlcjItYWJj", "[scrubbed]");
  check(taint, "proxy said aHVudGVyMi1hYmM= was wrong", "proxy said [scrubbed]= was wrong"); /* hunter2-abc */
  stays(taint, "kim");
  add(taint, "Basic kaputt!");
  add(taint, "Bearer opaque-token-7");
  check(taint, "token opaque-token-7", "token [scrubbed]");
}

static void of_cookies_the_random_ones_go(void **state) {
  struct taint *taint = *state;
  add(taint,
      "sid=f00ba4-9; theme=darkmode; lang=ko-KR; tz=2021-11-13T14; next=/a1/b2; mail=kim7@example.com; q=\"x7y8z9\"");
  check(taint, "session f00ba4-9", "session [scrubbed]");
  check(taint, "x7y8z9", "[scrubbed]");
  stays(taint, "darkmode ko-KR 2021-11-13T14 /a1/b2 kim7@example.com");
}

static void of_a_private_key_no_line_is_left(void **state) {
  struct taint *taint = *state;
  add(taint,
      "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----");
  check(taint, "bad line MIIEvQIBADANBgkqhkiG9w0BAQEF", "bad line [scrubbed]");
  check(taint,
        "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEF\\nAASCBKcwggSjAgEAAoIBAQC7\\n"
        "-----END PRIVATE KEY-----",
        "[scrubbed]");
  stays(taint, "-----BEGIN PRIVATE KEY-----");
}

static void a_long_value_goes_whole(void **state) {
  (void)state;
  static const size_t lengths[] = {239, 240, 255, 256, 257, 271, 272, 300, 511, 512, 513, 2900};
  struct dice dice = {5};
  char value[3000], text[3100];
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    struct taint *taint = taint_create();
    dice_fill(&dice, value, lengths[i], "abcdefghijklmnop0123456789", 26);
    value[lengths[i]] = '\0';
    add(taint, value);
    snprintf(text, sizeof text, "<%s>", value);
    check(taint, text, "<[scrubbed]>");
    taint_destroy(taint);
  }
}

static void the_beginning_at_a_cut_goes(void **state) {
  struct taint *taint = *state;
  char text[2000];
  add(taint, "correct horse battery staple");
  check(taint, "user said correct horse bat… (300 bytes)", "user said [scrubbed]… (300 bytes)");
  stays(taint, "that is correct");
  stays(taint, "that… is");
  memset(text, '.', sizeof text);
  memcpy(text + 1500, "correct horse", 14);
  char *cleaned = clean(taint, text, strlen(text));
  assert_null(strstr(cleaned, "correct"));
  free(cleaned);
}

static void bytes_that_are_no_text_are_looked_for_as_they_are_stored(void **state) {
  struct taint *taint = *state;
  taint_add(taint,
            "bin\xFF\xFE"
            "ary-1\0se\xC0"
            "cond-2",
            20);
  check(taint,
        "bin\xEF\xBF\xBD\xEF\xBF\xBD"
        "ary-1",
        "[scrubbed]");
  check(taint,
        "se\xEF\xBF\xBD"
        "cond-2",
        "[scrubbed]");
  stays(taint, "\xEF\xBF\xBD\xEF\xBF\xBD");
  taint_add(taint, "\xFF\xFF\xFE\xFE\xFF\xFF\xFE\xFE", 8);
  assert_false(taint_failed(taint));
}

static void a_perhaps_secret_must_look_random(void **state) {
  struct taint *taint = *state;
  static const char *const plain[] = {"kim minsu 2", "kim7@example.com", "2021-11-13T14:59:00Z",
                                      "participant", "/static/img2.png", "https://example.com/a1"};
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    taint_add_likely(taint, plain[i], strlen(plain[i]));
    stays(taint, plain[i]);
  }
  taint_add_likely(taint, "s3cr3t", 6);
  check(taint, "a s3cr3t", "a [scrubbed]");
}

static void a_declared_secret_may_be_short(void **state) {
  struct taint *taint = *state;
  taint_add_declared(taint, "4711", 4);
  taint_add_declared(taint, "471", 3);
  check(taint, "pin 4711 was wrong", "pin [scrubbed] was wrong");
  stays(taint, "471 rows");
  json_t *value = json_pack("[s, s, i]", "471", "471 rows", 471);
  json_t *expected = json_pack("[s, s, i]", "[scrubbed]", "471 rows", 471);
  int count = 0;
  assert_true(taint_json(taint, &value, &count));
  assert_true(json_equal(value, expected));
  json_decref(value);
  json_decref(expected);
}

static void json_loses_texts_keys_and_numbers(void **state) {
  struct taint *taint = *state;
  add(taint, "tok-123456");
  add(taint, "87654321");
  json_t *value = json_loads("{\"tok-123456\": 1, \"a\": [\"x tok-123456\", 87654321, 1, {\"b\": \"tok-123456\"}],"
                             " \"n\": null, \"f\": 1.5, \"t\": true, \"late\": \"ok\"}",
                             0, NULL);
  json_t *expected =
      json_loads("{\"[scrubbed]\": 1, \"a\": [\"x [scrubbed]\", \"[scrubbed]\", 1, {\"b\": \"[scrubbed]\"}],"
                 " \"n\": null, \"f\": 1.5, \"t\": true, \"late\": \"ok\"}",
                 0, NULL);
  int count = 0;
  assert_true(taint_json(taint, &value, &count));
  assert_true(json_equal(value, expected));
  assert_int_equal(count, 4);
  json_decref(value);
  json_decref(expected);
  value = json_string("tok-123456");
  assert_true(taint_json(taint, &value, &count));
  assert_string_equal(json_string_value(value), "[scrubbed]");
  json_decref(value);
  value = NULL;
  assert_true(taint_json(taint, &value, &count));
}

static void one_taint_adds_to_another(void **state) {
  struct taint *taint = *state;
  struct taint *other = taint_create();
  add(other, "tok-123456");
  add(other, "dragon");
  taint_add_all(taint, other);
  taint_add_all(taint, NULL);
  taint_add_all(NULL, other);
  taint_destroy(other);
  check(taint, "tok-123456 dragon dragonfly", "[scrubbed] [scrubbed] dragonfly");
}

static void names_and_looks_feed_the_taint(void **state) {
  struct scrub_tally tally = {.taint = *state};
  struct scrub *scrub = scrub_create(NULL, 0);
  static const char form[] = "user=kim&password=dr%61gon-7&next=/";
  static const char text[] =
      "db.connect{ token=session.token } with Bearer abc-123, password='qu0ted', secret=\"Is too short.\"";
  struct buf out;
  buf_init(&out, 10000);
  json_t *value = json_loads("{\"session\": {\"user\": \"minsu kim\", \"id\": \"z9y8x7\", \"list\": [\"plain words\"]},"
                             " \"otp\": 845123, \"tokens\": [\"first one\", \"second one\"]}",
                             0, NULL);
  json_decref(scrub_json(scrub, value, &tally));
  json_decref(value);
  assert_true(scrub_form(scrub, form, strlen(form), &out, &tally));
  assert_true(scrub_text(scrub, text, strlen(text), &out, &tally));
  static const char *const gone[] = {"z9y8x7", "845123", "first one", "second one", "dragon-7", "abc-123", "qu0ted"};
  for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
    check(*state, gone[i], "[scrubbed]");
  stays(*state, "minsu kim, session.token, Is too short.");
  buf_release(&out);
  scrub_destroy(scrub);
}

/** What is beyond the limits is forgotten, and nothing grows without bound. */
static void too_many_values_are_no_failure(void **state) {
  struct taint *taint = *state;
  char value[300];
  for (int i = 0; i < 20000; i++) {
    snprintf(value, sizeof value, "value-number-%d-%0200d", i, i);
    add(taint, value);
  }
  assert_false(taint_failed(taint));
  check(taint,
        "value-number-1-"
        "0",
        "value-number-1-0");
  snprintf(value, sizeof value, "value-number-%d-%0200d", 7, 7);
  check(taint, value, "[scrubbed]");
}

/** Is every byte of `text` that a naive search finds gone, and every other one there? */
static void a_naive_search_agrees(void **state) {
  (void)state;
  struct dice dice = {42};
  for (int round = 0; round < 3000; round++) {
    struct taint *taint = taint_create();
    char values[8][16], text[200], expected[2200];
    bool covered[200] = {false};
    size_t count = 1 + dice_roll(&dice, 8), length = dice_roll(&dice, sizeof text - 1), at = 0;
    dice_fill(&dice, text, length, "a1-", 3);
    text[length] = '\0';
    for (size_t i = 0; i < count; i++) {
      size_t size = 6 + dice_roll(&dice, 8);
      dice_fill(&dice, values[i], size, "a1-", 3);
      values[i][0] = 'a';
      values[i][1] = '-'; /* never only letters, only digits, or one byte */
      values[i][size] = '\0';
      add(taint, values[i]);
      for (const char *hit = text; (hit = strstr(hit, values[i])) != NULL; hit++)
        memset(covered + (hit - text), true, size);
    }
    for (size_t i = 0; i < length; i++) {
      if (!covered[i])
        expected[at++] = text[i];
      else if (i == 0 || !covered[i - 1])
        at += (size_t)snprintf(expected + at, sizeof expected - at, "%s", MULLIGAN_SCRUBBED);
    }
    expected[at] = '\0';
    check(taint, text, expected);
    taint_destroy(taint);
  }
}

/** Values and texts made to send a careless search back to the start again and again; such a one would not end here. */
static void hostile_values_take_linear_time(void **state) {
  struct taint *taint = *state;
  size_t size = 1 << 21;
  char *text = malloc(size);
  char value[257];
  assert_non_null(text);
  for (size_t length = 20; length <= 250; length++) {
    memset(value, 'a', length);
    value[length] = 'b';
    value[length + 1] = '\0';
    add(taint, value);
  }
  static const char *const patterns[] = {"a", "aaaaaaaaaaaaaaaaaaaaaaaaab", "%61", "\\u0061", "…", "%", "\\", "1"};
  for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
    size_t width = strlen(patterns[p]);
    for (size_t i = 0; i < size; i++)
      text[i] = patterns[p][i % width];
    free(clean(taint, text, utf8_valid_prefix(text, size)));
  }
  free(text);
}

static void a_full_buffer_is_reported(void **state) {
  struct taint *taint = *state;
  struct buf out;
  int count = 0;
  add(taint, "tok-123456");
  buf_init(&out, 8);
  assert_false(taint_text(taint, "x tok-123456", 12, &out, &count));
  buf_release(&out);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_remembered_value_goes_wherever_it_stands),
      TEST(values_that_overlap_go_as_one),
      TEST(the_longest_of_values_with_one_beginning_goes),
      TEST(what_is_part_of_ordinary_texts_is_not_remembered),
      TEST(a_short_word_or_number_goes_only_where_it_stands_alone),
      TEST(escapes_hide_nothing),
      TEST(base64_hides_nothing),
      TEST(of_cookies_the_random_ones_go),
      TEST(of_a_private_key_no_line_is_left),
      TEST(a_long_value_goes_whole),
      TEST(the_beginning_at_a_cut_goes),
      TEST(bytes_that_are_no_text_are_looked_for_as_they_are_stored),
      TEST(a_perhaps_secret_must_look_random),
      TEST(a_declared_secret_may_be_short),
      TEST(json_loses_texts_keys_and_numbers),
      TEST(one_taint_adds_to_another),
      TEST(names_and_looks_feed_the_taint),
      TEST(too_many_values_are_no_failure),
      TEST(a_naive_search_agrees),
      TEST(hostile_values_take_linear_time),
      TEST(a_full_buffer_is_reported),
  };
  return cmocka_run_group_tests_name("taint", tests, NULL, NULL);
}
