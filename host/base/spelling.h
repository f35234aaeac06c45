/**
 * spelling.h - how far a misspelt name is from a known one.
 */
#ifndef MULLIGAN_BASE_SPELLING_H
#define MULLIGAN_BASE_SPELLING_H

#include <stdbool.h>
#include <stddef.h>

/**
 * The bytes to add, remove, replace or exchange with their neighbour to make one name of the other; beyond 64 bytes
 * names count as wholly different. `-` and `_` are the same. Any thread.
 */
size_t spelling_distance(const char *a, size_t a_length, const char *b, size_t b_length);
/** Was somebody who typed a name of that length probably thinking of one at that distance? */
bool spelling_is_near(size_t length, size_t distance);

#endif
