/**
 * console_execute.c - an input, from the request to the reply.
 *
 * Called by console.c on the console's thread. Invariant: whatever happens, the step of the plan is ended, and the
 * console is fit for the next input.
 */
#include "operator/console_internal.h"

#include "base/clock.h"
#include "base/taint.h"
#include "operator/words.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 300, SOURCE_KEPT_BYTES = 64 * 1024 };

struct job {
  const char *code, *script;
  char name[NAME_SIZE]; /* the chunk's */
  int line;
  struct session_outcome outcome;
};

/* ---- before ---- */

static void name_input(struct console *console, const json_t *content, struct job *job) {
  const char *given = json_string_value(json_object_get(content, "source_name"));
  job->line = (int)json_integer_value(json_object_get(content, "source_line"));
  if (job->line < 1)
    job->line = 1;
  if (given)
    snprintf(job->name, sizeof job->name, "%s", given);
  else
    snprintf(job->name, sizeof job->name, "=[%d]", console->count);
}

/* Errors show the line that they are about; functions may come from inputs long past. */
static void keep_source(struct console *console, const struct job *job) {
  if (!job->code || strlen(job->code) > SOURCE_KEPT_BYTES)
    return;
  if (json_array_size(console->sources) >= CONSOLE_SOURCES_KEPT)
    json_array_remove(console->sources, 0);
  json_array_append_new(console->sources,
                        json_pack("{s:s, s:i, s:s}", "name", job->name + 1, "line", job->line, "code", job->code));
}

static void declare_secrets(struct console *console, const json_t *secrets) {
  size_t index;
  json_t *secret;
  json_array_foreach((json_t *)secrets, index, secret)
      taint_add_declared(vm_taint(console->vm), json_string_value(secret), json_string_length(secret));
}

/* ---- after ---- */

static void show_values(struct console *console, const json_t *values) {
  size_t index;
  json_t *value;
  json_array_foreach((json_t *)values, index, value) {
    json_t *bundle = console_bundle(console, value);
    json_t *columns = json_object_get(value, "columns");
    if (columns)
      console_keep(console, json_pack("{s:s, s:O, s:O}", "kind", "table", "columns", columns, "rows",
                                      json_object_get(value, "rows")));
    else
      console_keep(console, json_pack("{s:s, s:O}", "kind", "say", "text", json_object_get(value, "text")));
    console_publish(console, "execute_result",
                    json_pack("{s:i, s:o, s:{}}", "execution_count", console->count, "data", bundle, "metadata"));
  }
}

/* The reply of an input that did not come to its end. */
static json_t *reply_failure(struct console *console, const struct session_outcome *outcome) {
  json_t *content = console_explain(console, outcome);
  console_publish(console, "error", json_incref(content));
  console_keep(console, json_pack("{s:s, s:O?}", "kind", "say", "text", json_object_get(content, "text")));
  bool aborted = outcome->end == SESSION_ABORTED;
  json_t *reply = json_pack("{s:s, s:i, s:O?, s:O?, s:O?}", "status", aborted ? "aborted" : "error", "execution_count",
                            console->count, "ename", json_object_get(content, "ename"), "evalue",
                            json_object_get(content, "evalue"), "traceback", json_object_get(content, "traceback"));
  json_decref(content);
  return reply;
}

static void fail(struct session_outcome *outcome, const char *type, const char *message) {
  outcome->end = SESSION_FAILED;
  free(outcome->type);
  free(outcome->message);
  outcome->type = strdup(type);
  outcome->message = strdup(message);
}

/* A vm that met its memory's end, or ran into C for good, is given up; the plan is not. */
static void replace_vm(struct console *console, struct session_outcome *outcome) {
  struct fault fault;
  fail(outcome, "MemoryExceeded", words("it took too much memory and was stopped; the session's variables are gone"));
  if (console_make_vm(console, &fault) != MULLIGAN_OK)
    fail(outcome, "Error", fault.message);
}

/* What does not compile has no stack: its place goes into the message. */
static void describe(struct error_record *record, const struct session_outcome *outcome) {
  struct buf message;
  const json_t *frame = json_array_get(outcome->frames, 0);
  const char *file = json_string_value(json_object_get(frame, "file"));
  const char *type = outcome->type ? outcome->type : "MemoryExceeded";
  buf_init(&message, MULLIGAN_ERROR_MESSAGE_MOST + NAME_SIZE);
  if (file)
    buf_addf(&message, "%s:%d: ", file, (int)json_integer_value(json_object_get(frame, "line")));
  buf_add_text(&message, outcome->message ? outcome->message : "");
  error_record_set(record, &record->exc_type, type, strlen(type), NAME_SIZE);
  error_record_set(record, &record->message, message.data, message.length, MULLIGAN_ERROR_MESSAGE_MOST);
  buf_release(&message);
}

