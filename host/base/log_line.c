/**
 * log_line.c - composing the log's lines, plain and as JSON.
 *
 * Called by the log on any thread, also when memory is out, and by `mulligan log`. Invariants: a line holds no control
 * character but its final break, is valid UTF-8, and as JSON is an object by RFC 8259 whatever bytes went in; escapes
 * and characters are written whole or not at all.
 */
#include "base/log_line.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/** What is kept free behind the message, the file and the request id, for all that follows them. */
enum { AFTER_MESSAGE = 1024, AFTER_FILE = 512, AFTER_ID = 160, STAMP_SIZE = 20, CUT_SIZE = 3 };

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
static const char *const json_names[] = {"debug", "info", "warning", "error"};

struct line {
  char *text;
  size_t length;
};

const char *log_level_name(enum log_level level) {
  return level_names[level];
}

static void add(struct line *line, const char *bytes, size_t length) {
  memcpy(line->text + line->length, bytes, length);
  line->length += length;
}

static void add_word(struct line *line, const char *word) {
  add(line, word, strlen(word));
}

static void add_number(struct line *line, int64_t number) {
  char digits[24];
  size_t at = sizeof digits;
  uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  do {
    digits[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (number < 0)
    digits[--at] = '-';
  add(line, digits + at, sizeof digits - at);
}

/* ---- texts ---- */

/** Does a byte stand for itself? */
static bool is_plain(unsigned char c, enum log_format format) {
  return c >= ' ' && c < 127 && (format == LOG_FORMAT_PLAIN || (c != '"' && c != '\\'));
}

/** Is the character at `text` a control of the C1 block (U+0080 to U+009F), which terminals obey too? */
static bool is_c1(const char *text, size_t size) {
  return size == 2 && (unsigned char)text[0] == 0xC2 && (unsigned char)text[1] < 0xA0;
}

/** The bytes of the character at `text`, which is not ASCII; 0 if it is none. */
static size_t character_size(const char *text, size_t length) {
  /* No more than four bytes are looked at, so that a long text is read in linear time. */
  size_t size = 2;
  while (size < 4 && size < length && utf8_valid_prefix(text, size) == 0)
    size++;
  return size <= length && utf8_valid_prefix(text, size) == size ? size : 0;
}

/**
 * Writes what stands for the byte or character at `text` into `out`, its length into `*written`, and returns how many
 * bytes of the text that was for.
 */
static size_t escape(const char *text, size_t length, enum log_format format, char out[16], size_t *written) {
  unsigned char c = (unsigned char)*text;
  bool json = format == LOG_FORMAT_JSON;
  size_t size = c < 128 ? 1 : character_size(text, length);
  if (size > 1 && !is_c1(text, size)) {
    memcpy(out, text, size);
    *written = size;
    return size;
  }
  int put;
  if (c == '\n' || c == '\r' || c == '\t')
    put = snprintf(out, 16, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
  else if (json && c < 128)
    put = snprintf(out, 16, c < ' ' || c == 127 ? "\\u%04x" : "\\%c", c);
  else if (json && size > 0)
    put = snprintf(out, 16, "\\u%04x", (unsigned char)text[1]);
  else {
    /* A stray byte; the second one of a control of two bytes is a stray byte then, too. */
    put = snprintf(out, 16, json ? "\\\\x%02x" : "\\x%02x", c);
    size = 1;
  }
  *written = (size_t)put;
  return size;
}

/** Adds a text while the line is no longer than `most`, and the sign of a cut behind it if there was more. */
static void add_text(struct line *line, const char *text, enum log_format format, size_t most) {
  size_t length = strlen(text);
  while (length > 0) {
    size_t run = 0;
    while (run < length && is_plain((unsigned char)text[run], format))
      run++;
    size_t fits = run < most - line->length ? run : most - line->length;
    add(line, text, fits);
    text += fits;
    length -= fits;
    if (fits < run)
      break;
    if (length > 0) {
      char piece[16];
      size_t written, taken = escape(text, length, format, piece, &written);
      if (written > most - line->length)
        break;
      add(line, piece, written);
      text += taken;
      length -= taken;
    }
  }
  if (length > 0)
    add(line, "\xE2\x80\xA6", CUT_SIZE);
}

size_t log_line_escape(const char *text, enum log_format format, char *out, size_t size) {
  struct line line = {.text = out};
  add_text(&line, text, format, size - CUT_SIZE);
  return line.length;
}

/* ---- the two forms ---- */

/** A moment's second, and its microseconds into `*fraction`. */
static time_t split(int64_t time_us, int *fraction) {
  *fraction = (int)(time_us % 1000000);
  if (*fraction < 0)
    *fraction += 1000000;
  return (time_t)((time_us - *fraction) / 1000000);
}

static void add_digits(struct line *line, int number, int count) {
  for (int i = count - 1; i >= 0; i--, number /= 10)
    line->text[line->length + (size_t)i] = (char)('0' + number % 10);
  line->length += (size_t)count;
}

/* A busy thread logs many lines in one second: both forms keep the text of the last one. */

/** `2021-11-13 23:59:00,123`, in local time: what an operator compares with the clock on the wall. */
static void add_local_time(struct line *line, int64_t time_us) {
  static _Thread_local time_t known;
  static _Thread_local char stamp[STAMP_SIZE];
  int fraction;
  time_t second = split(time_us, &fraction);
  struct tm local;
  if (second != known || stamp[0] == '\0') {
    if (localtime_r(&second, &local) == NULL || strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local) == 0)
      memcpy(stamp, "0000-00-00 00:00:00", sizeof stamp);
    known = second;
  }
  add_word(line, stamp);
  add(line, ",", 1);
  add_digits(line, fraction / 1000, 3);
}

/** `2021-11-13T14:59:00.123456Z`. */
static void add_universal_time(struct line *line, int64_t time_us) {
  static _Thread_local time_t known;
  static _Thread_local char stamp[MULLIGAN_RFC3339_SIZE];
  int fraction;
  time_t second = split(time_us, &fraction);
  if (second != known || stamp[0] == '\0') {
    clock_rfc3339(time_us, stamp);
    *strchr(stamp, '.') = '\0';
    known = second;
  }
  add_word(line, stamp);
  add(line, ".", 1);
  add_digits(line, fraction, 6);
  add(line, "Z", 1);
}

static void write_plain(struct line *line, const struct log_event *event, size_t size) {
  add_local_time(line, event->time_us);
  add(line, " ", 1);
  add_word(line, level_names[event->level]);
  add(line, ": ", 2);
  add_text(line, event->message, LOG_FORMAT_PLAIN, size - AFTER_MESSAGE);
  if (event->file != NULL) {
    add_word(line, " [in ");
    add_text(line, event->file, LOG_FORMAT_PLAIN, size - AFTER_FILE);
    add(line, ":", 1);
    add_number(line, event->line);
    add(line, "]", 1);
  }
  if (event->request_id != NULL) {
    add(line, " (", 2);
    add_text(line, event->request_id, LOG_FORMAT_PLAIN, size - AFTER_ID);
  }
  if (event->generation > 0) {
    add_word(line, event->request_id != NULL ? ", g" : " (g");
    add_number(line, event->generation);
  }
  if (event->generation > 0 || event->request_id != NULL)
    add(line, ")", 1);
}

static void add_json_text(struct line *line, const char *key, const char *text, size_t most) {
  add_word(line, key);
  add_text(line, text, LOG_FORMAT_JSON, most);
  add(line, "\"", 1);
}

static void add_json_number(struct line *line, const char *key, int64_t number) {
  add_word(line, key);
  add_number(line, number);
}

static void write_json(struct line *line, const struct log_event *event, size_t size) {
  add_word(line, "{\"time\":\"");
  add_universal_time(line, event->time_us);
  add_word(line, "\",\"level\":\"");
  add_word(line, json_names[event->level]);
  add_json_text(line, "\",\"message\":\"", event->message, size - AFTER_MESSAGE);
  if (event->file != NULL) {
    add_json_text(line, ",\"file\":\"", event->file, size - AFTER_FILE);
    add_json_number(line, ",\"line\":", event->line);
  }
  if (event->request_id != NULL)
    add_json_text(line, ",\"request_id\":\"", event->request_id, size - AFTER_ID);
  if (event->generation > 0)
    add_json_number(line, ",\"generation\":", event->generation);
  if (event->pid > 0)
    add_json_number(line, ",\"pid\":", event->pid);
  add(line, "}", 1);
}

size_t log_line_write(const struct log_event *event, enum log_format format, char *out, size_t size) {
  assert(size >= LOG_LINE_LEAST_SIZE);
  struct line line = {.text = out};
  if (format == LOG_FORMAT_JSON)
    write_json(&line, event, size);
  else
    write_plain(&line, event, size);
  out[line.length++] = '\n';
  return line.length;
}
