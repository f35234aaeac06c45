/**
 * frozen_sql.h - SQL's own clock and random numbers, held still for a plan: what `datetime('now')`, CURRENT_TIMESTAMP,
 * random() and randomblob() answer.
 */
#ifndef MULLIGAN_DATA_FROZEN_SQL_H
#define MULLIGAN_DATA_FROZEN_SQL_H

#include "base/fault.h"
#include "base/random_source.h"
#include "data/store.h"

#include <stdint.h>

/** Puts itself in front of SQLite's clock; once, before the first database is opened. store_open() sees to it. */
void frozen_sql_install(void);
/** "Now", for every statement of the calling thread, is `wall_us` (microseconds since 1970 UTC); 0: the real time. */
void frozen_sql_set_clock(int64_t wall_us);
/** random() and randomblob() of this store draw from `seed`, which is copied, from its beginning on. */
enum mulligan_status frozen_sql_seed(struct store *store, const unsigned char seed[RANDOM_SOURCE_SEED_BYTES],
                                     struct fault *fault);

#endif
