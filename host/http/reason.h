/**
 * reason.h - the words of a status line.
 */
#ifndef MULLIGAN_HTTP_REASON_H
#define MULLIGAN_HTTP_REASON_H

/** "Not Found" for 404; the name of its class for a status that has no words of its own. Static text. */
const char *reason_of(int status);

#endif
