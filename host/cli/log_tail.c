/**
 * log_tail.c - reading a rotating log from its end, and following it.
 *
 * Used by `mulligan log`, on its one thread. A rotation only ever gives a file a higher number, and while it is under
 * way one number is free: so whoever goes up the numbers, passing over one that is free and what it has met, meets
 * every file. Invariants: a file is known by its inode, and those that are known are kept open, so that no new file can
 * have their inodes; `at` is behind the last line that was handed over.
 */
#include "cli/log_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** What is read at once. A longer line, which the log does not write, comes in pieces. */
enum { WINDOW = 256 * 1024, NUMBER_SIZE = 16 };

struct part {
  int fd; /* -1: none */
  dev_t device;
  ino_t inode;
};

/** Files of the log, the newest first. */
struct parts {
  struct part *items;
  size_t count;
  int number;       /* the next to look at */
  bool met_current; /* the search ended at the file that is followed */
  bool met_before;  /* or at the one before it */
};

struct log_tail {
  char *path;
  char *numbered; /* room for a path and a number */
  char *window;
  struct part current; /* what is followed */
  struct part before;  /* the one before it that still has a name, if there was one */
  off_t at;            /* in the current one */
  char last;           /* the byte before it, if there is one */
};

static const struct part no_part = {.fd = -1};

static void part_close(struct part *part) {
  if (part->fd >= 0)
    close(part->fd);
  *part = no_part;
}

static bool part_is(const struct part *part, const struct stat *about) {
  return part->fd >= 0 && part->device == about->st_dev && part->inode == about->st_ino;
}

/** Closes all but those that were taken out. */
static void parts_release(struct parts *parts) {
  for (size_t i = 0; i < parts->count; i++)
    part_close(&parts->items[i]);
  free(parts->items);
  *parts = (struct parts){0};
}

/** Hands a file over to the caller. */
static struct part take_out(struct part *from) {
  struct part part = *from;
  *from = no_part;
  return part;
}

/* ---- finding files ---- */

/** Opens a file of the log by its number; MULLIGAN_MISSING if there is none. */
static enum mulligan_status open_number(const struct log_tail *tail, int number, struct part *out,
                                        struct fault *fault) {
  const char *path = tail->path;
  if (number > 0) {
    snprintf(tail->numbered, strlen(path) + NUMBER_SIZE, "%s.%d", path, number);
    path = tail->numbered;
  }
  struct stat about;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return fault_set(fault, errno == ENOENT || errno == ENOTDIR ? MULLIGAN_MISSING : MULLIGAN_ERROR,
                     "cannot read %s: %s", path, strerror(errno));
  if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
    close(fd);
    return fault_set(fault, MULLIGAN_INVALID, "cannot read %s: it is not a regular file", path);
  }
  *out = (struct part){fd, about.st_dev, about.st_ino};
  return MULLIGAN_OK;
}

/** Was this file met in this search before? One that was there before it ends it. */
static bool was_met(const struct log_tail *tail, struct parts *parts, const struct part *part) {
  const struct stat about = {.st_dev = part->device, .st_ino = part->inode};
  parts->met_current = part_is(&tail->current, &about);
  parts->met_before = part_is(&tail->before, &about);
  for (size_t i = 0; i < parts->count; i++)
    if (part_is(&parts->items[i], &about))
      return true;
  return parts->met_current || parts->met_before;
}

/** Opens the next older file. MULLIGAN_MISSING: there is none, or the next older one is known. */
static enum mulligan_status open_older(const struct log_tail *tail, struct parts *parts, struct fault *fault) {
  for (int missed = 0; missed < 2;) {
    struct part part;
    enum mulligan_status status = open_number(tail, parts->number, &part, fault);
    if (status == MULLIGAN_MISSING) {
      missed++;
      parts->number++;
      continue;
    }
    if (status != MULLIGAN_OK)
      return status;
    missed = 0;
    parts->number++;
    if (was_met(tail, parts, &part)) {
      part_close(&part);
      if (parts->met_current || parts->met_before)
        break;
      continue;
    }
    struct part *items = realloc(parts->items, (parts->count + 1) * sizeof *items);
    if (items == NULL) {
      part_close(&part);
      return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
    }
    parts->items = items;
    parts->items[parts->count++] = part;
    return MULLIGAN_OK;
  }
  return fault_set(fault, MULLIGAN_MISSING, "there is no older file of %s", tail->path);
}

/* ---- reading ---- */

static size_t read_window(const struct log_tail *tail, int fd, off_t from, size_t most) {
  ssize_t got;
  do
    got = pread(fd, tail->window, most, from);
  while (got < 0 && errno == EINTR);
  return got > 0 ? (size_t)got : 0;
}

/** Hands over a file's lines from `at` on, with `rest` also one without its break at the end. */
static void take_from(struct log_tail *tail, const struct part *part, off_t at, bool rest, log_tail_take *take,
                      void *context) {
  size_t got;
  while ((got = read_window(tail, part->fd, at, WINDOW)) > 0) {
    size_t done = 0;
    const char *end;
    while (done < got && (end = memchr(tail->window + done, '\n', got - done)) != NULL) {
      take(context, tail->window + done, (size_t)(end - tail->window) - done);
      done = (size_t)(end - tail->window) + 1;
    }
    if (done == 0 && (got == WINDOW || rest)) {
      take(context, tail->window, got);
      done = got;
    }
    if (done == 0)
      break;
    at += (off_t)done;
  }
  tail->at = at;
  if (at > 0 && pread(part->fd, &tail->last, 1, at - 1) < 1)
    tail->at = 0;
}

