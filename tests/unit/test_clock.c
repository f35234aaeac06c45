/**
 * test_clock.c - times and spans as text, forth and back.
 */
#include "base/clock.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void times_are_written_with_six_digits(void **state) {
  (void)state;
  static const struct {
    int64_t us;
    const char *text;
  } cases[] = {
      {0, "1970-01-01T00:00:00.000000Z"},
      {-1, "1969-12-31T23:59:59.999999Z"},
      {1636815540123456, "2021-11-13T14:59:00.123456Z"},
      {951782400000000, "2000-02-29T00:00:00.000000Z"},
      {-62167219200000000, "0000-01-01T00:00:00.000000Z"},
      {253402300799999999, "9999-12-31T23:59:59.999999Z"},
      {INT64_MAX, "294247-01-10T04:00:54.775807Z"},
      {INT64_MIN, "-290308-12-21T19:59:05.224192Z"},
  };
  char text[MULLIGAN_RFC3339_SIZE];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(clock_rfc3339(cases[i].us, text), cases[i].text);
}

static void times_are_read_with_any_offset_and_fraction(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t us;
  } cases[] = {
      {"2021-11-13T14:59:00.123456Z", 1636815540123456},
      {"2021-11-13T23:59:00.123456+09:00", 1636815540123456},
      {"2021-11-13t09:29:00.123456-05:30", 1636815540123456},
      {"2021-11-13 14:59:00z", 1636815540000000},
      {"2021-11-13T14:59:00.1Z", 1636815540100000},
      {"2021-11-13T14:59:00.123456789Z", 1636815540123456},
      {"2020-02-29T00:00:00Z", 1582934400000000},
      {"1969-12-31T23:59:59.999999Z", -1},
      {"2016-12-31T23:59:60Z", 1483228800000000},
      {"2021-01-01T00:00:00-00:00", 1609459200000000},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t us = 0;
    if (!clock_parse_rfc3339(cases[i].text, strlen(cases[i].text), &us) || us != cases[i].us)
      fail_msg("%s was read as %lld", cases[i].text, (long long)us);
  }
}

static void what_is_no_time_is_refused(void **state) {
  (void)state;
  static const char *const cases[] = {
      "",
      "2021",
      "2021-11-13",
      "2021-11-13T14:59Z",
      "2021-11-13T14:59:00",
      "2021-11-13T14:59:00.Z",
      "2021-11-13T14:59:00.1234567890Z",
      "2021-13-13T14:59:00Z",
      "2021-00-13T14:59:00Z",
      "2021-11-31T14:59:00Z",
      "2021-11-00T14:59:00Z",
      "2021-02-29T00:00:00Z",
      "1900-02-29T00:00:00Z",
      "2021-11-13T24:00:00Z",
      "2021-11-13T14:60:00Z",
      "2021-11-13T14:59:61Z",
      "2021-11-13T14:59:00+24:00",
      "2021-11-13T14:59:00+09:60",
      "2021-11-13T14:59:00+0900",
      "2021-11-13T14:59:00Zx",
      " 2021-11-13T14:59:00Z",
      "2021-11-13T14:59:00Z ",
      "+021-11-13T14:59:00Z",
      "2021-1-13T14:59:00Z",
      "2021-11-13T14:59:00,5Z",
      "2021_11_13T14:59:00Z",
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t us = 7;
    if (clock_parse_rfc3339(cases[i], strlen(cases[i]), &us) || us != 7)
      fail_msg("\"%s\" was taken for a time", cases[i]);
  }
  int64_t us;
  assert_false(clock_parse_rfc3339("2021-11-13\0"
                                   "14:59:00Z",
                                   20, &us));
}

static void any_time_survives_being_written_and_read(void **state) {
  (void)state;
  struct dice dice = {5};
  char text[MULLIGAN_RFC3339_SIZE];
  for (int i = 0; i < 20000; i++) {
    int64_t seconds = (int64_t)dice_roll(&dice, 1u << 31) * 117 - 60000000000;
    int64_t us = seconds * 1000000 + (int64_t)dice_roll(&dice, 1000000), back = 0;
    clock_rfc3339(us, text);
    assert_true(clock_parse_rfc3339(text, strlen(text), &back));
    assert_int_equal(back, us);
    time_t whole = (time_t)seconds;
    struct tm tm;
    char expected[64];
    gmtime_r(&whole, &tm);
    size_t length = strftime(expected, sizeof expected, "-%m-%dT%H:%M:%S.", &tm);
    assert_memory_equal(text + 4, expected, length);
  }
}

static void spans_are_read_in_their_units(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t us;
  } good[] = {
      {"90", 90000000},  {"500ms", 500000},   {"20s", 20000000},
      {"5m", 300000000}, {"1h", 3600000000},  {"90d", 7776000000000},
      {"0", 0},          {"00007s", 7000000}, {"9223372036854", 9223372036854000000},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    int64_t us = -1;
    assert_true(clock_parse_span(good[i].text, &us));
    assert_int_equal(us, good[i].us);
  }
  static const char *const bad[] = {"",
                                    "s",
                                    "-5",
                                    "+5",
                                    "1.5h",
                                    "5 m",
                                    "5M",
                                    "5min",
                                    " 5s",
                                    "5s ",
                                    "0x5",
                                    "5w",
                                    "1h5m",
                                    "9223372036855",
                                    "99999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int64_t us;
    if (clock_parse_span(bad[i], &us))
      fail_msg("\"%s\" was taken for a span", bad[i]);
  }
}

static void the_clocks_run_forwards(void **state) {
  (void)state;
  int64_t before = clock_monotonic_ns();
  assert_true(clock_monotonic_ns() >= before);
  time_t now = time(NULL);
  assert_true(clock_wall_us() / 1000000 >= now - 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(times_are_written_with_six_digits),
      cmocka_unit_test(times_are_read_with_any_offset_and_fraction),
      cmocka_unit_test(what_is_no_time_is_refused),
      cmocka_unit_test(any_time_survives_being_written_and_read),
      cmocka_unit_test(spans_are_read_in_their_units),
      cmocka_unit_test(the_clocks_run_forwards),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
