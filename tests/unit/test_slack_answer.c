/**
 * test_slack_answer.c - each answer that Slack documents leads to the right next step.
 */
#include "alerts/slack_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct channel_answer judge(const struct slack_answer *given) {
  struct slack_answer answer = *given;
  struct channel_answer out;
  answer.length = strlen(answer.body);
  slack_answer_judge(&answer, &out);
  assert_true(out.text[0] != '\0');
  assert_null(strpbrk(out.text, "\r\n"));
  return out;
}

/* chat.postMessage, HTTP 200, ok: false. */
static struct channel_answer judge_error(const char *word, bool plain) {
  char body[200];
  snprintf(body, sizeof body, "{\"ok\": false, \"error\": \"%s\"}", word);
  return judge(&(struct slack_answer){.status = 200, .body = body, .whole = true, .plain = plain});
}

static struct channel_answer judge_webhook(long status, const char *body, bool plain) {
  return judge(&(struct slack_answer){.status = status, .body = body, .whole = true, .webhook = true, .plain = plain});
}

static void test_ok_gives_the_thread(void **state) {
  (void)state;
  struct channel_answer out = judge(&(struct slack_answer){
      .status = 200, .body = "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1503435956.000247\"}", .whole = true});
  assert_int_equal(out.verdict, CHANNEL_DELIVERED);
  assert_string_equal(out.thread, "1503435956.000247");
  assert_string_equal(out.text, "ok");
  out = judge(&(struct slack_answer){.status = 200, .body = "{\"ok\":true,\"ts\":\"'; DROP\"}", .whole = true});
  assert_int_equal(out.verdict, CHANNEL_DELIVERED);
  assert_string_equal(out.thread, "");
}

static void test_a_refused_message_is_tried_once_as_text(void **state) {
  (void)state;
  static const char *const words[] = {"invalid_blocks",      "invalid_blocks_format", "msg_too_long",
                                      "msg_blocks_too_long", "invalid_arguments",     "no_text",
                                      "thread_not_found"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    assert_int_equal(judge_error(words[i], false).verdict, CHANNEL_PLAIN);
    struct channel_answer out = judge_error(words[i], true);
    assert_int_equal(out.verdict, CHANNEL_GIVE_UP);
    assert_non_null(strstr(out.text, words[i]));
  }
}

static void test_what_is_set_up_wrong_stops_the_channel(void **state) {
  (void)state;
  static const char *const words[] = {
      "channel_not_found",
      "invalid_auth",
      "token_revoked",
      "is_archived",
      "not_in_channel",
      "account_inactive",
      "not_authed",
      "token_expired",
      "missing_scope",
      "no_permission",
      "org_login_required",
      "ekm_access_denied",
      "restricted_action",
      "access_denied",
      "team_access_not_granted",
      "not_allowed_token_type",
      "messages_tab_disabled",
      "enterprise_is_restricted",
      "restricted_action_read_only_channel",
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    struct channel_answer out = judge_error(words[i], false);
    assert_int_equal(out.verdict, CHANNEL_STOP);
    assert_memory_equal(out.text, words[i], strlen(words[i]));
    assert_non_null(strstr(out.text, " (")); /* what to do about it */
  }
  struct channel_answer out = judge(&(struct slack_answer){
      .status = 200,
      .body = "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"chat:write\",\"provided\":\"users:read\"}",
      .whole = true});
  assert_non_null(strstr(out.text, "missing_scope: chat:write"));
  out =
      judge(&(struct slack_answer){.status = 401, .body = "{\"ok\":false,\"error\":\"invalid_auth\"}", .whole = true});
  assert_int_equal(out.verdict, CHANNEL_STOP);
}

static void test_too_much_parks_the_channel(void **state) {
  (void)state;
  struct channel_answer out = judge_error("ratelimited", false);
  assert_int_equal(out.verdict, CHANNEL_PARK);
  assert_true(out.retry_after == 30); /* where Slack does not say */
  assert_int_equal(judge_error("rate_limited", false).verdict, CHANNEL_PARK);
  static const struct slack_answer answers[] = {
      {.status = 429, .retry_after = 7, .body = "{\"ok\":false,\"error\":\"ratelimited\"}", .whole = true},
      {.status = 429, .retry_after = 7, .body = "", .whole = true},
      {.status = 429, .retry_after = 7, .body = "slow down", .whole = true, .webhook = true},
      {.status = 503, .retry_after = 7, .body = "<html>", .whole = true},
  };
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    out = judge(&answers[i]);
    assert_int_equal(out.verdict, CHANNEL_PARK);
    assert_true(out.retry_after == 7);
  }
}

