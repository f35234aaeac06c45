/**
 * rotating_file.c - appending to a file that rotates by size.
 *
 * Called by the log and the request log, from any thread. Invariants, under `lock`: what is appended goes out by one
 * write(2) with O_APPEND, so that lines of other processes stand before or behind it, never within; a write that fails
 * half-way is taken back; no failure to rotate or to open another file costs a line while the open file has a name.
 * Who renames holds a lock on the file that is called NAME, and has looked after getting it that it still is: so no two
 * processes rotate at once, and nobody waits for one that was stopped while it did. Who shortens or mends a file knows
 * by another lock that no other process has it open. The locks go with the open file (F_OFD_SETLK), and so with a
 * crash.
 */
#include "base/rotating_file.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000)

/** How often it is looked at whether NAME is still the file that is open. */
#define LOOK_EVERY (250 * MILLISECOND)
/** How long nothing is tried after a failure: on a full disk each attempt is slow, and requests wait for it. */
#define RETRY_AFTER        (100 * MILLISECOND)
#define ROTATE_AGAIN_AFTER (1000 * MILLISECOND)

enum { NOTE_SIZE = 2048, NUMBER_SIZE = 16 };

/** The bytes of the file that stand for a right, whatever it holds there. */
enum right {
  OPEN_HERE,  /* shared by all who have the file open; alone: by the one who mends it */
  ROTATE_HERE /* of the one who rotates */
};

struct rotating_file {
  pthread_mutex_t lock;
  char *folder;
  char *path;
  char *from, *to; /* room for a path and a number */
  size_t room;     /* of each of them */
  int64_t most;
  int old;
  size_t (*note)(int64_t lost, char *out, size_t size);

  int fd; /* -1: none could be opened */
  dev_t device;
  ino_t inode;
  int64_t size;      /* of the file, as far as this process knows */
  bool torn;         /* its last line may lack its break */
  int64_t look_at;   /* on the monotonic clock, like the next two */
  int64_t retry_at;  /* no line is tried before */
  int64_t rotate_at; /* no rotation is tried before */
  int64_t unnoted;   /* lost lines that the file does not tell of yet */
  _Atomic int64_t lost;
  _Atomic int error;
};

/* ---- one file ---- */

/** Opens NAME and asks about it; -1 with errno. Whatever is no regular file is EINVAL or an error of open()'s own. */
static int open_name(const struct rotating_file *file, struct stat *about) {
  /* O_NONBLOCK: a FIFO of that name must not hang the host. O_RDWR: the last byte is read. */
  const int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  int fd = open(file->path, flags, 0640);
  if (fd < 0 && errno == ENOENT && (mkdir(file->folder, 0700) == 0 || errno == EEXIST))
    fd = open(file->path, flags, 0640);
  if (fd < 0)
    return -1;
  bool regular = fstat(fd, about) == 0 && S_ISREG(about->st_mode);
  if (regular)
    return fd;
  close(fd);
  errno = EINVAL;
  return -1;
}

/** Takes (F_RDLCK, F_WRLCK) or gives back (F_UNLCK) a right, without waiting; false if another process has it. Where a
 * file system has no such locks, everybody has every right: there only one process should write. */
static bool claim(int fd, enum right right, short type) {
  struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = right, .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &range) == 0 || (errno != EAGAIN && errno != EACCES);
}

/** Ends a line that was left without its break (a crash, an editor), so that the next one is whole. To be called only
 * where no other process has the file open: what another is writing looks like such a line, too. */
static void end_line(struct rotating_file *file) {
  struct stat about;
  char last = '\n';
  file->torn = fstat(file->fd, &about) == 0 && about.st_size > 0 && pread(file->fd, &last, 1, about.st_size - 1) == 1 &&
               last != '\n';
  if (file->torn && write(file->fd, "\n", 1) == 1) {
    file->torn = false;
    file->size++;
  }
}

/** Joins those who have the file open; the first of them mends it. */
static void join(struct rotating_file *file) {
  file->torn = false;
  if (claim(file->fd, OPEN_HERE, F_WRLCK))
    end_line(file);
  /* Who mends it is done in no time, unless it was stopped just there. */
  for (int tries = 0; tries < 20 && !claim(file->fd, OPEN_HERE, F_RDLCK); tries++)
    usleep(1000);
}

/** Goes over to the file that has the name now, or is made. False if that fails: then the old one stays, unless it has
 * no name any more, where lines would vanish uncounted. */
static bool go_over(struct rotating_file *file) {
  struct stat about;
  int fd = open_name(file, &about);
  if (fd < 0) {
    atomic_store(&file->error, errno);
    if (file->fd >= 0 && (fstat(file->fd, &about) != 0 || about.st_nlink == 0)) {
      close(file->fd);
      file->fd = -1;
    }
    return false;
  }
  if (file->fd >= 0)
    close(file->fd);
  file->fd = fd;
  file->device = about.st_dev;
  file->inode = about.st_ino;
  file->size = about.st_size;
  join(file);
  return true;
}

