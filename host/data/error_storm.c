/**
 * error_storm.c - what becomes of the same error when it happens very often within a minute.
 *
 * Used by error_writer.c only, on its thread. Groups are known by their fingerprints, since the database, which numbers
 * them, may be out of reach.
 *
 * Invariants: the memory is bounded, whatever number of groups there are; the n-th occurrence that shares a reference
 * says so itself (row->repeats), which makes counting it twice impossible, in whatever order and however often it is
 * stored.
 */
#include "data/error_storm.h"

#include <stdlib.h>
#include <string.h>

enum { SETS = 256, WAYS = 4, MINUTE_US = 60 * 1000 * 1000 };

/** One group's minute. */
struct window {
  char hash[MULLIGAN_FINGERPRINT_SIZE]; /* "" for an unused one */
  int algorithm;
  int64_t minute;
  int64_t count;
  int64_t repeats;
  char reference[MULLIGAN_REFERENCE_SIZE]; /* of its first occurrence, which is stored whole */
};

struct error_storm {
  int64_t limit;
  struct window windows[SETS][WAYS];
};

struct error_storm *error_storm_create(int64_t limit) {
  struct error_storm *storm = calloc(1, sizeof *storm);
  if (storm != NULL)
    storm->limit = limit;
  return storm;
}

void error_storm_destroy(struct error_storm *storm) {
  free(storm);
}

void error_storm_forget(struct error_storm *storm) {
  memset(storm->windows, 0, sizeof storm->windows);
}

/** The group's window; where it has none, that of its set which is missed least: an old one, else the least counted. */
static struct window *find_window(struct error_storm *storm, const struct error_fingerprint *print, int64_t minute) {
  unsigned char first = 0;
  for (int i = 0; i < 2; i++) /* two hex digits of a hash: any are as good */
    first = (unsigned char)(first * 16 + (print->hash[i] <= '9' ? print->hash[i] - '0' : print->hash[i] - 'a' + 10));
  struct window *set = storm->windows[first], *least = set;
  for (int i = 0; i < WAYS; i++) {
    if (set[i].algorithm == print->algorithm && strcmp(set[i].hash, print->hash) == 0)
      return &set[i];
    bool old = set[i].minute < minute, least_is_old = least->minute < minute;
    if (old != least_is_old ? old : set[i].count < least->count)
      least = &set[i];
  }
  *least = (struct window){.algorithm = print->algorithm, .minute = minute};
  memcpy(least->hash, print->hash, sizeof least->hash);
  return least;
}

static void judge_one(struct error_storm *storm, struct error_row *row) {
  row->shared[0] = '\0';
  row->repeats = 0;
  int64_t minute = row->values[ERROR_FIELD_OCCURRED_AT].integer / MINUTE_US;
  struct window *window = find_window(storm, &row->fingerprint, minute);
  /* One that comes late, from the minute before, is counted in this one. A clock that was set back begins a new one. */
  if (minute > window->minute || minute < window->minute - 1)
    window->count = window->repeats = 0;
  if (window->count == 0)
    window->minute = minute;
  if (++window->count == 1)
    memcpy(window->reference, error_row_reference(row), sizeof window->reference);
  if (window->count <= storm->limit)
    return;
  error_row_slim(row);
  if (window->count <= storm->limit * MULLIGAN_STORM_ROWS)
    return;
  memcpy(row->shared, window->reference, sizeof row->shared);
  row->repeats = ++window->repeats;
}

void error_storm_judge(struct error_storm *storm, struct error_row *row) {
  if (storm->limit == 0)
    return;
  for (struct error_row *at = row; at != NULL; at = at->cause)
    judge_one(storm, at);
}
