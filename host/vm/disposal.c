/**
 * disposal.c - a queue of vms and the thread that destroys them.
 *
 * A vm is destroyed outside the lock, since its finalizers may run for a while. The queue is linked through the vms
 * themselves, so that adding one cannot fail.
 */
#include "vm/disposal.h"

#include "base/clock.h"
#include "base/thread.h"
#include "vm/vm_internal.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TRIM_SECONDS = 1 };

struct disposal {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t thread;
  struct vm *queue; /* linked by vm->next_disposed */
  bool closing;
};

/* Under the lock: waits until there is something to do; false after a second without, where `pausing`. */
static bool await(struct disposal *disposal, bool pausing) {
  int64_t until_ns = pausing ? clock_monotonic_ns() + TRIM_SECONDS * 1000000000LL : INT64_MAX;
  while (!disposal->queue && !disposal->closing && thread_wait(&disposal->changed, &disposal->lock, until_ns))
    ;
  return disposal->queue || disposal->closing;
}

static void *run(void *context) {
  struct disposal *disposal = context;
  bool untrimmed = false;
  pthread_mutex_lock(&disposal->lock);
  for (;;) {
    bool awake = await(disposal, untrimmed);
    struct vm *vm = disposal->queue;
    if (!vm && disposal->closing)
      break;
    if (vm)
      disposal->queue = vm->next_disposed;
    pthread_mutex_unlock(&disposal->lock);
    vm_destroy(vm);
    if (!awake)
      malloc_trim(0);
    untrimmed = awake;
    pthread_mutex_lock(&disposal->lock);
  }
  pthread_mutex_unlock(&disposal->lock);
  return NULL;
}

enum mulligan_status disposal_open(struct disposal **out, struct fault *fault) {
  *out = NULL;
  struct disposal *disposal = calloc(1, sizeof *disposal);
  if (!disposal)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  pthread_mutex_init(&disposal->lock, NULL);
  thread_condition_init(&disposal->changed);
  int error = pthread_create(&disposal->thread, NULL, run, disposal);
  if (error == 0) {
    *out = disposal;
    return MULLIGAN_OK;
  }
  pthread_cond_destroy(&disposal->changed);
  pthread_mutex_destroy(&disposal->lock);
  free(disposal);
  return fault_set(fault, MULLIGAN_ERROR, "a thread cannot be made: %s", strerror(error));
}

void disposal_add(struct disposal *disposal, struct vm *vm) {
  if (!vm)
    return;
  pthread_mutex_lock(&disposal->lock);
  vm->next_disposed = disposal->queue;
  disposal->queue = vm;
  pthread_cond_signal(&disposal->changed);
  pthread_mutex_unlock(&disposal->lock);
}

void disposal_close(struct disposal *disposal) {
  if (!disposal)
    return;
  pthread_mutex_lock(&disposal->lock);
  disposal->closing = true;
  pthread_cond_signal(&disposal->changed);
  pthread_mutex_unlock(&disposal->lock);
  pthread_join(disposal->thread, NULL);
  pthread_cond_destroy(&disposal->changed);
  pthread_mutex_destroy(&disposal->lock);
  free(disposal);
}
