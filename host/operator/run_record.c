/**
 * run_record.c - one run of an operator's work, entered in the audit.
 *
 * Called by whoever runs a script, a notebook or the REPL, on that run's thread. Invariant: what goes into the audit
 * from here has its secrets taken out; the plan's file, and the plan itself, keep them.
 */
#include "operator/run_record.h"

#include "base/clock.h"
#include "operator/plan_file.h"
#include "operator/run_record_internal.h"
#include "operator/words.h"

#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT_MOST = 1 << 20, TEXT_CAP = 64 << 20, PLAN_CAP = 1 << 30 };

/* ---- beginning ---- */

static const char *unix_user(char number[24]) {
  const struct passwd *account = getpwuid(getuid());
  if (account)
    return account->pw_name;
  snprintf(number, 24, "%lu", (unsigned long)getuid());
  return number;
}

static void hash_source(const struct run_opening *opening, char out[65]) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, (const unsigned char *)opening->source, opening->source_length);
  sodium_bin2hex(out, 65, digest, sizeof digest);
}

/* What a plan's file will say of where it comes from. */
static json_t *make_origin(const struct run_record *record, const struct run_opening *opening, const char *hash) {
  return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:n, s:O?, s:n}", "run", record->id, "kind",
                   opening->kind, "name", opening->name, "operator", opening->operator_name, "reason", opening->reason,
                   "command_line", opening->command_line, "script", opening->script, "script_hash", hash, "undoes",
                   opening->undoes, "parameters", "masked", opening->parameters, "answers");
}

enum mulligan_status run_record_begin(struct run_record **out, const struct vm_services *services,
                                      const struct run_opening *opening, struct fault *fault) {
  *out = NULL;
  struct run_record *record = calloc(1, sizeof *record);
  if (!record)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  char number[24], hash[65] = "";
  const char *user = unix_user(number);
  if (opening->source)
    hash_source(opening, hash);
  const struct audit_options options = {
      .folder = services->settings->data, .app_path = services->app_path, .app_lock = services->app_lock};
  const struct audit_opening entry = {.kind = opening->kind,
                                      .name = opening->name,
                                      .user = user,
                                      .as = strcmp(user, opening->operator_name) ? opening->operator_name : NULL,
                                      .reason = opening->reason,
                                      .command_line = opening->command_line,
                                      .script = opening->script,
                                      .script_hash = *hash ? hash : NULL,
                                      .undoes = opening->undoes,
                                      .parameters = opening->parameters};
  record->services = services;
  record->cells = json_array();
  enum mulligan_status status =
      record->cells ? audit_open(&record->audit, &options, fault) : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (status == MULLIGAN_OK)
    status = audit_begin(record->audit, &entry, record->id, fault);
  if (status == MULLIGAN_OK && !(record->origin = make_origin(record, opening, *hash ? hash : NULL)))
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (status != MULLIGAN_OK) {
    fault_prefix(fault, "%s", words("the run cannot be entered in the audit, so nothing was run"));
    run_record_close(record);
    return status;
  }
  *out = record;
  return MULLIGAN_OK;
}

void run_record_close(struct run_record *record) {
  if (!record)
    return;
  audit_close(record->audit);
  json_decref(record->cells);
  json_decref(record->origin);
  free(record);
}

const char *run_record_id(const struct run_record *record) {
  return record->id;
}

const char *run_record_hash(const struct run_record *record) {
  return record->hash;
}

const char *run_record_sha(const struct run_record *record) {
  return record->sha;
}

/* ---- cells ---- */

/* A text without what the vm knows to be secret, and what gives itself away. NULL when out of memory. */
static json_t *clean_text(struct run_record *record, struct vm *vm, const char *text, size_t length) {
  struct buf clean;
  buf_init(&clean, TEXT_CAP);
  struct scrub_tally tally = {0};
  bool whole =
      vm ? vm_scrub_text(vm, text, length, &clean) : scrub_text(record->services->scrub, text, length, &clean, &tally);
  json_t *json = whole ? json_stringn(clean.data, clean.length) : NULL;
  buf_release(&clean);
  return json;
}

/* A copy with every text cleaned, and whatever stands under a secret name replaced. NULL when out of memory. */
static json_t *clean_json(struct run_record *record, struct vm *vm, const json_t *value) {
  const char *name;
  json_t *item, *copy;
  size_t index;
  bool whole = true;
  switch (json_typeof(value)) {
  case JSON_STRING:
    return clean_text(record, vm, json_string_value(value), json_string_length(value));
  case JSON_ARRAY:
    copy = json_array();
    json_array_foreach((json_t *)value, index, item) {
      whole = json_array_append_new(copy, clean_json(record, vm, item)) == 0 && whole;
    }
    break;
  case JSON_OBJECT:
    copy = json_object();
    json_object_foreach((json_t *)value, name, item) {
      bool secret = !json_is_null(item) && scrub_is_secret_name(record->services->scrub, name, strlen(name));
      json_t *clean = secret ? json_string(MULLIGAN_SCRUBBED) : clean_json(record, vm, item);
      whole = json_object_set_new(copy, name, clean) == 0 && whole;
    }
    break;
  default:
    return json_incref((json_t *)value);
  }
  if (whole)
    return copy;
  json_decref(copy);
  return NULL;
}

