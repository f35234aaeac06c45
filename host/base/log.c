/**
 * log.c - writing the log's lines to standard error.
 *
 * Called from every floor and any thread, also when memory is out: a line is
 * put together on the stack. Invariants: a line is handed over by one write(2)
 * under one lock, holds no raw control character but its final line break, and
 * is at most MULLIGAN_LOG_LINE bytes (a longer message is cut, and says so).
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { MULLIGAN_LOG_LINE = 16384 };

static _Atomic int threshold = LOG_LEVEL_INFO;
static _Atomic int64_t serving;      /* the generation that serves; 0: none */
static _Thread_local int64_t pinned; /* the one that this thread works for; 0: the one that serves */

/* Pipes split writes above PIPE_BUF; the lock keeps long lines of this process whole too. */
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

/** A line under construction; appends beyond `room` are dropped whole and noted in `full`. */
struct line {
  char text[MULLIGAN_LOG_LINE];
  size_t length;
  size_t room;
  bool full;
};

void log_set_level(enum log_level level) {
  atomic_store(&threshold, (int)level);
}

bool log_parse_level(const char *text, enum log_level *level) {
  for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
    if (strcasecmp(text, level_names[i]) == 0) {
      *level = (enum log_level)i;
      return true;
    }
  }
  return false;
}

void log_set_generation(int64_t number) {
  atomic_store(&serving, number);
}

void log_pin_generation(int64_t number) {
  pinned = number;
}

bool log_enabled(enum log_level level) {
  return (int)level >= atomic_load(&threshold);
}

static void add(struct line *line, const char *bytes, size_t length) {
  if (line->full || length > line->room - line->length) {
    line->full = true;
    return;
  }
  memcpy(line->text + line->length, bytes, length);
  line->length += length;
}

__attribute__((format(printf, 2, 3))) static void addf(struct line *line, const char *format, ...) {
  char text[128];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (length > 0)
    add(line, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

/** Is the character at `text` a control of the C1 block (U+0080 to U+009F), which terminals obey too? */
static bool is_c1(const char *text, size_t size) {
  return size == 2 && (unsigned char)text[0] == 0xC2 && (unsigned char)text[1] < 0xA0;
}

/** Adds a text so that nothing in it can break the line, forge another one, or steer a terminal. */
static void add_escaped(struct line *line, const char *text) {
  size_t length = strlen(text);
  while (length > 0 && !line->full) {
    unsigned char c = (unsigned char)*text;
    size_t size = 1;
    if (c == '\n') {
      add(line, "\\n", 2);
    } else if (c == '\r') {
      add(line, "\\r", 2);
    } else if (c == '\t') {
      add(line, "\\t", 2);
    } else if (c < ' ' || c == 127) {
      addf(line, "\\x%02x", c);
    } else if (c < 128) {
      add(line, text, 1);
    } else {
      /* One character: no more than four bytes, so the check of a long text stays linear. */
      size = 2;
      while (size < 4 && size < length && utf8_valid_prefix(text, size) == 0)
        size++;
      if (size > length || utf8_valid_prefix(text, size) != size || is_c1(text, size)) {
        addf(line, "\\x%02x", c);
        size = 1;
      } else {
        add(line, text, size);
      }
    }
    text += size;
    length -= size;
  }
}

/** `2021-11-13 23:59:00,123`, in local time: what an operator compares with the clock on the wall. */
static void add_time(struct line *line) {
  int64_t now = clock_wall_us();
  time_t seconds = (time_t)(now / 1000000);
  struct tm local;
  if (localtime_r(&seconds, &local) == NULL)
    memset(&local, 0, sizeof local);
  addf(line, "%04d-%02d-%02d %02d:%02d:%02d,%03d", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour,
       local.tm_min, local.tm_sec, (int)(now / 1000 % 1000));
}

/** Writes it all. A log that cannot be written has nowhere to complain to, so an error ends the attempt silently. */
static void write_whole(const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(STDERR_FILENO, bytes, length);
    if (written >= 0) {
      bytes += written;
      length -= (size_t)written;
    } else if (errno == EAGAIN) {
      struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
      if (poll(&ready, 1, 1000) == 0)
        return; /* nobody reads it: losing a line beats stopping the service */
    } else if (errno != EINTR) {
      return;
    }
  }
}

void log_line(enum log_level level, const char *file, int line_number, const char *request_id, const char *message) {
  if (!log_enabled(level))
    return;

  int kept = errno; /* logging must not disturb the caller's own error handling */
  struct line line;
  line.length = 0;
  line.full = false;
  /* The place and the id must survive a long message: the message may fill all but their part. */
  line.room = sizeof line.text - 1024;
  add_time(&line);
  addf(&line, " %s: ", level_names[level]);
  add_escaped(&line, message);
  if (line.full) {
    line.room += 8;
    line.full = false;
    add(&line, "\xE2\x80\xA6", 3);
  }
  line.room = sizeof line.text - 160;
  if (file != NULL) {
    add(&line, " [in ", 5);
    add_escaped(&line, file);
    line.full = false;
    line.room += 32;
    addf(&line, ":%d]", line_number);
  }
  line.room = sizeof line.text - 32;
  int64_t generation = pinned != 0 ? pinned : atomic_load_explicit(&serving, memory_order_relaxed);
  if (request_id != NULL) {
    add(&line, " (", 2);
    add_escaped(&line, request_id);
  }
  line.full = false;
  line.room = sizeof line.text - 1;
  if (generation > 0)
    addf(&line, "%sg%" PRId64, request_id != NULL ? ", " : " (", generation);
  if (generation > 0 || request_id != NULL)
    add(&line, ")", 1);
  line.text[line.length++] = '\n';

  pthread_mutex_lock(&write_lock);
  write_whole(line.text, line.length);
  pthread_mutex_unlock(&write_lock);
  errno = kept;
}

__attribute__((format(printf, 2, 0))) static void log_vformat(enum log_level level, const char *format, va_list args) {
  if (!log_enabled(level))
    return;
  char message[MULLIGAN_LOG_LINE];
  if (vsnprintf(message, sizeof message, format, args) >= 0)
    log_line(level, NULL, 0, NULL, message);
}

void log_debug(const char *format, ...) {
  va_list args;
  va_start(args, format);
  log_vformat(LOG_LEVEL_DEBUG, format, args);
  va_end(args);
}

void log_info(const char *format, ...) {
  va_list args;
  va_start(args, format);
  log_vformat(LOG_LEVEL_INFO, format, args);
  va_end(args);
}

void log_warning(const char *format, ...) {
  va_list args;
  va_start(args, format);
  log_vformat(LOG_LEVEL_WARNING, format, args);
  va_end(args);
}

void log_error(const char *format, ...) {
  va_list args;
  va_start(args, format);
  log_vformat(LOG_LEVEL_ERROR, format, args);
  va_end(args);
}
