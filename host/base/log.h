/**
 * log.h - the program's own log: one line per event, whole or not at all.
 *
 * Lines go to standard error and, in a running host, to logs/mulligan.log in its data folder, which rotates by size;
 * log_line.h has their two forms. Each line is one write(2), so lines of many threads never mix. Any thread may call
 * any function but log_open() and log_close().
 */
#ifndef MULLIGAN_BASE_LOG_H
#define MULLIGAN_BASE_LOG_H

#include "base/fault.h"
#include "base/log_line.h"

#include <stdbool.h>
#include <stdint.h>

/** Lines below `level` are not written. INFO unless set. */
void log_set_level(enum log_level level);
/** "debug", "info", "warning", "error" in any case; false if it is none of them. */
bool log_parse_level(const char *text, enum log_level *level);
bool log_enabled(enum log_level level);
/** LOG_FORMAT_PLAIN unless set. */
void log_set_format(enum log_format format);

/**
 * From now on lines also go to `folder`/mulligan.log (see rotating_file_open() for `most` and `old`). Where that cannot
 * be written later, standard error says so once, and the file says how many lines it lacks as soon as it can.
 */
enum mulligan_status log_open(const char *folder, int64_t most, int old, struct fault *fault);
/** Opens the file of that name once more, after a tool has moved it away. Does nothing if none is open. */
void log_reopen(void);
/** Back to standard error alone; no other thread may be logging. */
void log_close(void);

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The scripts' generation that serves: it stands in every line from now on; 0: none. */
void log_set_generation(int64_t number);
/** The one that the calling thread works for, whatever serves by then; 0: the one that serves. */
void log_pin_generation(int64_t number);

/** A line with its place (`file`, `line`; NULL and 0 for none) and request id (NULL for none). */
void log_line(enum log_level level, const char *file, int line, const char *request_id, const char *message);

#endif
