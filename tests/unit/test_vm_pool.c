/**
 * test_vm_pool.c - who gets a Lua state when there are few left, and what becomes of one that is lost.
 */
#include "base/file.h"
#include "vm/pool_places.h"
#include "vm/vm_pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 4 };

/* Only their addresses count. */
static const char slow, other;

struct world {
  char folder[32], routes[64];
  struct settings *settings;
  struct scrub *scrub;
  struct vm_services services;
  struct vm_pool *pool;
};

static int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-pool-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  snprintf(world->routes, sizeof world->routes, "%s/routes", world->folder);
  mkdir(world->routes, 0755);
  world->settings = settings_create();
  settings_set(world->settings, "scripts", world->folder, "test", NULL);
  settings_set(world->settings, "lost_bundles", "2", "test", NULL);
  world->scrub = scrub_create(NULL, 0);
  world->services = (struct vm_services){.settings = world->settings, .scrub = world->scrub};
  struct generation *generation;
  struct fault fault;
  if (generation_load(&generation, &world->services, 1, true, &fault) != MULLIGAN_OK ||
      vm_pool_create(&world->pool, &world->services, generation, SIZE, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  struct world *world = *state;
  vm_pool_destroy(world->pool);
  rmdir(world->routes);
  rmdir(world->folder);
  settings_destroy(world->settings);
  scrub_destroy(world->scrub);
  free(world);
  return 0;
}

static struct vm *take(struct world *world, const void *route) {
  struct vm *vm;
  struct fault fault;
  if (vm_pool_take(world->pool, route, 600, &vm, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  return vm;
}

static void assert_none_left(struct world *world, const void *route) {
  struct vm *vm;
  struct fault fault;
  assert_int_equal(vm_pool_take(world->pool, route, 0.02, &vm, &fault), MULLIGAN_BUSY);
  assert_null(vm);
}

static void the_last_one_is_not_for_a_route_that_has_all_others(void **state) {
  struct world *world = *state;
  struct vm *vms[SIZE];
  for (int i = 0; i < SIZE - 1; i++)
    vms[i] = take(world, &slow);
  assert_none_left(world, &slow);
  vms[SIZE - 1] = take(world, &other);
  assert_none_left(world, &other);
  vm_pool_give(world->pool, vms[0]);
  vms[0] = take(world, &slow); /* two routes share them: the last one is for whoever comes first */
  for (int i = 0; i < SIZE; i++)
    vm_pool_give(world->pool, vms[i]);
}

static void a_small_pool_keeps_none_back(void **state) {
  (void)state;
  struct pool_places places;
  assert_true(pool_places_init(&places, 2));
  for (int i = 0; i < 2; i++) {
    assert_true(pool_places_admit(&places, &slow));
    pool_places_take(&places, &slow);
  }
  assert_false(pool_places_admit(&places, &other));
  pool_places_release(&places);
}

struct waiter {
  struct world *world;
  const void *route;
  atomic_bool *stop; /* the slow ones give up when this is set */
  atomic_int *served;
};

static void *wait_for_one(void *argument) {
  struct waiter *waiter = argument;
  struct vm *vm = NULL;
  while (!atomic_load(waiter->stop) &&
         vm_pool_take(waiter->world->pool, waiter->route, 0.5, &vm, NULL) == MULLIGAN_BUSY)
    ;
  if (vm) {
    atomic_fetch_add(waiter->served, 1);
    if (waiter->route == &other)
      atomic_store(waiter->stop, true);
    vm_pool_give(waiter->world->pool, vm);
  }
  return NULL;
}

/* Six requests of the slow route wait, and one of another: the place that comes free wakes the one that may have it. */
static void the_one_that_may_have_it_is_woken(void **state) {
  enum { SLOW = 6 };
  struct world *world = *state;
  struct vm *vms[SIZE];
  for (int i = 0; i < SIZE - 1; i++)
    vms[i] = take(world, &slow);
  vms[SIZE - 1] = take(world, &other);
  atomic_bool stop = false;
  atomic_int slow_served = 0, other_served = 0;
  struct waiter impatient = {world, &slow, &stop, &slow_served}, wanted = {world, &other, &stop, &other_served};
  pthread_t threads[SLOW + 1];
  for (int i = 0; i < SLOW; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, wait_for_one, &impatient), 0);
  assert_int_equal(pthread_create(&threads[SLOW], NULL, wait_for_one, &wanted), 0);
  nanosleep(&(struct timespec){0, 50 * 1000 * 1000}, NULL); /* most of them wait by now, but it is no matter */
  vm_pool_give(world->pool, vms[SIZE - 1]);
  for (int i = 0; i <= SLOW; i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(atomic_load(&other_served), 1);
  assert_int_equal(atomic_load(&slow_served), 0);
  for (int i = 0; i < SIZE - 1; i++)
    vm_pool_give(world->pool, vms[i]);
}

static void a_lost_one_is_replaced_so_often(void **state) {
  struct world *world = *state;
  struct vm *lost[3], *fresh[SIZE];
  struct vm_pool_loss loss;
  for (int i = 0; i < 3; i++)
    lost[i] = take(world, &slow);
  for (int i = 0; i < 3; i++) {
    vm_pool_lose(world->pool, lost[i], &loss);
    assert_int_equal(loss.replaced, i < 2);
    assert_int_equal(loss.lost, i < 2 ? i + 1 : 2);
    assert_int_equal(loss.most, 2);
    assert_int_equal(vm_pool_stuck(world->pool), i + 1);
  }
  /* Of four places one is held by a lost state for which there is no other. */
  for (int i = 0; i < 3; i++)
    fresh[i] = take(world, &other);
  assert_none_left(world, &other);
  vm_pool_give(world->pool, lost[2]);
  fresh[3] = take(world, &slow);
  vm_pool_give(world->pool, lost[0]);
  assert_none_left(world, &slow); /* one that was replaced has no place to give back */
  vm_pool_give(world->pool, lost[1]);
  assert_int_equal(vm_pool_stuck(world->pool), 0);
  for (int i = 0; i < SIZE; i++)
    vm_pool_give(world->pool, fresh[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_last_one_is_not_for_a_route_that_has_all_others, set_up, tear_down),
      cmocka_unit_test(a_small_pool_keeps_none_back),
      cmocka_unit_test_setup_teardown(the_one_that_may_have_it_is_woken, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_lost_one_is_replaced_so_often, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
