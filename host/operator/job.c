/**
 * job.c - one run of an operator script.
 *
 * Called by the commands, on the main thread. The steps are those of job_run(), in order; each leaves its outcome in
 * the job and the rest is skipped once there is one. Invariants: until offer_make() the live database is only read; no
 * script runs before its run is entered in the audit.
 */
#include "operator/job.h"
#include "base/buf.h"
#include "operator/answers.h"
#include "operator/arguments.h"
#include "operator/command_line.h"
#include "operator/display.h"
#include "operator/offer.h"
#include "operator/run_record.h"
#include "operator/script.h"
#include "operator/script_run.h"
#include "operator/table.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 256, TEXT_CAP = 64 << 20 };

struct job {
  const struct job_options *options;
  const struct vm_services *services; /* with the live database */
  struct vm_services vm_services;     /* without: a vm gets the plan's copy, or none */
  struct generation *generation;
  char name[NAME_SIZE];
  struct vm *vm;
  struct operator_script script;
  json_t *values;  /* the parameters; secrets are among them */
  json_t *secrets; /* the texts among them that are secret */
  struct store *live;
  struct run_record *record; /* NULL until the run is entered in the audit */
  struct script_run run;
  struct plan *plan;
  struct display display;
  struct answers answers;
  bool ended; /* `outcome` holds */
  enum job_outcome outcome;
  char message[OFFER_MESSAGE_SIZE]; /* why, for the JSON and the audit */
  char reference[MULLIGAN_REFERENCE_SIZE];
  int64_t rows;
};

/* ---- endings ---- */

static void end(struct job *job, enum job_outcome outcome) {
  job->outcome = outcome;
  job->ended = true;
}

