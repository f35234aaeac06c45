/**
 * pool_places.h - who holds the places of a pool.
 *
 * A place is the right to one vm. It is free while its vm is idle or not made yet, and held by a request, and so by its
 * route, from before the vm is taken until it is back. The last free place is not given to a route that holds all the
 * others: one slow route may fill the pool but for that, and every other route is still answered.
 *
 * All functions are called under the pool's lock.
 */
#ifndef MULLIGAN_VM_POOL_PLACES_H
#define MULLIGAN_VM_POOL_PLACES_H

#include <stdbool.h>

/** How many places one route holds. */
struct pool_share {
  const void *route; /* only compared; NULL for requests without a route */
  int count;
};

struct pool_places {
  int size;                  /* there are so many, of which */
  int held;                  /* so many are held, */
  struct pool_share *shares; /* by these routes */
  int share_count;
};

/** False when out of memory. */
bool pool_places_init(struct pool_places *places, int size);
void pool_places_release(struct pool_places *places);
/** May a request of this route take a place now? */
bool pool_places_admit(const struct pool_places *places, const void *route);
/** Takes one that was admitted. */
void pool_places_take(struct pool_places *places, const void *route);
void pool_places_give(struct pool_places *places, const void *route);
/** Is it of importance which of those that wait is woken? Then all have to be. */
bool pool_places_are_contested(const struct pool_places *places);

#endif