static size_t text_size(const json_t *value) {
  return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* Keeps the items of a cell's output as far as the space goes, and counts the rest. */
static json_t *keep_output(struct run_record *record, struct vm *vm, const json_t *output) {
  json_t *item, *kept = json_array();
  size_t index, left_out = 0;
  json_array_foreach((json_t *)output, index, item) {
    size_t size = left_out ? 0 : text_size(item);
    if (left_out || record->output_size + size > OUTPUT_MOST) {
      left_out++;
      continue;
    }
    json_t *clean = clean_json(record, vm, item);
    if (!clean || json_array_append_new(kept, clean) != 0) {
      json_decref(kept);
      return NULL;
    }
    record->output_size += size;
  }
  if (left_out > 0)
    json_array_append_new(kept, json_pack("{s:s, s:I}", "kind", "left_out", "items", (json_int_t)left_out));
  return kept;
}

enum mulligan_status run_record_add_cell(struct run_record *record, const char *source, const json_t *output,
                                         struct vm *vm, struct fault *fault) {
  json_t *text = json_null();
  if (source && record->output_size + strlen(source) <= OUTPUT_MOST) {
    text = clean_text(record, vm, source, strlen(source));
    record->output_size += strlen(source);
  }
  json_t *kept = keep_output(record, vm, output);
  json_t *cell = json_pack("{s:O, s:O}", "source", text, "output", kept);
  json_decref(text);
  json_decref(kept);
  if (!cell || json_array_append_new(record->cells, cell) != 0)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  return MULLIGAN_OK;
}

/* ---- the plan ---- */

static void prune(const struct run_record *record) {
  double keep = record->services->settings->plan_keep;
  if (keep > 0)
    plan_file_prune(record->services->settings->data, clock_wall_us() - (int64_t)(keep * 1e6));
}

void run_record_note_answers(struct run_record *record, const json_t *answers) {
  json_object_set(record->origin, "answers", (json_t *)answers);
}

/* Works out the SHA, and keeps the file if that is wanted. */
static enum mulligan_status compose(struct run_record *record, struct plan *plan, const json_t *values, bool keep,
                                    struct fault *fault) {
  struct buf text;
  const char *data = record->services->settings->data;
  buf_init(&text, PLAN_CAP);
  if (values)
    json_object_set(record->origin, "parameters", (json_t *)values);
  enum mulligan_status status = plan_file_compose(plan, record->origin, &text, record->sha, fault);
  if (status == MULLIGAN_OK && keep) {
    status = plan_file_write(data, record->sha, &text, fault);
    prune(record);
  }
  record->kept = keep && status == MULLIGAN_OK;
  buf_release(&text);
  return status;
}

static enum mulligan_status enter_plan(struct run_record *record, struct plan *plan, struct fault *fault) {
  struct changeset inverse = {0};
  const char *described = plan_changes_text(plan);
  enum mulligan_status status = described ? changeset_invert(plan_changeset(plan), &inverse, fault)
                                          : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (status == MULLIGAN_OK)
    status = audit_plan(record->audit, record->id,
                        &(struct audit_plan){.sha = record->sha,
                                             .schema = plan_schema(plan),
                                             .changes = plan_changeset(plan),
                                             .inverse = &inverse,
                                             .described = described,
                                             .rows = record->rows},
                        fault);
  changeset_release(&inverse);
  return status;
}

enum mulligan_status run_record_plan(struct run_record *record, struct plan *plan, const json_t *values, bool keep,
                                     struct fault *fault) {
  record->rows = plan_row_count(plan);
  if (record->rows == 0)
    return MULLIGAN_OK;
  enum mulligan_status status = compose(record, plan, values, keep, fault);
  return status == MULLIGAN_OK ? enter_plan(record, plan, fault) : status;
}

enum mulligan_status run_record_kept_plan(struct run_record *record, struct plan *plan, const char *sha,
                                          struct fault *fault) {
  record->rows = plan_row_count(plan);
  snprintf(record->sha, sizeof record->sha, "%s", sha);
  return enter_plan(record, plan, fault);
}

/* ---- the end ---- */

enum mulligan_status run_record_end(struct run_record *record, const char *outcome, const char *message,
                                    struct fault *fault) {
  const char *said = record->applied ? AUDIT_APPLIED : outcome;
  json_t *clean = message && *message ? clean_text(record, NULL, message, strlen(message)) : NULL;
  enum mulligan_status status = audit_end(
      record->audit, record->id,
      &(struct audit_ending){
          .outcome = said, .rows = record->rows, .message = json_string_value(clean), .output = record->cells},
      fault);
  json_decref(clean);
  struct run_table_head head = audit_head(record->audit);
  snprintf(record->hash, sizeof record->hash, "%s", head.hash);
  return status;
}

void run_record_print(const struct run_record *record, FILE *out) {
  fprintf(out, words("\nRun %s is in the audit.\n"), record->id);
  if (record->applied)
    fprintf(out, words("To take it back: mulligan undo %s\n"), record->id);
  else if (record->kept)
    fprintf(out, words("This plan is kept: mulligan plan apply %.12s\n"), record->sha);
  if (*record->hash)
    fprintf(out, words("Audit hash: %s\n"), record->hash);
  fflush(out);
}
