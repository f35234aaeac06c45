/**
 * write_lock.c - a fair queue of threads, and behind it two file locks that keep processes apart.
 *
 * Called by store.c, from any thread. The lock passes from hand to hand: write_lock_give() makes the first waiter the
 * holder before it wakes it, so no newcomer can slip in between. Only the holder touches the file.
 *
 * flock(2) alone would let a busy process win against another one for ever, because it asks again the moment it has
 * given the lock back. So whoever wants the flock first takes the turnstile, a record lock on the same file, and keeps
 * it until the flock is his: a process that stands in the turnstile is the next to write. The kernel gives both locks
 * back when a process dies. Neither has a waiting form with a deadline, so both are asked for at short intervals.
 */
#include "data/write_lock.h"

#include "base/clock.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  FIRST_PAUSE_NS = 50000, /* between two looks at a lock of another process; doubled up to the last */
  LAST_PAUSE_NS = 2000000
};

/* One waiting thread; lives on that thread's stack. */
struct waiter {
  pthread_cond_t turn_came;
  bool turn;
  struct waiter *next;
};

struct write_lock {
  pthread_mutex_t mutex; /* guards held, first and last */
  bool held;
  struct waiter *first, *last;
  int fd; /* the holder's alone */
  char path[];
};

static int open_file(const char *path) {
  return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

enum mulligan_status write_lock_open(struct write_lock **out, const char *path, struct fault *fault) {
  *out = NULL;
  size_t size = strlen(path) + 1;
  struct write_lock *lock = calloc(1, sizeof *lock + size);
  if (!lock)
    return fault_set(fault, MULLIGAN_NOMEM, "%s: out of memory", path);
  memcpy(lock->path, path, size);

  lock->fd = open_file(path);
  if (lock->fd < 0) {
    int reason = errno;
    free(lock);
    enum mulligan_status status = reason == EACCES || reason == EROFS ? MULLIGAN_READONLY
                                  : reason == ENOENT                  ? MULLIGAN_MISSING
                                                                      : MULLIGAN_ERROR;
    return fault_set(fault, status, "cannot open the write lock %s: %s", path, strerror(reason));
  }
  pthread_mutex_init(&lock->mutex, NULL);
  *out = lock;
  return MULLIGAN_OK;
}

void write_lock_close(struct write_lock *lock) {
  if (!lock)
    return;
  assert(!lock->held && !lock->first);
  pthread_mutex_destroy(&lock->mutex);
  close(lock->fd);
  free(lock);
}

/* ---- between processes ---- */

enum outcome { TAKEN, HELD_BY_ANOTHER, FAILED };

static enum outcome try_turnstile(int fd) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
    return TAKEN;
  return errno == EAGAIN || errno == EACCES || errno == EINTR ? HELD_BY_ANOTHER : FAILED;
}

static void leave_turnstile(int fd) {
  struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  fcntl(fd, F_OFD_SETLK, &whole);
}

static enum outcome try_flock(int fd) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0)
    return TAKEN;
  return errno == EWOULDBLOCK || errno == EINTR ? HELD_BY_ANOTHER : FAILED;
}

/* Asks until the answer is not "held by another" or the deadline has passed. */
static enum outcome ask_until(enum outcome (*try)(int fd), int fd, int64_t deadline_ns) {
  long pause = FIRST_PAUSE_NS;
  for (;;) {
    enum outcome outcome = try(fd);
    if (outcome != HELD_BY_ANOTHER || clock_monotonic_ns() >= deadline_ns)
      return outcome;
    nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    if (pause < LAST_PAUSE_NS)
      pause *= 2;
  }
}

/* Has somebody deleted the file? Then another process would lock a new one, and nobody would be kept out. */
static bool file_is_gone(int fd) {
  struct stat found;
  return fstat(fd, &found) == 0 && found.st_nlink == 0;
}

static enum mulligan_status take_file(struct write_lock *lock, int64_t deadline_ns, struct fault *fault) {
  for (;;) {
    enum outcome outcome = ask_until(try_turnstile, lock->fd, deadline_ns);
    if (outcome == TAKEN) {
      outcome = ask_until(try_flock, lock->fd, deadline_ns);
      int reason = errno;
      leave_turnstile(lock->fd);
      errno = reason;
    }
    if (outcome == HELD_BY_ANOTHER)
      return fault_set(fault, MULLIGAN_BUSY, "another process is writing: %s was held until the time was up",
                       lock->path);
    if (outcome == FAILED)
      return fault_set(fault, MULLIGAN_ERROR, "cannot lock %s: %s", lock->path, strerror(errno));
    if (!file_is_gone(lock->fd))
      return MULLIGAN_OK;

    int fd = open_file(lock->path);
    if (fd < 0) {
      int reason = errno;
      flock(lock->fd, LOCK_UN);
      return fault_set(fault, MULLIGAN_ERROR, "%s was deleted and cannot be made again: %s", lock->path,
                       strerror(reason));
    }
    close(lock->fd);
    lock->fd = fd;
  }
}

/* ---- between threads ---- */

static void unlink_waiter(struct write_lock *lock, struct waiter *waiter) {
  struct waiter *before = NULL;
  for (struct waiter *each = lock->first; each != waiter; each = each->next)
    before = each;
  *(before ? &before->next : &lock->first) = waiter->next;
  if (lock->last == waiter)
    lock->last = before;
}

/* Queues behind the threads that wait already; the mutex is held. True once the lock is this thread's. */
static bool wait_for_turn(struct write_lock *lock, int64_t deadline_ns) {
  struct waiter self = {.turn = false};
  thread_condition_init(&self.turn_came);
  *(lock->last ? &lock->last->next : &lock->first) = &self;
  lock->last = &self;
  while (!self.turn && thread_wait(&self.turn_came, &lock->mutex, deadline_ns))
    ;
  if (!self.turn)
    unlink_waiter(lock, &self);
  pthread_cond_destroy(&self.turn_came);
  return self.turn;
}

static void pass_on(struct write_lock *lock) {
  pthread_mutex_lock(&lock->mutex);
  assert(lock->held);
  struct waiter *next = lock->first;
  if (next) {
    unlink_waiter(lock, next);
    next->turn = true;
    pthread_cond_signal(&next->turn_came); /* under the mutex: the condition is gone once its thread goes on */
  } else {
    lock->held = false;
  }
  pthread_mutex_unlock(&lock->mutex);
}

enum mulligan_status write_lock_take(struct write_lock *lock, int64_t deadline_ns, struct fault *fault) {
  pthread_mutex_lock(&lock->mutex);
  bool mine = !lock->held || wait_for_turn(lock, deadline_ns);
  if (mine)
    lock->held = true;
  pthread_mutex_unlock(&lock->mutex);
  if (!mine)
    return fault_set(fault, MULLIGAN_BUSY, "others are writing: the turn at %s did not come in time", lock->path);

  enum mulligan_status status = take_file(lock, deadline_ns, fault);
  if (status)
    pass_on(lock);
  return status;
}

void write_lock_give(struct write_lock *lock) {
  flock(lock->fd, LOCK_UN);
  pass_on(lock);
}
