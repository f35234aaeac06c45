/**
 * file.h - whole files and folders.
 *
 * Every failure names the path and the system's reason. Paths are relative to
 * the current folder unless they start with a slash. Thread-safe; all block on
 * the disk.
 */
#ifndef MULLIGAN_BASE_FILE_H
#define MULLIGAN_BASE_FILE_H

#include "base/buf.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Appends a whole regular file to `out`. MULLIGAN_MISSING if there is none, MULLIGAN_FULL if it passes the cap. */
enum mulligan_status file_read(const char *path, struct buf *out, struct fault *fault);
/**
 * Replaces `path` with these bytes at once (a new file, fsync, rename, fsync of the folder), created with `mode` less
 * the umask. MULLIGAN_READONLY where writing is not allowed. A failure leaves the old file as it was.
 */
enum mulligan_status file_replace(const char *path, const void *bytes, size_t length, unsigned mode,
                                  struct fault *fault);
/** Makes a folder, for this user alone (0700), and its parents as the umask says; fine if they are there. */
enum mulligan_status file_make_folder(const char *path, struct fault *fault);
bool file_exists(const char *path);
/** Do two paths lead to one file? */
bool file_is_same(const char *path, const char *other);
/** Joins two paths with one slash (none after an empty folder); the caller frees it; NULL only when out of memory. */
char *file_join(const char *folder, const char *name);

/** A sorted list of relative paths; released with file_list_release(). */
struct file_list {
  char **paths;
  size_t count;
};
/**
 * Lists the regular files below `folder` whose names end in `suffix` (folders and names that start with
 * a dot are passed over; symbolic links are followed, a loop of them ends the walk with a fault). The
 * paths are relative to `folder` and sorted bytewise.
 */
enum mulligan_status file_walk(const char *folder, const char *suffix, struct file_list *out, struct fault *fault);
void file_list_release(struct file_list *list);

/** Removes the files that file_walk() finds and that were last changed before `before` (wall clock, microseconds). What
 * cannot be removed stays. */
void file_prune(const char *folder, const char *suffix, int64_t before);

#endif
