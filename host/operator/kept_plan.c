/**
 * kept_plan.c - plans that were kept.
 *
 * Called by `mulligan plan`, on the main thread. A plan is applied once: the audit knows which ones were.
 */
#include "operator/kept_plan.h"

#include "base/log.h"
#include "data/audit.h"
#include "operator/notebook_folder.h"
#include "operator/notebook_play.h"
#include "operator/offer.h"
#include "operator/plan_file.h"
#include "operator/plan_text.h"
#include "operator/script.h"
#include "operator/script_run.h"
#include "operator/table.h"
#include "operator/terminal.h"
#include "operator/undo.h"
#include "operator/words.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 64 << 20, SHORT_SHA = 12, MINUTES = 16 /* "2021-11-13T14:59" */ };

static const char command[] = "plan";

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static enum job_outcome fail(const struct fault *fault) {
  bool refused = fault->status == MULLIGAN_CONSTRAINT || fault->status == MULLIGAN_DENIED;
  offer_tell(command, fault->message);
  return refused ? JOB_REFUSED : JOB_FAILED;
}

static enum job_outcome print_json(const json_t *value) {
  if (json_dumpf(value, stdout, JSON_INDENT(2)) != 0)
    return JOB_FAILED;
  fputc('\n', stdout);
  fflush(stdout);
  return JOB_PLANNED;
}

/* The run that applied the plan, or null. */
static json_t *applied_by(const struct vm_services *services, const char *sha) {
  char run[MULLIGAN_REFERENCE_SIZE];
  if (audit_find_plan(services->settings->data, sha, run, NULL) != MULLIGAN_OK)
    return json_null();
  return json_string(run);
}

static enum mulligan_status settle(const struct vm_services *services, struct fault *fault) {
  const struct audit_options audit = {
      .folder = services->settings->data, .app_path = services->app_path, .app_lock = services->app_lock};
  return audit_settle(&audit, fault);
}

/* ---- list ---- */

/* A row of the table: what fits a line. */
static json_t *line_of(const json_t *entry) {
  if (json_object_get(entry, "problem"))
    return json_pack("{s:s%, s:s, s:s, s:s, s:s, s:s, s:O}", "plan", text_of(entry, "sha"), (size_t)SHORT_SHA, "made",
                     "", "by", "", "what", "", "rows", "", "applied", "", "problem", json_object_get(entry, "problem"));
  const char *applied = text_of(entry, "applied_by");
  char made[MINUTES + 1];
  snprintf(made, sizeof made, "%s", text_of(entry, "made_at"));
  return json_pack("{s:s%, s:s, s:s, s:s, s:O, s:s}", "plan", text_of(entry, "sha"), (size_t)SHORT_SHA, "made", made,
                   "by", text_of(entry, "operator"), "what", text_of(entry, "name"), "rows",
                   json_object_get(entry, "rows"), "applied", applied);
}

static void print_list(const json_t *list, const struct kept_plan_options *options) {
  struct buf text;
  size_t index;
  json_t *entry, *lines = json_array(),
                 *columns = json_pack("[s, s, s, s, s, s]", "plan", "made", "by", "what", "rows", "applied");
  buf_init(&text, TEXT_CAP);
  json_array_foreach((json_t *)list, index, entry) {
    json_array_append_new(lines, line_of(entry));
    if (json_object_get(entry, "problem"))
      fprintf(stderr, "mulligan %s: %s\n", command, text_of(entry, "problem"));
  }
  if (json_array_size(list) == 0)
    buf_addf(&text, "%s\n", words("There are no plans."));
  else
    table_add(&text, columns, lines, options->width);
  fwrite(text.data, 1, text.length, options->out);
  buf_release(&text);
  json_decref(columns);
  json_decref(lines);
}

enum job_outcome kept_plan_list(const struct vm_services *services, const struct kept_plan_options *options) {
  json_t *list, *entry;
  struct fault fault;
  size_t index;
  if (settle(services, &fault) != MULLIGAN_OK)
    log_warning("%s", fault.message); /* what is there can be shown all the same */
  if (plan_file_list(services->settings->data, &list, &fault) != MULLIGAN_OK)
    return fail(&fault);
  json_array_foreach(list, index, entry)
      json_object_set_new(entry, "applied_by", applied_by(services, text_of(entry, "sha")));
  enum job_outcome outcome = JOB_PLANNED;
  if (options->json)
    outcome = print_json(list);
  else
    print_list(list, options);
  json_decref(list);
  return outcome;
}

/* ---- one plan ---- */

struct kept {
  char sha[PLAN_FILE_SHA_SIZE];
  struct plan *plan;
  json_t *origin;
};

static enum mulligan_status open_kept(struct kept *out, const struct vm_services *services, const char *prefix,
                                      struct fault *fault) {
  const char *data = services->settings->data;
  *out = (struct kept){0};
  enum mulligan_status status = plan_file_find(data, prefix, out->sha, fault);
  return status == MULLIGAN_OK ? plan_file_read(data, out->sha, &out->plan, &out->origin, fault) : status;
}

