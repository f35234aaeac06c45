/**
 * debug_frames.h - a traceback as HTML: each frame unfolds to its source and its values.
 */
#ifndef MULLIGAN_HTTP_DEBUG_FRAMES_H
#define MULLIGAN_HTTP_DEBUG_FRAMES_H

#include "base/buf.h"

#include <jansson.h>

/**
 * Appends the frames, one `<section class="frame">` each, those of the application open. Their ids are `prefix` and the
 * frame's number from 1. A frame whose coroutine may be asked questions (it has a `level`) carries `data-request`, the
 * id of its request, and `data-level`, and an empty `<div class="console">`.
 */
void debug_frames_add(struct buf *out, const json_t *frames, const char *prefix, const char *request);
/** Appends links to them, an `<li>` each. */
void debug_frames_add_outline(struct buf *out, const json_t *frames, const char *prefix);
/** Appends a value: what fits stands on the line, a larger table unfolds. */
void debug_frames_add_value(struct buf *out, const json_t *value);

#endif
