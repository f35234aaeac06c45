/**
 * request_sampler.h - which requests become rows when there are too many for all of them.
 *
 * Up to `rate` requests in a second are all kept. Above that one in `weight` is, chosen by its id alone, so that
 * nothing else about a request (its path, its turn) makes it likelier to be kept; `weight` is a power of two and goes
 * by the second before and by what has come so far. Failed (5xx) and slow requests are judged by themselves and have
 * half of the rate for their own, so that a storm of good requests leaves them whole. The sum of the weights
 * estimates the number of requests; the exact one is in request_minute.
 */
#ifndef MULLIGAN_DATA_REQUEST_SAMPLER_H
#define MULLIGAN_DATA_REQUEST_SAMPLER_H

#include "data/request_entry.h"

#include <stdint.h>

enum { REQUEST_SLOW_US = 1000000 }; /* a request that takes longer is slow */

/** Requests that are judged together. */
struct request_stratum {
  int64_t seen; /* in this second */
  int64_t weight;
  int64_t room; /* rows until it doubles */
};

/** Embedded by value; one thread at a time. */
struct request_sampler {
  int64_t rate;
  int64_t second; /* that is under way, since 1970 */
  struct request_stratum ordinary, notable;
};

/** `rate`: rows a second, at least 1. */
void request_sampler_init(struct request_sampler *sampler, int64_t rate);
/** How many requests the row of this one stands for; 0: it gets none. */
int64_t request_sampler_weigh(struct request_sampler *sampler, const struct request_entry *entry);

#endif
