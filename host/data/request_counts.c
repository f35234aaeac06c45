/**
 * request_counts.c - a small table by hash.
 *
 * Used by the request log's thread. It holds a handful of rows for a fraction of a second; only while requests.db
 * cannot be written does it grow, up to a bound.
 */
#include "data/request_counts.h"

#include "data/store_call.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTE_US = 60 * 1000 * 1000, FIRST_PLACES = 64, MOST_PLACES = 32 * 1024 };

static const char count_sql[] =
    "INSERT INTO request_minute (minute, route, status_class, requests, sampled, duration_us, bytes)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (minute, route, status_class) DO UPDATE SET"
    " requests = requests + excluded.requests, sampled = sampled + excluded.sampled,"
    " duration_us = duration_us + excluded.duration_us, bytes = bytes + excluded.bytes";

void request_counts_init(struct request_counts *counts) {
  *counts = (struct request_counts){0};
}

void request_counts_release(struct request_counts *counts) {
  request_counts_clear(counts);
  free(counts->places);
  request_counts_init(counts);
}

void request_counts_clear(struct request_counts *counts) {
  for (size_t i = 0; counts->count > 0 && i < counts->capacity; i++)
    free((char *)counts->places[i].route.bytes);
  if (counts->capacity > FIRST_PLACES) {
    free(counts->places);
    counts->places = NULL;
    counts->capacity = 0;
  } else if (counts->count > 0) {
    memset(counts->places, 0, counts->capacity * sizeof *counts->places);
  }
  counts->count = 0;
}

static uint64_t hash_of(const struct request_count *key) {
  uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)key->minute ^ (uint64_t)key->status_class << 40;
  for (size_t i = 0; i < key->route.length; i++)
    hash = (hash ^ (unsigned char)key->route.bytes[i]) * UINT64_C(1099511628211);
  return hash;
}

static bool is_same(const struct request_count *a, const struct request_count *b) {
  return a->minute == b->minute && a->status_class == b->status_class && a->route.length == b->route.length &&
         memcmp(a->route.bytes, b->route.bytes, a->route.length) == 0;
}

/** Where the key is, or where it belongs. */
static struct request_count *place_of(const struct request_counts *counts, const struct request_count *key) {
  size_t at = hash_of(key) & (counts->capacity - 1);
  while (counts->places[at].route.bytes != NULL && !is_same(&counts->places[at], key))
    at = (at + 1) & (counts->capacity - 1);
  return &counts->places[at];
}

static bool grow(struct request_counts *counts) {
  struct request_counts wider = {.capacity = counts->capacity > 0 ? counts->capacity * 2 : FIRST_PLACES};
  if (wider.capacity > MOST_PLACES)
    return false;
  wider.places = calloc(wider.capacity, sizeof *wider.places);
  if (wider.places == NULL)
    return false;
  wider.count = counts->count;
  for (size_t i = 0; i < counts->capacity; i++)
    if (counts->places[i].route.bytes != NULL)
      *place_of(&wider, &counts->places[i]) = counts->places[i];
  free(counts->places);
  *counts = wider;
  return true;
}

/** Finds or makes the row that an entry is counted in; NULL if there is no room. */
static struct request_count *find(struct request_counts *counts, const struct request_count *key) {
  struct request_count *place = counts->capacity > 0 ? place_of(counts, key) : NULL;
  if (place != NULL && place->route.bytes != NULL)
    return place;
  if (place == NULL || 2 * (counts->count + 1) > counts->capacity) {
    if (!grow(counts))
      return NULL;
    place = place_of(counts, key);
  }
  char *route = strndup(key->route.length > 0 ? key->route.bytes : "", key->route.length);
  if (route == NULL)
    return NULL;
  *place = (struct request_count){
      .minute = key->minute, .status_class = key->status_class, .route = {route, key->route.length}};
  counts->count++;
  return place;
}

bool request_counts_add(struct request_counts *counts, const struct request_entry *entry, bool sampled) {
  const struct request_count key = {.minute = entry->started_at / MINUTE_US,
                                    .status_class = entry->status / 100,
                                    .route = entry->texts[REQUEST_FIELD_ROUTE]};
  struct request_count *count = find(counts, &key);
  if (count == NULL)
    return false;
  count->requests++;
  count->sampled += sampled;
  count->duration_us += entry->duration_us;
  count->bytes += entry->bytes;
  return true;
}

enum mulligan_status request_counts_store(const struct request_counts *counts, struct store *store,
                                          struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  for (size_t i = 0; status == MULLIGAN_OK && i < counts->capacity; i++) {
    const struct request_count *count = &counts->places[i];
    if (count->route.bytes == NULL)
      continue;
    struct store_call call;
    store_call_prepare(&call, store, count_sql, fault);
    store_call_integer(&call, count->minute, fault);
    store_call_text(&call, count->route.bytes, count->route.length, fault);
    store_call_integer(&call, count->status_class, fault);
    store_call_integer(&call, count->requests, fault);
    store_call_integer(&call, count->sampled, fault);
    store_call_integer(&call, count->duration_us, fault);
    store_call_integer(&call, count->bytes, fault);
    store_call_step(&call, fault);
    status = store_call_finish(&call);
  }
  return status;
}
