/**
 * rate.c - sliding-window counters.
 *
 * Called by the throttles of every vm, so from any worker thread. Invariants,
 * all under one lock: a counter is in its bucket and in the list of all
 * counters, which is ordered by when they were last asked for; its entries are
 * in order of time; `remembered` is the sum of all counters' capacities.
 */
#include "base/rate.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
  BUCKETS = 65536,
  KEYS_MOST = 65536,
  ENTRIES_MOST = 512,       /* of one counter */
  REMEMBERED_MOST = 2000000 /* entries of all counters: 32 MB */
};

/** Hits that count from the same moment on: one, unless the limit is above ENTRIES_MOST. */
struct entry {
  int64_t at;
  uint32_t hits;
};

struct identity {
  unsigned char hash[16];
};

struct counter {
  struct identity identity;
  struct counter *next;          /* in the bucket */
  struct counter *newer, *older; /* in the list of all */
  struct entry *entries;         /* a ring */
  size_t capacity;
  size_t first;
  size_t count;
  uint64_t hits;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct counter *buckets[BUCKETS];
static struct counter *newest, *oldest;
static size_t keys;
static size_t remembered;

/* A secret of this process, so that nobody can choose keys that collide. */
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;
static unsigned char hash_key[crypto_generichash_KEYBYTES];

static void make_hash_key(void) {
  if (sodium_init() < 0)
    sodium_misuse();
  randombytes_buf(hash_key, sizeof hash_key);
}

/** The limit and the window belong to the identity: a counter's entries make sense for one window only. */
static struct identity identify(const char *key, size_t length, uint32_t limit, int64_t window_ns) {
  struct identity identity;
  crypto_generichash_state state;
  crypto_generichash_init(&state, hash_key, sizeof hash_key, sizeof identity.hash);
  crypto_generichash_update(&state, (const unsigned char *)&limit, sizeof limit);
  crypto_generichash_update(&state, (const unsigned char *)&window_ns, sizeof window_ns);
  crypto_generichash_update(&state, (const unsigned char *)key, length);
  crypto_generichash_final(&state, identity.hash, sizeof identity.hash);
  return identity;
}

static struct counter **bucket_of(const struct identity *identity) {
  return &buckets[(identity->hash[0] | identity->hash[1] << 8) % BUCKETS];
}

static void unlink_from_list(struct counter *counter) {
  *(counter->newer == NULL ? &newest : &counter->newer->older) = counter->older;
  *(counter->older == NULL ? &oldest : &counter->older->newer) = counter->newer;
}

static void put_newest(struct counter *counter) {
  counter->newer = NULL;
  counter->older = newest;
  *(newest == NULL ? &oldest : &newest->newer) = counter;
  newest = counter;
}

static void forget(struct counter *counter) {
  struct counter **link = bucket_of(&counter->identity);
  while (*link != counter)
    link = &(*link)->next;
  *link = counter->next;
  unlink_from_list(counter);
  keys--;
  remembered -= counter->capacity;
  free(counter->entries);
  free(counter);
}

/** Finds the counter, or makes it, and puts it in front of the list; NULL when out of memory. */
static struct counter *find(const struct identity *identity) {
  struct counter **bucket = bucket_of(identity);
  for (struct counter *counter = *bucket; counter != NULL; counter = counter->next) {
    if (memcmp(&counter->identity, identity, sizeof *identity) == 0) {
      unlink_from_list(counter);
      put_newest(counter);
      return counter;
    }
  }
  if (keys == KEYS_MOST)
    forget(oldest);
  struct counter *counter = calloc(1, sizeof *counter);
  if (counter == NULL)
    return NULL;
  counter->identity = *identity;
  counter->next = *bucket;
  *bucket = counter;
  put_newest(counter);
  keys++;
  return counter;
}

static struct entry *entry_at(const struct counter *counter, size_t index) {
  return &counter->entries[(counter->first + index) % counter->capacity];
}

/** Doubles the ring, at the expense of the counters idle longest if need be. */
static bool grow(struct counter *counter) {
  size_t capacity = counter->capacity == 0 ? 4 : counter->capacity * 2;
  size_t more = capacity - counter->capacity;
  while (remembered + more > REMEMBERED_MOST && oldest != counter)
    forget(oldest);
  struct entry *entries = malloc(capacity * sizeof *entries);
  if (entries == NULL)
    return false;
  for (size_t i = 0; i < counter->count; i++)
    entries[i] = *entry_at(counter, i);
  free(counter->entries);
  counter->entries = entries;
  counter->capacity = capacity;
  counter->first = 0;
  remembered += more;
  return true;
}

/** Drops the entries whose time is over. */
static void expire(struct counter *counter, int64_t window_ns, int64_t now_ns) {
  while (counter->count > 0 && now_ns - entry_at(counter, 0)->at >= window_ns) {
    counter->hits -= entry_at(counter, 0)->hits;
    counter->first = (counter->first + 1) % counter->capacity;
    counter->count--;
  }
}

/** Remembers a hit. Above ENTRIES_MOST the window is cut into that many parts, and hits of one part share an entry. */
static void remember(struct counter *counter, uint32_t limit, int64_t window_ns, int64_t now_ns) {
  struct entry *last = counter->count == 0 ? NULL : entry_at(counter, counter->count - 1);
  int64_t part = limit <= ENTRIES_MOST ? 0 : window_ns / (ENTRIES_MOST - 1) + 1;
  if (last != NULL && now_ns < last->at)
    now_ns = last->at; /* another thread read the clock later and came first */
  if (last != NULL && now_ns - last->at < part) {
    last->hits++;
  } else {
    if (counter->count == counter->capacity && !grow(counter))
      return;
    counter->count++;
    *entry_at(counter, counter->count - 1) = (struct entry){now_ns, 1};
  }
  counter->hits++;
}

bool rate_hit(const char *key, size_t key_length, uint32_t limit, int64_t window_ns, int64_t now_ns,
              double *wait_seconds) {
  pthread_once(&hash_key_once, make_hash_key);
  struct identity identity = identify(key, key_length, limit, window_ns);
  bool allowed = true;
  int64_t wait_ns = 0;

  pthread_mutex_lock(&lock);
  struct counter *counter = find(&identity);
  if (counter != NULL) {
    expire(counter, window_ns, now_ns);
    allowed = counter->hits < limit;
    if (allowed)
      remember(counter, limit, window_ns, now_ns);
    else
      wait_ns = counter->count == 0 ? window_ns : entry_at(counter, 0)->at + window_ns - now_ns;
  }
  pthread_mutex_unlock(&lock);

  if (!allowed)
    *wait_seconds = (double)wait_ns / 1e9;
  return allowed;
}

size_t rate_keys(void) {
  pthread_mutex_lock(&lock);
  size_t count = keys;
  pthread_mutex_unlock(&lock);
  return count;
}

void rate_clear(void) {
  pthread_mutex_lock(&lock);
  while (oldest != NULL)
    forget(oldest);
  pthread_mutex_unlock(&lock);
}