/** Does the name still lead to the open file? Where that cannot be found out, it does. */
static bool is_current(struct rotating_file *file) {
  struct stat about;
  if (lstat(file->path, &about) != 0)
    return errno != ENOENT && errno != ENOTDIR;
  if (about.st_dev != file->device || about.st_ino != file->inode)
    return false;
  file->size = about.st_size; /* another process may have written, or a tool cut it */
  return true;
}

/** Sees to it now and then that the open file is the one of this name. */
static void look(struct rotating_file *file, int64_t now) {
  if (file->fd >= 0 && now < file->look_at)
    return;
  file->look_at = now + LOOK_EVERY;
  if (file->fd < 0 || !is_current(file))
    go_over(file);
}

/* ---- writing ---- */

/** Makes a blank line of the `length` bytes at `from`, which takes no room on the disk. */
static void blank(struct rotating_file *file, off_t from, size_t length) {
  char blanks[256];
  memset(blanks, ' ', sizeof blanks);
  int flags = fcntl(file->fd, F_GETFL);
  fcntl(file->fd, F_SETFL, flags & ~O_APPEND); /* with which even pwrite(2) appends */
  for (size_t done = 0; done < length;) {
    size_t piece = length - done < sizeof blanks ? length - done : sizeof blanks;
    if (done + piece == length)
      blanks[piece - 1] = '\n';
    if (pwrite(file->fd, blanks, piece, from + (off_t)done) != (ssize_t)piece)
      break;
    done += piece;
  }
  fcntl(file->fd, F_SETFL, flags);
}

/** Takes back the `done` bytes that were written last. */
static void take_back(struct rotating_file *file, size_t done) {
  off_t end = lseek(file->fd, 0, SEEK_CUR); /* where the last write ended */
  if (done == 0 || end < (off_t)done)
    return;
  if (claim(file->fd, OPEN_HERE, F_WRLCK)) {
    file->torn = ftruncate(file->fd, end - (off_t)done) != 0;
    claim(file->fd, OPEN_HERE, F_RDLCK);
  } else {
    blank(file, end - (off_t)done, done); /* another process may have written behind it */
  }
}

/** Writes it whole or not at all; 0 or why not. */
static int put(struct rotating_file *file, const char *text, size_t length) {
  if (file->torn)
    end_line(file);
  size_t done = 0;
  while (done < length) {
    ssize_t written = write(file->fd, text + done, length - done);
    if (written > 0) {
      done += (size_t)written;
    } else if (written == 0 || errno != EINTR) {
      int error = written == 0 ? ENOSPC : errno;
      take_back(file, done);
      return error;
    }
  }
  file->size += (int64_t)length;
  return 0;
}

/** Tells of the lost lines, if there are any; 0 or why that could not be written. */
static int put_note(struct rotating_file *file) {
  if (file->unnoted == 0 || file->note == NULL)
    return 0;
  char line[NOTE_SIZE];
  int error = put(file, line, file->note(file->unnoted, line, sizeof line));
  if (error == 0)
    file->unnoted = 0;
  return error;
}

/* ---- rotating ---- */

/** The path of an old file, in one of the two rooms. */
static const char *numbered(const struct rotating_file *file, char *room, int number) {
  snprintf(room, file->room, "%s.%d", file->path, number);
  return room;
}

/** Gives NAME away: the old files get the next number, up to the first one that is free or must go. */
static bool shift(const struct rotating_file *file) {
  if (file->old == 0)
    return unlink(file->path) == 0;
  /* More may be left from a time when more were kept. */
  for (int number = file->old + 1; unlink(numbered(file, file->from, number)) == 0;)
    number++;
  int free_number = 1;
  while (free_number < file->old && access(numbered(file, file->from, free_number), F_OK) == 0)
    free_number++;
  for (int number = free_number - 1; number > 0; number--)
    if (rename(numbered(file, file->from, number), numbered(file, file->to, number + 1)) != 0 && errno != ENOENT)
      return false; /* going on would write over the one that stayed */
  return rename(file->path, numbered(file, file->to, 1)) == 0;
}

/** Goes on in a new file. False if this one must do for now. */
static bool rotate(struct rotating_file *file, int64_t now) {
  if (now < file->rotate_at)
    return false;
  if (!claim(file->fd, ROTATE_HERE, F_WRLCK)) {
    file->look_at = 0; /* another process is at it: the next line finds its file */
    return false;
  }
  bool gone_over = (!is_current(file) || shift(file)) && go_over(file);
  if (!gone_over) {
    file->rotate_at = now + ROTATE_AGAIN_AFTER;
    if (file->fd >= 0)
      claim(file->fd, ROTATE_HERE, F_UNLCK);
  }
  return gone_over;
}

