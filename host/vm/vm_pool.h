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
 * Takes a vm for a request of `route` (any pointer that tells one route from another), waiting up to `wait` seconds:
 * MULLIGAN_BUSY past that, other failures when one could not be made. No route gets all that there are (pool_places.h).
 */
enum mulligan_status vm_pool_take(struct vm_pool *pool, const void *route, double wait, struct vm **out,
                                  struct fault *fault);
void vm_pool_give(struct vm_pool *pool, struct vm *vm);
/**
 * Takes the vm that keeps the failed call of request `id`, waiting up to `wait` seconds until it comes back.
 * MULLIGAN_MISSING when none does (failed_index_end() says why), MULLIGAN_BUSY past the wait.
 */
enum mulligan_status vm_pool_take_keeper(struct vm_pool *pool, const char *id, double wait, struct vm **out,
                                         struct fault *fault);

/** What vm_pool_lose() did. */
struct vm_pool_loss {
  bool replaced; /* another may be made in the vm's place */
  int lost;      /* vms that are given up now, */
  int most;      /* and how many may be (the setting lost_bundles) */
};
/**
 * For the watchdog: the call in a vm that was taken does not end. Unless too many are lost already, the vm loses its
 * place, and another may be made; it still comes back by vm_pool_give(), should the call ever end.
 */
void vm_pool_lose(struct vm_pool *pool, struct vm *vm, struct vm_pool_loss *loss);
/** How many calls do not end. */
int vm_pool_stuck(struct vm_pool *pool);

/** The current generation, with a reference for the caller. */
struct generation *vm_pool_generation(struct vm_pool *pool);
/** Publishes a newer generation (taking over the reference, also on failure); requests that run keep theirs. */
enum mulligan_status vm_pool_publish(struct vm_pool *pool, struct generation *generation, struct fault *fault);

/** How many there may be. */
int vm_pool_size(const struct vm_pool *pool);

#endif
