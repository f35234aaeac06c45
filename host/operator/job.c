/**
 * job.c - one run of an operator script.
 *
 * Called by the commands, on the main thread. The steps are those of run_job(), in order; each leaves its outcome in
 * the job and the rest is skipped once there is one. Invariant: until plan_apply() the live database is only read.
 */
#include "operator/job.h"
#include "base/buf.h"
#include "operator/arguments.h"
#include "operator/display.h"
#include "operator/plan.h"
#include "operator/plan_text.h"
#include "operator/printable.h"
#include "operator/script.h"
#include "operator/table.h"
#include "operator/terminal.h"
#include "operator/words.h"
#include "vm/operator_call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 256, TEXT_CAP = 64 << 20, MESSAGE_SIZE = 1200 };

struct job {
  const struct job_options *options;
  const struct vm_services *services; /* with the live database */
  struct vm_services vm_services;     /* without: a vm gets the plan's copy, or none */
  struct generation *generation;
  char name[NAME_SIZE];
  struct vm *vm;
  struct operator_script script;
  json_t *values; /* the parameters; secrets are among them */
  struct store *live;
  struct plan *plan;
  struct display display;
  bool ended; /* `outcome` holds */
  enum job_outcome outcome;
  char message[MESSAGE_SIZE]; /* why, for the JSON */
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
  struct buf text;
  buf_init(&text, MESSAGE_SIZE * 8);
  printable_add_lines(&text, job->message, strlen(job->message));
  fflush(stdout);
  fprintf(stderr, "mulligan %s: %s\n", job->options->command, text.data);
  buf_release(&text);
  end(job, outcome);
}

static void tell_unsaved(void) {
  fprintf(stderr, "%s\n", words("Nothing has been saved."));
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
  tell_unsaved();
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
    tell_unsaved();
  }
}

static void open_plan(struct job *job) {
  struct fault fault;
  if (plan_open(&job->plan, job->live, &fault) != MULLIGAN_OK)
    end_because(job, JOB_FAILED, "%s", fault.message);
}

static void run_script(struct job *job) {
  struct fault fault;
  struct op_listener listener = display_listener(&job->display);
  struct op_session session = {.listener = &listener, .operator_name = job->options->operator_name};
  json_t *secrets = arguments_secret(&job->script, job->values);
  if (!secrets) {
    end_because(job, JOB_FAILED, "out of memory");
    return;
  }
  const struct operator_call call = {.name = job->name,
                                     .language = words_language(),
                                     .parameters = job->values,
                                     .secrets = secrets,
                                     .frozen_us = plan_made_at(job->plan),
                                     .session = &session};
  vm_swap_store(job->vm, plan_store(job->plan));
  enum mulligan_status status = operator_run(job->vm, &call, &fault);
  vm_swap_store(job->vm, NULL); /* it stays the plan's */
  if (session.aborted) {
    end_because(job, JOB_ABORTED, "%s", fault.message);
    tell_unsaved();
  } else if (status != MULLIGAN_OK) {
    end_with_error(job, &fault);
  }
  op_session_end(&session);
  json_decref(secrets);
}

static void finish_plan(struct job *job) {
  struct fault fault;
  enum mulligan_status status = plan_finish(job->plan, job->services->scrub, &fault);
  if (status != MULLIGAN_OK) {
    end_because(job, status == MULLIGAN_DENIED ? JOB_REFUSED : JOB_FAILED, "%s", fault.message);
    tell_unsaved();
    return;
  }
  job->rows = plan_row_count(job->plan);
}

/* Is somebody going to be asked before anything is saved? */
static bool will_ask(const struct job *job) {
  return job->options->apply && !job->options->yes && job->rows > 0 && terminal_is_there();
}

static void show_plan(struct job *job) {
  const struct job_options *options = job->options;
  bool asks = will_ask(job);
  if (options->brief || (options->json && !asks))
    return;
  FILE *out = options->json ? stderr : options->out; /* who is asked must have seen it */
  struct buf text;
  buf_init(&text, TEXT_CAP);
  if (job->rows == 0)
    buf_addf(&text, "\n%s\n", words("This changes nothing."));
  else
    plan_text_add(&text, plan_changes(job->plan), display_width(&job->display));
  if (job->rows > 0)
    buf_addf(&text, words("\nRows that change: %" PRId64 ". Nothing has been saved yet.\n"), job->rows);
  if (job->rows > 0 && !options->apply)
    buf_addf(&text, "%s\n", words("To save this, run the same command again with --apply."));
  fwrite(text.data, 1, text.length, out);
  fflush(out);
  buf_release(&text);
}

