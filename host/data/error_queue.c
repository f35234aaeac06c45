/**
 * error_queue.c - the rows between those who had an error and the one who writes it down.
 *
 * Used by error_log.c (pushing, from any thread) and error_writer.c (taking, its own thread). The mutex is held for a
 * few pointer moves only, never over a system call.
 */
#include "data/error_queue.h"

#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>

struct error_queue {
  pthread_mutex_t mutex;
  pthread_cond_t filled; /* for the taker */
  pthread_cond_t room;   /* for those who push */
  struct error_row *first, **end;
  size_t rows, bytes;
  size_t most_rows, most_bytes;
  bool closed;
};

struct error_queue *error_queue_create(size_t most_rows, size_t most_bytes) {
  struct error_queue *queue = calloc(1, sizeof *queue);
  if (queue == NULL)
    return NULL;
  pthread_mutex_init(&queue->mutex, NULL);
  thread_condition_init(&queue->filled);
  thread_condition_init(&queue->room);
  queue->end = &queue->first;
  queue->most_rows = most_rows;
  queue->most_bytes = most_bytes;
  return queue;
}

void error_queue_destroy(struct error_queue *queue) {
  if (queue == NULL)
    return;
  pthread_mutex_destroy(&queue->mutex);
  pthread_cond_destroy(&queue->filled);
  pthread_cond_destroy(&queue->room);
  free(queue);
}

static bool has_room(const struct error_queue *queue, const struct error_row *row) {
  /* A single row larger than the bound still passes an empty queue. */
  return queue->rows == 0 || (queue->rows < queue->most_rows && queue->bytes + row->bytes <= queue->most_bytes);
}

bool error_queue_push(struct error_queue *queue, struct error_row *row, int64_t deadline_ns) {
  pthread_mutex_lock(&queue->mutex);
  while (!queue->closed && !has_room(queue, row)) {
    if (deadline_ns == 0 || !thread_wait(&queue->room, &queue->mutex, deadline_ns))
      break;
  }
  bool pushed = !queue->closed && has_room(queue, row);
  if (pushed) {
    row->next = NULL;
    *queue->end = row;
    queue->end = &row->next;
    queue->rows++;
    queue->bytes += row->bytes;
    if (queue->rows == 1)
      pthread_cond_signal(&queue->filled);
  }
  pthread_mutex_unlock(&queue->mutex);
  return pushed;
}

struct error_row *error_queue_take(struct error_queue *queue, size_t most, int64_t deadline_ns, bool *over) {
  pthread_mutex_lock(&queue->mutex);
  while (queue->rows == 0 && !queue->closed && thread_wait(&queue->filled, &queue->mutex, deadline_ns))
    ;
  struct error_row *first = queue->first, **end = &queue->first;
  for (size_t taken = 0; taken < most && *end != NULL; taken++) {
    queue->rows--;
    queue->bytes -= (*end)->bytes;
    end = &(*end)->next;
  }
  queue->first = *end;
  if (end != &queue->first)
    *end = NULL;
  if (queue->first == NULL)
    queue->end = &queue->first;
  *over = queue->closed && first == NULL;
  pthread_cond_broadcast(&queue->room);
  pthread_mutex_unlock(&queue->mutex);
  return first;
}

void error_queue_close(struct error_queue *queue) {
  pthread_mutex_lock(&queue->mutex);
  queue->closed = true;
  pthread_cond_broadcast(&queue->filled);
  pthread_cond_broadcast(&queue->room);
  pthread_mutex_unlock(&queue->mutex);
}
