/**
 * database_file.h - is the database that is open still the file of its name?
 *
 * SQLite goes on writing to a file that has lost its name, and out of its cache to one that was overwritten. Whoever
 * keeps a database open for long asks here before and after its transactions. Embedded by value; one thread at a time.
 */
#ifndef MULLIGAN_DATA_DATABASE_FILE_H
#define MULLIGAN_DATA_DATABASE_FILE_H

#include "base/fault.h"

#include <sys/stat.h>

struct database_file {
  const char *path;  /* the caller's, which must stay */
  const char *probe; /* SQL that reads a row of the newest; static text */
  struct stat facts; /* of the file, when it was last seen to be sound */
};

/** Notes the file that has just been opened. MULLIGAN_MISSING if it has no name any more. */
enum mulligan_status database_file_note(struct database_file *file, const char *path, const char *probe,
                                        struct fault *fault);
/** Before a transaction: MULLIGAN_MISSING if the file was removed or replaced. A look at its name. */
enum mulligan_status database_file_check_name(const struct database_file *file, struct fault *fault);
/**
 * After a commit: the same, and MULLIGAN_CORRUPT if the file was overwritten. Its contents are read anew only when the
 * file has changed, which it otherwise does at a checkpoint.
 */
enum mulligan_status database_file_check(struct database_file *file, struct fault *fault);

#endif
