/**
 * vm_pool.c - a stack of idle vms under one mutex.
 *
 * Called by the workers, and by the watchdog where a call does not end. A vm is made and destroyed outside the lock,
 * since both take milliseconds; a place is held from before that until after it, so that there are never more vms than
 * places. A lost vm holds none.
 */
#include "vm/vm_pool.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "vm/disposal.h"
#include "vm/failed_index.h"
#include "vm/pool_places.h"
#include "vm/vm_internal.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* A vm that nobody has, and the processor on which it ran last, in whose cache its memory still is. */
struct idle {
  struct vm *vm;
  int processor;
};

/* Somebody who waits for one vm and no other. */
struct seeker {
  const struct vm *wanted;
  struct vm *got;
  bool over; /* the vm came back: `got` is it, or NULL if it had to be destroyed */
  pthread_cond_t came_back;
  struct seeker *next;
};

enum { SEEKER_ASKS_NS = 50 * 1000 * 1000 };

/* The seekers' places are held by this instead of by a route. */
static const char seekers_route = 's';

struct vm_pool {
  pthread_mutex_t lock;
  pthread_cond_t freed;
  const struct vm_services *services;
  struct generation *generation; /* the current one */
  struct pool_places places;
  int stuck; /* vms whose calls do not end; of those, */
  int lost;  /* so many have been given up */
  int idle_count;
  struct idle *idle;         /* the one given back last stands last */
  int peak;                  /* the most that were in use at once under this generation */
  struct disposal *disposal; /* of vms of older generations */
  struct vm **stock;         /* fresh ones for which there is no place before a vm of the last generation comes back */
  int stock_count;
  struct seeker *seekers;
};

/* ---- the idle ones, under the lock ---- */

static void push_idle(struct vm_pool *pool, struct vm *vm) {
  pool->idle[pool->idle_count++] = (struct idle){vm, sched_getcpu()};
}

/*
 * The one that ran last on this processor, or else the one given back last. A request touches some twenty kilobytes of
 * its vm, and fetching them from another core's cache takes longer than a small handler runs.
 */
static struct vm *pop_idle(struct vm_pool *pool) {
  int processor = sched_getcpu();
  int found = pool->idle_count - 1;
  for (int i = found; i >= 0; i--)
    if (pool->idle[i].processor == processor) {
      found = i;
      break;
    }
  struct vm *vm = pool->idle[found].vm;
  pool->idle_count--;
  memmove(&pool->idle[found], &pool->idle[found + 1], (size_t)(pool->idle_count - found) * sizeof *pool->idle);
  return vm;
}

/* ---- who waits for one of them, under the lock ---- */

/* The vm comes back: the first who waits for it gets it, with the place that it holds, if it can be used. */
static bool hand_over(struct vm_pool *pool, struct vm *vm, bool keep) {
  bool taken = false;
  for (struct seeker *seeker = pool->seekers; seeker && !taken; seeker = seeker->next) {
    if (seeker->wanted != vm || seeker->over)
      continue;
    taken = keep;
    seeker->got = keep ? vm : NULL;
    seeker->over = true;
    pthread_cond_signal(&seeker->came_back);
  }
  if (taken) {
    pool_places_give(&pool->places, vm->route);
    pool_places_take(&pool->places, &seekers_route);
  }
  return taken;
}

/* Waits until the vm that keeps `id` comes back. One that is being destroyed never does: so the index is asked now and
 * then. */
static void wait_for(struct vm_pool *pool, struct seeker *self, const char *id, double wait) {
  int64_t deadline_ns = clock_monotonic_ns() + (int64_t)(wait * 1e9);
  struct seeker **link = &pool->seekers;
  while (*link)
    link = &(*link)->next;
  *link = self;
  thread_condition_init(&self->came_back);
  int64_t now;
  while (!self->over && (now = clock_monotonic_ns()) < deadline_ns &&
         failed_index_has(pool->services->failed_index, id)) {
    int64_t then = now + SEEKER_ASKS_NS < deadline_ns ? now + SEEKER_ASKS_NS : deadline_ns;
    thread_wait(&self->came_back, &pool->lock, then);
  }
  pthread_cond_destroy(&self->came_back);
  for (link = &pool->seekers; *link != self;)
    link = &(*link)->next;
  *link = self->next;
}

/* ---- life ---- */

enum mulligan_status vm_pool_create(struct vm_pool **out, const struct vm_services *services,
                                    struct generation *generation, int size, struct fault *fault) {
  struct vm_pool *pool = calloc(1, sizeof *pool);
  struct idle *idle = calloc((size_t)size, sizeof *idle);
  *out = NULL;
  if (!pool || !idle || !pool_places_init(&pool->places, size)) {
    free(pool);
    free(idle);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for the pool");
  }
  enum mulligan_status status = disposal_open(&pool->disposal, fault);
  if (status != MULLIGAN_OK) {
    pool_places_release(&pool->places);
    free(pool);
    free(idle);
    return status;
  }
  pthread_mutex_init(&pool->lock, NULL);
  thread_condition_init(&pool->freed);
  pool->services = services;
  pool->generation = generation;
  pool->idle = idle;
  struct vm *first = generation_take_vm(generation);
  if (first)
    push_idle(pool, first);
  *out = pool;
  return MULLIGAN_OK;
}

