/**
 * test_log.c - what reaches standard error: one line an event, whole, and nothing that could forge another.
 */
#include "base/log.h"

#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STAMP "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2},[0-9]{3} "

static FILE *capture;
static int stderr_kept;

/** Points standard error at a temporary file. */
static void capture_begin(void) {
  capture = tmpfile();
  assert_non_null(capture);
  stderr_kept = dup(STDERR_FILENO);
  assert_int_equal(dup2(fileno(capture), STDERR_FILENO), STDERR_FILENO);
}

/** Points it back and returns what was written; the caller frees it. */
static char *capture_end(void) {
  dup2(stderr_kept, STDERR_FILENO);
  close(stderr_kept);
  fseek(capture, 0, SEEK_END);
  long length = ftell(capture);
  rewind(capture);
  char *text = calloc(1, (size_t)length + 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, (size_t)length, capture), length);
  fclose(capture);
  return text;
}

static void assert_matches(const char *text, const char *pattern) {
  regex_t regex;
  assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
  if (regexec(&regex, text, 0, NULL, 0) != 0)
    fail_msg("%s is not %s", text, pattern);
  regfree(&regex);
}

static void a_line_has_time_level_place_and_request(void **state) {
  (void)state;
  capture_begin();
  log_line(LOG_LEVEL_ERROR, "scripts/routes/seminars.lua", 42, "ab12cd34", "it broke");
  char *text = capture_end();
  assert_matches(text, STAMP "ERROR: it broke \\[in scripts/routes/seminars\\.lua:42\\] \\(ab12cd34\\)\n$");
  free(text);
  capture_begin();
  log_info("served %d", 3);
  text = capture_end();
  assert_matches(text, STAMP "INFO: served 3\n$");
  free(text);
}

static void a_line_tells_the_generation(void **state) {
  (void)state;
  log_set_generation(7);
  capture_begin();
  log_line(LOG_LEVEL_ERROR, "a.lua", 42, "ab12cd34", "it broke");
  log_info("served");
  log_pin_generation(6); /* a request that began before the seventh was there */
  log_info("late");
  log_pin_generation(0);
  log_info("again");
  char *text = capture_end();
  assert_matches(text, "it broke \\[in a\\.lua:42\\] \\(ab12cd34, g7\\)\n.* INFO: served \\(g7\\)\n");
  assert_matches(text, "INFO: late \\(g6\\)\n.*INFO: again \\(g7\\)\n$");
  free(text);
  log_set_generation(0);
}

static void levels_below_the_threshold_stay_silent(void **state) {
  (void)state;
  capture_begin();
  log_debug("no");
  log_set_level(LOG_LEVEL_ERROR);
  log_info("no");
  log_warning("no");
  assert_false(log_enabled(LOG_LEVEL_WARNING));
  log_error("yes");
  log_set_level(LOG_LEVEL_DEBUG);
  log_debug("yes");
  log_set_level(LOG_LEVEL_INFO);
  char *text = capture_end();
  assert_matches(text, STAMP "ERROR: yes\n[^\n]*DEBUG: yes\n$");
  assert_null(strstr(text, "no\n"));
  free(text);
}

static void levels_are_read_in_any_case(void **state) {
  (void)state;
  enum log_level level = LOG_LEVEL_INFO;
  assert_true(log_parse_level("debug", &level) && level == LOG_LEVEL_DEBUG);
  assert_true(log_parse_level("Warning", &level) && level == LOG_LEVEL_WARNING);
  assert_true(log_parse_level("ERROR", &level) && level == LOG_LEVEL_ERROR);
  assert_false(log_parse_level("warn", &level));
  assert_false(log_parse_level("", &level));
  assert_int_equal(level, LOG_LEVEL_ERROR);
}

