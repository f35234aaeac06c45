/**
 * test_debug_curl.c - a shell makes of the command exactly the words that were meant, whatever a client has sent.
 */
#include "http/debug_curl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The words that bash takes the command for, each after a byte 1; curl is a function of the shell's here. */
static void words_of(const char *command, char out[8192]) {
  char path[] = "/tmp/mulligan-curl-XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  FILE *script = fdopen(file, "w");
  fprintf(script, "curl() { printf '\\001%%s' \"$@\"; }\n%s\n", command);
  fclose(script);
  char line[128];
  snprintf(line, sizeof line, "bash %s", path);
  FILE *pipe = popen(line, "r");
  assert_non_null(pipe);
  size_t length = fread(out, 1, 8191, pipe);
  out[length] = '\0';
  assert_int_equal(pclose(pipe), 0);
  unlink(path);
}

static void expect_words(json_t *row, const char *words) {
  struct buf command;
  char got[8192];
  buf_init(&command, 8192);
  debug_curl_add(&command, row);
  assert_false(command.failed);
  for (const char *c = command.data; *c; c++)
    if (((unsigned char)*c < ' ' && *c != '\n') || *c == 0x7F)
      fail_msg("a control character would be pasted: %s", command.data);
  words_of(command.data, got);
  assert_string_equal(got, words);
  buf_release(&command);
  json_decref(row);
}

static void a_simple_request_is_a_simple_command(void **state) {
  (void)state;
  expect_words(json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "method", "GET", "path", "/a/b c/세/", "query",
                         "x=1&y=[2]", "headers", "Host", "localhost:8080", "Accept", "text/html", "Connection",
                         "close"),
               "\1-i\1-g\1http://localhost:8080/a/b%20c/%EC%84%B8/?x=1&y=[2]\1-H\1"
               "Accept: text/html");
  expect_words(json_pack("{s:s, s:s, s:n, s:n}", "method", "HEAD", "path", "/", "query", "headers"),
               "\1-i\1-g\1--head\1http://127.0.0.1/");
  expect_words(json_pack("{s:s, s:s}", "method", "DELETE", "path", "/x/"), "\1-i\1-g\1-X\1"
                                                                           "DELETE\1http://127.0.0.1/x/");
}

static void a_body_and_its_type_come_along(void **state) {
  (void)state;
  expect_words(json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "method", "POST", "path", "/", "body", "{\"a\": 1}",
                         "headers", "content-type", "application/json", "X-Empty", ""),
               "\1-i\1-g\1http://127.0.0.1/\1-H\1"
               "content-type: application/json\1-H\1X-Empty;\1--data-raw\1{\"a\": 1}");
  expect_words(json_pack("{s:s, s:s, s:s}", "method", "PUT", "path", "/", "body", "@/etc/passwd"),
               "\1-i\1-g\1-X\1PUT\1http://127.0.0.1/\1--data-raw\1@/etc/passwd");
}

static void no_value_gets_out_of_its_word(void **state) {
  (void)state;
  static const char *const values[] = {
      "'; touch /tmp/taken; '",
      "$(touch /tmp/taken)",
      "`touch /tmp/taken`",
      "a\\'b\\",
      "\"$HOME\"",
      "!!",
      "one\ntwo",
      "it's \x1B[31m and 'that' \\x",
      "back\\slash\r\n\ttab",
      "\xE2\x80\xAE'gpj",
      "~ * ? {a,b} # ; & | < >",
      "-o/tmp/taken",
  };
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char words[1024];
    snprintf(words, sizeof words, "\1-i\1-g\1http://127.0.0.1/\1-H\1X-Mine: %s\1--data-raw\1%s", values[i], values[i]);
    expect_words(json_pack("{s:s, s:s, s:s, s:{s:s}}", "method", "POST", "path", "/", "body", values[i], "headers",
                           "X-Mine", values[i]),
                 words);
  }
  expect_words(json_pack("{s:s, s:s, s:{s:s}}", "method", "a b';c", "path", "/'$(x)`", "headers", "Host", "x'; y"),
               "\1-i\1-g\1-X\1"
               "a b';c\1http://x'; y/'$(x)%60");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_simple_request_is_a_simple_command),
      cmocka_unit_test(a_body_and_its_type_come_along),
      cmocka_unit_test(no_value_gets_out_of_its_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
