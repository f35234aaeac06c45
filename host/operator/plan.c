/**
 * plan.c - an operator's work on a private copy, and what it would change.
 *
 * Called by an operator's run, on its thread. Invariant: the recorder, while there is one, belongs to the copy, and
 * ends before it.
 */
#include "operator/plan.h"
#include "base/clock.h"
#include "data/changeset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct plan {
  struct store *copy;
  struct changeset_recorder *recorder; /* NULL once finished */
  struct changeset changes;
  json_t *described; /* NULL until finished */
  char schema[65];
  int64_t made_at;
};

/* The number that a PRAGMA answers with. */
static enum mulligan_status ask_number(struct store *store, const char *pragma, int64_t *out, struct fault *fault) {
  struct store_statement *statement;
  bool row = false;
  enum mulligan_status status = store_prepare(store, pragma, strlen(pragma), &statement, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = store_step(statement, &row, fault);
  if (status == MULLIGAN_OK)
    *out = row ? store_column_integer(statement, 0) : 0;
  store_finish(statement);
  return status;
}

static enum mulligan_status copy_live(struct plan *plan, struct store *live, struct fault *fault) {
  int64_t pages = 0, page_size = 0;
  enum mulligan_status status = ask_number(live, "PRAGMA page_count", &pages, fault);
  if (status == MULLIGAN_OK)
    status = ask_number(live, "PRAGMA page_size", &page_size, fault);
  if (status != MULLIGAN_OK)
    return status;
  /* The empty path is SQLite's own temporary file: it has no name, so that nothing is left behind whatever happens. */
  const char *path = pages > PLAN_MEMORY_BYTES / page_size ? "" : ":memory:";
  status = store_open(&plan->copy, path, STORE_READ_WRITE, NULL, fault);
  if (status == MULLIGAN_OK)
    status = store_copy(live, plan->copy, fault);
  return status;
}

enum mulligan_status plan_open(struct plan **out, struct store *live, struct fault *fault) {
  *out = NULL;
  struct plan *plan = calloc(1, sizeof *plan);
  if (!plan)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  plan->made_at = clock_wall_us();
  enum mulligan_status status = copy_live(plan, live, fault);
  if (status == MULLIGAN_OK)
    status = changeset_schema_hash(plan->copy, plan->schema, fault);
  if (status == MULLIGAN_OK)
    status = changeset_begin(&plan->recorder, plan->copy, fault);
  if (status != MULLIGAN_OK) {
    plan_close(plan);
    return status;
  }
  *out = plan;
  return MULLIGAN_OK;
}

void plan_close(struct plan *plan) {
  if (!plan)
    return;
  changeset_abandon(plan->recorder);
  changeset_release(&plan->changes);
  json_decref(plan->described);
  store_close(plan->copy);
  free(plan);
}

struct store *plan_store(struct plan *plan) {
  return plan->copy;
}

int64_t plan_made_at(const struct plan *plan) {
  return plan->made_at;
}

/* ---- the result ---- */

static enum mulligan_status mask_row(json_t *row, const struct scrub *scrub, struct fault *fault) {
  const char *column;
  json_t *value;
  json_object_foreach(row, column, value) {
    if (json_is_null(value) || !scrub_is_secret_name(scrub, column, strlen(column)))
      continue;
    if (json_object_set_new(row, column, json_string(MULLIGAN_SCRUBBED)) != 0)
      return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  return MULLIGAN_OK;
}

static enum mulligan_status mask_secrets(json_t *changes, const struct scrub *scrub, struct fault *fault) {
  static const char *const rows[] = {"key", "before", "after"};
  enum mulligan_status status = MULLIGAN_OK;
  size_t index;
  json_t *change;
  json_array_foreach(changes, index, change) {
    for (size_t i = 0; status == MULLIGAN_OK && i < sizeof rows / sizeof *rows; i++)
      status = mask_row(json_object_get(change, rows[i]), scrub, fault);
  }
  return status;
}

enum mulligan_status plan_finish(struct plan *plan, const struct scrub *scrub, struct fault *fault) {
  assert(plan->recorder);
  store_rollback(plan->copy);
  struct changeset_recorder *recorder = plan->recorder;
  plan->recorder = NULL;
  enum mulligan_status status = changeset_end(recorder, &plan->changes, fault);
  if (status == MULLIGAN_OK)
    status = changeset_describe(&plan->changes, plan->copy, &plan->described, fault);
  if (status == MULLIGAN_OK)
    status = mask_secrets(plan->described, scrub, fault);
  return status;
}

const json_t *plan_changes(const struct plan *plan) {
  return plan->described;
}

int64_t plan_row_count(const struct plan *plan) {
  return (int64_t)json_array_size(plan->described);
}

enum mulligan_status plan_apply(const struct plan *plan, struct store *live, int64_t *rows, struct fault *fault) {
  assert(plan->described);
  return changeset_apply(&plan->changes, live, plan->schema, rows, fault);
}