static void nothing_in_a_message_can_forge_a_line_or_steer_a_terminal(void **state) {
  (void)state;
  static const struct {
    const char *message, *written;
  } cases[] = {
      {"a\nb\r\tc", "a\\nb\\r\\tc"},
      {"\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
      {"한글 \xF0\x9F\xA6\x80 é", "한글 \xF0\x9F\xA6\x80 é"},
      {"c1 \xC2\x9B"
       "31m",
       "c1 \\xc2\\x9b31m"},
      {"bad \xFF\xC3", "bad \\xff\\xc3"},
      {"cut \xED\x95", "cut \\xed\\x95"},
      {"100% %s %n", "100% %s %n"},
      {"", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    capture_begin();
    log_line(LOG_LEVEL_INFO, "a\nb.lua", 1, "id\n", cases[i].message);
    char *text = capture_end();
    const char *message = strstr(text, " INFO: ");
    assert_non_null(message);
    char expected[256];
    snprintf(expected, sizeof expected, " INFO: %s [in a\\nb.lua:1] (id\\n)\n", cases[i].written);
    assert_string_equal(message, expected);
    free(text);
  }
}

static void a_long_message_is_cut_and_keeps_its_place(void **state) {
  (void)state;
  size_t size = 100000;
  char *message = malloc(size + 1);
  assert_non_null(message);
  static const char *const fillings[] = {"x", "\n", "한", "\xFF"};
  for (size_t i = 0; i < sizeof fillings / sizeof *fillings; i++) {
    size_t width = strlen(fillings[i]), length = 0;
    while (length + width <= size) {
      memcpy(message + length, fillings[i], width);
      length += width;
    }
    message[length] = '\0';
    capture_begin();
    log_line(LOG_LEVEL_WARNING, "f.lua", 9, "id", message);
    log_line(LOG_LEVEL_WARNING, message, 9, message, message);
    log_error("%s", message);
    char *text = capture_end();
    const char *end = strchr(text, '\n');
    assert_non_null(end);
    static const char tail[] = "\xE2\x80\xA6 [in f.lua:9] (id)";
    assert_memory_equal(end - (sizeof tail - 1), tail, sizeof tail - 1);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
      lines++;
    assert_int_equal(lines, 3);
    free(text);
  }
  free(message);
}

enum { WRITERS = 4, LINES = 200, WIDTH = 9000 };

static void *write_lines(void *letter) {
  char message[WIDTH + 1];
  memset(message, *(char *)letter, WIDTH);
  message[WIDTH] = '\0';
  for (int i = 0; i < LINES; i++)
    log_info("%s", message);
  return NULL;
}

/** Reads a pipe to its end; the pipe takes less than one line at a time, so that writes are split. */
static void *read_lines(void *fd) {
  FILE *pipe = fdopen(*(int *)fd, "r");
  char *line = NULL;
  size_t room = 0;
  long whole = 0;
  while (getline(&line, &room, pipe) > 0) {
    const char *message = strstr(line, "INFO: ");
    if (message != NULL && strspn(message + 6, (char[]){message[6], '\0'}) == WIDTH && message[6 + WIDTH] == '\n')
      whole++;
  }
  free(line);
  fclose(pipe);
  return (void *)whole;
}

static void lines_of_many_threads_never_mix(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  int kept = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  pthread_t reader, writers[WRITERS];
  static char letters[] = "abcd";
  assert_int_equal(pthread_create(&reader, NULL, read_lines, &ends[0]), 0);
  for (int i = 0; i < WRITERS; i++)
    assert_int_equal(pthread_create(&writers[i], NULL, write_lines, &letters[i]), 0);
  for (int i = 0; i < WRITERS; i++)
    pthread_join(writers[i], NULL);
  dup2(kept, STDERR_FILENO);
  close(kept);
  void *whole;
  pthread_join(reader, &whole);
  assert_int_equal((long)whole, WRITERS * LINES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_has_time_level_place_and_request),
      cmocka_unit_test(a_line_tells_the_generation),
      cmocka_unit_test(levels_below_the_threshold_stay_silent),
      cmocka_unit_test(levels_are_read_in_any_case),
      cmocka_unit_test(nothing_in_a_message_can_forge_a_line_or_steer_a_terminal),
      cmocka_unit_test(a_long_message_is_cut_and_keeps_its_place),
      cmocka_unit_test(lines_of_many_threads_never_mix),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
