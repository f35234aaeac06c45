/**
 * vm_pool.c - a stack of idle vms under one mutex.
 *
 * Called by the workers. A vm is made and destroyed outside the lock, since both take milliseconds; `alive` counts the
 * ones that exist or are being made, so that there are never more than `size`.
 */
#include "vm/vm_pool.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A vm that nobody has, and the processor on which it ran last, in whose cache its memory still is. */
struct idle {
  struct vm *vm;
  int processor;
};

struct vm_pool {
  pthread_mutex_t lock;
  pthread_cond_t freed;
  const struct vm_services *services;
  struct generation *generation; /* the current one */
  int size;
  int alive;
  int idle_count;
  struct idle *idle; /* the one given back last stands last */
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

/* ---- life ---- */

enum mulligan_status vm_pool_create(struct vm_pool **out, const struct vm_services *services,
                                    struct generation *generation, int size, struct fault *fault) {
  struct vm_pool *pool = calloc(1, sizeof *pool);
  struct idle *idle = calloc((size_t)size, sizeof *idle);
  if (!pool || !idle) {
    free(pool);
    free(idle);
    *out = NULL;
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for the pool");
  }
  pthread_mutex_init(&pool->lock, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&pool->freed, &attributes);
  pthread_condattr_destroy(&attributes);
  pool->services = services;
  pool->generation = generation;
  pool->size = size;
  pool->idle = idle;
  struct vm *first = generation_take_vm(generation);
  if (first) {
    push_idle(pool, first);
    pool->alive = 1;
  }
  *out = pool;
  return MULLIGAN_OK;
}

void vm_pool_destroy(struct vm_pool *pool) {
  if (!pool)
    return;
  for (int i = 0; i < pool->idle_count; i++)
    vm_destroy(pool->idle[i].vm);
  generation_drop(pool->generation);
  pthread_cond_destroy(&pool->freed);
  pthread_mutex_destroy(&pool->lock);
  free(pool->idle);
  free(pool);
}

/* Under the lock: a place was freed without a vm coming back. */
static void lose_place(struct vm_pool *pool) {
  pool->alive--;
  pthread_cond_signal(&pool->freed);
}

/* A new vm, outside the lock; its place is counted already. */
static enum mulligan_status make(struct vm_pool *pool, struct generation *generation, struct vm **out,
                                 struct fault *fault) {
  enum mulligan_status status = vm_create(out, pool->services, generation, VM_KIND_REQUEST, NULL, fault);
  generation_drop(generation);
  if (status != MULLIGAN_OK) {
    pthread_mutex_lock(&pool->lock);
    lose_place(pool);
    pthread_mutex_unlock(&pool->lock);
  }
  return status;
}

enum mulligan_status vm_pool_take(struct vm_pool *pool, double wait, struct vm **out, struct fault *fault) {
  *out = NULL;
  int64_t deadline_ns = 0;
  pthread_mutex_lock(&pool->lock);
  for (;;) {
    if (pool->idle_count > 0) {
      *out = pop_idle(pool);
      pthread_mutex_unlock(&pool->lock);
      return MULLIGAN_OK;
    }
    if (pool->alive < pool->size) {
      pool->alive++;
      struct generation *generation = generation_hold(pool->generation);
      pthread_mutex_unlock(&pool->lock);
      return make(pool, generation, out, fault);
    }
    if (deadline_ns == 0)
      deadline_ns = clock_monotonic_ns() + (int64_t)(wait * 1e9);
    struct timespec until = {(time_t)(deadline_ns / 1000000000), (long)(deadline_ns % 1000000000)};
    if (pthread_cond_timedwait(&pool->freed, &pool->lock, &until) == ETIMEDOUT && pool->idle_count == 0 &&
        pool->alive == pool->size) {
      pthread_mutex_unlock(&pool->lock);
      return fault_set(fault, MULLIGAN_BUSY, "no Lua state came free in %g s", wait);
    }
  }
}

void vm_pool_give(struct vm_pool *pool, struct vm *vm) {
  pthread_mutex_lock(&pool->lock);
  bool keep = !vm_condemned(vm) && vm_generation(vm) == pool->generation;
  if (keep) {
    push_idle(pool, vm);
    pthread_cond_signal(&pool->freed);
  } else {
    lose_place(pool);
  }
  pthread_mutex_unlock(&pool->lock);
  if (!keep)
    vm_destroy(vm);
}

struct generation *vm_pool_generation(struct vm_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  struct generation *generation = generation_hold(pool->generation);
  pthread_mutex_unlock(&pool->lock);
  return generation;
}

enum mulligan_status vm_pool_publish(struct vm_pool *pool, struct generation *generation, struct fault *fault) {
  struct idle *idle = calloc((size_t)pool->size, sizeof *idle);
  if (!idle) {
    generation_drop(generation);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for the pool");
  }
  struct vm *first = generation_take_vm(generation);
  pthread_mutex_lock(&pool->lock);
  struct generation *before = pool->generation;
  struct idle *old = pool->idle;
  int old_count = pool->idle_count;
  pool->generation = generation;
  pool->idle = idle;
  pool->alive -= old_count;
  pool->idle_count = 0;
  if (first && pool->alive < pool->size) {
    push_idle(pool, first);
    pool->alive++;
    first = NULL;
  }
  pthread_cond_broadcast(&pool->freed);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 0; i < old_count; i++)
    vm_destroy(old[i].vm);
  free(old);
  vm_destroy(first);
  generation_drop(before);
  return MULLIGAN_OK;
}

int vm_pool_size(const struct vm_pool *pool) {
  return pool->size;
}
