/**
 * test_mail_talk.c - what a mail server's answers mean: is the mail sent again, given up, or does the channel stop.
 */
#include "alerts/mail_talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct settings *settings;

static int set_up(void **state) {
  (void)state;
  settings = settings_create();
  return settings == NULL;
}

static int tear_down(void **state) {
  (void)state;
  settings_destroy(settings);
  return 0;
}

static void set(const char *name, const char *value) {
  assert_int_equal(settings_set(settings, name, value, "test", NULL), MULLIGAN_OK);
}

/** Plays a conversation: lines that begin with `C: ` are sent, all others received. */
static void play(struct mail_talk *talk, const char *conversation) {
  *talk = (struct mail_talk){0};
  while (*conversation != '\0') {
    size_t length = strcspn(conversation, "\n");
    char line[400];
    bool sent = strncmp(conversation, "C: ", 3) == 0;
    size_t skip = sent ? 3 : 0;
    snprintf(line, sizeof line, "%.*s\r\n", (int)(length - skip), conversation + skip);
    if (sent)
      mail_talk_command(talk, line, strlen(line));
    else
      mail_talk_answer(talk, line, strlen(line));
    conversation += length + (conversation[length] == '\n');
  }
}

#define HELLO  "220 mail.example.com\nC: EHLO web-1\n250-mail.example.com\n250-AUTH PLAIN LOGIN\n250 HELP\n"
#define LOGIN  "C: AUTH PLAIN\n334 \nC: AGtpbQBwYXNz\n235 2.7.0 welcome\n"
#define SENDER "C: MAIL FROM:<a@example.com>\n250 fine\n"
#define ONE    "C: RCPT TO:<kim@example.com>\n"
#define TWO    "C: RCPT TO:<lee@example.com>\n"
#define DATA   "C: DATA\n354 go on\n"

