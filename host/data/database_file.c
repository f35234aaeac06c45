/**
 * database_file.c - a file's name, size and time, looked at again.
 *
 * Used by the threads that write errors.db and requests.db.
 */
#include "data/database_file.h"

#include "data/store_call.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static enum mulligan_status look(const char *path, struct stat *facts, struct fault *fault) {
  if (stat(path, facts) != 0)
    return fault_set(fault, MULLIGAN_MISSING, "%s is gone: %s", path, strerror(errno));
  return MULLIGAN_OK;
}

enum mulligan_status database_file_note(struct database_file *file, const char *path, const char *probe,
                                        struct fault *fault) {
  file->path = path;
  file->probe = probe;
  return look(path, &file->facts, fault);
}

static enum mulligan_status check_name(const struct database_file *file, struct stat *now, struct fault *fault) {
  enum mulligan_status status = look(file->path, now, fault);
  if (status == MULLIGAN_OK && (now->st_dev != file->facts.st_dev || now->st_ino != file->facts.st_ino))
    status = fault_set(fault, MULLIGAN_MISSING, "%s was replaced by another file", file->path);
  return status;
}

enum mulligan_status database_file_check_name(const struct database_file *file, struct fault *fault) {
  struct stat now;
  return check_name(file, &now, fault);
}

static bool same_time(struct timespec a, struct timespec b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/** Reads through a connection that has nothing cached, as the next reader will. */
static enum mulligan_status read_afresh(const struct database_file *file, struct fault *fault) {
  struct store *reader;
  enum mulligan_status status = store_open(&reader, file->path, STORE_READ_ONLY, NULL, fault);
  if (status != MULLIGAN_OK)
    return status;
  struct store_call call;
  store_call_prepare(&call, reader, file->probe, fault);
  store_call_step(&call, fault);
  status = store_call_finish(&call);
  store_close(reader);
  return status;
}

enum mulligan_status database_file_check(struct database_file *file, struct fault *fault) {
  struct stat now;
  enum mulligan_status status = check_name(file, &now, fault);
  if (status != MULLIGAN_OK)
    return status;
  if (now.st_size == file->facts.st_size && same_time(now.st_mtim, file->facts.st_mtim))
    return MULLIGAN_OK;
  if (now.st_size < file->facts.st_size)
    status = fault_set(fault, MULLIGAN_CORRUPT, "%s was overwritten: it has become shorter", file->path);
  else
    status = read_afresh(file, fault);
  if (status == MULLIGAN_OK)
    file->facts = now;
  return status;
}
