/**
 * notebook_run.c - one run of a notebook.
 *
 * Called by `mulligan notebook run` and the prompt, on the main thread. The steps are those of notebook_run(), in
 * order; each leaves its outcome in the run and the rest is skipped once there is one. Invariants: until offer_make()
 * the live database is only read; no cell runs before its run is entered in the audit.
 */
#include "operator/notebook_run.h"

#include "base/clock.h"
#include "base/file.h"
#include "operator/arguments.h"
#include "operator/command_line.h"
#include "operator/console_key.h"
#include "operator/notebook_folder.h"
#include "operator/notebook_parameters.h"
#include "operator/notebook_report.h"
#include "operator/offer.h"
#include "operator/run_record.h"
#include "operator/script.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 64 << 20, SOURCE_CAP = 256 << 20, DEFAULT_WIDTH = 160 };

static const char command[] = "notebook";

struct run {
  const struct notebook_run_options *options;
  const struct vm_services *services;
  struct generation *generation;
  struct notebook_place place;
  struct notebook notebook;
  struct operator_script asks; /* its parameters */
  json_t *values, *secrets, *masked;
  struct store *live;
  struct run_record *record; /* NULL until the run is entered in the audit */
  int64_t started_us;
  struct plan *plan;
  struct notebook_work work;
  struct notebook_play play;
  bool playing;
  struct taint *taint; /* what must not be in the files */
  json_t *outputs;     /* for each cell {outputs, count}, or null */
  char *ipynb, *page;  /* the run's own files; NULL until they are written */
  bool ended;          /* `outcome` holds */
  enum job_outcome outcome;
  bool interrupted;
  char message[OFFER_MESSAGE_SIZE];
  char reference[MULLIGAN_REFERENCE_SIZE]; /* of the cell's error, on record; "" for none */
};

/* ---- endings ---- */

static void end(struct run *run, enum job_outcome outcome) {
  run->outcome = outcome;
  run->ended = true;
}