static void verdicts_follow_from_what_was_said(void **state) {
  (void)state;
  static const struct {
    const char *conversation;
    CURLcode result;
    const char *problem;
    enum channel_verdict verdict;
    const char *text;
  } cases[] = {
      {HELLO LOGIN SENDER ONE "250 ok\n" DATA "250 2.0.0 kept\n", CURLE_OK, "", CHANNEL_DELIVERED, "250 2.0.0 kept"},
      /* What passes by itself. */
      {"", CURLE_COULDNT_CONNECT, "Failed to connect", CHANNEL_RETRY, "Failed to connect"},
      {"", CURLE_COULDNT_RESOLVE_HOST, "Could not resolve host", CHANNEL_RETRY, "Could not resolve host"},
      {"", CURLE_OPERATION_TIMEDOUT, "", CHANNEL_RETRY, "Timeout was reached"},
      {"", CURLE_SSL_CONNECT_ERROR, "handshake", CHANNEL_RETRY, "handshake"},
      {"421 4.3.2 too busy\n", CURLE_WEIRD_SERVER_REPLY, "Got unexpected", CHANNEL_RETRY, "421 4.3.2 too busy"},
      {"554 no service here\n", CURLE_WEIRD_SERVER_REPLY, "", CHANNEL_RETRY, "554 no service here"},
      {"HTTP/1.1 400 Bad Request\n", CURLE_WEIRD_SERVER_REPLY, "Weird", CHANNEL_RETRY, "Weird"},
      {HELLO "C: AUTH PLAIN\n454 4.7.0 try later\n", CURLE_LOGIN_DENIED, "", CHANNEL_RETRY, "454 4.7.0 try later"},
      {HELLO SENDER ONE "451 4.7.1 greylisted\n", CURLE_SEND_ERROR, "", CHANNEL_RETRY,
       "kim@example.com: 451 4.7.1 greylisted"},
      {HELLO SENDER ONE "450 later\n" TWO "550 no\n", CURLE_SEND_ERROR, "", CHANNEL_RETRY,
       "kim@example.com: 450 later"},
      {HELLO SENDER ONE "250 ok\n" DATA "452 disk full\n", CURLE_WEIRD_SERVER_REPLY, "", CHANNEL_RETRY,
       "452 disk full"},
      {HELLO SENDER ONE "250 ok\n" DATA, CURLE_RECV_ERROR, "reset", CHANNEL_RETRY,
       "the connection ended without an answer: reset"},
      {HELLO SENDER ONE "250 ok\n" DATA, CURLE_OPERATION_TIMEDOUT, "timed out", CHANNEL_RETRY, "timed out"},
      {HELLO SENDER ONE "250 ok\n" TWO "550 no such user\nC: DATA\n", CURLE_SEND_ERROR, "broken pipe", CHANNEL_RETRY,
       "broken pipe"},
      /* What only the operator can change. */
      {HELLO "C: AUTH PLAIN\n535-5.7.8 Not accepted.\n535 5.7.8 See the manual\n", CURLE_LOGIN_DENIED, "Login denied",
       CHANNEL_STOP, "535-5.7.8 Not accepted. 5.7.8 See the manual"},
      {HELLO "C: AUTH LOGIN\n334 VXNl\nC: RCPT\n334 UGFz\nC: DATA\n535 no\n", CURLE_LOGIN_DENIED, "", CHANNEL_STOP,
       "535 no"},
      {HELLO "C: MAIL FROM:<a@example.com>\n530 5.7.0 log in\n", CURLE_SEND_ERROR, "", CHANNEL_STOP,
       "530 5.7.0 log in"},
      {HELLO "C: MAIL FROM:<a@example.com>\n553 not yours\nC: QUIT\n221 bye\n", CURLE_SEND_ERROR, "", CHANNEL_STOP,
       "553 not yours"},
      {HELLO SENDER ONE "550 no such user\n" TWO "553 nor this\nC: QUIT\n221 bye\n", CURLE_SEND_ERROR, "", CHANNEL_STOP,
       "kim@example.com: 550 no such user"},
      {HELLO, CURLE_LOGIN_DENIED, "Login denied", CHANNEL_STOP,
       "the server offers no login by password (PLAIN, LOGIN or CRAM-MD5)"},
      /* What the server has against one mail. */
      {HELLO "C: MAIL FROM:<a@example.com> SIZE=9999\n552 too large\n", CURLE_SEND_ERROR, "", CHANNEL_GIVE_UP,
       "552 too large"},
      {HELLO SENDER ONE "250 ok\n" DATA "554 5.7.1 spam\n", CURLE_WEIRD_SERVER_REPLY, "", CHANNEL_GIVE_UP,
       "554 5.7.1 spam"},
      {HELLO SENDER ONE "250 ok\n" DATA "554 spam\nC: QUIT\n221 bye\n", CURLE_WEIRD_SERVER_REPLY, "", CHANNEL_GIVE_UP,
       "554 spam"},
      /* Somebody in between, or a server that is to be mended. */
      {HELLO, CURLE_USE_SSL_FAILED, "", CHANNEL_PARK,
       "the server offers no STARTTLS, on which MAIL_USE_TLS insists; nothing was sent"},
      {HELLO "C: STARTTLS\n502 no\n", CURLE_USE_SSL_FAILED, "", CHANNEL_PARK, "502 no"},
      {HELLO "C: STARTTLS\n220 go\n", CURLE_PEER_FAILED_VERIFICATION, "self-signed certificate", CHANNEL_PARK,
       "self-signed certificate"},
      /* Some of the recipients. */
      {HELLO SENDER ONE "250 ok\n" TWO "550 no such user\n" DATA "250 kept\n", CURLE_OK, "", CHANNEL_DELIVERED,
       "250 kept; 1 of 2 recipients did not get it: lee@example.com: 550 no such user"},
      {HELLO SENDER ONE "451 later\n" TWO "250 ok\n" DATA "250 kept\n", CURLE_OK, "", CHANNEL_DELIVERED,
       "250 kept; 1 of 2 recipients did not get it: kim@example.com: 451 later"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct mail_talk talk;
    struct channel_answer answer = {.verdict = CHANNEL_PLAIN};
    play(&talk, cases[i].conversation);
    mail_talk_judge(&talk, settings, cases[i].result, cases[i].problem, &answer);
    if (answer.verdict != cases[i].verdict || strcmp(answer.text, cases[i].text) != 0)
      fail_msg("case %zu: %d, %s; expected %d, %s", i, (int)answer.verdict, answer.text, (int)cases[i].verdict,
               cases[i].text);
    assert_true((answer.retry_after > 0) == (answer.verdict == CHANNEL_PARK));
  }
}

static void what_is_told_has_no_login_in_it(void **state) {
  (void)state;
  set("mail_username", "kim@example.com");
  set("mail_password", "tr0ub4dor&3");
  static const char *const answers[] = {
      "535 no kim@example.com with tr0ub4dor&3",
      "535 no a2ltQGV4YW1wbGUuY29t or dHIwdWI0ZG9yJjM=",
      "535 you said AUTH PLAIN AGtpbUBleGFtcGxlLmNvbQB0cjB1YjRkb3ImMw==",
  };
  static const char *const secrets[] = {"kim@example.com", "tr0ub4dor", "a2ltQGV4", "dHIwdWI0", "AGtpbUBl"};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    struct mail_talk talk;
    struct channel_answer answer;
    play(&talk, HELLO "C: AUTH PLAIN");
    mail_talk_answer(&talk, answers[i], strlen(answers[i]));
    mail_talk_judge(&talk, settings, CURLE_LOGIN_DENIED, "", &answer);
    assert_int_equal(answer.verdict, CHANNEL_STOP);
    assert_non_null(strstr(answer.text, "[scrubbed]"));
    for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++)
      if (strstr(answer.text, secrets[k]) != NULL)
        fail_msg("%s", answer.text);
  }
  set("mail_username", "");
  set("mail_password", "");
}

