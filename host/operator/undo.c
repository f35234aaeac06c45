/**
 * undo.c - a run taken back.
 *
 * Called by `mulligan undo` and the REPL, on the main thread. The inverse is carried out on a plan's copy with
 * triggers off, as any changeset is, and what the session records there is the plan: exact as to the database of
 * today, books and all. Columns that keep books (the setting bookkeeping_columns) are put back where they stand as the
 * run left them, and else left alone.
 */
#include "operator/undo.h"

#include "base/clock.h"
#include "data/audit.h"
#include "operator/conflict_text.h"
#include "operator/offer.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <string.h>

enum { TEXT_CAP = 4096 };

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* ---- what takes it back ---- */

/* Is there anything to take back? */
static enum mulligan_status check_run(const json_t *run, struct fault *fault) {
  const char *id = text_of(run, "id"), *outcome = text_of(run, "outcome");
  if (strcmp(outcome, "running") == 0)
    return fault_set(fault, MULLIGAN_DENIED, words("%s is still running: there is nothing to take back yet"), id);
  if (strcmp(outcome, AUDIT_APPLIED) != 0)
    return fault_set(fault, MULLIGAN_DENIED, words("%s saved nothing (%s): there is nothing to take back"), id,
                     words(outcome));
  if (*text_of(run, "undone_by"))
    return fault_set(fault, MULLIGAN_DENIED, words("%s was taken back already, by %s"), id, text_of(run, "undone_by"));
  return MULLIGAN_OK;
}

enum mulligan_status undo_open(struct undo *out, const struct vm_services *services, const char *run,
                               struct fault *fault) {
  json_t *facts;
  const char *folder = services->settings->data;
  *out = (struct undo){.services = services};
  enum mulligan_status status = audit_get(folder, run, &facts, fault);
  if (status == MULLIGAN_OK)
    status = check_run(facts, fault);
  if (status == MULLIGAN_OK) {
    const char *at = text_of(facts, "started_at");
    snprintf(out->run, sizeof out->run, "%s", text_of(facts, "id"));
    snprintf(out->schema, sizeof out->schema, "%s", text_of(facts, "schema_hash"));
    clock_parse_rfc3339(at, strlen(at), &out->applied_at);
    status = audit_changes(folder, out->run, true, &out->inverse, fault);
  }
  json_decref(facts);
  return status;
}

void undo_close(struct undo *undo) {
  changeset_release(&undo->inverse);
}

enum mulligan_status undo_again(void *context, struct plan *plan, struct fault *fault) {
  const struct undo *undo = context;
  const struct settings *settings = undo->services->settings;
  struct changeset_conflict conflict = {0};
  int64_t rows;
  if (strcmp(undo->schema, plan_schema(plan)) != 0)
    return fault_set(fault, MULLIGAN_DENIED,
                     words("the database's tables have been changed since %s, so that it cannot be taken back"),
                     undo->run);
  const struct changeset_terms terms = {.schema_hash = undo->schema,
                                        .bookkeeping = (const char *const *)settings->bookkeeping.items,
                                        .bookkeeping_count = settings->bookkeeping.count,
                                        .conflict = &conflict};
  enum mulligan_status status = changeset_apply(&undo->inverse, plan_store(plan), &terms, &rows, fault);
  if (status == MULLIGAN_CONSTRAINT && conflict.kind != CHANGESET_NO_CONFLICT) {
    struct buf text;
    buf_init(&text, TEXT_CAP);
    conflict_text_add(&text, &conflict, settings->data, undo->applied_at, undo->run);
    fault_set(fault, status, "%s", text.data);
    buf_release(&text);
  }
  changeset_conflict_release(&conflict);
  return status;
}

/* ---- a run of its own ---- */

struct undoing {
  const struct undo_options *options;
  struct undo undo;
  struct store *live;
  struct run_record *record;
  struct plan *plan;
  enum job_outcome outcome;
  char message[OFFER_MESSAGE_SIZE];
};

