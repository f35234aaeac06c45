/**
 * random_bytes.h - what random bytes scripts get from mulligan.crypto: the system's, or those of an operator's plan.
 *
 * A plan that is made again must come out the same, password salts and all; so its vm draws from the plan's seed. All
 * functions run on the thread that has the vm.
 */
#ifndef MULLIGAN_VM_RANDOM_BYTES_H
#define MULLIGAN_VM_RANDOM_BYTES_H

#include "base/random_source.h"
#include "vm/vm.h"

/** From now on, and from the first draw, the vm draws from `seed`, which is copied; NULL: from the system again. */
void random_bytes_freeze(struct vm *vm, const unsigned char seed[RANDOM_SOURCE_SEED_BYTES]);
/** Between these two, libsodium draws for this vm. Nothing may raise in between. */
void random_bytes_enter(struct vm *vm);
void random_bytes_leave(void);

#endif