static void a_login_that_others_can_read_is_said(void **state) {
  (void)state;
  set("mail_username", "kim@example.com");
  set("mail_password", "tr0ub4dor&3");
  static const struct {
    const char *server, *tls;
    bool said;
  } cases[] = {{"mail.example.com", "no", true},
               {"mail.example.com", "yes", false},
               {"127.0.0.1", "no", false},
               {"localhost", "no", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct mail_talk talk;
    struct channel_answer answer;
    set("mail_server", cases[i].server);
    set("mail_use_tls", cases[i].tls);
    play(&talk, HELLO LOGIN SENDER ONE "250 ok\n" DATA "250 kept\n");
    mail_talk_judge(&talk, settings, CURLE_OK, "", &answer);
    assert_int_equal(strstr(answer.text, "unencrypted") != NULL, cases[i].said);
  }
  set("mail_username", "");
  set("mail_password", "");
}

static void an_answer_of_any_length_and_kind_is_one_short_line(void **state) {
  (void)state;
  char line[2000];
  struct mail_talk talk;
  struct channel_answer answer;
  play(&talk, HELLO SENDER ONE "250 ok\n" DATA);
  for (int i = 0; i < 20; i++) {
    memset(line, 'x', sizeof line);
    memcpy(line, "554-", 4);
    line[1000] = '\x1B';
    line[3] = i < 19 ? '-' : ' ';
    mail_talk_answer(&talk, line, sizeof line);
  }
  mail_talk_judge(&talk, settings, CURLE_WEIRD_SERVER_REPLY, "", &answer);
  assert_int_equal(answer.verdict, CHANNEL_GIVE_UP);
  assert_true(strlen(answer.text) < sizeof answer.text);
  for (const char *c = answer.text; *c != '\0'; c++)
    assert_true((unsigned char)*c >= ' ');
  play(&talk, HELLO SENDER ONE "250 ok\n" DATA);
  mail_talk_answer(&talk, "554 \xFF\x1B[31m\xED\x95\r\n", 14);
  mail_talk_judge(&talk, settings, CURLE_WEIRD_SERVER_REPLY, "", &answer);
  assert_string_equal(answer.text, "554 \xEF\xBF\xBD [31m\xEF\xBF\xBD\xEF\xBF\xBD");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(verdicts_follow_from_what_was_said),
      cmocka_unit_test(what_is_told_has_no_login_in_it),
      cmocka_unit_test(a_login_that_others_can_read_is_said),
      cmocka_unit_test(an_answer_of_any_length_and_kind_is_one_short_line),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
