/**
 * clock.c - reading the clocks, and times and spans as text.
 *
 * Called from every floor and any thread; keeps no state. The calendar is
 * computed here rather than by gmtime() and timegm(), which know neither
 * microseconds nor a strict reading.
 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SECONDS_PER_DAY = 86400, US_PER_SECOND = 1000000, DAYS_PER_ERA = 146097 };

int64_t clock_wall_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/** Division that rounds towards minus infinity, for times before 1970. */
static int64_t floor_div(int64_t value, int64_t by) {
  return value / by - (value % by < 0);
}

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar; years are counted from March, so that leap days
 * come last. */
static int64_t days_from_date(int64_t year, int month, int day) {
  if (month <= 2)
    year--;
  int64_t era = floor_div(year, 400);
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * DAYS_PER_ERA + day_of_era - 719468;
}

/** The inverse of days_from_date(). */
static void date_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day) {
  days += 719468;
  int64_t era = floor_div(days, DAYS_PER_ERA);
  int64_t day_of_era = days - era * DAYS_PER_ERA;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  unsigned day_of_year = (unsigned)(day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
  unsigned shifted = (5 * day_of_year + 2) / 153;
  *day = day_of_year - (153 * shifted + 2) / 5 + 1;
  *month = shifted < 10 ? shifted + 3 : shifted - 9;
  *year = year_of_era + era * 400 + (*month <= 2);
}

const char *clock_rfc3339(int64_t wall_us, char out[MULLIGAN_RFC3339_SIZE]) {
  int64_t seconds = floor_div(wall_us, US_PER_SECOND);
  int64_t remainder = wall_us % US_PER_SECOND; /* not `wall_us - seconds * …`, which overflows at the far end */
  unsigned fraction = (unsigned)(remainder < 0 ? remainder + US_PER_SECOND : remainder);
  int64_t days = floor_div(seconds, SECONDS_PER_DAY);
  unsigned rest = (unsigned)(seconds - days * SECONDS_PER_DAY);
  int64_t year;
  unsigned month, day;
  date_from_days(days, &year, &month, &day);
  /* The remainders of 100 and the like change no value; they show the compiler that all fits. */
  snprintf(out, MULLIGAN_RFC3339_SIZE, "%04lld-%02u-%02uT%02u:%02u:%02u.%06uZ", (long long)year, month % 100, day % 100,
           rest / 3600 % 24, rest / 60 % 60, rest % 60, fraction % US_PER_SECOND);
  return out;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/** Reads exactly `width` digits at `*at`; -1 if there are not that many. */
static int read_digits(const char *text, size_t length, size_t *at, size_t width) {
  if (length - *at < width)
    return -1;
  int value = 0;
  for (size_t i = 0; i < width; i++) {
    char c = text[*at + i];
    if (!is_digit(c))
      return -1;
    value = value * 10 + (c - '0');
  }
  *at += width;
  return value;
}

/** Reads digits and then one character out of `separators`, or digits alone if that is NULL. */
static bool read_part(const char *text, size_t length, size_t *at, size_t width, const char *separators, int *value) {
  *value = read_digits(text, length, at, width);
  if (*value < 0)
    return false;
  if (separators == NULL)
    return true;
  if (*at >= length || text[*at] == '\0' || strchr(separators, text[*at]) == NULL)
    return false;
  ++*at;
  return true;
}

static int days_in_month(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

/** Reads `.123456789`; digits beyond the microsecond are dropped. True without a fraction. */
static bool read_fraction(const char *text, size_t length, size_t *at, int *fraction) {
  *fraction = 0;
  if (*at >= length || text[*at] != '.')
    return true;
  ++*at;
  int digits = 0;
  for (; *at < length && is_digit(text[*at]); ++*at, digits++) {
    if (digits < 6)
      *fraction = *fraction * 10 + (text[*at] - '0');
  }
  if (digits < 1 || digits > 9)
    return false;
  for (int i = digits; i < 6; i++)
    *fraction *= 10;
  return true;
}

/** Reads `Z` or `+09:00` at the end of the text, as seconds east of UTC. */
static bool read_offset(const char *text, size_t length, size_t at, int *offset) {
  *offset = 0;
  if (at >= length)
    return false;
  char sign = text[at++];
  if (sign == 'Z' || sign == 'z')
    return at == length;
  if (sign != '+' && sign != '-')
    return false;
  int hours, minutes;
  if (!read_part(text, length, &at, 2, ":", &hours) || !read_part(text, length, &at, 2, NULL, &minutes))
    return false;
  if (at != length || hours > 23 || minutes > 59)
    return false;
  *offset = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
  return true;
}

bool clock_parse_rfc3339(const char *text, size_t length, int64_t *wall_us) {
  size_t at = 0;
  int year, month, day, hour, minute, second, fraction, offset;
  if (!read_part(text, length, &at, 4, "-", &year) || !read_part(text, length, &at, 2, "-", &month) ||
      !read_part(text, length, &at, 2, "Tt ", &day) || !read_part(text, length, &at, 2, ":", &hour) ||
      !read_part(text, length, &at, 2, ":", &minute) || !read_part(text, length, &at, 2, NULL, &second) ||
      !read_fraction(text, length, &at, &fraction) || !read_offset(text, length, at, &offset))
    return false;
  /* A leap second (:60) is a valid text; it is read as the first moment of the next minute, as POSIX counts. */
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 60)
    return false;
  int64_t seconds = days_from_date(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset;
  *wall_us = seconds * US_PER_SECOND + fraction;
  return true;
}

bool clock_parse_span(const char *text, int64_t *us) {
  static const struct {
    const char *suffix;
    int64_t us;
  } units[] = {
      {"", 1000000},           {"ms", 1000},
      {"s", 1000000},          {"m", 60 * 1000000LL},
      {"h", 3600 * 1000000LL}, {"d", 86400 * 1000000LL},
  };
  if (!is_digit(*text))
    return false;
  int64_t number = 0;
  for (; is_digit(*text); text++) {
    if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *text - '0', &number))
      return false;
  }
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(text, units[i].suffix) == 0)
      return !__builtin_mul_overflow(number, units[i].us, us);
  }
  return false;
}
