/**
 * debug_curl.h - a recorded request as a command for a shell.
 */
#ifndef MULLIGAN_HTTP_DEBUG_CURL_H
#define MULLIGAN_HTTP_DEBUG_CURL_H

#include "base/buf.h"

#include <jansson.h>

/**
 * Appends a `curl` command, quoted for bash and zsh, that sends the request of an ErrorLog row again. What was scrubbed
 * stays scrubbed, and of a body there is only what was kept.
 */
void debug_curl_add(struct buf *out, const json_t *row);

#endif
