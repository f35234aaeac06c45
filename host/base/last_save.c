/**
 * last_save.c - why what was saved last does not serve.
 *
 * The lock is held for a copy of one short text.
 */
#include "base/last_save.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_SIZE = 1024 };

struct last_save {
  pthread_mutex_t lock;
  bool refused;
  char why[WHY_SIZE];
};

struct last_save *last_save_create(void) {
  struct last_save *save = calloc(1, sizeof *save);
  if (save)
    pthread_mutex_init(&save->lock, NULL);
  return save;
}

void last_save_destroy(struct last_save *save) {
  if (!save)
    return;
  pthread_mutex_destroy(&save->lock);
  free(save);
}

void last_save_note(struct last_save *save, const char *why) {
  if (!save)
    return;
  pthread_mutex_lock(&save->lock);
  save->refused = why != NULL;
  save->why[0] = '\0';
  if (why)
    strncat(save->why, why, WHY_SIZE - 1);
  pthread_mutex_unlock(&save->lock);
}

bool last_save_refused(struct last_save *save, struct buf *why) {
  if (!save)
    return false;
  pthread_mutex_lock(&save->lock);
  bool refused = save->refused;
  if (refused)
    buf_add_text(why, save->why);
  pthread_mutex_unlock(&save->lock);
  return refused;
}
