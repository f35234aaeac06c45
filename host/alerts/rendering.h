/**
 * rendering.h - makes a message of an alert by the scripts' template, in a vm of the pool.
 *
 * A template runs as a request's handler does: under a deadline, in one of the few vms. If none is free, or the
 * template fails, the message goes out as plain text: late news are worse than plain ones.
 */
#ifndef MULLIGAN_ALERTS_RENDERING_H
#define MULLIGAN_ALERTS_RENDERING_H

#include "base/fault.h"
#include "data/error_log.h"
#include "vm/vm_pool.h"

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

/** Embedded by value; renders for one thread at a time. */
struct rendering {
  struct vm_pool *pool;     /* NULL: there are no scripts */
  struct error_log *errors; /* where a template's failure goes; NULL: nowhere */
  bool failed;              /* the last rendering did, */
  struct fault fault;       /* for this reason */
  pthread_mutex_t lock;
  struct vm *vm; /* the one that renders now; under the lock, as is the next */
  bool stopping;
};

/** `pool` and `errors` outlive it. */
void rendering_init(struct rendering *rendering, struct vm_pool *pool, struct error_log *errors);
void rendering_release(struct rendering *rendering);
/** Renders by the template `name`, as channel.h's `render` does; `rendering` is its context. */
enum mulligan_status rendering_run(void *rendering, const char *name, const json_t *alert, json_t **out,
                                   struct fault *fault);
/** Ends what runs now, as its deadline would, and any that would begin later. To be called again until it has ended: a
 * template that is about to begin is not reached. Any thread. */
void rendering_stop(struct rendering *rendering);

#endif