/** Writes lines into a file that has room for them; false if they are lost. */
static bool write_lines(struct rotating_file *file, const char *text, size_t length, int64_t now) {
  int64_t wanted = (int64_t)length + (file->unnoted > 0 ? NOTE_SIZE : 0);
  /* What another process has made meanwhile may be full as well, but hardly thrice. */
  for (int tries = 0; tries < 3 && file->fd >= 0 && file->size > 0 && file->size + wanted > file->most; tries++)
    if (!rotate(file, now))
      break;
  if (file->fd < 0)
    return false;
  int error = put_note(file);
  if (error == 0)
    error = put(file, text, length);
  /* A limit on the size of files (RLIMIT_FSIZE) that is below `most`: a new file has room again. */
  if (error == EFBIG && file->size > 0 && rotate(file, now)) {
    error = put_note(file);
    if (error == 0)
      error = put(file, text, length);
  }
  atomic_store(&file->error, error);
  return error == 0;
}

bool rotating_file_append(struct rotating_file *file, const char *text, size_t length, int64_t lines) {
  int kept = errno;
  bool written = false;
  pthread_mutex_lock(&file->lock);
  int64_t now = clock_monotonic_ns();
  if (now >= file->retry_at) {
    look(file, now);
    written = file->fd >= 0 && write_lines(file, text, length, now);
    if (!written)
      file->retry_at = now + RETRY_AFTER;
  }
  if (!written) {
    file->unnoted += lines;
    atomic_fetch_add(&file->lost, lines);
  }
  pthread_mutex_unlock(&file->lock);
  errno = kept;
  return written;
}

void rotating_file_reopen(struct rotating_file *file) {
  pthread_mutex_lock(&file->lock);
  file->retry_at = file->rotate_at = 0;
  if (go_over(file) && put_note(file) == 0)
    atomic_store(&file->error, 0);
  pthread_mutex_unlock(&file->lock);
}

/* ---- life ---- */

static void destroy(struct rotating_file *file) {
  if (file->fd >= 0)
    close(file->fd);
  pthread_mutex_destroy(&file->lock);
  free(file->folder);
  free(file->path);
  free(file->from);
  free(file->to);
  free(file);
}

static enum mulligan_status open_fault(const char *path, int error, struct fault *fault) {
  if (error == ELOOP)
    return fault_set(fault, MULLIGAN_INVALID,
                     "cannot write %s: it is a symbolic link, which a rotation would move; its folder may be one",
                     path);
  if (error == EINVAL || error == EISDIR || error == ENXIO)
    return fault_set(fault, MULLIGAN_INVALID, "cannot write %s: it is not a regular file", path);
  enum mulligan_status status = error == EACCES || error == EPERM || error == EROFS    ? MULLIGAN_READONLY
                                : error == ENOSPC || error == EDQUOT || error == EFBIG ? MULLIGAN_FULL
                                                                                       : MULLIGAN_ERROR;
  return fault_set(fault, status, "cannot write %s: %s", path, strerror(error));
}

enum mulligan_status rotating_file_open(struct rotating_file **out, const char *folder, const char *name, int64_t most,
                                        int old, size_t (*note)(int64_t lost, char *out, size_t size),
                                        struct fault *fault) {
  *out = NULL;
  enum mulligan_status status = file_make_folder(folder, fault);
  if (status != MULLIGAN_OK)
    return status;
  struct rotating_file *file = calloc(1, sizeof *file);
  if (file == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  pthread_mutex_init(&file->lock, NULL);
  file->fd = -1;
  file->most = most;
  file->old = old;
  file->note = note;
  file->folder = strdup(folder);
  file->path = file_join(folder, name);
  file->room = file->path == NULL ? 0 : strlen(file->path) + NUMBER_SIZE;
  file->from = malloc(file->room);
  file->to = malloc(file->room);
  if (file->folder == NULL || file->path == NULL || file->from == NULL || file->to == NULL)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  else if (!go_over(file))
    status = open_fault(file->path, atomic_load(&file->error), fault);
  if (status != MULLIGAN_OK) {
    destroy(file);
    return status;
  }
  *out = file;
  return MULLIGAN_OK;
}

void rotating_file_close(struct rotating_file *file) {
  if (file == NULL)
    return;
  if (file->fd >= 0)
    put_note(file);
  destroy(file);
}

int64_t rotating_file_lost(const struct rotating_file *file) {
  return atomic_load(&file->lost);
}

int rotating_file_error(const struct rotating_file *file) {
  return atomic_load(&file->error);
}

const char *rotating_file_path(const struct rotating_file *file) {
  return file->path;
}