/* Keeps what ErrorLog is to have of the input, while its vm is there. */
static void keep_error(struct console *console, struct session_outcome *outcome) {
  if (outcome->end != SESSION_FAILED && outcome->end != SESSION_INVALID && outcome->end != SESSION_LOST)
    return;
  struct error_record *record = outcome->error;
  outcome->error = NULL;
  if (!record && outcome->end == SESSION_LOST)
    record = vm_take_error(console->vm);
  if (!record)
    record = error_record_create(ERROR_SOURCE_OPERATOR);
  if (record && !record->message)
    describe(record, outcome);
  if (record && !record->taint && !vm_note_secrets(console->vm, record)) {
    error_record_destroy(record);
    record = NULL;
  }
  console->error = record;
}

struct error_record *console_take_error(struct console *console) {
  struct error_record *record = console->error;
  console->error = NULL;
  return record;
}

static void run(struct console *console, const json_t *content, struct job *job) {
  struct fault fault;
  const struct session_input input = {
      .code = job->script ? NULL : job->code,
      .length = job->code ? strlen(job->code) : 0,
      .name = job->name,
      .line = job->line,
      .variables = json_object_get(content, "variables"),
      .script = job->script,
      .parameters = json_object_get(content, "parameters"),
  };
  if (!console->session && console_make_vm(console, &fault) != MULLIGAN_OK) {
    fail(&job->outcome, "Error", fault.message);
    return;
  }
  declare_secrets(console, json_object_get(content, "secrets"));
  if (console_begin_step(console, &fault) != MULLIGAN_OK) {
    fail(&job->outcome, "Error", fault.message);
    return;
  }
  atomic_store(&console->busy, true);
  session_execute(console->session, &input, &job->outcome, &fault);
  atomic_store(&console->busy, false);
  bool good = job->outcome.end == SESSION_DONE;
  if (console_end_step(console, good, job->outcome.message, &fault) != MULLIGAN_OK && good)
    fail(&job->outcome, "db.Error", fault.message);
  keep_error(console, &job->outcome);
  if (job->outcome.end == SESSION_LOST)
    replace_vm(console, &job->outcome);
}

json_t *console_execute(struct console *console, const json_t *content, json_t *metadata) {
  struct job job = {.code = json_string_value(json_object_get(content, "code")),
                    .script = json_string_value(json_object_get(content, "script"))};
  const json_t *may_ask = json_object_get(content, "allow_stdin");
  if (!job.code && !job.script)
    return json_pack("{s:s, s:s, s:s, s:[]}", "status", "error", "ename", "BadRequest", "evalue",
                     "an execute_request has code or script", "traceback");
  console->silent = json_is_true(json_object_get(content, "silent"));
  console->may_ask = !json_is_false(may_ask);
  console->shown = console->withheld = 0;
  json_array_clear(console->output);
  error_record_destroy(console_take_error(console));
  if (!console->silent && !json_is_false(json_object_get(content, "store_history")))
    console->count++;
  name_input(console, content, &job);
  keep_source(console, &job);
  console_publish(console, "execute_input",
                  json_pack("{s:s, s:i}", "code", job.code ? job.code : job.script, "execution_count", console->count));
  int64_t started = clock_monotonic_ns();
  run(console, content, &job);
  int64_t taken = clock_monotonic_ns() - started; /* without the time that somebody takes to read */
  json_t *reply;
  if (job.outcome.end == SESSION_DONE) {
    show_values(console, job.outcome.values);
    reply = json_pack("{s:s, s:i, s:{}, s:[]}", "status", "ok", "execution_count", console->count, "user_expressions",
                      "payload");
  } else {
    reply = reply_failure(console, &job.outcome);
  }
  console_end_output(console);
  console_record_cell(console, job.code ? job.code : job.script);
  session_outcome_release(&job.outcome);
  console->silent = false;
  int64_t rows = console_plan_rows(console);
  json_object_set_new(metadata, "duration_us", json_integer(taken / 1000));
  json_object_set_new(metadata, "plan_rows", rows < 0 ? json_null() : json_integer(rows));
  return reply;
}
