/**
 * matcher.h - many byte strings looked for at once, in linear time.
 *
 * Patterns are added, matcher_finish() is called once, and then texts are fed byte by byte; the number of patterns adds
 * nothing to what a byte costs. ASCII letters match in either case. A matcher belongs to one thread at a time.
 */
#ifndef MULLIGAN_BASE_MATCHER_H
#define MULLIGAN_BASE_MATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The longest pattern; longer strings are added piece by piece. */
enum { MULLIGAN_PATTERN_MOST = 256 };

struct matcher;

/** Makes one without patterns; NULL when out of memory. */
struct matcher *matcher_create(void);
void matcher_destroy(struct matcher *matcher);

/**
 * Adds a pattern of 1 to MULLIGAN_PATTERN_MOST bytes. One that is `alone` counts only where the caller finds that it
 * stands by itself; a pattern added both ways counts everywhere. False when out of memory.
 */
bool matcher_add(struct matcher *matcher, const char *pattern, size_t length, bool alone);
/** Makes it ready for texts; nothing may be added after. */
void matcher_finish(struct matcher *matcher);

/** Where a text stands; 0 at its beginning. */
typedef uint32_t matcher_place;

/** The place after one more byte. */
matcher_place matcher_step(const struct matcher *matcher, matcher_place place, unsigned char byte);

/** A pattern that ends at a place. */
struct matcher_hit {
  matcher_place node; /* for matcher_shorter() */
  size_t length;      /* 0: none */
  bool alone;
};

/** The longest pattern that ends here. */
struct matcher_hit matcher_longest(const struct matcher *matcher, matcher_place place);
/** The next shorter one that ends at the same place. */
struct matcher_hit matcher_shorter(const struct matcher *matcher, struct matcher_hit hit);
/** How many of the last bytes are the beginning of a pattern, or a whole one. */
size_t matcher_depth(const struct matcher *matcher, matcher_place place);

#endif
