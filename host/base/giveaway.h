/**
 * giveaway.h - secrets that are known by their looks, wherever they stand in a text.
 *
 * Bearer and JWT scheme strings, bare JWTs, PEM blocks, passwords in URLs and card numbers. Pure functions over bytes
 * in memory; any thread. The lists of secret names are scrub.h's.
 */
#ifndef MULLIGAN_BASE_GIVEAWAY_H
#define MULLIGAN_BASE_GIVEAWAY_H

#include <stdbool.h>
#include <stddef.h>

/** A part of a text, from `start` up to but without `end`. */
struct giveaway {
  size_t start;
  size_t end;
};

/**
 * Does a secret show at `at`? Then `*found` is the part to replace, which begins at `at` or later and is not empty.
 * Bytes before `from` are taken as already replaced and never looked at. Asking for every `at` of a text in turn
 * (going on at `found->end` after a hit) takes linear time in all.
 */
bool giveaway_at(const char *text, size_t length, size_t from, size_t at, struct giveaway *found);

/** Are these digits a card number: 13 to 19 of them, of a known issuer, with a right check digit? */
bool giveaway_is_card(const char *digits, size_t count);

#endif
