/**
 * test_error_fingerprint.c - which errors are the same one, and how that is explained.
 */
#include "base/buf.h"
#include "data/error_fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** What a test case says of an error; frames as "file:line function|…", innermost first, a leading "-" for the host's
 * own. */
struct sketch {
  const char *type, *message, *frames, *route, *explicit_fingerprint;
};

static void set(struct error_record *record, char **member, const char *text) {
  if (text != NULL)
    error_record_set(record, member, text, strlen(text), 1 << 16);
}

static json_t *read_frames(const char *text) {
  json_t *frames = json_array();
  char *copy = strdup(text), *rest = copy, *one;
  while ((one = strsep(&rest, "|")) != NULL) {
    bool in_app = *one != '-';
    char *file = in_app ? one : one + 1;
    char *line = strchr(file, ':');
    *line++ = '\0';
    char *function = strchr(line, ' ');
    *function++ = '\0';
    json_array_append_new(frames, json_pack("{s:s, s:i, s:s, s:b}", "file", file, "line", (int)strtol(line, NULL, 10),
                                            "function", function, "in_app", in_app));
  }
  free(copy);
  return frames;
}

static struct error_fingerprint make(const struct sketch *sketch) {
  struct error_record *record = error_record_create(ERROR_SOURCE_REQUEST);
  set(record, &record->exc_type, sketch->type);
  set(record, &record->message, sketch->message);
  set(record, &record->route, sketch->route);
  set(record, &record->fingerprint, sketch->explicit_fingerprint);
  if (sketch->frames != NULL)
    record->frames = read_frames(sketch->frames);
  struct error_fingerprint made;
  assert_true(error_fingerprint_make(&made, record));
  error_record_destroy(record);
  return made;
}