static void close_kept(struct kept *kept) {
  plan_close(kept->plan);
  json_decref(kept->origin);
}

static void print_plan(const struct vm_services *services, const struct kept *kept,
                       const struct kept_plan_options *options) {
  const json_t *origin = kept->origin;
  json_t *run = applied_by(services, kept->sha);
  struct buf text;
  buf_init(&text, TEXT_CAP);
  buf_addf(&text, words("plan %s\nmade %s by %s (%s, %s %s)\n"), kept->sha, text_of(origin, "made_at"),
           text_of(origin, "operator"), text_of(origin, "run"), text_of(origin, "kind"), text_of(origin, "name"));
  if (*text_of(origin, "reason"))
    buf_addf(&text, words("reason: %s\n"), text_of(origin, "reason"));
  if (json_is_string(run))
    buf_addf(&text, words("applied already, by %s\n"), json_string_value(run));
  plan_text_add(&text, plan_changes(kept->plan), options->width);
  fwrite(text.data, 1, text.length, options->out);
  buf_release(&text);
  json_decref(run);
}

enum job_outcome kept_plan_show(const struct vm_services *services, const struct kept_plan_options *options) {
  struct kept kept;
  struct fault fault;
  enum job_outcome outcome = JOB_PLANNED;
  if (open_kept(&kept, services, options->sha, &fault) != MULLIGAN_OK) {
    outcome = fail(&fault);
  } else if (!options->json) {
    print_plan(services, &kept, options);
  } else {
    json_object_set_new(kept.origin, "sha", json_string(kept.sha));
    json_object_set(kept.origin, "parameters", json_object_get(kept.origin, "masked"));
    json_object_del(kept.origin, "masked");
    json_object_set_new(kept.origin, "applied_by", applied_by(services, kept.sha));
    json_object_set(kept.origin, "changes", (json_t *)plan_changes(kept.plan));
    outcome = print_json(kept.origin);
  }
  close_kept(&kept);
  return outcome;
}

/* ---- apply ---- */

struct application {
  const struct vm_services *services;
  const struct kept_plan_options *options;
  struct kept kept;
  struct vm_services vm_services; /* without a database */
  struct script_run script;
  struct notebook_place place; /* of the notebook that made it, if one did */
  struct notebook notebook;
  struct notebook_work notebook_work;
  json_t *secrets;
  struct undo undo;
  struct run_application how;
  struct store *live;
  struct run_record *record;
  enum job_outcome outcome;
  char message[OFFER_MESSAGE_SIZE];
};

/* The parameters that were masked are the secret ones. */
static json_t *secrets_of(const json_t *origin) {
  json_t *list = json_array(), *value;
  const json_t *masked = json_object_get(origin, "masked");
  const char *name;
  json_object_foreach(json_object_get(origin, "parameters"), name, value) {
    if (json_is_string(value) && !json_equal(value, json_object_get(masked, name)))
      json_array_append(list, value);
  }
  return list;
}

static enum mulligan_status prepare_script(struct application *work, struct generation *generation,
                                           struct fault *fault) {
  const json_t *origin = work->kept.origin;
  char name[256];
  if (!script_exists(generation, text_of(origin, "name"), name))
    return fault_set(fault, MULLIGAN_DENIED, words("the script %s, which made this plan, is not there any more"),
                     text_of(origin, "name"));
  work->vm_services = *work->services;
  work->vm_services.app_path = NULL;
  work->vm_services.app_lock = NULL;
  work->secrets = secrets_of(origin);
  work->script = (struct script_run){.services = &work->vm_services,
                                     .generation = generation,
                                     .name = text_of(origin, "name"),
                                     .values = json_object_get(origin, "parameters"),
                                     .secrets = work->secrets,
                                     .operator_name = text_of(origin, "operator"),
                                     .answers = json_object_get(origin, "answers")};
  work->how = (struct run_application){.again = script_run_again, .context = &work->script};
  return MULLIGAN_OK;
}

static enum mulligan_status prepare_notebook(struct application *work, struct generation *generation,
                                             struct fault *fault) {
  const json_t *origin = work->kept.origin;
  enum mulligan_status status =
      notebook_place_find(&work->place, work->services->settings, text_of(origin, "script"), fault);
  if (status == MULLIGAN_OK)
    status = notebook_read(&work->notebook, work->place.path, fault);
  if (status != MULLIGAN_OK)
    return status;
  work->secrets = secrets_of(origin);
  work->notebook_work = (struct notebook_work){.services = work->services,
                                               .generation = generation,
                                               .notebook = &work->notebook,
                                               .name = text_of(origin, "name"),
                                               .file = text_of(origin, "script"),
                                               .values = json_object_get(origin, "parameters"),
                                               .secrets = work->secrets,
                                               .operator_name = text_of(origin, "operator"),
                                               .answers = json_object_get(origin, "answers")};
  work->how = (struct run_application){.again = notebook_play_again, .context = &work->notebook_work};
  return MULLIGAN_OK;
}

