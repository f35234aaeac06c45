/**
 * error_database.h - errors.db, open for writing.
 *
 * Its transactions hold DATA/errors.lock, not write.lock: what write.lock guards against is per database file, and an
 * error must never wait behind a long transaction of the application. An error_database belongs to one thread at a
 * time.
 */
#ifndef MULLIGAN_DATA_ERROR_DATABASE_H
#define MULLIGAN_DATA_ERROR_DATABASE_H

#include "base/fault.h"
#include "data/alert_judge.h"
#include "data/error_row.h"
#include "data/store.h"

#include <stdbool.h>
#include <stdint.h>

struct error_database;

/**
 * Opens and migrates `folder`/errors.db; a write waits `wait_ns` for its turn. Without `create` an absent file is
 * MULLIGAN_MISSING. MULLIGAN_DENIED if it is newer than this program. The caller ends it with error_database_close().
 */
enum mulligan_status error_database_open(struct error_database **out, const char *folder, bool create, int64_t wait_ns,
                                         struct fault *fault);
void error_database_close(struct error_database *database);
/** Its connection, for statements between begin and commit. */
struct store *error_database_store(struct error_database *database);
/** Who looks at what is inserted, and outlives the database; NULL: nobody. */
void error_database_set_judge(struct error_database *database, struct alert_judge *judge);
/** Did the last transaction enter messages into the outbox? False after a rollback. */
bool error_database_has_alerts(const struct error_database *database);

/** MULLIGAN_MISSING if errors.db was removed or replaced, MULLIGAN_BUSY if its turn did not come; nothing is open then.
 */
enum mulligan_status error_database_begin(struct error_database *database, struct fault *fault);
/** Stores a row and its causes and counts them, as error_ledger_enter() does; `*inserted` is false if that was done
 * before. */
enum mulligan_status error_database_insert(struct error_database *database, struct error_row *row, bool *inserted,
                                           struct fault *fault);
/** Adds to the count of what could not be kept. */
enum mulligan_status error_database_count_dropped(struct error_database *database, const char *reason, int64_t count,
                                                  struct fault *fault);
/**
 * Commits, and makes sure that it went into the file that now has the name errors.db and is readable there:
 * MULLIGAN_MISSING if that was removed or replaced meanwhile, MULLIGAN_CORRUPT if it was overwritten. The transaction
 * is over in any case; after a failure close the database and store the rows again, which the references make safe.
 */
enum mulligan_status error_database_commit(struct error_database *database, struct fault *fault);
void error_database_rollback(struct error_database *database);

#endif
