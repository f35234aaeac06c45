/**
 * plan.h - what a piece of an operator's work would change, found out on a private copy of the database.
 *
 * plan_open() copies the live database in one step (in memory up to PLAN_MEMORY_BYTES, in an unnamed temporary file
 * above) and records from then on what is changed in the copy. The live database is neither touched nor locked;
 * run_record_apply() is what carries over exactly what was recorded, or nothing. One thread uses a plan.
 */
#ifndef MULLIGAN_OPERATOR_PLAN_H
#define MULLIGAN_OPERATOR_PLAN_H

#include "base/fault.h"
#include "base/random_source.h"
#include "base/scrub.h"
#include "data/changeset.h"
#include "data/store.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { PLAN_MEMORY_BYTES = 256 << 20 };

struct plan;

/** Copies `live` and starts recording. The caller ends the plan with plan_close(). */
enum mulligan_status plan_open(struct plan **out, struct store *live, struct fault *fault);
/** A plan for the same work once more: on the database as it is now, with the clock and the seed of `model`. */
enum mulligan_status plan_open_again(struct plan **out, struct store *live, const struct plan *model,
                                     struct fault *fault);
/** What is needed to bring a finished plan back that was kept (plan_file.h). */
struct plan_parts {
  int64_t made_at;
  unsigned char seed[RANDOM_SOURCE_SEED_BYTES];
  const char *schema;
  struct changeset changes; /* becomes the plan's, also on failure */
  json_t *described;        /* likewise */
};
/** A finished plan without a copy: it can be looked at and applied. */
enum mulligan_status plan_restore(struct plan **out, const struct plan_parts *parts, struct fault *fault);
/** NULL is fine. */
void plan_close(struct plan *plan);

/** The copy to work on. It may be lent to a vm, which must have given it back before plan_finish() and plan_close(). */
struct store *plan_store(struct plan *plan);
/** The moment of the copy, at which the work's clock stands. */
int64_t plan_made_at(const struct plan *plan);
/** RANDOM_SOURCE_SEED_BYTES that the work's random numbers come from. Kept with the plan, and nowhere else. */
const unsigned char *plan_seed(const struct plan *plan);

/**
 * Ends the recording; a transaction that is still open is rolled back and not part of the plan. MULLIGAN_DENIED if
 * something was done that cannot be recorded. After it the plan can be looked at and applied; after a failure it can
 * only be closed.
 */
enum mulligan_status plan_finish(struct plan *plan, const struct scrub *scrub, struct fault *fault);

/**
 * The same for what was recorded so far, outside of transactions; the recording goes on. It may be done again and
 * again, and what is said of the plan below, and what is applied of it, is as of the last time.
 */
enum mulligan_status plan_look(struct plan *plan, const struct scrub *scrub, struct fault *fault);

/** What changeset_describe() says, with the values of columns that are named as secrets replaced. Lent. */
const json_t *plan_changes(const struct plan *plan);
/** The same as JSON text; NULL when out of memory. Lent. */
const char *plan_changes_text(struct plan *plan);
int64_t plan_row_count(const struct plan *plan);

/** The recorded changes, and the schema that they were made for. Lent. */
const struct changeset *plan_changeset(const struct plan *plan);
const char *plan_schema(const struct plan *plan);
/**
 * Has anything been committed to `live` by another connection since the copy was made? `live` is the store that it was
 * made from; for a restored plan nobody knows, and the answer is yes.
 */
enum mulligan_status plan_is_behind(const struct plan *plan, struct store *live, bool *behind, struct fault *fault);

#endif
