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

/** The built-in names and `count` more; NULL when out of memory. */
struct scrub *scrub_create(const char *const *names, size_t count);
void scrub_destroy(struct scrub *scrub);

/** Is a value kept under this name a secret? */
bool scrub_is_secret_name(const struct scrub *scrub, const char *name, size_t length);
/** Appends `text` with every value that gives itself away replaced; adds their number to `*count`. */
bool scrub_text(const struct scrub *scrub, const char *text, size_t length, struct buf *out, int *count);
/** Appends a query string or form body (`a=1&password=x`) with the values of secret names, and giveaways, replaced. */
bool scrub_form(const struct scrub *scrub, const char *text, size_t length, struct buf *out, int *count);
/**
 * Returns a new reference to a scrubbed copy of a JSON value: below an object's secret key everything is
 * replaced, elsewhere texts go through scrub_text(). NULL when out of memory.
 */
json_t *scrub_json(const struct scrub *scrub, const json_t *value, int *count);

#endif