static void decide(struct job *job) {
  if (!job->options->apply || job->rows == 0) {
    end(job, JOB_PLANNED);
    return;
  }
  if (!will_ask(job))
    return;
  char expected[24], prompt[200];
  struct buf line;
  buf_init(&line, MESSAGE_SIZE);
  snprintf(expected, sizeof expected, "%" PRId64, job->rows);
  snprintf(prompt, sizeof prompt,
           words("Type the number of rows, %s, to save them; anything else leaves all as it is: "), expected);
  if (!terminal_ask(prompt, false, &line) || strcmp(line.data, expected) != 0) {
    end_because(job, JOB_NOT_CONFIRMED, "%s", words("not confirmed"));
    tell_unsaved();
  }
  buf_release(&line);
}

static void apply_plan(struct job *job) {
  struct fault fault;
  int64_t rows = 0;
  terminal_ignore_interrupt();
  enum mulligan_status status = plan_apply(job->plan, job->live, &rows, &fault);
  if (status == MULLIGAN_OK) {
    end(job, JOB_APPLIED);
    if (!job->options->json && !job->options->brief)
      fprintf(job->options->out, words("Saved. Rows changed: %" PRId64 ".\n"), rows);
    return;
  }
  bool refused = status == MULLIGAN_CONSTRAINT || status == MULLIGAN_DENIED;
  end_because(job, refused ? JOB_REFUSED : JOB_FAILED, "%s", fault.message);
  tell_unsaved();
  if (refused)
    fprintf(stderr, "%s\n", words("Run it again to see what it would change now."));
}

/* ---- the whole ---- */

static const char *outcome_name(enum job_outcome outcome) {
  static const char *const names[] = {[JOB_PLANNED] = "planned", [JOB_APPLIED] = "applied",
                                      [JOB_ABORTED] = "aborted", [JOB_NOT_CONFIRMED] = "not_confirmed",
                                      [JOB_REFUSED] = "refused", [JOB_FAILED] = "failed",
                                      [JOB_USAGE] = "usage"};
  return names[outcome];
}

static json_t *text_or_null(const char *text) {
  return *text ? json_string(text) : json_null();
}

/* The one object of --json. */
static void print_json(struct job *job) {
  const json_t *changes = job->plan ? plan_changes(job->plan) : NULL;
  json_t *masked = job->values ? arguments_masked(&job->script, job->values, job->services->scrub) : json_object();
  json_t *object = json_pack("{s:s, s:s?, s:s, s:b, s:s, s:o, s:I, s:O, s:O?, s:o, s:o}", "name", job->name, "title",
                             job->script.title, "outcome", outcome_name(job->outcome), "saved",
                             job->outcome == JOB_APPLIED, "operator", job->options->operator_name, "parameters", masked,
                             "rows", (json_int_t)job->rows, "output", job->display.output, "changes", changes,
                             "message", text_or_null(job->message), "reference", text_or_null(job->reference));
  if (!object || json_dumpf(object, stdout, JSON_INDENT(2)) != 0)
    fprintf(stderr, "mulligan %s: the JSON could not be written\n", job->options->command);
  fputc('\n', stdout);
  fflush(stdout);
  json_decref(object);
}

static void close_job(struct job *job) {
  vm_destroy(job->vm);
  plan_close(job->plan);
  store_close(job->live);
  json_decref(job->values);
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
  static void (*const steps[])(struct job *) = {find_script,    make_vm,   load_script, open_live,
                                                read_arguments, open_plan, run_script,  finish_plan,
                                                show_plan,      decide,    apply_plan};
  struct job job;
  terminal_catch_interrupt(words("Interrupted. Nothing has been saved."));
  open_job(&job, services, generation, options);
  for (size_t i = 0; i < sizeof steps / sizeof *steps && !job.ended; i++)
    steps[i](&job);
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

static json_t *script_json(const struct operator_script *script) {
  json_t *parameters = json_array();
  for (size_t i = 0; i < script->parameter_count; i++) {
    const struct script_parameter *parameter = &script->parameters[i];
    json_array_append_new(parameters,
                          json_pack("{s:s, s:s, s:b, s:b, s:s, s:O?}", "name", parameter->name, "type",
                                    script_type_name(parameter->type), "required", parameter->required, "secret",
                                    parameter->secret, "help", parameter->help, "default", parameter->fallback));
  }
  return json_pack("{s:s, s:s, s:s, s:o}", "name", script->name, "title", script->title, "summary", script->summary,
                   "parameters", parameters);
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
