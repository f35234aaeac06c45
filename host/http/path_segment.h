/**
 * path_segment.h - one segment of a request's path, decoded.
 */
#ifndef MULLIGAN_HTTP_PATH_SEGMENT_H
#define MULLIGAN_HTTP_PATH_SEGMENT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/** Appends the decoded segment; false for a broken escape, a NUL or control character, or bad UTF-8. */
bool path_segment_decode(struct buf *out, const char *text, size_t length);

#endif
