/**
 * plan.h - what a piece of an operator's work would change, found out on a private copy of the database.
 *
 * plan_open() copies the live database in one step (in memory up to PLAN_MEMORY_BYTES, in an unnamed temporary file
 * above) and records from then on what is changed in the copy. The live database is neither touched nor locked until
 * plan_apply(), which carries over exactly what was recorded, or nothing. One thread uses a plan.
 */
#ifndef MULLIGAN_OPERATOR_PLAN_H
#define MULLIGAN_OPERATOR_PLAN_H

#include "base/fault.h"
#include "base/scrub.h"
#include "data/store.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { PLAN_MEMORY_BYTES = 256 << 20 };

struct plan;

/** Copies `live` and starts recording. The caller ends the plan with plan_close(). */
enum mulligan_status plan_open(struct plan **out, struct store *live, struct fault *fault);
/** NULL is fine. */
void plan_close(struct plan *plan);

/** The copy to work on. It may be lent to a vm, which must have given it back before plan_finish() and plan_close(). */
struct store *plan_store(struct plan *plan);
/** The moment of the copy, at which the work's clock stands. */
int64_t plan_made_at(const struct plan *plan);

/**
 * Ends the recording; a transaction that is still open is rolled back and not part of the plan. MULLIGAN_DENIED if
 * something was done that cannot be recorded. After it the plan can be looked at and applied; after a failure it can
 * only be closed.
 */
enum mulligan_status plan_finish(struct plan *plan, const struct scrub *scrub, struct fault *fault);

/** What changeset_describe() says, with the values of columns that are named as secrets replaced. Lent. */
const json_t *plan_changes(const struct plan *plan);
int64_t plan_row_count(const struct plan *plan);

/**
 * Applies exactly the recorded changes to `live` or, on failure, none: MULLIGAN_CONSTRAINT names the row that somebody
 * changed since, MULLIGAN_DENIED says that the tables are others now.
 */
enum mulligan_status plan_apply(const struct plan *plan, struct store *live, int64_t *rows, struct fault *fault);

#endif
