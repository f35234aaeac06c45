/**
 * spool.c - lines on disk that wait for a database to come back.
 *
 * Appended to and drained by ErrorLog's writer thread, appended to by threads that found its queue full, read by any
 * process. The file is opened for each use: it is used when something is broken, and must then follow whatever an
 * operator does to the folder.
 *
 * Invariants: bytes before the file's end as an append found it are never changed; an append that failed leaves none
 * of its own; a file is removed only under its lock and only after the drain's end was accepted.
 */
#include "data/spool.h"

#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  SPOOL_CHUNK = 64 * 1024,
  SPOOL_LINE_MOST = 16 * 1024 * 1024 /* longer than any record; damage must not eat the memory */
};

struct spool {
  pthread_mutex_t mutex; /* flock() is per open file, so two threads of this process could not tell each other's */
  char *folder;
  char *path;
  char *refused_path;
  int64_t most;
};

static enum mulligan_status failed(struct fault *fault, const char *what, const char *path) {
  int reason = errno;
  enum mulligan_status status = MULLIGAN_ERROR;
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
    status = MULLIGAN_FULL;
  else if (reason == EROFS || reason == EACCES || reason == EPERM)
    status = MULLIGAN_READONLY;
  else if (reason == ENOENT)
    status = MULLIGAN_MISSING;
  return fault_set(fault, status, "cannot %s %s: %s", what, path, strerror(reason));
}

struct spool *spool_create(const char *folder, const char *name, int64_t most) {
  struct spool *spool = calloc(1, sizeof *spool);
  if (spool == NULL)
    return NULL;
  pthread_mutex_init(&spool->mutex, NULL);
  spool->most = most;
  spool->folder = strdup(folder);
  spool->path = file_join(folder, name);
  struct buf refused;
  buf_init(&refused, SPOOL_CHUNK);
  if (spool->path != NULL)
    buf_addf(&refused, "%s.refused", spool->path);
  spool->refused_path = refused.failed ? NULL : buf_detach(&refused);
  buf_release(&refused);
  if (spool->folder == NULL || spool->path == NULL || spool->refused_path == NULL) {
    spool_destroy(spool);
    return NULL;
  }
  return spool;
}

void spool_destroy(struct spool *spool) {
  if (spool == NULL)
    return;
  pthread_mutex_destroy(&spool->mutex);
  free(spool->folder);
  free(spool->path);
  free(spool->refused_path);
  free(spool);
}

const char *spool_path(const struct spool *spool) {
  return spool->path;
}

bool spool_is_empty(const struct spool *spool) {
  struct stat facts;
  return stat(spool->path, &facts) != 0 || facts.st_size == 0;
}

