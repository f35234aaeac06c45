/**
 * spool.h - lines on disk that wait for a database to come back.
 *
 * One append-only file of text lines, shared by all processes of a data folder: flock(2) on the file keeps an append
 * and a drain apart. An append is durable when it returns. What a crash left half-written is the last line without its
 * line break; it was never acknowledged, and neither readers nor writers stumble over it.
 */
#ifndef MULLIGAN_DATA_SPOOL_H
#define MULLIGAN_DATA_SPOOL_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;

/**
 * Called for each line, without its break; the bytes live until it returns. MULLIGAN_OK goes on, MULLIGAN_INVALID says
 * that this line is no good (see spool_drain()), any other status ends the pass and becomes its result.
 */
typedef enum mulligan_status spool_visit(void *context, const char *line, size_t length, struct fault *fault);

/**
 * Makes a spool over `folder`/`name`, which may grow to `most` bytes. Touches no disk, so that it cannot fail for the
 * reasons a spool is there for; the folder is made with the first append. NULL when out of memory.
 */
struct spool *spool_create(const char *folder, const char *name, int64_t most);
void spool_destroy(struct spool *spool);
const char *spool_path(const struct spool *spool);

/**
 * Appends whole lines (each ending in a line break) and returns when they are on the disk, or none of them is in the
 * file. MULLIGAN_FULL at the size limit or when the disk is full. Any thread.
 */
enum mulligan_status spool_append(struct spool *spool, const char *lines, size_t length, struct fault *fault);

/** Is there anything to drain? Never blocks on another process. */
bool spool_is_empty(const struct spool *spool);

/**
 * Visits every line, then calls `visit` once with NULL for the end; when that also returns MULLIGAN_OK the file is
 * removed. A line that it calls invalid is set aside in `NAME.refused` and counted in `*refused`. Appenders wait
 * meanwhile. Anything but MULLIGAN_OK leaves the file as it was, to be drained from its first line another time.
 */
enum mulligan_status spool_drain(struct spool *spool, spool_visit *visit, void *context, int64_t *refused,
                                 struct fault *fault);

/** Visits every whole line without taking anything; invalid ones are passed over, a missing file has none. Any process.
 */
enum mulligan_status spool_read(const struct spool *spool, spool_visit *visit, void *context, struct fault *fault);

#endif
