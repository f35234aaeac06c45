/**
 * store_internal.h - the inside of a store, for the files that make one up, and SQLite's own connection for the few of
 * this floor that need it.
 *
 * store.c opens, closes and holds the transactions, store_statement.c the statements and their cache, store_guard.c
 * says which SQL may run, store_fault.c what went wrong. The changeset code needs the connection, since the session
 * extension has no form in SQL. Nothing above host/data may include this.
 */
#ifndef MULLIGAN_DATA_STORE_INTERNAL_H
#define MULLIGAN_DATA_STORE_INTERNAL_H

#include "data/store.h"

struct sqlite3;
struct sqlite3_stmt;

enum { STORE_CACHE_BUCKETS = 512 /* a power of two, twice the statements kept */ };

/** Whose SQL is being prepared or run. */
enum store_trust {
  STORE_TRUST_SCRIPT, /* store_prepare(): no transactions, no settings, no other databases */
  STORE_TRUST_HOST,   /* store_execute(): settings too */
  STORE_TRUST_SELF    /* the store's own: anything */
};

/** The cache: every statement is in its bucket's chain and in the list of use, the newest used first. */
struct store_cache {
  struct store_statement *buckets[STORE_CACHE_BUCKETS];
  struct store_statement *newest, *oldest;
  int count;
};

typedef int store_guard(void *context, int action, const char *first, const char *second, const char *schema,
                        const char *trigger);

struct store {
  struct sqlite3 *db;
  enum store_mode mode;
  struct write_lock *lock; /* NULL for a private file */

  /* the transaction */
  int64_t write_wait_ns;
  bool writing; /* between store_begin_write() and its end; the write lock is held */
  bool lost;    /* SQLite ended it by itself, for the reason in loss; whatever follows is refused */
  struct fault loss;
  uint64_t transactions; /* ever begun */
  struct sqlite3_stmt *begin, *commit, *rollback;

  /* the WAL */
  int wal_pages;     /* after the last commit of this connection */
  int checkpoint_at; /* so many pages are worth a checkpoint */

  /* statements */
  struct store_cache cache;
  struct store_statement *extra; /* those in use beside the cache */
  int in_use;
  int64_t changes;
  struct store_constraint constraint;

  /* what may run */
  enum store_trust trust;
  const char *refusal; /* the guard's sentence, until store_fail() has taken it; static text */
  store_guard *second_guard;
  void *second_guard_context;

  /* callbacks */
  bool (*should_stop)(void *context);
  void *stop_context;
  void (*trace)(void *context, const char *sql, int64_t duration_ns);
  void *trace_context;
  int64_t busy_since_ns; /* when SQLite first met another's lock */

  char path[];
};

/** The store's own connection; it stays the store's and must not be closed, nor its transactions begun or ended. */
struct sqlite3 *store_handle(struct store *store);

/* ---- store_guard.c ---- */

/** Installs the guard. */
void store_guard_install(struct store *store);
/**
 * A second opinion on every statement, asked (as an authorizer of SQLite is) after the store's own guard has agreed;
 * NULL takes it away. Statements already prepared are asked about again before they next run.
 */
void store_guard_second(struct store *store, store_guard *guard, void *context);

/* ---- store_fault.c ---- */

/** The status of an extended result code of SQLite. */
enum mulligan_status store_status_of(int code);
/**
 * Fills `fault` with SQLite's words for `code` and, if `sql` is not NULL, the beginning of that text; takes down the
 * particulars of a violated constraint. Call it before anything else is done on the connection.
 */
enum mulligan_status store_fail(struct store *store, int code, const char *sql, size_t length, struct fault *fault);

/* ---- store_statement.c ---- */

/** Resets what is running; its user gets an error at the next step. */
void store_abandon_statements(struct store *store);
/** Finalizes every statement. */
void store_drop_statements(struct store *store);

#endif
