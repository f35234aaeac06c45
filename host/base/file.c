/**
 * file.c - whole files and folders, on POSIX.
 *
 * Called at start-up, on a reload and by the command line, from any thread;
 * blocks on the disk. Invariants: no descriptor outlives a call; a failure
 * leaves the target, the buffer and the list as they were and names the path.
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** How deep file_walk() goes: far beyond any scripts folder, well within the stack. */
enum { WALK_DEPTH = 64 };

/** Turns errno into a fault that names what was tried and the path. */
static enum mulligan_status system_fault(struct fault *fault, int error, const char *tried, const char *path) {
  enum mulligan_status status = MULLIGAN_ERROR;
  if (error == ENOENT || error == ENOTDIR)
    status = MULLIGAN_MISSING;
  else if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    status = MULLIGAN_FULL;
  else if (error == EROFS)
    status = MULLIGAN_READONLY;
  else if (error == ENOMEM)
    status = MULLIGAN_NOMEM;
  return fault_set(fault, status, "cannot %s %s: %s", tried, path, strerror(error));
}

/** The same for a place that is to be written, where a lack of permission means that it is read-only to us. */
static enum mulligan_status write_fault(struct fault *fault, int error, const char *tried, const char *path) {
  if (error == EACCES || error == EPERM)
    return fault_set(fault, MULLIGAN_READONLY, "cannot %s %s: %s", tried, path, strerror(error));
  return system_fault(fault, error, tried, path);
}

/** Reads to the end of an open file; `errno` says why not. */
static bool read_all(int fd, struct buf *out) {
  for (;;) {
    size_t free_bytes = out->capacity - out->length;
    if (free_bytes == 0) {
      /* At the cap one more byte must still be asked for, to tell "just fits" from "too large". */
      char one;
      ssize_t got = read(fd, &one, 1);
      if (got == 0)
        return true;
      if (got > 0 && !buf_add(out, &one, 1)) {
        errno = out->length == out->cap ? EFBIG : ENOMEM;
        return false;
      }
      if (got < 0 && errno != EINTR)
        return false;
      continue;
    }
    ssize_t got = read(fd, out->data + out->length, free_bytes);
    if (got == 0)
      return true;
    if (got > 0) {
      out->length += (size_t)got;
      out->data[out->length] = '\0';
    } else if (errno != EINTR) {
      return false;
    }
  }
}

enum mulligan_status file_read(const char *path, struct buf *out, struct fault *fault) {
  /* O_NONBLOCK: opening a FIFO by mistake must not hang; it changes nothing for a regular file. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return system_fault(fault, errno, "read", path);

  enum mulligan_status status = MULLIGAN_OK;
  size_t before = out->length;
  struct stat about;
  if (fstat(fd, &about) != 0) {
    status = system_fault(fault, errno, "read", path);
  } else if (!S_ISREG(about.st_mode)) {
    status = fault_set(fault, MULLIGAN_INVALID, "cannot read %s: it is not a regular file", path);
  } else if ((size_t)about.st_size > out->cap - out->length) {
    status = fault_set(fault, MULLIGAN_FULL, "cannot read %s: it is larger than the %zu bytes allowed", path,
                       out->cap - out->length);
  } else if (!buf_reserve(out, (size_t)about.st_size)) {
    status = system_fault(fault, ENOMEM, "read", path);
  } else if (!read_all(fd, out)) {
    status = system_fault(fault, errno, "read", path);
  }
  close(fd);

  if (status != MULLIGAN_OK && out->length > before) {
    out->length = before;
    out->data[before] = '\0';
  }
  return status;
}

static bool write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written >= 0) {
      bytes += written;
      length -= (size_t)written;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

/** Creates a file beside `path` that no other thread or process uses, starting with a dot so that file_walk() passes it
 * over. */
static int create_beside(const char *path, unsigned mode, char **temporary) {
  static _Atomic unsigned serial;
  const char *slash = strrchr(path, '/');
  int folder_length = slash == NULL ? 0 : (int)(slash + 1 - path);
  for (;;) {
    if (asprintf(temporary, "%.*s.%s.%ld-%u.new", folder_length, path, path + folder_length, (long)getpid(),
                 atomic_fetch_add(&serial, 1)) < 0) {
      *temporary = NULL;
      errno = ENOMEM;
      return -1;
    }
    int fd = open(*temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd >= 0 || errno != EEXIST)
      return fd;
    free(*temporary); /* left behind by a process that was killed: the next number is free */
  }
}

/** Makes a rename in the folder of `path` durable. */
static bool sync_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
  if (folder == NULL) {
    errno = ENOMEM;
    return false;
  }
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(folder);
  if (fd < 0)
    return false;
  bool synced = fsync(fd) == 0;
  int error = errno;
  close(fd);
  errno = error;
  return synced;
}

