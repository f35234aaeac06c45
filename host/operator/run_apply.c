/**
 * run_apply.c - a run's plan carried into the live database, exactly or not at all.
 *
 * Called by whoever runs something, on that run's thread, once the operator has confirmed.
 *
 * A changeset guards the rows that it changes. What the work only read (is there a place left?) may have changed too,
 * so that when anybody has committed anything since the copy was made, the work is done once more and must come out the
 * same. That is tried first without any lock, since it may take a while; then, inside the write transaction, it is
 * looked whether yet another commit came in between, and if so it is done again there, on a copy of what the
 * transaction found. Inside the transaction the rows are applied first: of two reasons to refuse, the row and the name
 * of who changed it is the one that helps.
 *
 * Invariant: nothing is committed but by changeset_apply(), together with the run's id.
 */
#include "base/clock.h"
#include "operator/conflict_text.h"
#include "operator/run_record_internal.h"
#include "operator/words.h"

#include <string.h>

enum { PASSES = 3, TEXT_CAP = 4096 };

struct attempt {
  struct run_record *record;
  const struct plan *plan;
  const struct run_application *how;
  struct store *live;
  struct plan *latest;  /* the work done once more, where it came out the same; NULL: `plan` is the latest */
  bool differs;         /* it did not */
  struct fault because; /* and why */
};

static const struct plan *latest_of(const struct attempt *attempt) {
  return attempt->latest ? attempt->latest : attempt->plan;
}

/* ---- once more ---- */

static enum mulligan_status differ(struct fault *fault, const char *why) {
  return fault_set(fault, MULLIGAN_DENIED,
                   words("the database has changed since this was planned, and now it would come out differently: %s"),
                   why);
}

/* Does the work once more on a copy of what `source` sees. MULLIGAN_DENIED if it comes out differently. */
static enum mulligan_status do_again(struct attempt *attempt, struct store *source, struct plan **out,
                                     struct fault *fault) {
  struct plan *fresh;
  struct fault why;
  bool same = false;
  *out = NULL;
  enum mulligan_status status = plan_open_again(&fresh, source, attempt->plan, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = attempt->how->again(attempt->how->context, fresh, &why);
  if (status == MULLIGAN_OK)
    status = plan_finish(fresh, attempt->record->services->scrub, &why);
  if (status == MULLIGAN_OK)
    status = changeset_same(plan_changeset(attempt->plan), plan_changeset(fresh), &same, &why);
  if (status == MULLIGAN_OK && same) {
    *out = fresh;
    return MULLIGAN_OK;
  }
  plan_close(fresh);
  if (status != MULLIGAN_OK)
    return differ(fault, why.message);
  return differ(fault, words("other rows would change, or in another way"));
}

/* Without a lock. A different outcome is noted, not told: the rows may yet say more. */
static enum mulligan_status catch_up(struct attempt *attempt, struct fault *fault) {
  for (int pass = 0; pass < PASSES && attempt->how->again; pass++) {
    bool behind;
    struct plan *fresh;
    enum mulligan_status status = plan_is_behind(latest_of(attempt), attempt->live, &behind, fault);
    if (status != MULLIGAN_OK || !behind)
      return status;
    if (do_again(attempt, attempt->live, &fresh, &attempt->because) != MULLIGAN_OK) {
      attempt->differs = true;
      return MULLIGAN_OK;
    }
    plan_close(attempt->latest);
    attempt->latest = fresh;
  }
  return MULLIGAN_OK;
}

/* The same under the write lock: another connection reads what the transaction found. */
static enum mulligan_status catch_up_inside(struct attempt *attempt, struct fault *fault) {
  struct store *reader;
  struct plan *fresh = NULL;
  bool behind;
  enum mulligan_status status = plan_is_behind(latest_of(attempt), attempt->live, &behind, fault);
  if (status != MULLIGAN_OK || !behind)
    return status;
  status = store_open(&reader, store_path(attempt->live), STORE_READ_ONLY, NULL, fault);
  if (status == MULLIGAN_OK)
    status = do_again(attempt, reader, &fresh, fault);
  plan_close(fresh);
  store_close(reader);
  return status;
}

/* ---- the transaction ---- */

/* The last step inside it: the rows are in. */
static enum mulligan_status seal(void *context, struct store *live, struct fault *fault) {
  struct attempt *attempt = context;
  enum mulligan_status status = MULLIGAN_OK;
  if (attempt->differs)
    status = fault_set(fault, attempt->because.status, "%s", attempt->because.message);
  else if (attempt->how->again)
    status = catch_up_inside(attempt, fault);
  if (status != MULLIGAN_OK)
    return status;
  if (attempt->how->point_of_no_return)
    attempt->how->point_of_no_return();
  struct run_table_head head = audit_head(attempt->record->audit);
  return run_table_enter(live, attempt->record->id, &head, fault);
}

/* The operator's words for what changeset_apply() said. */
static void explain(const struct attempt *attempt, const struct changeset_conflict *conflict, struct fault *fault) {
  struct buf text;
  if (conflict->kind == CHANGESET_NO_CONFLICT) {
    char own[sizeof fault->message];
    memcpy(own, fault->message, sizeof own);
    fault_set(fault, fault->status, "%s", words(own));
    return;
  }
  buf_init(&text, TEXT_CAP);
  conflict_text_add(&text, conflict, attempt->record->services->settings->data, plan_made_at(attempt->plan), NULL);
  fault_set(fault, MULLIGAN_CONSTRAINT, "%s", text.data);
  buf_release(&text);
}

enum mulligan_status run_record_apply(struct run_record *record, const struct plan *plan, struct store *live,
                                      const struct run_application *how, int64_t *rows, struct fault *fault) {
  struct attempt attempt = {.record = record, .plan = plan, .how = how, .live = live};
  struct changeset_conflict conflict = {0};
  const struct changeset_terms terms = {
      .schema_hash = plan_schema(plan), .seal = seal, .context = &attempt, .conflict = &conflict};
  struct fault own;
  enum mulligan_status status = catch_up(&attempt, &own);
  if (status == MULLIGAN_OK)
    status = changeset_apply(plan_changeset(plan), live, &terms, rows, &own);
  if (status == MULLIGAN_OK)
    record->applied = true;
  else
    explain(&attempt, &conflict, &own);
  if (status != MULLIGAN_OK && fault)
    *fault = own;
  changeset_conflict_release(&conflict);
  plan_close(attempt.latest);
  return status;
}