/** Makes a new or removed name in the folder durable. */
static enum mulligan_status sync_folder(const struct spool *spool, struct fault *fault) {
  int fd = open(spool->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return failed(fault, "open", spool->folder);
  enum mulligan_status status = MULLIGAN_OK;
  int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* the folder itself may be new */
  if (fsync(fd) != 0 || parent < 0 || fsync(parent) != 0)
    status = failed(fault, "sync", spool->folder);
  if (parent >= 0)
    close(parent);
  close(fd);
  return status;
}

static bool lock_file(int fd, int operation) {
  while (flock(fd, operation) != 0) {
    if (errno != EINTR)
      return false;
  }
  return true;
}

/**
 * Opens the file and locks it. Between the two another process may have drained and removed it: what was locked is then
 * no longer what the path names, and it begins anew. With O_CREAT in `flags` the file is there after success.
 */
static enum mulligan_status open_locked(const struct spool *spool, int flags, int operation, int *out,
                                        struct fault *fault) {
  for (;;) {
    int fd = open(spool->path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
      return failed(fault, "open", spool->path);
    struct stat opened, named;
    if (!lock_file(fd, operation) || fstat(fd, &opened) != 0) {
      enum mulligan_status status = failed(fault, "lock", spool->path);
      close(fd);
      return status;
    }
    if (stat(spool->path, &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino) {
      *out = fd;
      return MULLIGAN_OK;
    }
    close(fd);
  }
}

static bool write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    bytes += written;
    length -= (size_t)written;
  }
  return true;
}

/** Appends to the open, locked file, durably or not at all. A torn line before it is ended first, so that it stays
 * alone. */
static enum mulligan_status append_locked(int fd, const char *path, int64_t most, const char *lines, size_t length,
                                          struct fault *fault) {
  struct stat facts;
  if (fstat(fd, &facts) != 0)
    return failed(fault, "look at", path);
  if (facts.st_size + (int64_t)length > most)
    return fault_set(fault, MULLIGAN_FULL, "%s has reached its limit of %lld bytes", path, (long long)most);
  char last = '\n';
  if (facts.st_size > 0 && pread(fd, &last, 1, facts.st_size - 1) != 1)
    return failed(fault, "read", path);
  if ((last == '\n' || write_all(fd, "\n", 1)) && write_all(fd, lines, length) && fdatasync(fd) == 0)
    return MULLIGAN_OK;
  enum mulligan_status status = failed(fault, "write", path);
  /* Half a line would be passed over later; a whole one that was reported as failed would be a second truth. */
  if (ftruncate(fd, facts.st_size) != 0)
    failed(fault, "write and then shorten", path);
  return status;
}

enum mulligan_status spool_append(struct spool *spool, const char *lines, size_t length, struct fault *fault) {
  if (length == 0)
    return MULLIGAN_OK;
  pthread_mutex_lock(&spool->mutex);
  int fd = -1;
  enum mulligan_status status = file_make_folder(spool->folder, fault);
  bool existed = file_exists(spool->path);
  if (status == MULLIGAN_OK)
    status = open_locked(spool, O_RDWR | O_CREAT | O_APPEND, LOCK_EX, &fd, fault);
  if (status == MULLIGAN_OK)
    status = append_locked(fd, spool->path, spool->most, lines, length, fault);
  if (status == MULLIGAN_OK && !existed)
    status = sync_folder(spool, fault);
  if (fd >= 0)
    close(fd);
  pthread_mutex_unlock(&spool->mutex);
  return status;
}

/** One way through the lines. */
struct pass {
  spool_visit *visit;
  void *context;
  struct buf *refused; /* takes the lines that are no good; NULL passes over them */
  int64_t refused_count;
};

static enum mulligan_status refuse(struct pass *pass, const char *line, size_t length, struct fault *fault) {
  pass->refused_count++;
  if (pass->refused == NULL || (buf_add(pass->refused, line, length) && buf_add_char(pass->refused, '\n')))
    return MULLIGAN_OK;
  return fault_set(fault, MULLIGAN_NOMEM, "out of memory for the unreadable lines of a spool");
}

static enum mulligan_status visit_line(struct pass *pass, const char *line, size_t length, struct fault *fault) {
  struct fault reason = {0};
  enum mulligan_status status = pass->visit(pass->context, line, length, &reason);
  if (status == MULLIGAN_INVALID)
    return refuse(pass, line, length, fault);
  if (status != MULLIGAN_OK && fault != NULL)
    *fault = reason;
  return status;
}

/** Visits the lines of an open file from its start. A last line without a break is torn: no good, or none of a reader's
 * business. */
static enum mulligan_status visit_lines(int fd, const char *path, struct pass *pass, struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  struct buf line;
  buf_init(&line, SPOOL_LINE_MOST);
  char *chunk = malloc(SPOOL_CHUNK);
  if (chunk == NULL)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading %s", path);
  while (status == MULLIGAN_OK) {
    ssize_t got = read(fd, chunk, SPOOL_CHUNK);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      status = failed(fault, "read", path);
    if (got <= 0)
      break;
    for (char *at = chunk, *end = chunk + got; at < end && status == MULLIGAN_OK;) {
      char *stop = memchr(at, '\n', (size_t)(end - at));
      buf_add(&line, at, (size_t)((stop != NULL ? stop : end) - at));
      at = stop != NULL ? stop + 1 : end;
      if (stop == NULL)
        continue;
      if (line.failed)
        status = refuse(pass, line.data, line.length, fault);
      else if (line.length > 0)
        status = visit_line(pass, line.data, line.length, fault);
      buf_clear(&line, SPOOL_CHUNK);
    }
  }
  if (status == MULLIGAN_OK && line.length > 0)
    status = refuse(pass, line.data, line.length, fault);
  free(chunk);
  buf_release(&line);
  return status;
}

/** Keeps the lines that were refused, for a person to look at. */
static enum mulligan_status set_aside(const struct spool *spool, const struct buf *lines, struct fault *fault) {
  if (lines->length == 0)
    return MULLIGAN_OK;
  int fd = open(spool->refused_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0)
    return failed(fault, "open", spool->refused_path);
  enum mulligan_status status = append_locked(fd, spool->refused_path, INT64_MAX, lines->data, lines->length, fault);
  close(fd);
  return status;
}

enum mulligan_status spool_drain(struct spool *spool, spool_visit *visit, void *context, int64_t *refused,
                                 struct fault *fault) {
  if (!file_exists(spool->path))
    return visit(context, NULL, 0, fault);
  struct buf lines;
  buf_init(&lines, (size_t)spool->most + SPOOL_LINE_MOST);
  struct pass pass = {.visit = visit, .context = context, .refused = &lines};
  pthread_mutex_lock(&spool->mutex);
  int fd = -1;
  enum mulligan_status status = open_locked(spool, O_RDWR, LOCK_EX, &fd, fault);
  if (status == MULLIGAN_OK)
    status = visit_lines(fd, spool->path, &pass, fault);
  if (status == MULLIGAN_OK)
    status = visit(context, NULL, 0, fault);
  /* Only now, or a drain that is tried again each second would set the same lines aside each second. */
  if (status == MULLIGAN_OK)
    status = set_aside(spool, &lines, fault);
  if (status == MULLIGAN_OK && unlink(spool->path) != 0)
    status = failed(fault, "remove", spool->path);
  if (status == MULLIGAN_OK)
    status = sync_folder(spool, fault);
  if (status == MULLIGAN_OK)
    *refused += pass.refused_count;
  if (fd >= 0)
    close(fd);
  pthread_mutex_unlock(&spool->mutex);
  buf_release(&lines);
  return status;
}

enum mulligan_status spool_read(const struct spool *spool, spool_visit *visit, void *context, struct fault *fault) {
  if (!file_exists(spool->path))
    return MULLIGAN_OK;
  int fd = -1;
  struct fault reason = {0};
  enum mulligan_status status = open_locked(spool, O_RDONLY, LOCK_SH, &fd, &reason);
  if (status == MULLIGAN_MISSING)
    return MULLIGAN_OK; /* drained since */
  if (status != MULLIGAN_OK) {
    if (fault != NULL)
      *fault = reason;
    return status;
  }
  struct pass pass = {.visit = visit, .context = context};
  status = visit_lines(fd, spool->path, &pass, fault);
  close(fd);
  return status;
}
