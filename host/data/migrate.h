/**
 * migrate.h - a database's schema, brought to the newest step.
 *
 * Steps are numbered SQL files (`0001_users.sql`, `0002_…`), each applied once, in order, in one transaction of its
 * own, together with a row in `mulligan_migration` (number, name, sha256 of its text, applied_at) and PRAGMA
 * user_version. A step whose text changed after it was applied, a gap, a number used twice, and a database that is
 * newer than the steps are refused, each naming the file.
 *
 * While a step runs, foreign keys are off, so that a table can be rebuilt the way SQLite's manual shows without its
 * DROP TABLE taking the rows that refer to it along. All references are checked before the step is committed: one that
 * leads nowhere undoes the step.
 */
#ifndef MULLIGAN_DATA_MIGRATE_H
#define MULLIGAN_DATA_MIGRATE_H

#include "base/fault.h"
#include "data/store.h"

#include <stdbool.h>

struct migrate_step {
  int number;       /* from 1 */
  const char *name; /* the file's name */
  const char *sql;
};

/** A folder's steps, read into memory. */
struct migrate_plan {
  struct migrate_step *steps;
  size_t count;
};

/** Reads `folder` (`NNNN_name.sql`). A missing folder is an empty plan. The caller ends it with migrate_plan_release().
 */
enum mulligan_status migrate_plan_read(struct migrate_plan *plan, const char *folder, struct fault *fault);
/** The same of the folder "migrations" of a scripts folder. */
enum mulligan_status migrate_plan_read_scripts(struct migrate_plan *plan, const char *scripts, struct fault *fault);
void migrate_plan_release(struct migrate_plan *plan);

/**
 * Applies what is missing; `*applied` (may be NULL) counts the steps, also those before one that failed. Several
 * processes may do it at once: each step is applied by one of them. MULLIGAN_DENIED as in migrate_check(); else the
 * step's own failure, with its name.
 */
enum mulligan_status migrate_apply(struct store *store, const struct migrate_step *steps, size_t count, int *applied,
                                   struct fault *fault);
/** Checks only: MULLIGAN_OK if current, MULLIGAN_MISSING if steps are pending, MULLIGAN_DENIED if the database is newer
 * or was changed. */
enum mulligan_status migrate_check(struct store *store, const struct migrate_step *steps, size_t count,
                                   struct fault *fault);

#endif