/* Ends the run with a reason, told on standard error. */
static void end_because(struct run *run, enum job_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void end_because(struct run *run, enum job_outcome outcome, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(run->message, sizeof run->message, format, args);
  va_end(args);
  offer_tell(command, run->message);
  end(run, outcome);
}

static void end_with_fault(struct run *run, const struct fault *fault) {
  end_because(run, fault->status == MULLIGAN_DENIED ? JOB_REFUSED : JOB_FAILED, "%s", fault->message);
  offer_tell_unsaved();
}

/* ---- before anything runs ---- */

static void read_notebook(struct run *run) {
  struct fault fault;
  enum mulligan_status status = notebook_place_find(&run->place, run->services->settings, run->options->name, &fault);
  if (status == MULLIGAN_OK)
    status = notebook_read(&run->notebook, run->place.path, &fault);
  if (status == MULLIGAN_OK)
    status = notebook_parameters_read(&run->asks, &run->notebook, run->place.name, run->place.file, &fault);
  if (status != MULLIGAN_OK)
    end_because(run, JOB_FAILED, "%s", fault.message);
}

static void check_files(struct run *run) {
  const char *files[] = {run->options->output, run->options->html};
  size_t length = files[0] ? strlen(files[0]) : 0;
  if (files[0] && (length <= 6 || strcmp(files[0] + length - 6, ".ipynb") != 0))
    end_because(run, JOB_USAGE, words("--output takes a name that ends in .ipynb, not %s"), files[0]);
  length = files[1] ? strlen(files[1]) : 0;
  if (!run->ended && files[1] && (length <= 5 || strcmp(files[1] + length - 5, ".html") != 0))
    end_because(run, JOB_USAGE, words("--html takes a name that ends in .html, not %s"), files[1]);
  for (size_t i = 0; i < 2 && !run->ended; i++)
    if (files[i] && file_is_same(files[i], run->place.path))
      end_because(run, JOB_USAGE, words("%s is the notebook itself, which a run does not change"), files[i]);
}

static void open_live(struct run *run) {
  struct fault fault;
  if (store_open(&run->live, run->services->app_path, STORE_READ_WRITE, run->services->app_lock, &fault) != MULLIGAN_OK)
    end_because(run, JOB_FAILED, "%s", fault.message);
}

static void read_parameters(struct run *run) {
  struct fault fault;
  const struct notebook_run_options *options = run->options;
  enum mulligan_status status =
      arguments_read(&run->asks, options->words, options->word_count, run->live, &run->values, &fault);
  if (status == MULLIGAN_INVALID) {
    end_because(run, JOB_USAGE, "%s", fault.message);
    fprintf(stderr, words("`mulligan notebook show %s` tells what it takes.\n"), run->place.name);
  } else if (status != MULLIGAN_OK) {
    end_because(run, status == MULLIGAN_DENIED ? JOB_NOT_CONFIRMED : JOB_FAILED, "%s", fault.message);
    offer_tell_unsaved();
  }
}

/* A value that was masked is secret, by its description or by its name. */
static void gather_secrets(struct run *run) {
  const char *name;
  json_t *value;
  run->masked = arguments_masked(&run->asks, run->values, run->services->scrub);
  run->secrets = arguments_secret(&run->asks, run->values);
  run->taint = taint_create();
  run->outputs = json_array();
  if (!run->masked || !run->secrets || !run->taint || !run->outputs) {
    end_because(run, JOB_FAILED, "out of memory");
    return;
  }
  json_object_foreach(run->values, name, value) {
    if (json_is_string(value) && !json_equal(value, json_object_get(run->masked, name)))
      json_array_append(run->secrets, value);
  }
  size_t index;
  json_array_foreach(run->secrets, index, value)
      taint_add_declared(run->taint, json_string_value(value), json_string_length(value));
  for (size_t i = 0; i < notebook_cell_count(&run->notebook); i++)
    json_array_append_new(run->outputs, json_null());
}

static char *make_command_line(const struct run *run) {
  const struct notebook_run_options *options = run->options;
  struct buf line;
  buf_init(&line, TEXT_CAP);
  buf_add_text(&line, options->pace ? "mulligan repl: :notebook" : "mulligan notebook run");
  command_line_add_word(&line, options->name);
  command_line_add_keys(&line, &run->asks, run->services->scrub, options->words, options->word_count);
  if (!options->pace && options->apply)
    buf_add_text(&line, options->yes ? " --apply --yes" : " --apply");
  return buf_detach(&line);
}

static void begin_record(struct run *run) {
  struct fault fault;
  struct buf source;
  buf_init(&source, SOURCE_CAP);
  char *line = make_command_line(run);
  enum mulligan_status status = file_read(run->place.path, &source, &fault);
  const struct run_opening opening = {
      .kind = "notebook",
      .name = run->place.name,
      .operator_name = run->options->operator_name,
      .reason = json_string_value(json_object_get(run->masked, "reason")),
      .command_line = line,
      .script = run->place.file,
      .source = source.data,
      .source_length = source.length,
      .parameters = run->masked,
  };
  run->started_us = clock_wall_us();
  if (status == MULLIGAN_OK)
    status = run_record_begin(&run->record, run->services, &opening, &fault);
  if (status != MULLIGAN_OK)
    end_because(run, JOB_FAILED, "%s", fault.message);
  buf_release(&source);
  free(line);
}

/* ---- the cells ---- */

static void open_play(struct run *run) {
  struct fault fault;
  run->work = (struct notebook_work){.services = run->services,
                                     .generation = run->generation,
                                     .notebook = &run->notebook,
                                     .name = run->place.name,
                                     .file = run->place.file,
                                     .values = run->values,
                                     .secrets = run->secrets,
                                     .operator_name = run->options->operator_name};
  enum mulligan_status status = plan_open(&run->plan, run->live, &fault);
  if (status == MULLIGAN_OK)
    status = notebook_play_open(&run->play, &run->work, run->plan, run->options->front, &fault);
  run->playing = status == MULLIGAN_OK;
  if (status != MULLIGAN_OK)
    end_because(run, JOB_FAILED, "%s", fault.message);
}

/* The outputs of a cell as the audit keeps them. */
static void record_cell(struct run *run, size_t index, const json_t *outputs) {
  struct fault fault;
  const char *source = notebook_cell_source(notebook_cell(&run->notebook, index));
  json_t *entries = notebook_output_entries(outputs);
  struct vm *vm = console_vm(run->play.console);
  if (run_record_add_cell(run->record, source, entries, vm, &fault) != MULLIGAN_OK)
    fprintf(stderr, words("The audit could not be completed: %s\n"), fault.message);
  json_decref(entries);
}

/* What a cell said when it failed, without what it was told in confidence. */
static void clean(struct run *run, struct fault *fault) {
  struct buf text;
  int count = 0;
  buf_init(&text, TEXT_CAP);
  if (taint_text(run->taint, fault->message, strlen(fault->message), &text, &count) && count > 0)
    fault_set(fault, fault->status, "%s", text.data);
  buf_release(&text);
}

/* What went wrong in a cell becomes a row of ErrorLog, and the operator gets its reference. */
static void put_on_record(struct run *run) {
  struct error_record *record = console_take_error(run->play.console);
  const char *file = run->place.file, *who = run->options->operator_name;
  if (!record || !run->services->errors) {
    error_record_destroy(record);
    return;
  }
  record->source = ERROR_SOURCE_NOTEBOOK;
  record->args = json_deep_copy(run->masked);
  error_record_set(record, &record->script, file, strlen(file), strlen(file));
  error_record_set(record, &record->operator_name, who, strlen(who), strlen(who));
  char reference[MULLIGAN_REFERENCE_SIZE];
  if (error_log_refer(run->services->errors, record, reference, NULL) != MULLIGAN_OK)
    return;
  memcpy(run->reference, reference, sizeof reference);
  fprintf(stderr, words("It is recorded as %s: tell a developer this reference (mulligan errors show %s).\n"),
          reference, reference);
}

static void run_cell(struct run *run, size_t index) {
  struct fault fault;
  json_t *outputs;
  int count;
  enum notebook_end ended = notebook_play_cell(&run->play, index, &outputs, &count, &fault);
  json_array_set_new(run->outputs, index, json_pack("{s:O, s:i}", "outputs", outputs, "count", count));
  taint_add_all(run->taint, run->play.taint);
  record_cell(run, index, outputs);
  json_decref(outputs);
  if (ended == NOTEBOOK_DONE)
    return;
  clean(run, &fault);
  run->interrupted = ended == NOTEBOOK_INTERRUPTED;
  if (run->options->front->publish) { /* what went wrong was shown already */
    snprintf(run->message, sizeof run->message, "%s", fault.message);
    fprintf(stderr, words("The notebook stopped at cell %zu.\n"), index + 1);
    end(run, ended == NOTEBOOK_ABORTED ? JOB_ABORTED : JOB_FAILED);
  } else {
    end_because(run, ended == NOTEBOOK_ABORTED ? JOB_ABORTED : JOB_FAILED, "%s", fault.message);
  }
  if (ended == NOTEBOOK_FAILED)
    put_on_record(run);
  offer_tell_unsaved();
}

/* The code cell before `index`; SIZE_MAX for none. */
static size_t code_before(const struct run *run, size_t index) {
  while (index > 0)
    if (notebook_cell_is_code(notebook_cell(&run->notebook, --index)))
      return index;
  return SIZE_MAX;
}

/* Goes back to the code cell before `at`: the plan is made anew, by the cells before that one. Returns where to go on:
 * at the texts that stand before it. */
static size_t go_back(struct run *run, size_t at) {
  size_t target = code_before(run, at), before = target == SIZE_MAX ? SIZE_MAX : code_before(run, target);
  struct plan *fresh;
  struct fault fault;
  if (target == SIZE_MAX)
    return 0;
  if (plan_open_again(&fresh, run->live, run->plan, &fault) != MULLIGAN_OK) {
    end_with_fault(run, &fault);
    return at;
  }
  struct plan *old = run->plan;
  enum mulligan_status status = notebook_play_rewind(&run->play, fresh, target, &fault);
  run->plan = fresh;
  run->playing = status == MULLIGAN_OK;
  plan_close(old);
  for (size_t i = target; i < at; i++)
    json_array_set_new(run->outputs, i, json_null());
  if (status != MULLIGAN_OK)
    end_with_fault(run, &fault);
  return before == SIZE_MAX ? 0 : before + 1;
}

static void run_cells(struct run *run) {
  const struct notebook_run_options *options = run->options;
  size_t at = 0;
  while (at < notebook_cell_count(&run->notebook) && !run->ended) {
    enum notebook_pace pace = options->pace ? options->pace(options->front->context, &run->notebook, at) : NOTEBOOK_GO;
    if (pace == NOTEBOOK_QUIT) {
      end_because(run, JOB_NOT_CONFIRMED, words("left at cell %zu"), at + 1);
      offer_tell_unsaved();
    } else if (pace == NOTEBOOK_BACK) {
      at = go_back(run, at);
    } else {
      if (notebook_cell_is_code(notebook_cell(&run->notebook, at)))
        run_cell(run, at);
      at++;
    }
  }
}

/* The plan gets its store back, whatever came of the cells. */
static void end_cells(struct run *run) {
  struct fault fault;
  json_t *answers = run->playing ? json_incref(run->play.answers) : NULL;
  if (run->playing)
    notebook_play_close(&run->play);
  run->playing = false;
  if (!run->ended && terminal_was_interrupted()) { /* between two cells */
    run->interrupted = true;
    end_because(run, JOB_NOT_CONFIRMED, "%s", words("interrupted"));
    offer_tell_unsaved();
  }
  if (run->ended) {
    json_decref(answers);
    return;
  }
  enum mulligan_status status = plan_finish(run->plan, run->services->scrub, &fault);
  if (status == MULLIGAN_OK) {
    run_record_note_answers(run->record, answers);
    status = run_record_plan(run->record, run->plan, run->values, !run->options->apply, &fault);
  }
  run->work.answers = answers;
  if (status != MULLIGAN_OK)
    end_with_fault(run, &fault);
}

/* ---- the files ---- */

static const char *audit_outcome(const struct run *run) {
  return run->interrupted ? AUDIT_NOT_APPLIED : offer_audit_outcome(run->outcome);
}

static bool write_file(const json_t *made, const char *path, unsigned mode) {
  struct fault fault;
  bool good = notebook_report_write(made, path, mode, &fault) == MULLIGAN_OK;
  if (!good)
    offer_tell(command, fault.message);
  return good;
}

static char *run_path(const struct run *run, const char *ending) {
  char name[MULLIGAN_REFERENCE_SIZE + 16];
  struct fault fault;
  char *folder = file_join(run->services->settings->data, "runs"), *path = NULL;
  snprintf(name, sizeof name, "%s%s", run_record_id(run->record), ending);
  if (folder && file_make_folder(folder, &fault) == MULLIGAN_OK)
    path = file_join(folder, name);
  free(folder);
  return path;
}

/* Forgets the files of runs long past; the audit keeps what they say. */
static void prune(const struct run *run) {
  static const char *const endings[] = {".ipynb", ".html"};
  const struct settings *settings = run->services->settings;
  char *folder = settings->run_keep > 0 ? file_join(settings->data, "runs") : NULL;
  for (size_t i = 0; folder && i < sizeof endings / sizeof *endings; i++)
    file_prune(folder, endings[i], clock_wall_us() - (int64_t)(settings->run_keep * 1e6));
  free(folder);
}

/* What is asked for elsewhere is written at the end; the run's own files before somebody is asked, too. */
static void write_files(struct run *run, const char *outcome, bool at_end) {
  bool has_plan = run->plan && run_record_sha(run->record)[0];
  const struct notebook_report report = {.notebook = &run->notebook,
                                         .outputs = run->outputs,
                                         .scrub = run->services->scrub,
                                         .taint = run->taint,
                                         .run = run_record_id(run->record),
                                         .file = run->place.file,
                                         .operator_name = run->options->operator_name,
                                         .started_us = run->started_us,
                                         .outcome = outcome,
                                         .message = run->message,
                                         .parameters = run->masked,
                                         .changes = has_plan ? plan_changes(run->plan) : NULL,
                                         .rows = has_plan ? plan_row_count(run->plan) : 0};
  json_t *made = notebook_report_make(&report);
  run->ipynb = run->ipynb ? run->ipynb : run_path(run, ".ipynb");
  run->page = run->page ? run->page : run_path(run, ".html");
  bool good = made && run->ipynb && run->page;
  if (!good)
    offer_tell(command, words("the run's files could not be written"));
  good = good && write_file(made, run->ipynb, 0600) && write_file(made, run->page, 0600);
  if (good && at_end && run->options->output)
    good = write_file(made, run->options->output, 0644);
  if (good && at_end && run->options->html)
    good = write_file(made, run->options->html, 0644);
  json_decref(made);
  if (!good && at_end && (run->outcome == JOB_PLANNED || run->outcome == JOB_APPLIED))
    run->outcome = JOB_FAILED; /* a change that was saved stays so, and the audit says it */
}

/* ---- the end ---- */

static void make_offer(struct run *run) {
  const struct notebook_run_options *options = run->options;
  const struct offer offer = {.command = command,
                              .record = run->record,
                              .plan = run->plan,
                              .live = run->live,
                              .how = {.again = notebook_play_again, .context = &run->work},
                              .email = json_string_value(json_object_get(run->values, "email")),
                              .to_save = options->to_save,
                              .apply = options->apply,
                              .yes = options->yes,
                              .json = options->json,
                              .out = options->out,
                              .width = options->front->width > 0 ? options->front->width : DEFAULT_WIDTH};
  write_files(run, AUDIT_PLANNED, false);
  end(run, offer_make(&offer, run->message));
}

static void end_record(struct run *run) {
  struct fault fault;
  run->interrupted = (terminal_was_interrupted() || run->interrupted) && run->outcome != JOB_APPLIED;
  if (!run->record)
    return;
  const char *outcome = audit_outcome(run);
  if (run_record_end(run->record, outcome, run->message, &fault) != MULLIGAN_OK)
    fprintf(stderr, words("The audit could not be completed: %s\n"), fault.message);
  write_files(run, outcome, true);
  prune(run);
  if (run->options->json)
    return;
  run_record_print(run->record, run->options->out);
  if (run->page)
    fprintf(run->options->out, words("As a notebook and as a page: %s, %s\n"), run->ipynb, run->page);
}

static json_t *text_or_null(const char *text) {
  return text && *text ? json_string(text) : json_null();
}

/* The one object of --json. */
static void print_json(const struct run *run) {
  const json_t *changes = run->plan ? plan_changes(run->plan) : NULL;
  json_t *object = json_pack("{s:o, s:o, s:s, s:b, s:s, s:O?, s:I, s:O?, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
                             text_or_null(run->place.name), "title", text_or_null(run->asks.title), "outcome",
                             run->interrupted ? AUDIT_NOT_APPLIED : offer_outcome_name(run->outcome), "saved",
                             run->outcome == JOB_APPLIED, "operator", run->options->operator_name, "parameters",
                             run->masked, "rows", (json_int_t)(changes ? plan_row_count(run->plan) : 0), "changes",
                             changes, "message", text_or_null(run->message), "reference", text_or_null(run->reference),
                             "run", text_or_null(run->record ? run_record_id(run->record) : ""), "plan",
                             text_or_null(run->record ? run_record_sha(run->record) : ""), "audit_hash",
                             text_or_null(run->record ? run_record_hash(run->record) : ""), "notebook",
                             text_or_null(run->ipynb), "html", text_or_null(run->page));
  if (!object || json_dumpf(object, stdout, JSON_INDENT(2)) != 0)
    fprintf(stderr, "mulligan %s: the JSON could not be written\n", command);
  fputc('\n', stdout);
  fflush(stdout);
  json_decref(object);
}

static void close_run(struct run *run) {
  run_record_close(run->record);
  if (run->playing)
    notebook_play_close(&run->play);
  plan_close(run->plan);
  store_close(run->live);
  json_decref(run->values);
  json_decref(run->secrets);
  json_decref(run->masked);
  json_decref(run->outputs);
  json_decref((json_t *)run->work.answers);
  taint_destroy(run->taint);
  script_release(&run->asks);
  notebook_release(&run->notebook);
  notebook_place_release(&run->place);
  free(run->ipynb);
  free(run->page);
}

struct notebook_result notebook_run(const struct vm_services *services, struct generation *generation,
                                    const struct notebook_run_options *options) {
  static void (*const before[])(struct run *) = {read_notebook,  check_files,  open_live, read_parameters,
                                                 gather_secrets, begin_record, open_play, run_cells};
  struct run run = {.options = options, .services = services, .generation = generation};
  struct console *watched = console_key_watch(NULL);
  terminal_was_interrupted();
  for (size_t i = 0; i < sizeof before / sizeof *before && !run.ended; i++)
    before[i](&run);
  if (run.plan)
    end_cells(&run);
  if (!run.ended)
    make_offer(&run);
  end_record(&run);
  if (options->json && run.outcome != JOB_USAGE)
    print_json(&run);
  close_run(&run);
  terminal_release_interrupt();
  console_key_watch(watched);
  return (struct notebook_result){run.outcome, run.interrupted};
}
