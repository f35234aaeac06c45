/**
 * store.h - one database connection, its pragmas and its prepared statements.
 *
 * The only door to a database: no SQLite type crosses it. A store belongs to one thread at a time. No function here
 * touches Lua, and none may be crossed by a Lua error.
 *
 * Every store runs in WAL mode with foreign_keys=ON, synchronous=FULL and automatic checkpoints off. Writes happen
 * only between store_begin_write() and store_commit() or store_rollback(), under the write lock; the connection that
 * commits also checkpoints, after its transaction and before it gives the lock back, when the WAL has grown.
 */
#ifndef MULLIGAN_DATA_STORE_H
#define MULLIGAN_DATA_STORE_H

#include "base/fault.h"
#include "data/write_lock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct store_statement; /* owned by its store; valid until store_finish(), or until the store closes */

enum store_mode {
  STORE_READ_WRITE, /* creates the file if absent */
  STORE_READ_ONLY   /* the file must exist; every write is refused */
};

enum store_type { STORE_NULL, STORE_INTEGER, STORE_REAL, STORE_TEXT, STORE_BLOB, STORE_BOOLEAN };

/**
 * Opens the database at `path`. `lock` (may be NULL for a private file, for ":memory:", and for "", which is
 * a temporary file without a name; these last two have no WAL) must outlive the store.
 *
 * On success the caller owns `*out` and ends it with store_close(). On failure `*out` is NULL.
 * MULLIGAN_MISSING, MULLIGAN_CORRUPT, MULLIGAN_READONLY and MULLIGAN_ERROR name the path. In SQL texts a name in double
 * quotes is never a string, values are at most 64 MiB long, and views and triggers cannot call functions with side
 * effects.
 */
enum mulligan_status store_open(struct store **out, const char *path, enum store_mode mode, struct write_lock *lock,
                                struct fault *fault);
/** Rolls back what is open, finalizes every statement and closes. NULL is fine. */
void store_close(struct store *store);
/** The path it was opened with. */
const char *store_path(const struct store *store);

/* ---- transactions ---- */

/** How long store_begin_write() waits for its turn; 5 s unless set. Nanoseconds. */
void store_set_write_wait(struct store *store, int64_t wait_ns);
/** Takes the write lock and begins an immediate transaction. MULLIGAN_BUSY when its turn did not come in time. */
enum mulligan_status store_begin_write(struct store *store, struct fault *fault);
/** The same, but waits no longer than `deadline_ns` (clock_monotonic_ns()), should that be earlier. */
enum mulligan_status store_begin_write_until(struct store *store, int64_t deadline_ns, struct fault *fault);
/** Ends the open transaction in any case: when it cannot be committed, it has been rolled back. */
enum mulligan_status store_commit(struct store *store, struct fault *fault);
/**
 * Ends the open transaction without effect, resets every running statement (its next step fails) and gives the lock
 * back. Cannot fail; fine when none is open.
 */
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);
/** A number that no other transaction of this store has; 0 when none is open. */
uint64_t store_transaction(const struct store *store);
/** Nested steps inside a transaction; `depth` (from 1) names the savepoint. */
enum mulligan_status store_savepoint(struct store *store, int depth, struct fault *fault);
enum mulligan_status store_release_savepoint(struct store *store, int depth, struct fault *fault);
enum mulligan_status store_rollback_savepoint(struct store *store, int depth, struct fault *fault);

/* ---- statements ---- */

/**
 * Finds or prepares one statement. The text must hold exactly one. The cache keeps the last 256 used and finalizes the
 * rest. A statement that is running already (nested use of the same text) gets a second, uncached copy.
 * End its use with store_finish(). MULLIGAN_INVALID carries SQLite's words and the SQL.
 *
 * MULLIGAN_DENIED says why the text may not run: BEGIN and its like, ATTACH, a PRAGMA that sets something, temporary
 * tables. Changes to the schema are writes like any other.
 */
enum mulligan_status store_prepare(struct store *store, const char *sql, size_t length, struct store_statement **out,
                                   struct fault *fault);
/** Resets it, clears its bindings and gives it back to the cache. NULL is fine. */
void store_finish(struct store_statement *statement);
/** True if it cannot change the database. */
bool store_is_read(const struct store_statement *statement);

int store_parameter_count(const struct store_statement *statement);
/** The name of parameter `index` (from 1) without its `:`, `@` or `$`; NULL for a `?`. */
const char *store_parameter_name(const struct store_statement *statement, int index);
/** The bindings; texts and blobs are copied. Index from 1. MULLIGAN_FULL when larger than SQLite takes. */
enum mulligan_status store_bind_null(struct store_statement *statement, int index, struct fault *fault);
enum mulligan_status store_bind_integer(struct store_statement *statement, int index, int64_t value,
                                        struct fault *fault);
