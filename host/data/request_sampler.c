/**
 * request_sampler.c - one in so many, by the request's id.
 *
 * Used by the request log's thread. Deterministic: the same entries in the same order are judged the same.
 */
#include "data/request_sampler.h"

enum { SECOND_US = 1000000, PARTS = 8 };

/** A number that follows from the id and has nothing to do with its order: FNV-1a, and a stir, since a count stands at
 * the id's end. */
static uint64_t number_of(struct request_span id) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < id.length; i++)
    hash = (hash ^ (unsigned char)id.bytes[i]) * UINT64_C(1099511628211);
  hash ^= hash >> 33;
  hash *= UINT64_C(0xff51afd7ed558ccd);
  return hash ^ hash >> 33;
}

/** Begins a second with the weight that would have suited the one before, of which `seen` came. */
static void begin_second(struct request_stratum *stratum, int64_t seen, int64_t rate) {
  int64_t weight = 1;
  while (seen / weight > rate)
    weight *= 2;
  *stratum = (struct request_stratum){.weight = weight, .room = rate};
}

static int64_t notable_rate(const struct request_sampler *sampler) {
  return sampler->rate > 1 ? sampler->rate / 2 : 1;
}

void request_sampler_init(struct request_sampler *sampler, int64_t rate) {
  *sampler = (struct request_sampler){.rate = rate};
  begin_second(&sampler->notable, 0, notable_rate(sampler));
  begin_second(&sampler->ordinary, 0, rate);
}

/** What the others leave to the ordinary ones. */
static int64_t ordinary_rate(const struct request_sampler *sampler, int64_t notable) {
  int64_t most = notable_rate(sampler), taken = notable < most ? notable : most;
  return sampler->rate > taken ? sampler->rate - taken : 1;
}

/** Once a second's rows are full the weight doubles, and again after each eighth of them. */
static int64_t judge(struct request_stratum *stratum, struct request_span id, int64_t rate) {
  stratum->seen++;
  if (stratum->room == 0) {
    stratum->weight *= 2;
    stratum->room = rate / PARTS > 0 ? rate / PARTS : 1;
  }
  if (stratum->weight > 1 && (number_of(id) & (uint64_t)(stratum->weight - 1)) != 0)
    return 0;
  stratum->room--;
  return stratum->weight;
}

int64_t request_sampler_weigh(struct request_sampler *sampler, const struct request_entry *entry) {
  int64_t second = (entry->started_at + entry->duration_us) / SECOND_US;
  /* Entries of two threads may come the other way round at a second's end; a clock may be set back. */
  if (second > sampler->second || second < sampler->second - 1) {
    bool next = second == sampler->second + 1;
    int64_t notable = next ? sampler->notable.seen : 0, ordinary = next ? sampler->ordinary.seen : 0;
    begin_second(&sampler->notable, notable, notable_rate(sampler));
    begin_second(&sampler->ordinary, ordinary, ordinary_rate(sampler, notable));
    sampler->second = second;
  }
  struct request_span id = entry->texts[REQUEST_FIELD_ID];
  if (entry->status >= 500 || entry->duration_us >= REQUEST_SLOW_US)
    return judge(&sampler->notable, id, notable_rate(sampler));
  return judge(&sampler->ordinary, id, sampler->rate);
}