static enum mulligan_status prepare(struct undoing *work, const struct vm_services *services, struct fault *fault) {
  const struct audit_options audit = {
      .folder = services->settings->data, .app_path = services->app_path, .app_lock = services->app_lock};
  const struct undo_options *options = work->options;
  enum mulligan_status status = audit_settle(&audit, fault);
  if (status == MULLIGAN_OK)
    status = undo_open(&work->undo, services, options->run, fault);
  if (status == MULLIGAN_OK)
    status = store_open(&work->live, services->app_path, STORE_READ_WRITE, services->app_lock, fault);
  if (status != MULLIGAN_OK)
    return status;
  const struct run_opening opening = {.kind = "undo",
                                      .name = work->undo.run,
                                      .operator_name = options->operator_name,
                                      .reason = options->reason,
                                      .command_line = options->command_line,
                                      .undoes = work->undo.run};
  return run_record_begin(&work->record, services, &opening, fault);
}

static enum mulligan_status make_plan(struct undoing *work, struct fault *fault) {
  enum mulligan_status status = plan_open(&work->plan, work->live, fault);
  if (status == MULLIGAN_OK)
    status = undo_again(&work->undo, work->plan, fault);
  if (status == MULLIGAN_OK)
    status = plan_finish(work->plan, work->undo.services->scrub, fault);
  if (status == MULLIGAN_OK)
    status = run_record_plan(work->record, work->plan, NULL, !work->options->apply, fault);
  return status;
}

static void fail(struct undoing *work, const struct fault *fault) {
  bool refused = fault->status == MULLIGAN_CONSTRAINT || fault->status == MULLIGAN_DENIED;
  snprintf(work->message, sizeof work->message, "%s", fault->message);
  work->outcome = refused ? JOB_REFUSED : JOB_FAILED;
  offer_tell("undo", work->message);
  offer_tell_unsaved();
}

static json_t *text_or_null(const char *text) {
  return *text ? json_string(text) : json_null();
}

static void print_json(const struct undoing *work) {
  const struct run_record *record = work->record;
  json_t *object = json_pack("{s:s, s:s, s:b, s:s, s:s?, s:I, s:O?, s:o, s:o, s:o, s:o}", "undoes", work->undo.run,
                             "outcome", offer_outcome_name(work->outcome), "saved", work->outcome == JOB_APPLIED,
                             "operator", work->options->operator_name, "reason", work->options->reason, "rows",
                             (json_int_t)(work->plan ? plan_row_count(work->plan) : 0), "changes",
                             work->plan ? plan_changes(work->plan) : NULL, "message", text_or_null(work->message),
                             "run", text_or_null(run_record_id(record)), "plan", text_or_null(run_record_sha(record)),
                             "audit_hash", text_or_null(run_record_hash(record)));
  if (!object || json_dumpf(object, stdout, JSON_INDENT(2)) != 0)
    fprintf(stderr, "mulligan undo: the JSON could not be written\n");
  fputc('\n', stdout);
  fflush(stdout);
  json_decref(object);
}

static void make_offer(struct undoing *work) {
  const struct undo_options *options = work->options;
  const struct offer offer = {.command = "undo",
                              .record = work->record,
                              .plan = work->plan,
                              .live = work->live,
                              .how = {.again = undo_again, .context = &work->undo},
                              .apply = options->apply,
                              .yes = options->yes,
                              .json = options->json,
                              .out = options->out,
                              .width = options->width};
  work->outcome = offer_make(&offer, work->message);
}

enum job_outcome undo_run(const struct vm_services *services, const struct undo_options *options) {
  struct undoing work = {.options = options};
  struct fault fault;
  terminal_catch_interrupt(words("Interrupted. Nothing has been saved."));
  if (prepare(&work, services, &fault) != MULLIGAN_OK) {
    fail(&work, &fault);
  } else {
    if (make_plan(&work, &fault) != MULLIGAN_OK)
      fail(&work, &fault);
    else
      make_offer(&work);
    if (run_record_end(work.record, offer_audit_outcome(work.outcome), work.message, &fault) != MULLIGAN_OK)
      fprintf(stderr, words("The audit could not be completed: %s\n"), fault.message);
    if (options->json)
      print_json(&work);
    else
      run_record_print(work.record, options->out);
  }
  run_record_close(work.record);
  plan_close(work.plan);
  store_close(work.live);
  undo_close(&work.undo);
  terminal_release_interrupt();
  return work.outcome;
}