void vm_pool_destroy(struct vm_pool *pool) {
  if (!pool)
    return;
  for (int i = 0; i < pool->idle_count; i++)
    vm_destroy(pool->idle[i].vm);
  for (int i = 0; i < pool->stock_count; i++)
    vm_destroy(pool->stock[i]);
  disposal_close(pool->disposal);
  free(pool->stock);
  generation_drop(pool->generation);
  pthread_cond_destroy(&pool->freed);
  pthread_mutex_destroy(&pool->lock);
  pool_places_release(&pool->places);
  free(pool->idle);
  free(pool);
}

/* ---- taking and giving ---- */

/* Under the lock: a place is free again. One of the stock may have it. */
static void give_place(struct vm_pool *pool, const void *route) {
  pool_places_give(&pool->places, route);
  if (pool->stock_count > 0 && pool->idle_count + pool->places.held < pool->places.size)
    push_idle(pool, pool->stock[--pool->stock_count]);
  if (pool_places_are_contested(&pool->places))
    pthread_cond_broadcast(&pool->freed);
  else
    pthread_cond_signal(&pool->freed);
}

/* The vm is the caller's; what its pool needs to know of it stands in it. */
static enum mulligan_status lend(struct vm_pool *pool, const void *route, struct vm *vm) {
  vm->pool = pool;
  vm->route = route;
  return MULLIGAN_OK;
}

/* A new vm, outside the lock; its place is held already. */
static enum mulligan_status make(struct vm_pool *pool, struct generation *generation, const void *route,
                                 struct vm **out, struct fault *fault) {
  enum mulligan_status status =
      vm_create(out, generation_services(generation), generation, VM_KIND_REQUEST, NULL, fault);
  generation_drop(generation);
  if (status == MULLIGAN_OK)
    return lend(pool, route, *out);
  pthread_mutex_lock(&pool->lock);
  give_place(pool, route);
  pthread_mutex_unlock(&pool->lock);
  return status;
}

enum mulligan_status vm_pool_take(struct vm_pool *pool, const void *route, double wait, struct vm **out,
                                  struct fault *fault) {
  *out = NULL;
  int64_t deadline_ns = 0;
  pthread_mutex_lock(&pool->lock);
  while (!pool_places_admit(&pool->places, route)) {
    if (deadline_ns == 0)
      deadline_ns = clock_monotonic_ns() + (int64_t)(wait * 1e9);
    if (!thread_wait(&pool->freed, &pool->lock, deadline_ns) && !pool_places_admit(&pool->places, route)) {
      pthread_mutex_unlock(&pool->lock);
      return fault_set(fault, MULLIGAN_BUSY, "no Lua state came free in %g s", wait);
    }
  }
  pool_places_take(&pool->places, route);
  if (pool->places.held > pool->peak)
    pool->peak = pool->places.held;
  if (pool->idle_count > 0) {
    *out = pop_idle(pool);
    pthread_mutex_unlock(&pool->lock);
    return lend(pool, route, *out);
  }
  struct generation *generation = generation_hold(pool->generation);
  pthread_mutex_unlock(&pool->lock);
  return make(pool, generation, route, out, fault);
}

void vm_pool_give(struct vm_pool *pool, struct vm *vm) {
  pthread_mutex_lock(&pool->lock);
  bool keep = !vm_condemned(vm) && vm->loss == VM_NOT_STUCK && vm_generation(vm) == pool->generation;
  if (pool->seekers && hand_over(pool, vm, keep && vm->loss == VM_NOT_STUCK)) {
    pthread_mutex_unlock(&pool->lock);
    return;
  }
  if (keep)
    push_idle(pool, vm);
  if (vm->loss != VM_LOST)
    give_place(pool, vm->route);
  pool->stuck -= vm->loss != VM_NOT_STUCK;
  pool->lost -= vm->loss == VM_LOST;
  int stuck = pool->stuck;
  pthread_mutex_unlock(&pool->lock);
  if (keep)
    return;
  if (vm->loss != VM_NOT_STUCK)
    log_warning("a call that could not be stopped has ended; still under way: %d", stuck);
  if (vm_condemned(vm))
    vm_destroy(vm); /* here, so that whoever fills memory again and again also waits for it to be freed */
  else
    disposal_add(pool->disposal, vm);
}

