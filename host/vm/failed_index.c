/**
 * failed_index.c - a few dozen rows under one mutex.
 *
 * Called by the workers, in debug mode only, so a search from end to end is quick enough. Invariant: an id is in at
 * most one row, and never both kept and gone.
 */
#include "vm/failed_index.h"

#include "vm/vm_internal.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { GONE_MOST = 500 /* remembered */ };

struct kept {
  char id[VM_REQUEST_ID_SIZE]; /* "" for a free row */
  struct vm *holder;
  uint64_t used;
};

struct gone {
  char id[VM_REQUEST_ID_SIZE];
  enum failed_end why;
};

struct failed_index {
  pthread_mutex_t lock;
  struct kept kept[FAILED_INDEX_MOST];
  struct gone gone[GONE_MOST]; /* a ring */
  unsigned gone_count;         /* ever */
  uint64_t uses;               /* ever: the clock by which the oldest use is found */
};

struct failed_index *failed_index_create(void) {
  struct failed_index *index = calloc(1, sizeof *index);
  if (index)
    pthread_mutex_init(&index->lock, NULL);
  return index;
}

void failed_index_destroy(struct failed_index *index) {
  if (!index)
    return;
  pthread_mutex_destroy(&index->lock);
  free(index);
}

/* ---- under the lock ---- */

static void copy_id(char out[VM_REQUEST_ID_SIZE], const char *id) {
  size_t length = strnlen(id, VM_REQUEST_ID_SIZE - 1);
  memcpy(out, id, length);
  out[length] = '\0';
}

static struct kept *find(struct failed_index *index, const char *id) {
  for (struct kept *row = index->kept; *id && row < index->kept + FAILED_INDEX_MOST; row++)
    if (strcmp(row->id, id) == 0)
      return row;
  return NULL;
}

static void let_go(struct failed_index *index, struct kept *row, enum failed_end why) {
  struct gone *gone = &index->gone[index->gone_count++ % GONE_MOST];
  copy_id(gone->id, row->id);
  gone->why = why;
  *row = (struct kept){.id = ""};
}

/* A free row, or the one used longest ago, freed. */
static struct kept *make_room(struct failed_index *index) {
  struct kept *oldest = index->kept;
  for (struct kept *row = index->kept; row < index->kept + FAILED_INDEX_MOST; row++) {
    if (!row->id[0])
      return row;
    if (row->used < oldest->used)
      oldest = row;
  }
  let_go(index, oldest, FAILED_CROWDED_OUT);
  return oldest;
}

/* ---- the index's functions ---- */

void failed_index_add(struct failed_index *index, const char *id, struct vm *holder) {
  pthread_mutex_lock(&index->lock);
  struct kept *row = find(index, id);
  if (!row)
    row = make_room(index);
  copy_id(row->id, id);
  row->holder = holder;
  row->used = ++index->uses;
  pthread_mutex_unlock(&index->lock);
}

struct vm *failed_index_use(struct failed_index *index, const char *id) {
  pthread_mutex_lock(&index->lock);
  struct kept *row = find(index, id);
  struct vm *holder = row ? row->holder : NULL;
  if (row)
    row->used = ++index->uses;
  pthread_mutex_unlock(&index->lock);
  return holder;
}

bool failed_index_has(struct failed_index *index, const char *id) {
  pthread_mutex_lock(&index->lock);
  bool has = find(index, id) != NULL;
  pthread_mutex_unlock(&index->lock);
  return has;
}

enum failed_end failed_index_end(struct failed_index *index, const char *id) {
  enum failed_end end = FAILED_UNKNOWN;
  pthread_mutex_lock(&index->lock);
  unsigned remembered = index->gone_count < GONE_MOST ? index->gone_count : GONE_MOST;
  for (unsigned i = 0; i < remembered; i++)
    if (strcmp(index->gone[i].id, id) == 0)
      end = index->gone[i].why;
  if (find(index, id))
    end = FAILED_KEPT;
  pthread_mutex_unlock(&index->lock);
  return end;
}

void failed_index_remove(struct failed_index *index, const char *id, enum failed_end why) {
  pthread_mutex_lock(&index->lock);
  struct kept *row = find(index, id);
  if (row)
    let_go(index, row, why);
  pthread_mutex_unlock(&index->lock);
}
