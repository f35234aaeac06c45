/**
 * error_queue.h - the rows between those who had an error and the one who writes it down.
 *
 * Any thread pushes, one takes. Bounded in rows and in bytes.
 */
#ifndef MULLIGAN_DATA_ERROR_QUEUE_H
#define MULLIGAN_DATA_ERROR_QUEUE_H

#include "base/fault.h"
#include "data/error_row.h"

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Somebody who sleeps until a row is durable; lives on that thread's stack. */
struct error_waiter {
  sem_t done;
  /* valid after `done` */
  enum mulligan_status status;
  struct fault fault;                      /* where status is not MULLIGAN_OK */
  char reference[MULLIGAN_REFERENCE_SIZE]; /* under which the row is found, or would be */
};

struct error_queue;

/** NULL when out of memory. */
struct error_queue *error_queue_create(size_t most_rows, size_t most_bytes);
/** Must be empty, with nobody inside. NULL is fine. */
void error_queue_destroy(struct error_queue *queue);

/**
 * Takes ownership of `row` and returns true; waits for room until `deadline_ns` (clock_monotonic_ns(); 0 does not wait)
 * and returns false, the row staying the caller's, if there is none or the queue is closed.
 */
bool error_queue_push(struct error_queue *queue, struct error_row *row, int64_t deadline_ns);
/**
 * Waits until there is a row, the queue is closed or `deadline_ns` has come; returns at most `most` rows in their
 * order, linked by `next`, or NULL. `*over` says that the queue is closed and empty.
 */
struct error_row *error_queue_take(struct error_queue *queue, size_t most, int64_t deadline_ns, bool *over);
/** Nothing is pushed from now on; what is queued can still be taken. */
void error_queue_close(struct error_queue *queue);

#endif
