/**
 * disposal.h - where the vms of an old generation are destroyed: on one thread, off the requests' way.
 *
 * A worker that took one down itself would answer later, and the C library would keep a part of its memory for that
 * worker alone; of hundreds of workers that adds up to more than all vms together. Once nothing has come for a second,
 * what was freed goes back to the system.
 */
#ifndef MULLIGAN_VM_DISPOSAL_H
#define MULLIGAN_VM_DISPOSAL_H

#include "base/fault.h"
#include "vm/vm.h"

struct disposal;

/** Starts the thread. On success the caller owns `*out`. */
enum mulligan_status disposal_open(struct disposal **out, struct fault *fault);
/** Takes over a vm that nobody uses any more. Any thread; never blocks. NULL is taken. */
void disposal_add(struct disposal *disposal, struct vm *vm);
/** Destroys what is left, and ends the thread. NULL is taken. */
void disposal_close(struct disposal *disposal);

#endif