/** Where the last `*missing` lines that count begin, which are then none; or 0, and `*missing` is how many are left to
 * be found in older files. */
static off_t find_last(const struct log_tail *tail, int fd, int64_t *missing, log_tail_test *test, void *context) {
  off_t end = lseek(fd, 0, SEEK_END);
  while (end > 0 && *missing > 0) {
    off_t from = end > WINDOW ? end - WINDOW : 0;
    size_t stop = read_window(tail, fd, from, (size_t)(end - from)), first = 0;
    if (stop == 0)
      break;
    /* Its first line is whole only at the beginning of the file; but one line may be all there is. */
    const char *mark = from > 0 ? memchr(tail->window, '\n', stop) : NULL;
    if (mark != NULL && (size_t)(mark - tail->window) + 1 < stop)
      first = (size_t)(mark - tail->window) + 1;
    while (stop > first) {
      size_t length = tail->window[stop - 1] == '\n' ? stop - 1 : stop;
      const char *before = length > first ? memrchr(tail->window + first, '\n', length - first) : NULL;
      size_t start = before != NULL ? (size_t)(before - tail->window) + 1 : first;
      if (test(context, tail->window + start, length - start) && --*missing == 0)
        return from + (off_t)start;
      stop = start;
    }
    end = from + (off_t)first;
  }
  return end > 0 && *missing == 0 ? end : 0;
}

enum mulligan_status log_tail_last(struct log_tail *tail, int64_t lines, bool follow, log_tail_test *test,
                                   log_tail_take *take, void *context, struct fault *fault) {
  struct parts parts = {0};
  off_t start = 0;
  enum mulligan_status status;
  /* One file more than the lines need, to know later where what is new begins. */
  bool enough = false;
  size_t oldest = 0;
  while ((status = open_older(tail, &parts, fault)) == MULLIGAN_OK && !enough) {
    oldest = parts.count - 1;
    start = find_last(tail, parts.items[oldest].fd, &lines, test, context);
    enough = lines == 0;
  }
  if (status == MULLIGAN_MISSING || (status != MULLIGAN_OK && enough))
    status = MULLIGAN_OK;
  for (size_t i = oldest + 1; status == MULLIGAN_OK && parts.count > 0 && i-- > 0;) {
    take_from(tail, &parts.items[i], i == oldest ? start : 0, i > 0 || !follow, take, context);
  }
  if (parts.count > 0)
    tail->current = take_out(&parts.items[0]);
  if (parts.count > 1)
    tail->before = take_out(&parts.items[1]);
  parts_release(&parts);
  return status;
}

enum mulligan_status log_tail_more(struct log_tail *tail, log_tail_take *take, void *context, struct fault *fault) {
  struct stat about;
  if (tail->current.fd >= 0) {
    char last = '\0';
    if (tail->at > 0 && (pread(tail->current.fd, &last, 1, tail->at - 1) < 1 || last != tail->last))
      tail->at = 0; /* somebody has cut it, and it begins anew */
    take_from(tail, &tail->current, tail->at, false, take, context);
  }
  if (stat(tail->path, &about) != 0 || part_is(&tail->current, &about))
    return MULLIGAN_OK;

  struct parts parts = {0};
  enum mulligan_status status;
  while ((status = open_older(tail, &parts, fault)) == MULLIGAN_OK)
    ;
  if (status == MULLIGAN_MISSING)
    status = MULLIGAN_OK;
  if (parts.count > 0 && tail->current.fd >= 0)
    take_from(tail, &tail->current, tail->at, true, take, context); /* nobody writes there any more */
  for (size_t i = parts.count; i-- > 0;)
    take_from(tail, &parts.items[i], 0, i > 0, take, context);
  if (parts.count > 0) {
    if (!parts.met_before || parts.count > 1)
      part_close(&tail->before);
    if (parts.count > 1)
      tail->before = take_out(&parts.items[1]);
    else if (parts.met_current)
      tail->before = take_out(&tail->current);
    part_close(&tail->current);
    tail->current = take_out(&parts.items[0]);
  }
  parts_release(&parts);
  return status;
}

/* ---- life ---- */

enum mulligan_status log_tail_open(struct log_tail **out, const char *path, struct fault *fault) {
  *out = NULL;
  struct log_tail *tail = calloc(1, sizeof *tail);
  if (tail == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  tail->current = tail->before = no_part;
  tail->path = strdup(path);
  tail->numbered = malloc(strlen(path) + NUMBER_SIZE);
  tail->window = malloc(WINDOW);
  enum mulligan_status status = MULLIGAN_OK;
  if (tail->path == NULL || tail->numbered == NULL || tail->window == NULL) {
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  } else {
    struct parts parts = {0};
    status = open_older(tail, &parts, fault);
    if (status == MULLIGAN_MISSING)
      fault_set(fault, status, "there is no %s", path);
    parts_release(&parts);
  }
  if (status != MULLIGAN_OK) {
    log_tail_close(tail);
    return status;
  }
  *out = tail;
  return MULLIGAN_OK;
}

void log_tail_close(struct log_tail *tail) {
  if (tail == NULL)
    return;
  part_close(&tail->current);
  part_close(&tail->before);
  free(tail->path);
  free(tail->numbered);
  free(tail->window);
  free(tail);
}
