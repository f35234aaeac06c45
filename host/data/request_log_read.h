/**
 * request_log_read.h - requests, looked up by whoever has the data folder, beside a running host or without one.
 *
 * Any thread, any process. Where no requests.db was made yet there are no requests, and all is well.
 */
#ifndef MULLIGAN_DATA_REQUEST_LOG_READ_H
#define MULLIGAN_DATA_REQUEST_LOG_READ_H

#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum request_order {
  REQUEST_NEWEST_FIRST,
  REQUEST_SLOWEST_FIRST,
  REQUEST_OLDEST_FIRST /* for who follows */
};

struct request_filter {
  int64_t since;                   /* wall clock, microseconds; 0 for all */
  int least_status, most_status;   /* 0 for all */
  const char *route, *path, *user; /* a pattern, a path as decoded, an e-mail address or id; NULL for all */
  int64_t after;                   /* only ids above this one; 0 for all */
  enum request_order order;
  int limit; /* at most so many */
};

/** A list of objects whose keys are the columns of `request_log`. The caller owns `*out`. */
enum mulligan_status request_log_list(const char *folder, const struct request_filter *filter, json_t **out,
                                      struct fault *fault);
/** The newest request of this X-Request-Id, as in a list; MULLIGAN_MISSING names an unknown one. */
enum mulligan_status request_log_get(const char *folder, const char *request_id, json_t **out, struct fault *fault);
/** The id of the newest row; 0 if there is none. */
enum mulligan_status request_log_newest(const char *folder, int64_t *id, struct fault *fault);
/**
 * What a list since `since` does not have: {sampled: how many requests have no row because there were too many,
 * dropped: the rows of `request_dropped` that go on since then}. The caller owns `*out`.
 */
enum mulligan_status request_log_gaps(const char *folder, int64_t since, json_t **out, struct fault *fault);

#endif
