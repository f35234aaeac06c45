/**
 * spelling.c - how far a misspelt name is from a known one, for "did you mean".
 *
 * Pure; any thread. The distance is that of Damerau and Levenshtein, with neighbours exchanged once at most.
 */
#include "base/spelling.h"

#include <string.h>

enum { MOST = 64 };

static bool same(char a, char b) {
  return a == b || (strchr("-_", a) && a && strchr("-_", b) && b);
}

static size_t least(size_t a, size_t b, size_t c) {
  size_t two = a < b ? a : b;
  return two < c ? two : c;
}

size_t spelling_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
  if (a_length > MOST || b_length > MOST)
    return a_length > b_length ? a_length : b_length;
  /* Three rows of the table: the one before last, the last, and the one being filled. */
  size_t rows[3][MOST + 1];
  size_t *before = rows[0], *last = rows[1], *now = rows[2];
  for (size_t j = 0; j <= b_length; j++)
    last[j] = j;
  for (size_t i = 1; i <= a_length; i++) {
    now[0] = i;
    for (size_t j = 1; j <= b_length; j++) {
      size_t replaced = last[j - 1] + !same(a[i - 1], b[j - 1]);
      now[j] = least(replaced, last[j] + 1, now[j - 1] + 1);
      bool exchanged = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
      if (exchanged && before[j - 2] + 1 < now[j])
        now[j] = before[j - 2] + 1;
    }
    size_t *free_row = before;
    before = last;
    last = now;
    now = free_row;
  }
  return last[b_length];
}

bool spelling_is_near(size_t length, size_t distance) {
  /* A third of the letters wrong is another word, not a slip. */
  return distance <= length / 3 + 1 && distance < length;
}
