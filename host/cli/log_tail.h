/**
 * log_tail.h - the end of a rotating log, and what comes next.
 *
 * NAME and its older files NAME.1, NAME.2, … are read as one, while a host writes and rotates them: no line is told
 * twice, and none is missed unless its file was gone before it could be opened. One thread uses a tail.
 */
#ifndef MULLIGAN_CLI_LOG_TAIL_H
#define MULLIGAN_CLI_LOG_TAIL_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_tail;

/** Is this line, without its break, one of those that count? */
typedef bool log_tail_test(void *context, const char *line, size_t length);
/** Takes a line. */
typedef void log_tail_take(void *context, const char *line, size_t length);

/** Opens the log at `path`. MULLIGAN_MISSING if neither it nor an older file is there. */
enum mulligan_status log_tail_open(struct log_tail **out, const char *path, struct fault *fault);
/** NULL is taken. */
void log_tail_close(struct log_tail *tail);

/**
 * Hands over all lines from the one on behind which `lines` lines count, the oldest first; all there are if they are
 * fewer. With `follow`, a last line without its break waits for its end. To be called once, first.
 */
enum mulligan_status log_tail_last(struct log_tail *tail, int64_t lines, bool follow, log_tail_test *test,
                                   log_tail_take *take, void *context, struct fault *fault);
/** Hands over the lines that came since; returns at once. */
enum mulligan_status log_tail_more(struct log_tail *tail, log_tail_take *take, void *context, struct fault *fault);

#endif
