/**
 * random_bytes.c - a vm's random bytes.
 *
 * Called by mulligan.crypto and by the operator floor, on the thread that has the vm. The source is frozen only while
 * libsodium draws for a script: references and ids that the host makes meanwhile must stay unique.
 */
#include "vm/random_bytes.h"
#include "vm/vm_internal.h"

#include <string.h>

void random_bytes_freeze(struct vm *vm, const unsigned char seed[RANDOM_SOURCE_SEED_BYTES]) {
  vm->frozen_random = seed != NULL;
  vm->frozen_draws = 0;
  if (seed)
    memcpy(vm->frozen_seed, seed, sizeof vm->frozen_seed);
}

void random_bytes_enter(struct vm *vm) {
  if (vm->frozen_random)
    random_source_freeze(vm->frozen_seed, &vm->frozen_draws);
}

void random_bytes_leave(void) {
  random_source_thaw();
}
