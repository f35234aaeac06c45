/**
 * mail_subject.c - the subject of a mail about an alert.
 *
 * A pure function; any thread.
 */
#include "alerts/mail_subject.h"

#include "alerts/mail_field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
  PART_MOST = 16 * 1024, /* bytes: room for what mail_field.h lets through, several times */
  ROUTE_MOST = 50,       /* characters of the route */
  MESSAGE_LEAST = 20,    /* characters that the message keeps, however long the rest is */
  POSITION_MOST = 256,   /* bytes of a script's path, and of a line's number */
};

/** The length in bytes of the first `most` characters of a text, or of all of it. */
static size_t first_characters(const char *text, size_t length, size_t most) {
  size_t at = 0;
  for (; at < length; at++)
    if (((unsigned char)text[at] & 0xC0) != 0x80 && most-- == 0)
      break;
  return at;
}

static size_t count_characters(const struct buf *text) {
  size_t count = 0;
  for (size_t i = 0; i < text->length; i++)
    count += ((unsigned char)text->data[i] & 0xC0) != 0x80;
  return count;
}

/** Appends a text in at most `most` characters, the last of which is `…` if some are missing. */
static void add_cut(struct buf *out, const struct buf *text, size_t most) {
  if (count_characters(text) <= most) {
    buf_add(out, text->data, text->length);
  } else {
    buf_add(out, text->data, first_characters(text->data, text->length, most - 1));
    buf_add_text(out, "…");
  }
  out->failed |= text->failed;
}

static void add_kind(struct buf *out, const json_t *alert) {
  static const char *const kinds[][2] = {
      {"new", "NEW"},       {"regression", "AGAIN"},  {"spike", "SPIKE"},   {"repeats", "REPEATS"},
      {"reload", "RELOAD"}, {"operator", "OPERATOR"}, {"digest", "DIGEST"}, {"test", "TEST"},
  };
  const char *kind = mail_field_text(alert, "kind");
  if (strcmp(kind, "count") == 0) { /* the 10th, 100th, … */
    mail_field_add_number(out, mail_field_number(alert, "total"));
    buf_add_text(out, "th");
    return;
  }
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kind, kinds[i][0]) == 0)
      buf_add_text(out, kinds[i][1]);
}

/** The position at the start of what Lua says ("routes/x.lua:8: "), which is the frame's: its length in the message. */
static size_t position_in(const json_t *alert) {
  const json_t *frame = json_object_get(alert, "frame");
  const char *message = mail_field_text(alert, "message");
  char position[POSITION_MOST];
  int length = snprintf(position, sizeof position, "%s:%" PRId64 ": ", mail_field_text(frame, "file"),
                        mail_field_number(frame, "line"));
  bool whole = length > 0 && (size_t)length < sizeof position;
  return whole && strncmp(message, position, (size_t)length) == 0 ? (size_t)length : 0;
}

/** Appends `TypeError: message`, and where that is too long rather loses the position than the message's end. */
static void add_title(struct buf *out, const json_t *alert, size_t most) {
  struct buf title;
  buf_init(&title, PART_MOST);
  mail_field_add_title(&title, alert);
  size_t position = position_in(alert);
  if (position > 0 && count_characters(&title) > most) {
    const char *message = mail_field_text(alert, "message") + position;
    buf_clear(&title, PART_MOST);
    if (mail_field_add(&title, alert, "exc_type"))
      buf_add_text(&title, ": ");
    mail_field_add_line(&title, message, strlen(message), PART_MOST / 4);
  }
  add_cut(out, &title, most);
  buf_release(&title);
}

/** What happened, where and how often. */
static void add_error(struct buf *out, const json_t *alert) {
  struct buf place, tail;
  buf_init(&place, PART_MOST);
  buf_init(&tail, PART_MOST);
  if (!mail_field_add_request(&place, alert))
    mail_field_add(&place, alert, "script");
  if (place.length > 0) {
    buf_add_text(&tail, " (");
    add_cut(&tail, &place, ROUTE_MOST);
    buf_add_char(&tail, ')');
  }
  int64_t total = mail_field_number(alert, "total");
  buf_addf(&tail, " ×%" PRId64, total > 0 ? total : 1);
  size_t taken = count_characters(out) + count_characters(&tail);
  add_title(out, alert, taken + MESSAGE_LEAST < MAIL_SUBJECT_MOST ? MAIL_SUBJECT_MOST - taken : MESSAGE_LEAST);
  add_cut(out, &tail, MAIL_SUBJECT_MOST);
  buf_release(&place);
  buf_release(&tail);
}

bool mail_subject_add(struct buf *out, const json_t *alert, bool korean) {
  struct buf whole;
  buf_init(&whole, PART_MOST);
  const char *kind = mail_field_text(alert, "kind");
  buf_add_char(&whole, '[');
  mail_field_add(&whole, alert, "environment");
  buf_add_text(&whole, "] ");
  add_kind(&whole, alert);
  buf_add_char(&whole, ' ');
  if (strcmp(kind, "test") == 0)
    buf_add_text(&whole, korean ? "메일 알림이 도착합니다" : "Alerts by mail arrive");
  else if (strcmp(kind, "digest") == 0)
    buf_addf(&whole, korean ? "보류된 메시지 %" PRId64 "개 ×%" PRId64 : "%" PRId64 " messages held back ×%" PRId64,
             mail_field_number(alert, "messages"), mail_field_number(alert, "times"));
  else
    add_error(&whole, alert);
  /* Only an environment with a very long name makes it longer than it may be by now. */
  add_cut(out, &whole, MAIL_SUBJECT_MOST);
  buf_release(&whole);
  return !out->failed;
}