static void test_slacks_own_troubles_are_waited_for(void **state) {
  (void)state;
  static const char *const words[] = {"internal_error", "fatal_error", "service_unavailable", "request_timeout",
                                      "team_added_to_org"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    assert_int_equal(judge_error(words[i], false).verdict, CHANNEL_RETRY);
  static const struct slack_answer answers[] = {
      {.status = 500, .body = "", .whole = true},
      {.status = 503, .body = "{\"ok\":false,\"error\":\"channel_not_found\"}", .whole = true},
      {.status = 200, .body = "<html>no JSON</html>", .whole = true},
      {.status = 200, .body = "", .whole = true},
      {.status = 200, .body = "[]", .whole = true},
      {.status = 200, .body = "{}", .whole = true},
      {.status = 200, .body = "{\"ok\":\"true\"}", .whole = true},
      {.status = 200, .body = "{\"ok\":true", .whole = false},
      {.status = 302, .body = "", .whole = true, .location = "https://elsewhere.example/"},
      {.status = 502, .body = "bad gateway\r\n\x01", .whole = true, .webhook = true},
      {.status = 500, .body = "rollup_error", .whole = true, .webhook = true},
  };
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
    assert_int_equal(judge(&answers[i]).verdict, CHANNEL_RETRY);
}

static void test_after_an_unknown_word_plain_text_is_tried_then_time(void **state) {
  (void)state;
  assert_int_equal(judge_error("a_word_of_tomorrow", false).verdict, CHANNEL_PLAIN);
  struct channel_answer out = judge_error("a_word_of_tomorrow", true);
  assert_int_equal(out.verdict, CHANNEL_RETRY);
  assert_non_null(strstr(out.text, "a_word_of_tomorrow"));
}

static void test_what_is_wrong_in_the_blocks_is_told(void **state) {
  (void)state;
  struct channel_answer out = judge(&(struct slack_answer){
      .status = 200,
      .body = "{\"ok\":false,\"error\":\"invalid_blocks\",\"response_metadata\":{\"messages\":"
              "[\"[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]\"]}}",
      .whole = true});
  assert_non_null(strstr(out.text, "/blocks/0/text/text"));
}

static void test_a_webhook(void **state) {
  (void)state;
  assert_int_equal(judge_webhook(200, "ok", false).verdict, CHANNEL_DELIVERED);
  assert_int_equal(judge_webhook(204, "", false).verdict, CHANNEL_DELIVERED);
  assert_int_equal(judge_webhook(202, "whatever", false).verdict, CHANNEL_DELIVERED);
  assert_string_equal(judge_webhook(200, "{\"ts\":\"1.2\"}", false).thread, "");
  static const struct {
    long status;
    const char *body;
    enum channel_verdict verdict;
  } answers[] = {
      {400, "invalid_payload", CHANNEL_PLAIN},
      {400, "invalid_blocks\n", CHANNEL_PLAIN},
      {400, "missing_text_or_fallback_or_attachments", CHANNEL_PLAIN},
      {400, "something else", CHANNEL_PLAIN},
      {413, "", CHANNEL_PLAIN},
      {400, "user_not_found", CHANNEL_STOP},
      {403, "action_prohibited", CHANNEL_STOP},
      {403, "invalid_token", CHANNEL_STOP},
      {404, "channel_not_found", CHANNEL_STOP},
      {404, "no_service", CHANNEL_STOP},
      {404, "no_team", CHANNEL_STOP},
      {410, "channel_is_archived", CHANNEL_STOP},
      {403, "posting_to_general_channel_denied", CHANNEL_STOP},
      {404, "<html>not found</html>", CHANNEL_STOP},
      {429, "", CHANNEL_PARK},
      {500, "rollup_error", CHANNEL_RETRY},
      {408, "", CHANNEL_RETRY},
  };
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
    assert_int_equal(judge_webhook(answers[i].status, answers[i].body, false).verdict, answers[i].verdict);
  assert_int_equal(judge_webhook(400, "invalid_payload", true).verdict, CHANNEL_GIVE_UP);
}

static void test_a_long_answer_is_cut(void **state) {
  (void)state;
  char body[3001];
  for (size_t i = 0; i + 3 <= sizeof body - 1; i += 3)
    memcpy(body + i, "가", 3);
  body[3000] = '\0';
  struct channel_answer out = judge_webhook(500, body, false);
  assert_true(strlen(out.text) < 200);
  assert_non_null(strstr(out.text, "…"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ok_gives_the_thread),
      cmocka_unit_test(test_a_refused_message_is_tried_once_as_text),
      cmocka_unit_test(test_what_is_set_up_wrong_stops_the_channel),
      cmocka_unit_test(test_too_much_parks_the_channel),
      cmocka_unit_test(test_slacks_own_troubles_are_waited_for),
      cmocka_unit_test(test_after_an_unknown_word_plain_text_is_tried_then_time),
      cmocka_unit_test(test_what_is_wrong_in_the_blocks_is_told),
      cmocka_unit_test(test_a_webhook),
      cmocka_unit_test(test_a_long_answer_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