enum mulligan_status store_bind_real(struct store_statement *statement, int index, double value, struct fault *fault);
enum mulligan_status store_bind_text(struct store_statement *statement, int index, const char *text, size_t length,
                                     struct fault *fault);
enum mulligan_status store_bind_blob(struct store_statement *statement, int index, const void *bytes, size_t length,
                                     struct fault *fault);
/** The same without the copy: the bytes must stay as they are until store_finish(). */
enum mulligan_status store_lend_text(struct store_statement *statement, int index, const char *text, size_t length,
                                     struct fault *fault);
enum mulligan_status store_lend_blob(struct store_statement *statement, int index, const void *bytes, size_t length,
                                     struct fault *fault);

/**
 * Steps once; `*row` says whether there is a row. A write outside store_begin_write() is refused (MULLIGAN_DENIED).
 * MULLIGAN_CONSTRAINT leaves its particulars in store_constraint(). The fault carries SQLite's words and the SQL.
 */
enum mulligan_status store_step(struct store_statement *statement, bool *row, struct fault *fault);

int store_column_count(const struct store_statement *statement);
const char *store_column_name(const struct store_statement *statement, int column); /* column from 0 */
/** A name that two columns have, NULL if all differ; known once there was a row. */
const char *store_column_twin(const struct store_statement *statement);
/** The type of this row's value; STORE_BOOLEAN for an integer 0 or 1 in a column declared BOOLEAN. */
enum store_type store_column_type(const struct store_statement *statement, int column);
int64_t store_column_integer(const struct store_statement *statement, int column);
double store_column_real(const struct store_statement *statement, int column);
/** The bytes of a text or blob, valid until the next step or finish. */
const char *store_column_bytes(const struct store_statement *statement, int column, size_t *length);

/** One or more statements without parameters or results; for pragmas and migrations. Writes need store_begin_write().
 */
enum mulligan_status store_execute(struct store *store, const char *sql, struct fault *fault);

/** Rows changed by the last write that store_step() ran to its end; 0 for one that changed the schema only. */
int64_t store_changes(const struct store *store);
/** The rowid of the last row inserted in this transaction; 0 if none was. It stays until the next transaction begins.
 */
int64_t store_last_insert(const struct store *store);

struct store_constraint {
  char kind[16];  /* "unique", "not_null", "check", "foreign_key", "primary_key" or "other" */
  char table[64]; /* "" if SQLite does not say */
  char columns[8][64];
  int column_count;
  char name[64]; /* of a named CHECK, or of a unique index over expressions; else "" */
};
/** The particulars of the last MULLIGAN_CONSTRAINT on this store. */
const struct store_constraint *store_constraint(const struct store *store);

enum { STORE_EXCERPT_SIZE = 240 };
/** Writes an SQL text on one line, cut to about 200 bytes, for messages; returns `out`. */
const char *store_excerpt(char out[STORE_EXCERPT_SIZE], const char *sql, size_t length);

/* ---- limits ---- */

/**
 * Asked every few thousand steps of SQLite's virtual machine, on the store's own thread; true stops the statement with
 * MULLIGAN_INTERRUPTED. NULL takes it away.
 */
void store_set_interrupt(struct store *store, bool (*should_stop)(void *context), void *context);
/**
 * Stops a script's statement that runs now with MULLIGAN_INTERRUPTED, sooner than the question above would where a step
 * takes long; never the store's own, such as a COMMIT. For a signal handler on the store's own thread.
 */
void store_interrupt(struct store *store);

/** Told of every statement that ended: its text, how long it took, and how it went. For breadcrumbs. NULL takes it
 * away. */
void store_set_trace(struct store *store, void (*trace)(void *context, const char *sql, int64_t duration_ns),
                     void *context);

/* ---- the file ---- */

/** PRAGMA user_version: the number of the last migration. */
enum mulligan_status store_version(struct store *store, int64_t *version, struct fault *fault);
/** Copies the whole database into `target` in one step, so that no writer can restart it. Neither may have an open
 * transaction. */
enum mulligan_status store_copy(struct store *source, struct store *target, struct fault *fault);
/** Moves the WAL into the file and empties it; takes the write lock itself. MULLIGAN_BUSY when a reader holds a part of
 * it back. */
enum mulligan_status store_checkpoint(struct store *store, struct fault *fault);

#endif