static const struct {
  const char *why;
  bool same;
  struct sketch a, b;
} pairs[] = {
    {"a line moved by an edit above",
     true,
     {"E", "m", "r/a.lua:3 f", NULL, NULL},
     {"E", "m", "r/a.lua:9 f", NULL, NULL}},
    {"another message, same place", true, {"E", "x", "r/a.lua:3 f", NULL, NULL}, {"E", "y", "r/a.lua:3 f", NULL, NULL}},
    {"another type", false, {"E", "m", "r/a.lua:3 f", NULL, NULL}, {"F", "m", "r/a.lua:3 f", NULL, NULL}},
    {"another function", false, {"E", "m", "r/a.lua:3 f", NULL, NULL}, {"E", "m", "r/a.lua:3 g", NULL, NULL}},
    {"another file", false, {"E", "m", "r/a.lua:3 f", NULL, NULL}, {"E", "m", "r/b.lua:3 f", NULL, NULL}},
    {"another caller",
     false,
     {"E", "m", "l.lua:3 f|r/a.lua:1 g", NULL, NULL},
     {"E", "m", "l.lua:3 f|r/b.lua:1 g", NULL, NULL}},
    {"frames of the host differ",
     true,
     {"E", "m", "-[C]:0 error|r/a.lua:3 f", NULL, NULL},
     {"E", "m", "r/a.lua:3 f|-std/x.lua:1 d", NULL, NULL}},
    {"recursion of another depth",
     true,
     {"E", "m", "r/a.lua:3 f|r/a.lua:5 f|r/a.lua:9 g", NULL, NULL},
     {"E", "m", "r/a.lua:3 f|r/a.lua:5 f|r/a.lua:5 f|r/a.lua:5 f|r/a.lua:9 g", NULL, NULL}},
    {"mutual recursion of another depth",
     true,
     {"E", "m", "a:1 f|a:2 g|a:1 f|a:9 h", NULL, NULL},
     {"E", "m", "a:1 f|a:2 g|a:1 f|a:2 g|a:1 f|a:9 h", NULL, NULL}},
    {"anonymous handlers of two routes in one file",
     false,
     {"E", "m", "r/a.lua:3 (anonymous)", "/a/", NULL},
     {"E", "m", "r/a.lua:9 (anonymous)", "/b/", NULL}},
    {"one anonymous handler, moved",
     true,
     {"E", "m", "r/a.lua:3 (anonymous)", "/a/", NULL},
     {"E", "m", "r/a.lua:9 (anonymous)", "/a/", NULL}},
    {"a function named by its line",
     true,
     {"E", "m", "r/a.lua:3 function <r/a.lua:2>", "/a/", NULL},
     {"E", "m", "r/a.lua:9 function <r/a.lua:8>", "/a/", NULL}},
    {"one fingerprint of the script's own",
     true,
     {"E", "m", "r/a.lua:3 f", NULL, "pay"},
     {"F", "n", NULL, "/b/", "pay"}},
    {"two of the script's own", false, {"E", "m", NULL, NULL, "pay"}, {"E", "m", NULL, NULL, "ship"}},
    {"numbers in a message",
     true,
     {"E", "seminar 3 is full", NULL, NULL, NULL},
     {"E", "seminar 12 is full", NULL, NULL, NULL}},
    {"decimals and signs", true, {"E", "took 0.35 s", NULL, NULL, NULL}, {"E", "took 12 s", NULL, NULL, NULL}},
    {"times",
     true,
     {"E", "since 2021-11-13T14:59:00Z", NULL, NULL, NULL},
     {"E", "since 2022-01-02T03:04:05Z", NULL, NULL, NULL}},
    {"e-mail addresses",
     true,
     {"E", "no user kim@example.com", NULL, NULL, NULL},
     {"E", "no user lee.x@example.org", NULL, NULL, NULL}},
    {"memory addresses",
     true,
     {"E", "table: 0x55d0c0ffee", NULL, NULL, NULL},
     {"E", "table: 0x7f00deadbeef", NULL, NULL, NULL}},
    {"IP addresses",
     true,
     {"E", "from 10.0.0.1 refused", NULL, NULL, NULL},
     {"E", "from 192.168.1.20 refused", NULL, NULL, NULL}},
    {"UUIDs",
     true,
     {"E", "job 0e37df36-f698-11e6-8dd4-cb9ced3df976", NULL, NULL, NULL},
     {"E", "job c232ab00-9414-11ec-b3c8-9f6bdeced846", NULL, NULL, NULL}},
    {"references", true, {"E", "see ERR-7K3F-9QXA", NULL, NULL, NULL}, {"E", "see ERR-0A1B-2C3D", NULL, NULL, NULL}},
    {"hashes",
     true,
     {"E", "blob deadbeef01234567", NULL, NULL, NULL},
     {"E", "blob 0123456789abcdef", NULL, NULL, NULL}},
    {"quoted text",
     true,
     {"E", "no field 'name'", NULL, NULL, NULL},
     {"E", "no field 'email address'", NULL, NULL, NULL}},
    {"double and typographic quotes",
     true,
     {"E", "bad \"a\" in “b”", NULL, NULL, NULL},
     {"E", "bad \"xyz\" in “q r”", NULL, NULL, NULL}},
    {"an apostrophe is no quote",
     false,
     {"E", "can't open the door", NULL, NULL, NULL},
     {"E", "can't close the door", NULL, NULL, NULL}},
    {"another word", false, {"E", "seminar is full", NULL, NULL, NULL}, {"E", "seminar is over", NULL, NULL, NULL}},
    {"another place in the message",
     false,
     {"E", "routes/seminars.lua:12: nil", NULL, NULL, NULL},
     {"E", "routes/participants.lua:12: nil", NULL, NULL, NULL}},
    {"another line in the message",
     true,
     {"E", "routes/seminars.lua:12: nil", NULL, NULL, NULL},
     {"E", "routes/seminars.lua:99: nil", NULL, NULL, NULL}},
    {"Korean with numbers",
     true,
     {"E", "3번 세미나가 없습니다", NULL, NULL, NULL},
     {"E", "17번 세미나가 없습니다", NULL, NULL, NULL}},
    {"Korean, another word",
     false,
     {"E", "세미나가 없습니다", NULL, NULL, NULL},
     {"E", "강사가 없습니다", NULL, NULL, NULL}},
    {"names with a digit", true, {"E", "utf8 is broken", NULL, NULL, NULL}, {"E", "utf16 is broken", NULL, NULL, NULL}},
    {"no message: the route", true, {"E", NULL, NULL, "/a/", NULL}, {"F", "", NULL, "/a/", NULL}},
    {"no message: another route", false, {"E", NULL, NULL, "/a/", NULL}, {"E", NULL, NULL, "/b/", NULL}},
    {"only frames of the host: the message",
     true,
     {"E", "no 3", "-[C]:0 error", NULL, NULL},
     {"E", "no 4", "-std/x.lua:1 d", NULL, NULL}},
    {"lines added above every function of the stack",
     true,
     {"E", "m", "l.lua:3 f|l.lua:20 g|r/a.lua:7 h", NULL, NULL},
     {"E", "m", "l.lua:41 f|l.lua:58 g|r/a.lua:45 h", NULL, NULL}},
    {"a function renamed",
     false,
     {"E", "m", "l.lua:3 f|r/a.lua:7 divide", NULL, NULL},
     {"E", "m", "l.lua:3 f|r/a.lua:7 share", NULL, NULL}},
    {"one caller more",
     false,
     {"E", "m", "l.lua:3 f|r/a.lua:7 h", NULL, NULL},
     {"E", "m", "l.lua:3 f|l.lua:9 g|r/a.lua:7 h", NULL, NULL}},
    {"a stack, and none", false, {"E", "m", "r/a.lua:3 f", NULL, NULL}, {"E", "m", NULL, NULL, NULL}},
    {"an empty fingerprint is none", true, {"E", "m", "r/a.lua:3 f", NULL, ""}, {"E", "n", "r/a.lua:9 f", NULL, NULL}},
    {"a line and a column",
     true,
     {"E", "bad JSON at line 3, column 14", NULL, NULL, NULL},
     {"E", "bad JSON at line 120, column 2", NULL, NULL, NULL}},
    {"another port",
     true,
     {"E", "cannot reach db1:5432", NULL, NULL, NULL},
     {"E", "cannot reach db1:5433", NULL, NULL, NULL}},
    {"percentages", true, {"E", "50% done", NULL, NULL, NULL}, {"E", "7% done", NULL, NULL, NULL}},
    {"another sentence after the same one",
     false,
     {"E", "no room. try again", NULL, NULL, NULL},
     {"E", "no room. give up", NULL, NULL, NULL}},
    {"message only, another type", false, {"E", "m", NULL, NULL, NULL}, {"F", "m", NULL, NULL, NULL}},
};