enum mulligan_status file_replace(const char *path, const void *bytes, size_t length, unsigned mode,
                                  struct fault *fault) {
  char *temporary = NULL;
  int fd = create_beside(path, mode, &temporary);
  if (fd < 0) {
    enum mulligan_status status = write_fault(fault, errno, "write", path);
    free(temporary);
    return status;
  }

  bool written = write_all(fd, bytes, length) && fsync(fd) == 0;
  int error = errno;
  if (close(fd) != 0 && written) {
    written = false;
    error = errno;
  }
  if (written && rename(temporary, path) != 0) {
    written = false;
    error = errno;
  }
  if (!written)
    unlink(temporary);
  free(temporary);
  if (!written)
    return write_fault(fault, error, "write", path);
  if (!sync_folder(path))
    return write_fault(fault, errno, "write", path);
  return MULLIGAN_OK;
}

/** Makes one folder; a folder that is there already is fine, anything else of that name is not. */
static enum mulligan_status make_one(const char *path, mode_t mode, struct fault *fault) {
  if (mkdir(path, mode) == 0)
    return MULLIGAN_OK;
  int error = errno;
  struct stat about;
  /* Asked only after the failure: on a read-only disk mkdir() may say EROFS for a folder that exists. */
  if (stat(path, &about) == 0) {
    if (S_ISDIR(about.st_mode))
      return MULLIGAN_OK;
    return fault_set(fault, MULLIGAN_INVALID, "cannot make the folder %s: a file of that name is there", path);
  }
  return write_fault(fault, error, "make the folder", path);
}

enum mulligan_status file_make_folder(const char *path, struct fault *fault) {
  char *partial = strdup(path);
  if (partial == NULL)
    return system_fault(fault, ENOMEM, "make the folder", path);

  enum mulligan_status status = MULLIGAN_OK;
  size_t length = strlen(partial);
  while (length > 1 && partial[length - 1] == '/')
    partial[--length] = '\0';
  for (size_t i = 1; i < length && status == MULLIGAN_OK; i++) {
    if (partial[i] == '/' && partial[i - 1] != '/') {
      partial[i] = '\0';
      status = make_one(partial, 0777, fault);
      partial[i] = '/';
    }
  }
  /* What the host keeps in its folders is people's data: nobody else on the machine is to look in. */
  if (status == MULLIGAN_OK)
    status = make_one(partial, 0700, fault);
  free(partial);
  return status;
}

bool file_exists(const char *path) {
  struct stat about;
  return stat(path, &about) == 0;
}

