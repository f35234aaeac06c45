/**
 * request_queue.h - entries on their way from the workers to the request log's thread.
 *
 * Any thread may push; one thread takes. A push is a copy of some hundred bytes under a lock that is never held over a
 * system call but the growing of the buffer, and wakes nobody, unless the taker's sleep has become worth interrupting.
 */
#ifndef MULLIGAN_DATA_REQUEST_QUEUE_H
#define MULLIGAN_DATA_REQUEST_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request_queue;

/** What was taken: `length` bytes of whole entries. The memory goes back and forth with the queue. */
struct request_batch {
  char *bytes;
  size_t length, capacity;
};

/** A queue of at most `most` bytes; NULL when out of memory. */
struct request_queue *request_queue_create(size_t most);
void request_queue_destroy(struct request_queue *queue);

/** Copies an entry. False when there is no room for it (as for one of SIZE_MAX bytes), or no memory, which is counted.
 */
bool request_queue_push(struct request_queue *queue, const char *bytes, size_t length);
/**
 * Sleeps until the queue is well filled, somebody flushes it, it is closed or `deadline_ns` (clock_monotonic_ns()) has
 * come; then takes all there is. What the batch held before is over. False once the queue is closed and empty.
 */
bool request_queue_take(struct request_queue *queue, struct request_batch *batch, int64_t deadline_ns);
/** How many entries had no room since this was last asked. */
int64_t request_queue_take_dropped(struct request_queue *queue);
/** To be called by the taker when it is done with a batch, for those who wait in request_queue_flush(). */
void request_queue_settle(struct request_queue *queue);
/** Sleeps until the taker is done with all that was pushed before. */
void request_queue_flush(struct request_queue *queue);
/** Wakes the taker before its time. */
void request_queue_wake(struct request_queue *queue);
/** Nothing is pushed from now on; what is queued can still be taken. */
void request_queue_close(struct request_queue *queue);

void request_batch_release(struct request_batch *batch);

#endif
