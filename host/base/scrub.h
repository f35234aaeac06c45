/**
 * scrub.h - what must never be stored, spooled, logged or sent.
 *
 * Knows which names are secret (`password`, `X-Api-Key`, …: case-insensitive, `-` and `_` folded) and which
 * values give themselves away (Bearer and JWT strings, PEM blocks, `user:pass@` in URLs, card numbers).
 * A scrubber is read-only after scrub_create(), so threads share one.
 */
#ifndef MULLIGAN_BASE_SCRUB_H
#define MULLIGAN_BASE_SCRUB_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define MULLIGAN_SCRUBBED "[scrubbed]"

struct scrub;
struct taint;

/** What a scrubbing came upon; the caller starts with count 0. */
struct scrub_tally {
  int count;           /* values that were replaced */
  struct taint *taint; /* remembers them, to be replaced elsewhere too; NULL where nobody asks */
};

/** The built-in names and `count` more; NULL when out of memory. */
struct scrub *scrub_create(const char *const *names, size_t count);
void scrub_destroy(struct scrub *scrub);

/** Is a value kept under this name a secret? */
bool scrub_is_secret_name(const struct scrub *scrub, const char *name, size_t length);
/** Appends `text` with every value that gives itself away replaced, and adds those to the tally. */
bool scrub_text(const struct scrub *scrub, const char *text, size_t length, struct buf *out, struct scrub_tally *tally);
/** Appends a query string or form body (`a=1&password=x`) with the values of secret names, and giveaways, replaced. */
bool scrub_form(const struct scrub *scrub, const char *text, size_t length, struct buf *out, struct scrub_tally *tally);
/**
 * Returns a new reference to a scrubbed copy of a JSON value: below an object's secret key everything is
 * replaced, elsewhere texts go through scrub_text(). NULL when out of memory.
 */
json_t *scrub_json(const struct scrub *scrub, const json_t *value, struct scrub_tally *tally);
/** Remembers what a JSON value holds that stands under a secret name. */
void scrub_remember(const struct scrub *scrub, const json_t *value, struct taint *taint);

#endif