/* How the work can be done once more, by what it was. */
static enum mulligan_status prepare_again(struct application *work, struct generation *generation,
                                          struct fault *fault) {
  const char *kind = text_of(work->kept.origin, "kind");
  if (strcmp(kind, "script") == 0)
    return prepare_script(work, generation, fault);
  if (strcmp(kind, "notebook") == 0)
    return prepare_notebook(work, generation, fault);
  if (strcmp(kind, "undo") != 0)
    return MULLIGAN_OK;
  work->how = (struct run_application){.again = undo_again, .context = &work->undo};
  return undo_open(&work->undo, work->services, text_of(work->kept.origin, "undoes"), fault);
}

static enum mulligan_status begin(struct application *work, struct fault *fault) {
  const struct kept_plan_options *options = work->options;
  const json_t *origin = work->kept.origin;
  const char *undoes = text_of(origin, "undoes"), *reason = text_of(origin, "reason");
  const json_t *masked = json_object_get(origin, "masked");
  const struct run_opening opening = {.kind = "plan",
                                      .name = text_of(origin, "name"),
                                      .operator_name = options->operator_name,
                                      .reason = options->reason ? options->reason
                                                : *reason       ? reason
                                                                : NULL,
                                      .command_line = options->command_line,
                                      .script = json_string_value(json_object_get(origin, "script")),
                                      .undoes = *undoes ? undoes : NULL,
                                      .parameters = json_is_object(masked) ? masked : NULL};
  enum mulligan_status status =
      store_open(&work->live, work->services->app_path, STORE_READ_WRITE, work->services->app_lock, fault);
  if (status == MULLIGAN_OK)
    status = run_record_begin(&work->record, work->services, &opening, fault);
  if (status == MULLIGAN_OK)
    status = run_record_kept_plan(work->record, work->kept.plan, work->kept.sha, fault);
  return status;
}

static enum mulligan_status check_unapplied(const struct application *work, struct fault *fault) {
  char run[MULLIGAN_REFERENCE_SIZE];
  enum mulligan_status status = audit_find_plan(work->services->settings->data, work->kept.sha, run, fault);
  if (status == MULLIGAN_OK)
    return fault_set(fault, MULLIGAN_DENIED, words("this plan was applied already, by %s"), run);
  return status == MULLIGAN_MISSING ? MULLIGAN_OK : status;
}

static void make_offer(struct application *work) {
  const struct kept_plan_options *options = work->options;
  const struct offer offer = {
      .command = command,
      .record = work->record,
      .plan = work->kept.plan,
      .live = work->live,
      .how = work->how,
      .email = json_string_value(json_object_get(json_object_get(work->kept.origin, "parameters"), "email")),
      .apply = true,
      .yes = options->yes,
      .json = options->json,
      .out = options->out,
      .width = options->width};
  work->outcome = offer_make(&offer, work->message);
}

static json_t *text_or_null(const char *text) {
  return *text ? json_string(text) : json_null();
}

static void tell_end(struct application *work) {
  struct fault fault;
  if (run_record_end(work->record, offer_audit_outcome(work->outcome), work->message, &fault) != MULLIGAN_OK)
    fprintf(stderr, words("The audit could not be completed: %s\n"), fault.message);
  if (!work->options->json) {
    run_record_print(work->record, work->options->out);
    return;
  }
  json_t *object = json_pack("{s:s, s:s, s:s, s:b, s:s, s:I, s:O, s:o, s:s, s:o}", "plan", work->kept.sha, "name",
                             text_of(work->kept.origin, "name"), "outcome", offer_outcome_name(work->outcome), "saved",
                             work->outcome == JOB_APPLIED, "operator", work->options->operator_name, "rows",
                             (json_int_t)plan_row_count(work->kept.plan), "changes", plan_changes(work->kept.plan),
                             "message", text_or_null(work->message), "run", run_record_id(work->record), "audit_hash",
                             text_or_null(run_record_hash(work->record)));
  print_json(object);
  json_decref(object);
}

enum job_outcome kept_plan_apply(const struct vm_services *services, struct generation *generation,
                                 const struct kept_plan_options *options) {
  struct application work = {.services = services, .options = options};
  struct fault fault;
  terminal_catch_interrupt(words("Interrupted. Nothing has been saved."));
  enum mulligan_status status = settle(services, &fault);
  if (status == MULLIGAN_OK)
    status = open_kept(&work.kept, services, options->sha, &fault);
  if (status == MULLIGAN_OK)
    status = check_unapplied(&work, &fault);
  if (status == MULLIGAN_OK)
    status = prepare_again(&work, generation, &fault);
  if (status == MULLIGAN_OK)
    status = begin(&work, &fault);
  if (status != MULLIGAN_OK) {
    work.outcome = fail(&fault);
    offer_tell_unsaved();
  } else {
    make_offer(&work);
    tell_end(&work);
  }
  run_record_close(work.record);
  store_close(work.live);
  undo_close(&work.undo);
  notebook_release(&work.notebook);
  notebook_place_release(&work.place);
  json_decref(work.secrets);
  close_kept(&work.kept);
  terminal_release_interrupt();
  return work.outcome;
}
