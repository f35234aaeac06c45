/**
 * run_table.h - what app.db knows of operators' runs: which of them changed it, and how far the audit had come.
 *
 * Two tables of the host's own, mulligan_run and mulligan_audit, made when first needed. Scripts may read and not write
 * them; they count neither as part of the schema nor of a changeset. All functions run on the thread that has the
 * store; those that write need its open write transaction.
 */
#ifndef MULLIGAN_DATA_RUN_TABLE_H
#define MULLIGAN_DATA_RUN_TABLE_H

#include "base/fault.h"
#include "data/store.h"

#include <stdbool.h>
#include <stdint.h>

/** The end of the audit's chain. */
struct run_table_head {
  int64_t entries;
  char hash[65]; /* hex SHA-256; zeros before the first entry */
};

/** Is this one of the host's tables? */
bool run_table_owns(const char *table);

/** Enters a run as applied, with the audit's head as it stood before. */
enum mulligan_status run_table_enter(struct store *store, const char *run, const struct run_table_head *head,
                                     struct fault *fault);
/** Keeps the head, unless a later one is there. */
enum mulligan_status run_table_keep(struct store *store, const struct run_table_head *head, struct fault *fault);

/** Did this run change the database? */
enum mulligan_status run_table_has(struct store *store, const char *run, bool *found, struct fault *fault);
/** The newest head that was kept; no entries if none was. */
enum mulligan_status run_table_head(struct store *store, struct run_table_head *head, struct fault *fault);

#endif
