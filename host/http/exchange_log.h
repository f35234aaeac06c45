/**
 * exchange_log.h - an answered request, handed to the request log.
 */
#ifndef MULLIGAN_HTTP_EXCHANGE_LOG_H
#define MULLIGAN_HTTP_EXCHANGE_LOG_H

#include "base/buf.h"
#include "data/request_log.h"
#include "vm/request.h"
#include "vm/response.h"

#include <stddef.h>
#include <stdint.h>

struct mg_request_info;

/** The most that an entry takes, through which nothing else may go. */
enum { EXCHANGE_LOG_MOST = 1024 * 1024 };

/** What was answered, and for how long that took. */
struct exchange_log_answer {
  int status;
  size_t bytes;          /* of the body, as they were sent */
  int64_t begun_ns;      /* clock_monotonic_ns() when the request's head was there */
  const char *reference; /* of the error on record; "" for none */
};

/**
 * Adds a request to the log (NULL: there is none). Takes the response's taint; all else is copied, through `scratch`, a
 * buffer that may grow to EXCHANGE_LOG_MOST.
 */
void exchange_log_add(struct request_log *log, const struct mg_request_info *info, const struct vm_request *request,
                      struct vm_response *response, const struct exchange_log_answer *answer, struct buf *scratch);

#endif
