/**
 * random_source.c - libsodium's random numbers, which a thread may have come from a seed.
 *
 * Called by the bindings around the few calls of a script that draw, and through libsodium by everybody else, from any
 * thread. Invariant: a thread that has not frozen draws from the system, as if this file were not there.
 */
#include "base/random_source.h"

#include <sodium.h>

struct frozen {
  const unsigned char *seed; /* NULL while not frozen */
  uint64_t *draws;
};

static _Thread_local struct frozen frozen;

static const char *source_name(void) {
  return "mulligan";
}

static void fill(void *const out, const size_t size) {
  if (frozen.seed)
    random_source_draw(frozen.seed, (*frozen.draws)++, out, size);
  else
    randombytes_sysrandom_implementation.buf(out, size);
}

static uint32_t number(void) {
  uint32_t out;
  fill(&out, sizeof out);
  return out;
}

static void stir(void) {
  if (randombytes_sysrandom_implementation.stir)
    randombytes_sysrandom_implementation.stir();
}

static int close_source(void) {
  return randombytes_sysrandom_implementation.close ? randombytes_sysrandom_implementation.close() : 0;
}

void random_source_install(void) {
  static randombytes_implementation own = {
      .implementation_name = source_name, .random = number, .stir = stir, .buf = fill, .close = close_source};
  randombytes_set_implementation(&own);
}

void random_source_freeze(const unsigned char seed[RANDOM_SOURCE_SEED_BYTES], uint64_t *draws) {
  frozen = (struct frozen){.seed = seed, .draws = draws};
}

void random_source_thaw(void) {
  frozen = (struct frozen){0};
}

/* Each draw has a key of its own, so that draws of different lengths share nothing. */
void random_source_draw(const unsigned char seed[RANDOM_SOURCE_SEED_BYTES], uint64_t draw, void *out, size_t size) {
  unsigned char key[randombytes_SEEDBYTES];
  unsigned char number_bytes[8];
  for (int i = 0; i < 8; i++)
    number_bytes[i] = (unsigned char)(draw >> (8 * i));
  crypto_generichash(key, sizeof key, number_bytes, sizeof number_bytes, seed, RANDOM_SOURCE_SEED_BYTES);
  randombytes_buf_deterministic(out, size, key);
  sodium_memzero(key, sizeof key);
}
