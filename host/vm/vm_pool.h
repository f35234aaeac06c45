/**
 * vm_pool.h - the few vms that the many worker threads share.
 *
 * A vm is taken for one request and given back before a byte of its answer is written. The one given back last is
 * taken first, so that its memory is warm. Vms are made when they are first needed, up to the pool's size; one that is
 * condemned (a million requests condemn it too) or of an older generation is destroyed when it comes back.
 */
#ifndef MULLIGAN_VM_VM_POOL_H
#define MULLIGAN_VM_VM_POOL_H

#include "base/fault.h"
#include "vm/generation.h"
#include "vm/vm.h"

struct vm_pool;

/** Makes a pool of at most `size` vms over `generation`, of which it takes over the caller's reference. */
enum mulligan_status vm_pool_create(struct vm_pool **out, const struct vm_services *services,
                                    struct generation *generation, int size, struct fault *fault);
/** All vms must have come back. */
void vm_pool_destroy(struct vm_pool *pool);

/**
 * Takes a vm, waiting up to `wait` seconds: MULLIGAN_BUSY past that (or once the pool is closed), other failures when
 * one could not be made.
 */
enum mulligan_status vm_pool_take(struct vm_pool *pool, double wait, struct vm **out, struct fault *fault);
void vm_pool_give(struct vm_pool *pool, struct vm *vm);

/** The current generation, with a reference for the caller. */
struct generation *vm_pool_generation(struct vm_pool *pool);
/** Publishes a newer generation (taking over the reference, also on failure); requests that run keep theirs. */
enum mulligan_status vm_pool_publish(struct vm_pool *pool, struct generation *generation, struct fault *fault);

/** How many there may be. */
int vm_pool_size(const struct vm_pool *pool);

#endif
