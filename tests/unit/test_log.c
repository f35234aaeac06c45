/**
 * test_log.c - what reaches standard error and the log file: one line an event, whole, and nothing that could forge
 * another, plain or as JSON.
 */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "remove_tree.h"

#include <jansson.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

/* ---- JSON ---- */

/** Logs a line as JSON and reads it back; the caller drops it. */
static json_t *logged_json(const char *file, int number, const char *id, const char *message) {
  log_set_format(LOG_FORMAT_JSON);
  capture_begin();
  log_line(LOG_LEVEL_WARNING, file, number, id, message);
  char *text = capture_end();
  log_set_format(LOG_FORMAT_PLAIN);
  size_t length = strlen(text);
  assert_in_range(length, 2, LOG_LINE_SIZE);
  assert_ptr_equal(strchr(text, '\n'), text + length - 1);
  for (size_t i = 0; i + 1 < length; i++)
    if ((unsigned char)text[i] < ' ' || text[i] == 127)
      fail_msg("a control character in %s", text);
  json_error_t error;
  json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
  if (object == NULL)
    fail_msg("%s: %s", error.text, text);
  free(text);
  return object;
}

static const char *text_of(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

static void a_json_line_is_an_object_of_what_is_known(void **state) {
  (void)state;
  log_set_generation(7);
  int64_t before = clock_wall_us(), time;
  json_t *object = logged_json("scripts/a.lua", 42, "ab12cd34", "it \"broke\"\n\tC:\\x 한글");
  log_set_generation(0);
  assert_string_equal(text_of(object, "level"), "warning");
  assert_string_equal(text_of(object, "message"), "it \"broke\"\n\tC:\\x 한글");
  assert_string_equal(text_of(object, "file"), "scripts/a.lua");
  assert_int_equal(json_integer_value(json_object_get(object, "line")), 42);
  assert_string_equal(text_of(object, "request_id"), "ab12cd34");
  assert_int_equal(json_integer_value(json_object_get(object, "generation")), 7);
  assert_int_equal(json_integer_value(json_object_get(object, "pid")), getpid());
  const char *stamp = text_of(object, "time");
  assert_true(clock_parse_rfc3339(stamp, strlen(stamp), &time));
  assert_true(time >= before && time <= clock_wall_us());
  assert_int_equal(json_object_size(object), 8);
  json_decref(object);

  object = logged_json(NULL, 0, NULL, "");
  assert_string_equal(text_of(object, "message"), "");
  assert_int_equal(json_object_size(object), 4); /* time, level, message, pid */
  json_decref(object);
}

static void a_json_line_is_valid_whatever_the_message_holds(void **state) {
  (void)state;
  json_t *object = logged_json("a\"\n.lua", 1, "id\"\\\x1b", "\x1b[31m \x7f \xC2\x9B bad \xFF cut \xED\x95");
  assert_string_equal(text_of(object, "message"), "\x1b[31m \x7f \xC2\x9B bad \\xff cut \\xed\\x95");
  assert_string_equal(text_of(object, "file"), "a\"\n.lua");
  assert_string_equal(text_of(object, "request_id"), "id\"\\\x1b");
  json_decref(object);

  unsigned dice = 7;
  static char message[3 * LOG_LINE_SIZE];
  for (int i = 0; i < 300; i++) {
    size_t length = (size_t)rand_r(&dice) % (i % 10 == 0 ? sizeof message - 1 : 200);
    for (size_t at = 0; at < length; at++)
      message[at] = (char)(1 + rand_r(&dice) % 255);
    message[length] = '\0';
    json_decref(logged_json(message, i, message, message));
  }
}

/* ---- the file ---- */

static char folder[64];

static int make_folder(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/log-XXXXXX");
  assert_non_null(mkdtemp(folder));
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  log_close();
  return remove_tree(folder);
}

/** What stands in mulligan.log (followed by `suffix`); the caller frees it. */
static char *file_text(const char *suffix) {
  char path[128];
  snprintf(path, sizeof path, "%s/mulligan.log%s", folder, suffix);
  struct buf buf;
  struct fault fault;
  buf_init(&buf, 1 << 24);
  if (file_read(path, &buf, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  char *text = strdup(buf.data ? buf.data : "");
  buf_release(&buf);
  return text;
}

static void open_log(void) {
  struct fault fault;
  if (log_open(folder, 1 << 20, 2, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
}

static void the_file_has_what_standard_error_has_from_its_opening_on(void **state) {
  (void)state;
  capture_begin();
  log_info("before");
  open_log();
  log_info("one");
  log_line(LOG_LEVEL_ERROR, "a.lua", 3, "id", "two\n");
  log_debug("not at this level");
  char moved[160], path[128];
  snprintf(path, sizeof path, "%s/mulligan.log", folder);
  snprintf(moved, sizeof moved, "%s.moved", path);
  assert_int_equal(rename(path, moved), 0);
  log_reopen();
  log_info("three");
  log_close();
  log_info("after");
  char *text = capture_end(), *first = file_text(".moved"), *second = file_text("");
  assert_matches(first, STAMP "INFO: one\n[^\n]*ERROR: two\\\\n \\[in a\\.lua:3\\] \\(id\\)\n$");
  assert_matches(second, STAMP "INFO: three\n$");
  const char *one = strstr(text, first), *three = strstr(text, second);
  assert_true(one != NULL && three == one + strlen(first));
  assert_matches(text, "INFO: before\n");
  assert_matches(text, "INFO: after\n$");
  free(text);
  free(first);
  free(second);
}

static void a_log_that_cannot_be_opened_is_named(void **state) {
  (void)state;
  char path[128];
  struct fault fault;
  snprintf(path, sizeof path, "%s/mulligan.log", folder);
  assert_int_equal(symlink("elsewhere", path), 0);
  assert_int_equal(log_open(folder, 1 << 20, 2, &fault), MULLIGAN_INVALID);
  assert_non_null(strstr(fault.message, path));
}

static void what_the_file_lacks_is_told_in_both(void **state) {
  (void)state;
  struct rlimit limit, small;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  signal(SIGXFSZ, SIG_IGN);
  log_set_format(LOG_FORMAT_JSON);
  open_log();
  log_set_generation(3);
  small = (struct rlimit){.rlim_cur = 10, .rlim_max = limit.rlim_max};
  int ends[2], kept = dup(STDERR_FILENO); /* a pipe, which has no limit */
  assert_int_equal(pipe(ends), 0);
  dup2(ends[1], STDERR_FILENO);
  setrlimit(RLIMIT_FSIZE, &small);
  log_info("lost one");
  log_info("lost two");
  setrlimit(RLIMIT_FSIZE, &limit);
  char *written = file_text("");
  for (int tries = 0; tries < 1000 && strstr(written, "there again") == NULL; tries++) {
    free(written);
    usleep(10000);
    log_info("there again");
    written = file_text("");
  }
  log_close();
  log_set_generation(0);
  log_set_format(LOG_FORMAT_PLAIN);
  dup2(kept, STDERR_FILENO);
  close(kept);
  close(ends[1]);
  static char said[65536];
  size_t length = 0;
  ssize_t got;
  while (length < sizeof said - 1 && (got = read(ends[0], said + length, sizeof said - 1 - length)) > 0)
    length += (size_t)got;
  close(ends[0]);

  assert_null(strstr(written, "lost one"));
  json_t *note = json_loads(written, JSON_DISABLE_EOF_CHECK, NULL);
  assert_string_equal(text_of(note, "level"), "warning");
  int64_t lost = 0;
  assert_int_equal(sscanf(text_of(note, "message"), "%ld lines of the log could not be written here", &lost), 1);
  assert_true(lost >= 2);
  assert_int_equal(json_integer_value(json_object_get(note, "generation")), 3);
  json_decref(note);
  assert_matches(said, "lost one");
  assert_matches(said, "lost two");
  const char *cannot = strstr(said, "mulligan.log: File too large; its lines are counted until it can be written");
  assert_non_null(cannot);
  assert_null(strstr(cannot + 1, "mulligan.log: File too large"));
  assert_non_null(strstr(cannot, "mulligan.log can be written again"));
  free(written);
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
      cmocka_unit_test(a_json_line_is_an_object_of_what_is_known),
      cmocka_unit_test(a_json_line_is_valid_whatever_the_message_holds),
      cmocka_unit_test_setup_teardown(the_file_has_what_standard_error_has_from_its_opening_on, make_folder,
                                      remove_folder),
      cmocka_unit_test_setup_teardown(a_log_that_cannot_be_opened_is_named, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(what_the_file_lacks_is_told_in_both, make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