bool file_is_same(const char *path, const char *other) {
  struct stat one, two;
  return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

char *file_join(const char *folder, const char *name) {
  size_t length = strlen(folder);
  while (length > 0 && folder[length - 1] == '/')
    length--;
  while (*name == '/')
    name++;
  char *joined;
  bool rooted = folder[0] != '\0';
  if (asprintf(&joined, "%.*s%s%s", (int)length, folder, rooted ? "/" : "", name) < 0)
    return NULL;
  return joined;
}

/** One folder on the way from the top to where the walk is; the way back up finds loops of links. */
struct step {
  const struct step *above;
  dev_t device;
  ino_t inode;
  int depth;
};

struct walk {
  const char *top;
  const char *suffix;
  struct file_list *list;
  size_t room;
  struct fault *fault;
};

static enum mulligan_status walk_folder(struct walk *walk, const char *relative, const struct step *above);

/** Takes ownership of `path`. */
static bool list_add(struct walk *walk, char *path) {
  if (walk->list->count == walk->room) {
    size_t room = walk->room == 0 ? 16 : walk->room * 2;
    char **paths = realloc(walk->list->paths, room * sizeof *paths);
    if (paths == NULL) {
      free(path);
      return false;
    }
    walk->list->paths = paths;
    walk->room = room;
  }
  walk->list->paths[walk->list->count++] = path;
  return true;
}

static bool ends_with(const char *name, const char *suffix) {
  size_t length = strlen(name), wanted = strlen(suffix);
  return length >= wanted && strcmp(name + length - wanted, suffix) == 0;
}

/** Looks at one name found in `relative` (from the top, "" for the top itself). */
static enum mulligan_status walk_name(struct walk *walk, const char *relative, const char *name,
                                      const struct step *here) {
  enum mulligan_status status = MULLIGAN_OK;
  char *path = file_join(relative, name);
  char *whole = path == NULL ? NULL : file_join(walk->top, path);
  struct stat about, link;
  if (whole == NULL) {
    status = system_fault(walk->fault, ENOMEM, "list", walk->top);
  } else if (stat(whole, &about) != 0) {
    int error = errno;
    /* A file that went away meanwhile is no fault; a link that leads nowhere is. */
    if (error != ENOENT || lstat(whole, &link) == 0)
      status = system_fault(walk->fault, error, "list", whole);
  } else if (S_ISDIR(about.st_mode)) {
    status = walk_folder(walk, path, here);
  } else if (S_ISREG(about.st_mode) && ends_with(name, walk->suffix)) {
    if (!list_add(walk, path))
      status = system_fault(walk->fault, ENOMEM, "list", walk->top);
    path = NULL;
  }
  free(whole);
  free(path);
  return status;
}

static enum mulligan_status walk_folder(struct walk *walk, const char *relative, const struct step *above) {
  char *whole = relative[0] == '\0' ? strdup(walk->top) : file_join(walk->top, relative);
  if (whole == NULL)
    return system_fault(walk->fault, ENOMEM, "list", walk->top);

  enum mulligan_status status = MULLIGAN_OK;
  struct stat about;
  DIR *folder = opendir(whole);
  if (folder == NULL || fstat(dirfd(folder), &about) != 0) {
    status = system_fault(walk->fault, errno, "list", whole);
    goto out;
  }
  struct step here = {above, about.st_dev, about.st_ino, above == NULL ? 0 : above->depth + 1};
  for (const struct step *step = above; step != NULL; step = step->above) {
    if (step->device == here.device && step->inode == here.inode) {
      status = fault_set(walk->fault, MULLIGAN_INVALID,
                         "cannot list %s: a symbolic link leads back to a folder above it", whole);
      goto out;
    }
  }
  if (here.depth > WALK_DEPTH) {
    status = fault_set(walk->fault, MULLIGAN_INVALID, "cannot list %s: more than %d folders deep", whole, WALK_DEPTH);
    goto out;
  }
  while (status == MULLIGAN_OK) {
    errno = 0;
    const struct dirent *entry = readdir(folder);
    if (entry == NULL) {
      if (errno != 0)
        status = system_fault(walk->fault, errno, "list", whole);
      break;
    }
    if (entry->d_name[0] != '.')
      status = walk_name(walk, relative, entry->d_name, &here);
  }

out:
  if (folder != NULL)
    closedir(folder);
  free(whole);
  return status;
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

enum mulligan_status file_walk(const char *folder, const char *suffix, struct file_list *out, struct fault *fault) {
  *out = (struct file_list){0};
  struct walk walk = {.top = folder, .suffix = suffix, .list = out, .fault = fault};
  enum mulligan_status status = walk_folder(&walk, "", NULL);
  if (status != MULLIGAN_OK) {
    file_list_release(out);
    return status;
  }
  if (out->count > 1)
    qsort(out->paths, out->count, sizeof *out->paths, by_bytes);
  return MULLIGAN_OK;
}

void file_prune(const char *folder, const char *suffix, int64_t before) {
  struct file_list list;
  if (file_walk(folder, suffix, &list, NULL) != MULLIGAN_OK)
    return;
  for (size_t i = 0; i < list.count; i++) {
    struct stat facts;
    char *path = file_join(folder, list.paths[i]);
    if (path && stat(path, &facts) == 0 && (int64_t)facts.st_mtim.tv_sec * 1000000 < before)
      unlink(path);
    free(path);
  }
  file_list_release(&list);
}

void file_list_release(struct file_list *list) {
  if (list == NULL)
    return;
  for (size_t i = 0; i < list->count; i++)
    free(list->paths[i]);
  free(list->paths);
  *list = (struct file_list){0};
}
