/**
 * pool_places.c - places counted by route.
 *
 * Called by vm_pool.c under its lock. The shares are a short list in no order: there are never more of them than
 * places, and with many places held they are few.
 */
#include "vm/pool_places.h"

#include <assert.h>
#include <stdlib.h>

/* In a smaller pool a place kept free would be missed more than it is worth. */
enum { LEAST_SHARED = 4 };

bool pool_places_init(struct pool_places *places, int size) {
  *places = (struct pool_places){.size = size, .shares = calloc((size_t)size, sizeof *places->shares)};
  return places->shares;
}

void pool_places_release(struct pool_places *places) {
  free(places->shares);
  *places = (struct pool_places){0};
}

/* The last free place is left, and one route holds all the others. */
bool pool_places_are_contested(const struct pool_places *places) {
  return places->size >= LEAST_SHARED && places->held == places->size - 1 && places->share_count == 1;
}

bool pool_places_admit(const struct pool_places *places, const void *route) {
  if (places->held == places->size)
    return false;
  return !pool_places_are_contested(places) || places->shares[0].route != route;
}

static struct pool_share *find(const struct pool_places *places, const void *route) {
  struct pool_share *share = places->shares, *end = share + places->share_count;
  while (share < end && share->route != route)
    share++;
  return share;
}

void pool_places_take(struct pool_places *places, const void *route) {
  assert(places->held < places->size);
  struct pool_share *share = find(places, route);
  if (share == places->shares + places->share_count) {
    places->share_count++;
    *share = (struct pool_share){.route = route};
  }
  share->count++;
  places->held++;
}

void pool_places_give(struct pool_places *places, const void *route) {
  struct pool_share *share = find(places, route);
  assert(share < places->shares + places->share_count);
  places->held--;
  if (--share->count == 0)
    *share = places->shares[--places->share_count];
}