/* Under the lock: takes this one out of the idle ones, if it is there. */
static bool take_idle(struct vm_pool *pool, const struct vm *wanted, struct vm **out) {
  for (int i = 0; i < pool->idle_count; i++) {
    if (pool->idle[i].vm != wanted)
      continue;
    *out = pool->idle[i].vm;
    pool->idle_count--;
    memmove(&pool->idle[i], &pool->idle[i + 1], (size_t)(pool->idle_count - i) * sizeof *pool->idle);
    pool_places_take(&pool->places, &seekers_route);
    return true;
  }
  return false;
}

enum mulligan_status vm_pool_take_keeper(struct vm_pool *pool, const char *id, double wait, struct vm **out,
                                         struct fault *fault) {
  *out = NULL;
  struct failed_index *index = pool->services->failed_index;
  pthread_mutex_lock(&pool->lock);
  struct seeker self = {.wanted = index ? failed_index_use(index, id) : NULL};
  if (self.wanted && !take_idle(pool, self.wanted, out)) {
    wait_for(pool, &self, id, wait);
    *out = self.got;
  }
  pthread_mutex_unlock(&pool->lock);
  if (*out)
    return lend(pool, &seekers_route, *out);
  if (self.wanted && !self.over && failed_index_has(index, id))
    return fault_set(fault, MULLIGAN_BUSY, "the Lua state that keeps this failed call did not come free in %g s", wait);
  return fault_set(fault, MULLIGAN_MISSING, "this failed call is not kept");
}

void vm_pool_lose(struct vm_pool *pool, struct vm *vm, struct vm_pool_loss *loss) {
  pthread_mutex_lock(&pool->lock);
  loss->most = (int)pool->services->settings->lost_bundles;
  loss->replaced = pool->lost < loss->most;
  pool->stuck++;
  vm->loss = VM_STUCK;
  if (loss->replaced) {
    pool->lost++;
    vm->loss = VM_LOST;
    give_place(pool, vm->route);
  }
  loss->lost = pool->lost;
  pthread_mutex_unlock(&pool->lock);
}

int vm_pool_stuck(struct vm_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  int stuck = pool->stuck;
  pthread_mutex_unlock(&pool->lock);
  return stuck;
}

/* ---- generations ---- */

struct generation *vm_pool_generation(struct vm_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  struct generation *generation = generation_hold(pool->generation);
  pthread_mutex_unlock(&pool->lock);
  return generation;
}

/*
 * The first vm of a generation and as many more as were in use at once before: made here and not in the way of the
 * requests that follow, of which all would else wait for theirs at the same moment. `*count` may be less than `wanted`.
 */
static struct vm **make_stock(struct generation *generation, int wanted, int *count) {
  *count = 0;
  struct vm **stock = calloc((size_t)wanted, sizeof *stock);
  struct vm *vm = generation_take_vm(generation);
  while (stock && vm) {
    stock[(*count)++] = vm;
    if (*count == wanted ||
        vm_create(&vm, generation_services(generation), generation, VM_KIND_REQUEST, NULL, NULL) != MULLIGAN_OK)
      vm = NULL;
  }
  vm_destroy(vm);
  return stock;
}

enum mulligan_status vm_pool_publish(struct vm_pool *pool, struct generation *generation, struct fault *fault) {
  pthread_mutex_lock(&pool->lock);
  int wanted = pool->peak > 0 ? pool->peak : 1;
  pthread_mutex_unlock(&pool->lock);
  int stock_count;
  struct vm **stock = make_stock(generation, wanted, &stock_count);
  struct idle *idle = calloc((size_t)pool->places.size, sizeof *idle);
  if (!idle || !stock) {
    for (int i = 0; i < stock_count; i++)
      vm_destroy(stock[i]);
    free(stock);
    free(idle);
    generation_drop(generation);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for the pool");
  }
  pthread_mutex_lock(&pool->lock);
  struct generation *before = pool->generation;
  struct idle *old = pool->idle;
  int old_count = pool->idle_count;
  struct vm **old_stock = pool->stock;
  int old_stock_count = pool->stock_count;
  pool->generation = generation;
  pool->idle = idle;
  pool->idle_count = 0;
  pool->stock = stock;
  pool->stock_count = stock_count;
  pool->peak = pool->places.held;
  while (pool->stock_count > 0 && pool->idle_count + pool->places.held < pool->places.size)
    push_idle(pool, pool->stock[--pool->stock_count]);
  pthread_cond_broadcast(&pool->freed);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 0; i < old_count; i++)
    disposal_add(pool->disposal, old[i].vm);
  for (int i = 0; i < old_stock_count; i++)
    disposal_add(pool->disposal, old_stock[i]);
  free(old);
  free(old_stock);
  generation_drop(before);
  return MULLIGAN_OK;
}

int vm_pool_size(const struct vm_pool *pool) {
  return pool->places.size;
}
