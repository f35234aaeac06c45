/**
 * console_plan.c - the plan that a console's inputs build up: opened at the first write, shown, applied, given up.
 *
 * Called on the console's thread; console_before_write() from inside an input, on its way to the database. At that
 * moment no statement of the live store is running (each is read to its end) and no transaction is open there (they
 * are writes as well), so the store can be exchanged under the vm. What the same input read before, it read live, a
 * moment earlier; from then on it reads the copy. If somebody changed a row in between that the plan changes, applying
 * it meets that as any other conflict.
 *
 * Invariants: each input is one transaction of the copy, so that none is open between inputs, and what an input did
 * before it failed is not in the plan; a plan of the console's own has a run in the audit from before its copy is made.
 */
#include "operator/console_internal.h"

#include "operator/plan_text.h"
#include "operator/printable.h"
#include "operator/words.h"
#include "vm/random_bytes.h"
#include "vm/wall_clock.h"

#include <inttypes.h>
#include <string.h>

enum { TEXT_CAP = 64 << 20, PLAIN_WIDTH = 160 };

/* ---- opening and closing ---- */

/* The audit is told of what was looked at before, too. */
static enum mulligan_status begin_run(struct console *console, struct fault *fault) {
  const struct run_opening opening = {.kind = console->options.kind,
                                      .name = console->options.name,
                                      .operator_name = console->options.operator_name,
                                      .command_line = console->options.command_line};
  enum mulligan_status status = run_record_begin(&console->record, console->options.services, &opening, fault);
  size_t index;
  json_t *cell;
  json_array_foreach(console->pending, index, cell) {
    if (status == MULLIGAN_OK)
      status = run_record_add_cell(console->record, json_string_value(json_object_get(cell, "source")),
                                   json_object_get(cell, "output"), console->vm, fault);
  }
  json_array_clear(console->pending);
  return status;
}

static enum mulligan_status open_writer(struct console *console, struct fault *fault) {
  const struct vm_services *services = console->options.services;
  if (console->writer)
    return MULLIGAN_OK;
  return store_open(&console->writer, services->app_path, STORE_READ_WRITE, services->app_lock, fault);
}

/* The vm is back on the live store, and the clock runs. */
static void close_plan(struct console *console) {
  vm_swap_store(console->vm, console->live);
  wall_clock_freeze(console->vm, 0);
  random_bytes_freeze(console->vm, NULL);
  plan_close(console->plan);
  console->plan = NULL;
}

static void end_run(struct console *console, const char *outcome, const char *reason) {
  struct fault fault;
  if (console->record && run_record_end(console->record, outcome, reason, &fault) != MULLIGAN_OK)
    console_remark(console, words("The audit could not be told: %s"), fault.message);
  run_record_close(console->record);
  console->record = NULL;
}

void console_drop_plan(struct console *console, const char *outcome, const char *reason) {
  if (!console->plan)
    return;
  struct fault fault;
  store_rollback(plan_store(console->plan));
  /* What would have been changed is of interest too. */
  if (console->record && plan_row_count(console->plan) > 0)
    run_record_plan(console->record, console->plan, NULL, false, &fault);
  close_plan(console);
  end_run(console, outcome, reason);
}

enum mulligan_status console_before_write(void *context, struct fault *fault) {
  struct console *console = context;
  if (console->plan)
    return MULLIGAN_OK;
  enum mulligan_status status = open_writer(console, fault);
  if (status == MULLIGAN_OK)
    status = begin_run(console, fault);
  if (status == MULLIGAN_OK)
    status = plan_open(&console->plan, console->writer, fault);
  if (status != MULLIGAN_OK) {
    end_run(console, AUDIT_FAILED, fault->message);
    return status;
  }
  vm_swap_store(console->vm, plan_store(console->plan));
  wall_clock_freeze(console->vm, plan_made_at(console->plan));
  random_bytes_freeze(console->vm, plan_seed(console->plan));
  console->opened_now = true;
  return store_begin_write(plan_store(console->plan), fault);
}

/* ---- steps ---- */

enum mulligan_status console_begin_step(struct console *console, struct fault *fault) {
  console->opened_now = false;
  return console->plan ? store_begin_write(plan_store(console->plan), fault) : MULLIGAN_OK;
}

/* What a first write found to change nothing is no plan. */
static void settle_new_plan(struct console *console, bool good, const char *reason) {
  if (good && plan_row_count(console->plan) > 0)
    console_remark(console, "%s",
                   words("A plan is open: nothing has been saved yet. :plan shows it, :apply saves it, :discard "
                         "gives it up."));
  else if (plan_row_count(console->plan) == 0)
    console_drop_plan(console, good ? AUDIT_PLANNED : AUDIT_FAILED, good ? NULL : reason);
}

