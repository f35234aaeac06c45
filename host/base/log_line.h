/**
 * log_line.h - an event of the log, put into a line.
 *
 * Plain: `2021-11-13 23:59:00,123 ERROR: message [in scripts/routes/seminars.lua:42] (ab12cd34, g3)`, in local time.
 * JSON: one object, `{"time":"2021-11-13T14:59:00.123456Z","level":"error","message":…,"file":…,"line":…,
 * "request_id":…,"generation":…,"pid":…}`, without the keys that are not known. In both, nothing in a text can break
 * the line, forge another one, or steer a terminal; a byte that is not UTF-8 is written as \xNN.
 */
#ifndef MULLIGAN_BASE_LOG_LINE_H
#define MULLIGAN_BASE_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_PLAIN, LOG_FORMAT_JSON };

enum {
  LOG_LINE_SIZE = 16384,      /* bytes of a line of the log, with its break */
  LOG_LINE_LEAST_SIZE = 2048, /* what a line must have room for */
};

struct log_event {
  int64_t time_us; /* since 1970, as clock_wall_us() */
  enum log_level level;
  const char *message;
  const char *file; /* NULL: no place */
  int line;
  const char *request_id; /* NULL: none */
  int64_t generation;     /* 0: none */
  int64_t pid;            /* 0: not told */
};

/**
 * Writes the event as one line with its break and returns its length, at most `size`, which is LOG_LINE_LEAST_SIZE or
 * more. No NUL is added. A text that is too long is cut and ends in `…`; level, place and request are always there.
 * Any thread; takes no memory and no lock beyond those of the time zone, once a second.
 */
size_t log_line_write(const struct log_event *event, enum log_format format, char *out, size_t size);

/** Writes a text as it stands within a line of that form, cut to `size` in the same way; returns its length. */
size_t log_line_escape(const char *text, enum log_format format, char *out, size_t size);

/** "DEBUG", "INFO", "WARNING" or "ERROR". */
const char *log_level_name(enum log_level level);

#endif