/* Ends the job with a reason, told on standard error. */
static void end_because(struct job *job, enum job_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void end_because(struct job *job, enum job_outcome outcome, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(job->message, sizeof job->message, format, args);
  va_end(args);
  offer_tell(job->options->command, job->message);
  end(job, outcome);
}

/* Ends the job with what the script said when it failed, without what it was told in confidence. */
static void end_with_failure(struct job *job, const struct fault *fault) {
  struct buf clean;
  buf_init(&clean, TEXT_CAP);
  bool good = vm_scrub_text(job->vm, fault->message, strlen(fault->message), &clean);
  end_because(job, JOB_FAILED, words("the script failed: %s"), good ? clean.data : "out of memory");
  buf_release(&clean);
}

/* What went wrong inside the script becomes a row of ErrorLog, and the operator gets its reference. */
static void end_with_error(struct job *job, const struct fault *fault) {
  struct error_record *record = vm_take_error(job->vm);
  end_with_failure(job, fault);
  if (record && job->services->errors) {
    char script[NAME_SIZE + sizeof "scripts/operators/.lua"];
    int length = snprintf(script, sizeof script, "scripts/operators/%s.lua", job->name);
    const char *who = job->options->operator_name;
    record->source = ERROR_SOURCE_OPERATOR;
    record->args = job->values ? arguments_masked(&job->script, job->values, job->services->scrub) : NULL;
    error_record_set(record, &record->script, script, (size_t)length, sizeof script);
    error_record_set(record, &record->operator_name, who, strlen(who), NAME_SIZE);
    char reference[MULLIGAN_REFERENCE_SIZE];
    if (error_log_refer(job->services->errors, record, reference, NULL) == MULLIGAN_OK) {
      memcpy(job->reference, reference, sizeof reference);
      fprintf(stderr, words("It is recorded as %s: tell a developer this reference (mulligan errors show %s).\n"),
              reference, reference);
    }
  } else {
    error_record_destroy(record);
  }
  offer_tell_unsaved();
}

/* ---- steps ---- */

static void find_script(struct job *job) {
  char nearest[NAME_SIZE];
  if (script_exists(job->generation, job->options->name, job->name))
    return;
  if (script_nearest(job->generation, job->options->name, nearest))
    end_because(job, JOB_FAILED, words("there is no operator script %s; did you mean %s?"), job->options->name,
                nearest);
  else
    end_because(job, JOB_FAILED, words("there is no operator script %s; `mulligan run` lists them"),
                job->options->name);
}

static void make_vm(struct job *job) {
  struct fault fault;
  if (vm_create(&job->vm, &job->vm_services, job->generation, VM_KIND_OPERATOR, NULL, &fault) != MULLIGAN_OK)
    end_because(job, JOB_FAILED, "%s", fault.message);
}

static void load_script(struct job *job) {
  struct fault fault;
  enum mulligan_status status = script_load(&job->script, job->vm, job->name, words_language(), &fault);
  if (status == MULLIGAN_INVALID)
    end_because(job, JOB_FAILED, "%s", fault.message);
  else if (status != MULLIGAN_OK)
    end_with_error(job, &fault);
}

static void open_live(struct job *job) {
  struct fault fault;
  if (store_open(&job->live, job->services->app_path, STORE_READ_WRITE, job->services->app_lock, &fault) != MULLIGAN_OK)
    end_because(job, JOB_FAILED, "%s", fault.message);
}

static void read_arguments(struct job *job) {
  struct fault fault;
  const struct job_options *options = job->options;
  enum mulligan_status status =
      arguments_read(&job->script, options->words, options->word_count, job->live, &job->values, &fault);
  if (status == MULLIGAN_OK)
    return;
  if (status == MULLIGAN_INVALID) {
    end_because(job, JOB_USAGE, "%s", fault.message);
    fprintf(stderr, "%s\n", words("The same command with --help tells what it takes."));
  } else {
    end_because(job, status == MULLIGAN_DENIED ? JOB_NOT_CONFIRMED : JOB_FAILED, "%s", fault.message);
    offer_tell_unsaved();
  }
}

/* ---- in the audit ---- */

static char *make_command_line(const struct job *job) {
  const struct job_options *options = job->options;
  struct buf line;
  buf_init(&line, TEXT_CAP);
  buf_addf(&line, "mulligan %s", options->command);
  if (options->names_script)
    command_line_add_word(&line, options->name);
  command_line_add_parameters(&line, &job->script, job->services->scrub, options->words, options->word_count);
  if (options->names_script && options->apply)
    buf_add_text(&line, options->yes ? " --apply --yes" : " --apply");
  return buf_detach(&line);
}

static void begin_record(struct job *job) {
  struct fault fault;
  char file[NAME_SIZE + sizeof "operators/.lua"], path[NAME_SIZE + sizeof "scripts/operators/.lua"];
  snprintf(file, sizeof file, "operators/%s.lua", job->name);
  snprintf(path, sizeof path, "scripts/%s", file);
  const struct generation_script *script = generation_find(job->generation, file);
  char *command_line = make_command_line(job);
  json_t *masked = arguments_masked(&job->script, job->values, job->services->scrub);
  const struct run_opening opening = {
      .kind = "script",
      .name = job->name,
      .operator_name = job->options->operator_name,
      .reason = json_string_value(json_object_get(masked, "reason")),
      .command_line = command_line,
      .script = path,
      .source = script ? script->source : NULL,
      .source_length = script ? script->length : 0,
      .parameters = masked,
  };
  if (run_record_begin(&job->record, job->services, &opening, &fault) != MULLIGAN_OK)
    end_because(job, JOB_FAILED, "%s", fault.message);
  json_decref(masked);
  free(command_line);
}

/* What the script put out goes with the end of its run. */
static void end_record(struct job *job) {
  struct fault fault;
  if (!job->record)
    return;
  enum mulligan_status status = MULLIGAN_OK;
  if (json_array_size(job->display.output) > 0)
    status = run_record_add_cell(job->record, NULL, job->display.output, job->vm, &fault);
  if (status == MULLIGAN_OK)
    status = run_record_end(job->record, offer_audit_outcome(job->outcome), job->message, &fault);
  if (status != MULLIGAN_OK)
    fprintf(stderr, words("The audit could not be completed: %s\n"), fault.message);
  if (!job->options->json && !job->options->brief)
    run_record_print(job->record, job->options->out);
}

/* ---- the work ---- */

static void open_plan(struct job *job) {
  struct fault fault;
  if (plan_open(&job->plan, job->live, &fault) != MULLIGAN_OK)
    end_because(job, JOB_FAILED, "%s", fault.message);
}

static void run_script(struct job *job) {
  struct fault fault;
  struct op_listener shown = display_listener(&job->display);
  job->secrets = arguments_secret(&job->script, job->values);
  if (!job->secrets || !answers_note(&job->answers, &shown)) {
    end_because(job, JOB_FAILED, "out of memory");
    return;
  }
  struct op_listener listener = answers_listener(&job->answers);
  struct op_session session = {.listener = &listener};
  job->run = (struct script_run){.services = &job->vm_services,
                                 .generation = job->generation,
                                 .name = job->name,
                                 .values = job->values,
                                 .secrets = job->secrets,
                                 .operator_name = job->options->operator_name,
                                 .answers = job->answers.given};
  enum mulligan_status status = script_run_on(&job->run, job->vm, job->plan, &session, &fault);
  job->answers.listener = NULL; /* it does not outlive this function */
  if (session.aborted) {
    end_because(job, JOB_ABORTED, "%s", fault.message);
    offer_tell_unsaved();
  } else if (status != MULLIGAN_OK) {
    end_with_error(job, &fault);
  }
  op_session_end(&session);
}

static void finish_plan(struct job *job) {
  struct fault fault;
  enum mulligan_status status = plan_finish(job->plan, job->services->scrub, &fault);
  if (status == MULLIGAN_OK) {
    job->rows = plan_row_count(job->plan);
    run_record_note_answers(job->record, job->answers.given);
    status = run_record_plan(job->record, job->plan, job->values, !job->options->apply, &fault);
  }
  if (status != MULLIGAN_OK) {
    end_because(job, status == MULLIGAN_DENIED ? JOB_REFUSED : JOB_FAILED, "%s", fault.message);
    offer_tell_unsaved();
  }
}

/* The address that the run is about, where its parameters name one. */
static const char *email_of(const struct job *job) {
  return json_string_value(json_object_get(job->values, "email"));
}

static void make_offer(struct job *job) {
  const struct job_options *options = job->options;
  const struct offer offer = {.command = options->command,
                              .record = job->record,
                              .plan = job->plan,
                              .live = job->live,
                              .how = {.again = script_run_again, .context = &job->run},
                              .email = email_of(job),
                              .apply = options->apply,
                              .yes = options->yes,
                              .brief = options->brief,
                              .json = options->json,
                              .out = options->out,
                              .width = display_width(&job->display)};
  end(job, offer_make(&offer, job->message));
}

/* ---- the whole ---- */

static json_t *text_or_null(const char *text) {
  return *text ? json_string(text) : json_null();
}

/* The one object of --json. */
static void print_json(struct job *job) {
  const json_t *changes = job->plan ? plan_changes(job->plan) : NULL;
  json_t *masked = job->values ? arguments_masked(&job->script, job->values, job->services->scrub) : json_object();
  json_t *object =
      json_pack("{s:s, s:s?, s:s, s:b, s:s, s:o, s:I, s:O, s:O?, s:o, s:o, s:o, s:o, s:o}", "name", job->name, "title",
                job->script.title, "outcome", offer_outcome_name(job->outcome), "saved", job->outcome == JOB_APPLIED,
                "operator", job->options->operator_name, "parameters", masked, "rows", (json_int_t)job->rows, "output",
                job->display.output, "changes", changes, "message", text_or_null(job->message), "reference",
                text_or_null(job->reference), "run", text_or_null(job->record ? run_record_id(job->record) : ""),
                "plan", text_or_null(job->record ? run_record_sha(job->record) : ""), "audit_hash",
                text_or_null(job->record ? run_record_hash(job->record) : ""));
  if (!object || json_dumpf(object, stdout, JSON_INDENT(2)) != 0)
    fprintf(stderr, "mulligan %s: the JSON could not be written\n", job->options->command);
  fputc('\n', stdout);
  fflush(stdout);
  json_decref(object);
}

static void close_job(struct job *job) {
  run_record_close(job->record);
  vm_destroy(job->vm);
  plan_close(job->plan);
  store_close(job->live);
  json_decref(job->values);
  json_decref(job->secrets);
  answers_release(&job->answers);
  script_release(&job->script);
  display_release(&job->display);
}

static bool open_job(struct job *job, const struct vm_services *services, struct generation *generation,
                     const struct job_options *options) {
  *job = (struct job){.options = options, .services = services, .vm_services = *services, .generation = generation};
  job->vm_services.app_path = NULL;
  job->vm_services.app_lock = NULL;
  if (!display_init(&job->display, options->json ? NULL : options->out, options->yes))
    end_because(job, JOB_FAILED, "out of memory");
  return !job->ended;
}

enum job_outcome job_run(const struct vm_services *services, struct generation *generation,
                         const struct job_options *options) {
  static void (*const steps[])(struct job *) = {find_script,  make_vm,   load_script, open_live,   read_arguments,
                                                begin_record, open_plan, run_script,  finish_plan, make_offer};
  struct job job;
  terminal_catch_interrupt(words("Interrupted. Nothing has been saved."));
  open_job(&job, services, generation, options);
  for (size_t i = 0; i < sizeof steps / sizeof *steps && !job.ended; i++)
    steps[i](&job);
  end_record(&job);
  if (options->json && job.outcome != JOB_USAGE)
    print_json(&job);
  close_job(&job);
  terminal_release_interrupt();
  return job.outcome;
}

/* ---- telling of scripts ---- */

enum job_outcome job_show_usage(const struct vm_services *services, struct generation *generation,
                                const struct job_options *options) {
  static void (*const steps[])(struct job *) = {find_script, make_vm, load_script};
  struct job job;
  open_job(&job, services, generation, options);
  for (size_t i = 0; i < sizeof steps / sizeof *steps && !job.ended; i++)
    steps[i](&job);
  if (!job.ended) {
    struct buf text;
    buf_init(&text, TEXT_CAP);
    buf_addf(&text, "%s mulligan %s\n\n", words("usage:"), options->usage);
    arguments_add_usage(&text, &job.script);
    fwrite(text.data, 1, text.length, options->out);
    buf_release(&text);
    end(&job, JOB_PLANNED);
  }
  close_job(&job);
  return job.outcome;
}

/* One line a script; those that do not load are named on standard error. */
static void list_scripts(struct job *job, json_t *list) {
  json_t *columns = json_pack("[s, s, s]", "name", "title", "summary");
  for (size_t i = 0; script_name_at(job->generation, i, job->name); i++) {
    struct fault fault;
    if (script_load(&job->script, job->vm, job->name, words_language(), &fault) == MULLIGAN_OK)
      json_array_append_new(list, script_json(&job->script));
    else
      end_because(job, JOB_FAILED, "%s", fault.message);
    script_release(&job->script);
  }
  struct buf text;
  buf_init(&text, TEXT_CAP);
  if (job->options->json)
    json_dumpf(list, stdout, JSON_INDENT(2)), fputc('\n', stdout);
  else if (json_array_size(list) > 0)
    table_add(&text, columns, list, display_width(&job->display));
  else
    buf_addf(&text, "%s\n", words("There are no operator scripts."));
  if (json_array_size(list) > 0)
    buf_addf(&text, "\n%s\n", words("`mulligan run NAME --help` tells what one takes."));
  if (!job->options->json)
    fwrite(text.data, 1, text.length, job->options->out);
  buf_release(&text);
  json_decref(columns);
}

enum job_outcome job_list(const struct vm_services *services, struct generation *generation,
                          const struct job_options *options) {
  struct job job;
  json_t *list = json_array();
  if (open_job(&job, services, generation, options))
    make_vm(&job);
  if (!job.ended)
    list_scripts(&job, list);
  if (!job.ended)
    end(&job, JOB_PLANNED);
  json_decref(list);
  close_job(&job);
  return job.outcome;
}
