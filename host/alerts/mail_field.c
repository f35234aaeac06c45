/**
 * mail_field.c - the fields of an alert, as mails tell them.
 *
 * Pure functions over an alert that nobody changes; any thread. An alert is free of secrets but not of tricks: what it
 * holds are a stranger's words, and none gets out of here but through mail_header_add_line().
 */
#include "alerts/mail_field.h"

#include "alerts/mail_header.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { FIELD_MOST = 4 * 1024 };

const char *mail_field_text(const json_t *alert, const char *key) {
  const char *text = json_string_value(json_object_get(alert, key));
  return text != NULL ? text : "";
}

int64_t mail_field_number(const json_t *alert, const char *key) {
  return json_integer_value(json_object_get(alert, key));
}

void mail_field_add_line(struct buf *out, const char *text, size_t length, size_t most) {
  static const char mark[] = "…";
  if (length <= most) {
    mail_header_add_line(out, text, length);
    return;
  }
  mail_header_add_line(out, text, utf8_cut(text, length, most - strlen(mark)));
  buf_add_text(out, mark);
}

bool mail_field_add(struct buf *out, const json_t *alert, const char *key) {
  const char *text = mail_field_text(alert, key);
  size_t before = out->length;
  mail_field_add_line(out, text, strlen(text), FIELD_MOST);
  return out->length > before;
}

bool mail_field_add_request(struct buf *out, const json_t *alert) {
  const char *place = *mail_field_text(alert, "route") != '\0' ? "route" : "path";
  if (*mail_field_text(alert, place) == '\0')
    return false;
  if (mail_field_add(out, alert, "method"))
    buf_add_char(out, ' ');
  mail_field_add(out, alert, place);
  return true;
}

void mail_field_add_title(struct buf *out, const json_t *alert) {
  bool typed = mail_field_add(out, alert, "exc_type");
  if (*mail_field_text(alert, "message") != '\0') {
    buf_add_text(out, typed ? ": " : "");
    mail_field_add(out, alert, "message");
  } else if (!typed) {
    mail_field_add(out, alert, "title");
  }
}

void mail_field_add_number(struct buf *out, int64_t number) {
  char digits[24];
  int length = snprintf(digits, sizeof digits, "%" PRId64, number);
  for (int i = 0; i < length; i++) {
    buf_add_char(out, digits[i]);
    int left = length - 1 - i;
    if (left > 0 && left % 3 == 0 && digits[i] != '-')
      buf_add_char(out, ',');
  }
}

void mail_field_add_time(struct buf *out, int64_t wall_us) {
  time_t seconds = (time_t)(wall_us / 1000000);
  struct tm date;
  gmtime_r(&seconds, &date);
  buf_addf(out, "%04d-%02d-%02d %02d:%02d:%02d UTC", 1900 + date.tm_year, date.tm_mon + 1, date.tm_mday, date.tm_hour,
           date.tm_min, date.tm_sec);
}
