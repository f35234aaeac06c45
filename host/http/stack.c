/**
 * stack.c - the floor under every thread's stack.
 *
 * The definition here is found before libc's by every library, since the executable exports its symbols; the real one
 * is looked up behind it. Called by whichever thread makes a thread.
 */
#include "http/stack.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

size_t stack_floor(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
  return (size_t)8 << 20; /* frames are several times as large */
#else
  return (size_t)1 << 20;
#endif
}

typedef int setter(pthread_attr_t *attributes, size_t size);

int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size) {
  static _Atomic(setter *) real;
  setter *found = atomic_load(&real);
  if (!found) {
    void *symbol = dlsym(RTLD_NEXT, "pthread_attr_setstacksize");
    if (!symbol)
      return EINVAL;
    /* ISO C has no conversion from an object's address to a function's; POSIX promises that the bytes are the same. */
    *(void **)(void *)&found = symbol;
    atomic_store(&real, found);
  }
  return found(attributes, size < stack_floor() ? stack_floor() : size);
}

enum mulligan_status stack_check(struct fault *fault) {
  pthread_attr_t attributes;
  void *address;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &address, &size);
    pthread_attr_destroy(&attributes);
  }
  if (size + 65536 >= stack_floor())
    return MULLIGAN_OK;
  return fault_set(fault, MULLIGAN_ERROR, "worker threads have stacks of %zu KiB, but scripts need %zu KiB",
                   size / 1024, stack_floor() / 1024);
}
