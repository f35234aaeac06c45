/**
 * plan.c - an operator's work on a private copy, and what it would change.
 *
 * Called by an operator's run, on its thread. Invariant: the recorder, while there is one, belongs to the copy, and
 * ends before it.
 */
#include "operator/plan.h"
#include "base/clock.h"
#include "data/frozen_sql.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plan {
  struct store *copy;                  /* NULL for one that was kept and brought back */
  struct changeset_recorder *recorder; /* NULL once finished */
  struct changeset changes;
  json_t *described; /* NULL until finished */
  char *text;        /* the same as JSON text, once somebody has asked for it */
  char schema[65];
  int64_t made_at;
  unsigned char seed[RANDOM_SOURCE_SEED_BYTES];
  int64_t version; /* PRAGMA data_version of the live store, read before the copy was made */
};

static const char data_version[] = "PRAGMA data_version";

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

/* Takes the copy and starts recording; the clock and the seed are set. */
static enum mulligan_status start(struct plan *plan, struct store *live, struct plan **out, struct fault *fault) {
  enum mulligan_status status = ask_number(live, data_version, &plan->version, fault);
  if (status == MULLIGAN_OK)
    status = copy_live(plan, live, fault);
  if (status == MULLIGAN_OK)
    status = frozen_sql_seed(plan->copy, plan->seed, fault);
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

enum mulligan_status plan_open(struct plan **out, struct store *live, struct fault *fault) {
  *out = NULL;
  struct plan *plan = calloc(1, sizeof *plan);
  if (!plan)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  plan->made_at = clock_wall_us();
  randombytes_buf(plan->seed, sizeof plan->seed);
  return start(plan, live, out, fault);
}

enum mulligan_status plan_open_again(struct plan **out, struct store *live, const struct plan *model,
                                     struct fault *fault) {
  *out = NULL;
  struct plan *plan = calloc(1, sizeof *plan);
  if (!plan)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  plan->made_at = model->made_at;
  memcpy(plan->seed, model->seed, sizeof plan->seed);
  return start(plan, live, out, fault);
}

enum mulligan_status plan_restore(struct plan **out, const struct plan_parts *parts, struct fault *fault) {
  *out = NULL;
  struct plan *plan = calloc(1, sizeof *plan);
  if (!plan) {
    struct changeset changes = parts->changes;
    changeset_release(&changes);
    json_decref(parts->described);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  plan->made_at = parts->made_at;
  memcpy(plan->seed, parts->seed, sizeof plan->seed);
  snprintf(plan->schema, sizeof plan->schema, "%s", parts->schema);
  plan->changes = parts->changes;
  plan->described = parts->described;
  plan->version = -1;
  *out = plan;
  return MULLIGAN_OK;
}

void plan_close(struct plan *plan) {
  if (!plan)
    return;
  changeset_abandon(plan->recorder);
  changeset_release(&plan->changes);
  json_decref(plan->described);
  free(plan->text);
  store_close(plan->copy);
  free(plan);
}

struct store *plan_store(struct plan *plan) {
  return plan->copy;
}

int64_t plan_made_at(const struct plan *plan) {
  return plan->made_at;
}

const unsigned char *plan_seed(const struct plan *plan) {
  return plan->seed;
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
  enum mulligan_status status = plan_look(plan, scrub, fault);
  changeset_abandon(plan->recorder);
  plan->recorder = NULL;
  return status;
}

enum mulligan_status plan_look(struct plan *plan, const struct scrub *scrub, struct fault *fault) {
  assert(plan->recorder);
  changeset_release(&plan->changes);
  json_decref(plan->described);
  plan->described = NULL;
  free(plan->text);
  plan->text = NULL;
  enum mulligan_status status = changeset_look(plan->recorder, &plan->changes, fault);
  if (status == MULLIGAN_OK)
    status = changeset_describe(&plan->changes, plan->copy, &plan->described, fault);
  if (status == MULLIGAN_OK)
    status = mask_secrets(plan->described, scrub, fault);
  return status;
}

const json_t *plan_changes(const struct plan *plan) {
  return plan->described;
}

/* Once for the audit and the plan's file alike: of a large plan, this takes longer than the work itself. */
const char *plan_changes_text(struct plan *plan) {
  if (!plan->text)
    plan->text = json_dumps(plan->described, JSON_COMPACT);
  return plan->text;
}

int64_t plan_row_count(const struct plan *plan) {
  return (int64_t)json_array_size(plan->described);
}

const struct changeset *plan_changeset(const struct plan *plan) {
  return &plan->changes;
}

const char *plan_schema(const struct plan *plan) {
  return plan->schema;
}

enum mulligan_status plan_is_behind(const struct plan *plan, struct store *live, bool *behind, struct fault *fault) {
  int64_t version;
  enum mulligan_status status = ask_number(live, data_version, &version, fault);
  *behind = status == MULLIGAN_OK && version != plan->version;
  return status;
}