enum mulligan_status console_end_step(struct console *console, bool good, const char *reason, struct fault *fault) {
  if (!console->plan)
    return MULLIGAN_OK;
  struct store *copy = plan_store(console->plan);
  enum mulligan_status status = MULLIGAN_OK;
  if (good && store_in_transaction(copy))
    status = store_commit(copy, fault);
  else
    store_rollback(copy);
  if (!console->owns_plan)
    return status;
  enum mulligan_status looked = plan_look(console->plan, console->options.services->scrub, fault);
  if (looked != MULLIGAN_OK) {
    console_drop_plan(console, AUDIT_REFUSED, fault->message);
    console_remark(console, "%s", words("The plan was given up, since it cannot be recorded. Nothing has been saved."));
    return looked;
  }
  if (console->opened_now)
    settle_new_plan(console, good && status == MULLIGAN_OK, status == MULLIGAN_OK ? reason : fault->message);
  else if (!good || status != MULLIGAN_OK)
    console_remark(console, "%s", words("What this input had changed was taken back; the plan is as it was before."));
  return status;
}

void console_record_cell(struct console *console, const char *source) {
  struct fault fault;
  if (!console->owns_plan)
    return;
  if (!console->record) {
    if (json_array_size(console->pending) >= CONSOLE_PENDING_MOST)
      json_array_remove(console->pending, 0);
    json_array_append_new(console->pending,
                          json_pack("{s:s, s:o}", "source", source, "output", json_deep_copy(console->output)));
  } else if (run_record_add_cell(console->record, source, console->output, console->vm, &fault) != MULLIGAN_OK) {
    console_remark(console, words("The audit could not be told: %s"), fault.message);
  }
}

int64_t console_plan_rows(const struct console *console) {
  return console->plan && console->owns_plan ? plan_row_count(console->plan) : -1;
}

/* ---- shown, applied, given up ---- */

json_t *console_show_plan(struct console *console) {
  if (console_plan_rows(console) < 0)
    return json_pack("{s:s, s:b, s:i, s:[], s:s}", "status", "ok", "open", 0, "rows", 0, "changes", "text", "");
  struct buf text;
  buf_init(&text, TEXT_CAP);
  int width = console->options.width > 0 ? console->options.width : PLAIN_WIDTH;
  plan_text_add(&text, plan_changes(console->plan), width);
  json_t *reply = json_pack("{s:s, s:b, s:I, s:O, s:s%}", "status", "ok", "open", 1, "rows",
                            (json_int_t)plan_row_count(console->plan), "changes", plan_changes(console->plan), "text",
                            text.data, text.length);
  buf_release(&text);
  return reply;
}

static json_t *refuse(const char *name, const char *message) {
  return json_pack("{s:s, s:s, s:s, s:[]}", "status", "error", "ename", name, "evalue", message, "traceback");
}

/* The record prints for people; here it is wanted as a text. */
static json_t *record_text(const struct run_record *record) {
  char *text = NULL;
  size_t length = 0;
  FILE *file = open_memstream(&text, &length);
  if (!file)
    return json_string("");
  run_record_print(record, file);
  fclose(file);
  json_t *printed = json_stringn(text ? text : "", length);
  free(text);
  return printed ? printed : json_string("");
}

/* The run ends with a refusal; the plan stays, and its next :apply is another run. */
static json_t *refuse_apply(struct console *console, enum mulligan_status status, const struct fault *fault) {
  bool refused = status == MULLIGAN_CONSTRAINT || status == MULLIGAN_DENIED || status == MULLIGAN_BUSY;
  end_run(console, refused ? AUDIT_REFUSED : AUDIT_FAILED, fault->message);
  return refuse(refused ? "Refused" : "Failed", fault->message);
}

json_t *console_apply_plan(struct console *console, const json_t *content) {
  struct fault fault;
  int64_t rows = console_plan_rows(console);
  if (rows < 0)
    return refuse("Refused", words("There is no plan: nothing was changed."));
  if (json_integer_value(json_object_get(content, "rows")) != rows)
    return refuse("Refused", words("The plan has another number of rows than was confirmed."));
  enum mulligan_status status = console->record ? MULLIGAN_OK : begin_run(console, &fault);
  /* Without `again`: what an input read before the plan was opened cannot be read once more. */
  const struct run_application how = {.again = NULL};
  if (status == MULLIGAN_OK)
    status = run_record_plan(console->record, console->plan, NULL, false, &fault);
  if (status == MULLIGAN_OK)
    status = run_record_apply(console->record, console->plan, console->writer, &how, &rows, &fault);
  if (status != MULLIGAN_OK)
    return refuse_apply(console, status, &fault);
  if (run_record_end(console->record, AUDIT_APPLIED, NULL, &fault) != MULLIGAN_OK)
    console_remark(console, words("The audit could not be told: %s"), fault.message);
  json_t *reply = json_pack("{s:s, s:I, s:s, s:o}", "status", "ok", "rows", (json_int_t)rows, "run",
                            run_record_id(console->record), "text", record_text(console->record));
  run_record_close(console->record);
  console->record = NULL;
  close_plan(console);
  return reply;
}

json_t *console_discard_plan(struct console *console, const json_t *content) {
  const char *reason = json_string_value(json_object_get(content, "reason"));
  int64_t rows = console_plan_rows(console);
  if (rows < 0)
    return refuse("Refused", words("There is no plan: nothing was changed."));
  console_drop_plan(console, AUDIT_NOT_CONFIRMED, reason ? reason : "discarded");
  return json_pack("{s:s, s:I}", "status", "ok", "rows", (json_int_t)rows);
}
