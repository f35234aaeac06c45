/**
 * log.h - the program's own log: one line per event, whole or not at all.
 *
 * Lines go to standard error as
 *   2021-11-13 23:59:00,123 ERROR: message [in scripts/routes/seminars.lua:42] (ab12cd34, g3)
 * with the place, the request id and the scripts' generation where they are known. Each line is one
 * write(2), so lines of many threads never mix. Control characters and line
 * breaks in a message are escaped. Any thread may call any function.
 */
#ifndef MULLIGAN_BASE_LOG_H
#define MULLIGAN_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/** Lines below `level` are not written. INFO unless set. */
void log_set_level(enum log_level level);
/** "debug", "info", "warning", "error" in any case; false if it is none of them. */
bool log_parse_level(const char *text, enum log_level *level);
bool log_enabled(enum log_level level);

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
