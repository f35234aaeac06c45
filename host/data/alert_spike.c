/**
 * alert_spike.c - does an error happen much more often than it did.
 *
 * Used by alert_judge.c, on the writer's thread. A group's window is a ring of SLICES counts, each of a slice of the
 * span; the slice under way is among them, so the window never covers more than the span, and a spike is never told
 * that was none.
 *
 * Invariants: the memory is bounded, whatever number of groups there are; what a transaction that was rolled back had
 * counted is counted no more.
 */
#include "data/alert_spike.h"

#include <stdlib.h>
#include <string.h>

enum { SETS = 128, WAYS = 4, SLICES = 20 };

struct window {
  char hash[MULLIGAN_FINGERPRINT_SIZE]; /* "" for an unused one */
  int algorithm;
  int64_t slice_us;
  int64_t newest; /* the number of the newest slice, counted since 1970 */
  int64_t counts[SLICES];
  bool high;         /* there has been a spike */
  int64_t last_high; /* the newest slice in which it went on */
};

/** A window, and what it was before the transaction that touched it last. */
struct place {
  struct window now, before;
  uint64_t transaction;
  uint64_t used; /* when it was last looked at */
};

struct alert_spikes {
  uint64_t transaction;
  uint64_t looks; /* a clock for `used` */
  struct place places[SETS][WAYS];
};

struct alert_spikes *alert_spikes_create(void) {
  return calloc(1, sizeof(struct alert_spikes));
}

void alert_spikes_destroy(struct alert_spikes *spikes) {
  free(spikes);
}

void alert_spikes_keep(struct alert_spikes *spikes) {
  spikes->transaction++;
}

void alert_spikes_undo(struct alert_spikes *spikes) {
  for (int i = 0; i < SETS * WAYS; i++) {
    struct place *place = &spikes->places[i / WAYS][i % WAYS];
    if (place->transaction == spikes->transaction)
      place->now = place->before;
  }
}

/** The group's place; where it has none, that of its set which was used longest ago. */
static struct place *find_place(struct alert_spikes *spikes, const struct error_fingerprint *print) {
  unsigned first = 0;
  for (int i = 0; i < 2; i++) /* two hex digits of a hash: any are as good */
    first = first * 16 + (unsigned)(print->hash[i] <= '9' ? print->hash[i] - '0' : print->hash[i] - 'a' + 10);
  struct place *set = spikes->places[first % SETS], *oldest = set;
  for (int i = 0; i < WAYS; i++) {
    const struct window *window = &set[i].now;
    if (window->algorithm == print->algorithm && strcmp(window->hash, print->hash) == 0)
      return &set[i];
    if (set[i].used < oldest->used)
      oldest = &set[i];
  }
  return oldest;
}

/** The group's window, ready to be changed. */
static struct window *touch(struct alert_spikes *spikes, const struct error_fingerprint *print, int64_t slice_us) {
  struct place *place = find_place(spikes, print);
  struct window *window = &place->now;
  if (place->transaction != spikes->transaction)
    place->before = *window;
  place->transaction = spikes->transaction;
  place->used = ++spikes->looks;
  /* Another group's, or from before the setting was changed. */
  if (window->slice_us != slice_us || window->algorithm != print->algorithm || strcmp(window->hash, print->hash) != 0) {
    *window = (struct window){.algorithm = print->algorithm, .slice_us = slice_us};
    memcpy(window->hash, print->hash, sizeof window->hash);
  }
  return window;
}

/** Lets the window end in `slice`; false for one that is too long ago to matter. */
static bool move(struct window *window, int64_t slice) {
  if (slice <= window->newest - SLICES && slice > window->newest - 2 * SLICES)
    return false;
  if (slice >= window->newest + SLICES || slice <= window->newest - SLICES) {
    /* Long after; or the clock was set back, and what is known is of no use any more. */
    memset(window->counts, 0, sizeof window->counts);
    window->high = window->high && slice > window->newest;
    window->newest = slice;
  }
  while (window->newest < slice)
    window->counts[++window->newest % SLICES] = 0;
  return true;
}

bool alert_spikes_count(struct alert_spikes *spikes, const struct error_fingerprint *print, int64_t at, int64_t times,
                        int64_t count, int64_t span_us) {
  int64_t slice_us = span_us / SLICES > 0 ? span_us / SLICES : 1, slice = at / slice_us, sum = 0;
  struct window *window = touch(spikes, print, slice_us);
  if (at < 0 || !move(window, slice))
    return false;
  window->counts[slice % SLICES] += times;
  for (int i = 0; i < SLICES; i++)
    sum += window->counts[i];
  if (sum < count)
    return false;
  /* What was counted last in a spike stays in the window for a span; after that there must be a whole one of calm. */
  bool begins = !window->high || window->newest >= window->last_high + 2 * SLICES;
  window->high = true;
  window->last_high = window->newest;
  return begins;
}
