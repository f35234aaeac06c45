/**
 * request_queue.c - two buffers that change places under one lock.
 *
 * Pushed to by the workers, taken from by the request log's thread. The buffers grow as they must and are given back
 * after a burst, so that a quiet host keeps little. Invariant: the bytes between 0 and `length` are whole entries.
 */
#include "data/request_queue.h"

#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
  FIRST_BYTES = 64 * 1024,
  WAKE_BYTES = 256 * 1024, /* what fits a processor's cache is best taken from there */
  KEPT_BYTES = 1024 * 1024
};

struct request_queue {
  pthread_mutex_t mutex;
  pthread_cond_t filled;  /* for the taker */
  pthread_cond_t settled; /* for those who flush */
  struct request_batch batch;
  size_t most, wake_at;
  int64_t dropped;
  uint64_t taken, done; /* batches ever taken, and ever done with */
  bool wanted;          /* the taker is to come at once */
  bool closed;
};

struct request_queue *request_queue_create(size_t most) {
  struct request_queue *queue = calloc(1, sizeof *queue);
  if (queue == NULL)
    return NULL;
  pthread_mutex_init(&queue->mutex, NULL);
  thread_condition_init(&queue->filled);
  pthread_cond_init(&queue->settled, NULL);
  queue->most = most;
  queue->wake_at = most / 2 < WAKE_BYTES ? most / 2 : WAKE_BYTES;
  return queue;
}

void request_batch_release(struct request_batch *batch) {
  free(batch->bytes);
  *batch = (struct request_batch){0};
}

void request_queue_destroy(struct request_queue *queue) {
  if (queue == NULL)
    return;
  pthread_mutex_destroy(&queue->mutex);
  pthread_cond_destroy(&queue->filled);
  pthread_cond_destroy(&queue->settled);
  request_batch_release(&queue->batch);
  free(queue);
}

/** Makes room for `length` more bytes; false if that is not to be. */
static bool reserve(struct request_queue *queue, size_t length) {
  struct request_batch *batch = &queue->batch;
  if (queue->closed || length > queue->most - batch->length)
    return false;
  if (length <= batch->capacity - batch->length)
    return true;
  size_t capacity = batch->capacity > 0 ? batch->capacity : FIRST_BYTES;
  while (capacity < batch->length + length)
    capacity *= 2;
  char *bytes = realloc(batch->bytes, capacity);
  if (bytes == NULL)
    return false;
  batch->bytes = bytes;
  batch->capacity = capacity;
  return true;
}

bool request_queue_push(struct request_queue *queue, const char *bytes, size_t length) {
  pthread_mutex_lock(&queue->mutex);
  bool pushed = reserve(queue, length);
  bool wake = false;
  if (pushed) {
    struct request_batch *batch = &queue->batch;
    memcpy(batch->bytes + batch->length, bytes, length);
    wake = batch->length < queue->wake_at && batch->length + length >= queue->wake_at;
    batch->length += length;
  } else {
    queue->dropped++;
  }
  pthread_mutex_unlock(&queue->mutex);
  if (wake)
    pthread_cond_signal(&queue->filled);
  return pushed;
}

/** The batch's memory, empty, to be filled next; after a burst most of it goes back. */
static void empty(struct request_batch *batch) {
  batch->length = 0;
  if (batch->capacity > KEPT_BYTES)
    request_batch_release(batch);
}

bool request_queue_take(struct request_queue *queue, struct request_batch *batch, int64_t deadline_ns) {
  empty(batch);
  pthread_mutex_lock(&queue->mutex);
  while (!queue->closed && !queue->wanted && queue->batch.length < queue->wake_at &&
         thread_wait(&queue->filled, &queue->mutex, deadline_ns))
    ;
  struct request_batch filled = queue->batch;
  queue->batch = *batch;
  *batch = filled;
  queue->wanted = false;
  queue->taken++;
  bool over = queue->closed && filled.length == 0;
  pthread_mutex_unlock(&queue->mutex);
  return !over;
}

int64_t request_queue_take_dropped(struct request_queue *queue) {
  pthread_mutex_lock(&queue->mutex);
  int64_t dropped = queue->dropped;
  queue->dropped = 0;
  pthread_mutex_unlock(&queue->mutex);
  return dropped;
}

void request_queue_settle(struct request_queue *queue) {
  pthread_mutex_lock(&queue->mutex);
  queue->done = queue->taken;
  pthread_cond_broadcast(&queue->settled);
  pthread_mutex_unlock(&queue->mutex);
}

void request_queue_flush(struct request_queue *queue) {
  pthread_mutex_lock(&queue->mutex);
  uint64_t batch = queue->taken + 1; /* the next that is taken has all of it */
  queue->wanted = true;
  pthread_cond_signal(&queue->filled);
  while (queue->done < batch && !queue->closed)
    pthread_cond_wait(&queue->settled, &queue->mutex);
  pthread_mutex_unlock(&queue->mutex);
}

void request_queue_wake(struct request_queue *queue) {
  pthread_mutex_lock(&queue->mutex);
  queue->wanted = true;
  pthread_cond_signal(&queue->filled);
  pthread_mutex_unlock(&queue->mutex);
}

void request_queue_close(struct request_queue *queue) {
  pthread_mutex_lock(&queue->mutex);
  queue->closed = true;
  pthread_cond_broadcast(&queue->filled);
  pthread_mutex_unlock(&queue->mutex);
}
