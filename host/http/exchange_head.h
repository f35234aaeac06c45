/**
 * exchange_head.h - a request's head: is it what another server would read, and what does it say to the host itself?
 */
#ifndef MULLIGAN_HTTP_EXCHANGE_HEAD_H
#define MULLIGAN_HTTP_EXCHANGE_HEAD_H

#include <stdbool.h>

enum { EXCHANGE_MOST_HEADERS = 64 }; /* civetweb drops what comes after without a word */

struct mg_request_info;

/** The headers that the host goes by. The texts are the connection's, and NULL for what was not sent. */
struct exchange_head {
  const char *accept, *accept_language, *connection;
  bool chunked;          /* the body comes in chunks */
  bool expects_continue; /* and is not sent before the client is told to go on */
};

/**
 * Reads a head that civetweb has parsed, and checks it against what two servers in a row might read differently: a
 * length that is given twice or in two ways, a header's name or value that HTTP does not allow, a line that does not
 * end in CR LF or continues the one before. Returns what is wrong, a static text, or NULL; after a fault the connection
 * is not to be trusted. To be called before anything of the connection was written or read on.
 */
const char *exchange_head_read(struct exchange_head *head, const struct mg_request_info *info);

#endif