static void pairs_are_told_apart_as_people_would(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    struct error_fingerprint a = make(&pairs[i].a), b = make(&pairs[i].b);
    bool same = strcmp(a.hash, b.hash) == 0;
    print_message("%-9s %-46s %s%s%s\n", same ? "same" : "different", pairs[i].why, a.explanation,
                  same ? "" : "  AND  ", same ? "" : b.explanation);
    if (same != pairs[i].same)
      fail_msg("%s:\n  %s\n  %s", pairs[i].why, a.explanation, b.explanation);
    error_fingerprint_release(&a);
    error_fingerprint_release(&b);
  }
}

static void the_title_and_the_culprit_say_where_to_look(void **state) {
  (void)state;
  const struct {
    struct sketch sketch;
    const char *title, *culprit;
  } cases[] = {
      {{"E", "first\nsecond", "-[C]:0 error|r/a.lua:3 f|r/b.lua:1 g", "/a/", NULL}, "E: first…", "r/a.lua f"},
      {{"E", NULL, NULL, "/a/", NULL}, "E", "/a/"},
      {{NULL, NULL, NULL, NULL, NULL}, "Error", "-"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct error_fingerprint made = make(&cases[i].sketch);
    assert_string_equal(made.title, cases[i].title);
    assert_string_equal(made.culprit, cases[i].culprit);
    error_fingerprint_release(&made);
  }
}

static void huge_input_stays_bounded(void **state) {
  (void)state;
  enum { LENGTH = 60000 };
  static const char *const fillers[] = {"1 ", "가", "'", "a1 ", "@", "0x"};
  for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++) {
    char *text = calloc(LENGTH + 8, 1);
    for (size_t at = 0; at < LENGTH; at += strlen(fillers[i]))
      memcpy(text + at, fillers[i], strlen(fillers[i]));
    struct sketch sketch = {text, text, NULL, text, NULL};
    struct error_fingerprint made = make(&sketch);
    assert_true(strlen(made.explanation) <= 4096 && strlen(made.title) < 500 && strlen(made.culprit) < 700);
    json_t *valid = json_string(made.explanation); /* NULL for broken UTF-8 */
    assert_non_null(valid);
    json_decref(valid);
    error_fingerprint_release(&made);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pairs_are_told_apart_as_people_would),
      cmocka_unit_test(the_title_and_the_culprit_say_where_to_look),
      cmocka_unit_test(huge_input_stays_bounded),
  };
  return cmocka_run_group_tests_name("error_fingerprint", tests, NULL, NULL);
}
