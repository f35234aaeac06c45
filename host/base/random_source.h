/**
 * random_source.h - where libsodium's random numbers come from: the system, or, for work that must come out the same
 * when it is done again, a seed.
 *
 * Freezing concerns the calling thread only. What is drawn while frozen is as hard to guess as the seed.
 */
#ifndef MULLIGAN_BASE_RANDOM_SOURCE_H
#define MULLIGAN_BASE_RANDOM_SOURCE_H

#include <stddef.h>
#include <stdint.h>

enum { RANDOM_SOURCE_SEED_BYTES = 32 };

/** Puts itself in front of libsodium's own source; once, before sodium_init(). Without it nothing freezes. */
void random_source_install(void);
/** From now on this thread draws from `seed`; `*draws` counts the draws, and goes on from where it was. Both are lent
 * until random_source_thaw(). */
void random_source_freeze(const unsigned char seed[RANDOM_SOURCE_SEED_BYTES], uint64_t *draws);
void random_source_thaw(void);
/** Fills `out` with draw number `draw` of a seed. */
void random_source_draw(const unsigned char seed[RANDOM_SOURCE_SEED_BYTES], uint64_t draw, void *out, size_t size);

#endif
