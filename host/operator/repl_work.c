/**
 * repl_work.c - the prompt's commands that change something: scripts, the plan, and runs taken back.
 *
 * Called by repl_command.c on the main thread. Invariant: nothing is saved but what was shown right before and, where
 * there is somebody to ask, confirmed.
 */
#include "operator/repl_do.h"

#include "data/audit.h"
#include "operator/arguments.h"
#include "operator/audit_text.h"
#include "operator/confirmation.h"
#include "operator/job.h"
#include "operator/script.h"
#include "operator/undo.h"
#include "operator/words.h"

#include <stdlib.h>
#include <string.h>

enum { LISTED_MOST = 20, RUNS_LOOKED_AT = 200 };

/* ---- scripts ---- */

size_t repl_divide(char *line, char **out) {
  size_t count = 0;
  char *read = line, *write = line;
  while (count < REPL_WORDS_MOST) {
    read += strspn(read, " \t\n");
    if (!*read)
      break;
    out[count++] = write;
    char quote = '\0';
    for (; *read && (quote || !strchr(" \t\n", *read)); read++) {
      if (*read == quote)
        quote = '\0';
      else if (!quote && (*read == '"' || *read == '\''))
        quote = *read;
      else
        *write++ = *read;
    }
    bool more = *read != '\0';
    *write++ = '\0';
    read += more;
  }
  return count;
}

static void list_scripts(struct repl *repl) {
  const struct job_options options = {.command = "repl", .operator_name = repl->options->operator_name, .out = stdout};
  job_list(repl->options->services, repl->options->generation, &options);
}

void repl_do_run(struct repl *repl, const char *rest) {
  char name[256], *words_of[REPL_WORDS_MOST], *line = strdup(rest);
  size_t count = line ? repl_divide(line, words_of) : 0;
  struct operator_script script = {0};
  struct fault fault;
  json_t *values = NULL;
  enum mulligan_status status = MULLIGAN_MISSING;
  if (count == 0) {
    list_scripts(repl);
    free(line);
    return;
  }
  if (script_exists(repl->options->generation, words_of[0], name))
    status = script_load(&script, console_vm(repl->console), name, words_language(), &fault);
  else if (script_nearest(repl->options->generation, words_of[0], name))
    fault_set(&fault, status, words("there is no operator script %s; did you mean %s?"), words_of[0], name);
  else
    fault_set(&fault, status, words("there is no operator script %s; `:run` lists them"), words_of[0]);
  if (status == MULLIGAN_OK)
    status = arguments_read(&script, words_of + 1, count - 1, console_store(repl->console), &values, &fault);
  if (status == MULLIGAN_OK) {
    repl_execute(repl, json_pack("{s:s, s:o, s:o}", "script", name, "parameters", values, "secrets",
                                 arguments_secret(&script, values)));
  } else {
    repl_complain(repl, "%s", fault.message);
    repl_note(repl, REPL_FAILED);
  }
  script_release(&script);
  free(line);
}

json_t *repl_offer_scripts(struct repl *repl) {
  char name[256];
  json_t *list = json_array();
  for (size_t i = 0; script_name_at(repl->options->generation, i, name); i++)
    json_array_append_new(list, json_string(name));
  return list;
}

/* ---- the plan ---- */

/* Shows the plan; its rows, or -1 after saying that there is none. */
static json_int_t show_plan(struct repl *repl) {
  json_t *reply = repl_request(repl, "plan_request", json_object());
  const json_t *content = console_content(reply), *text = json_object_get(content, "text");
  json_int_t rows =
      json_is_true(json_object_get(content, "open")) ? json_integer_value(json_object_get(content, "rows")) : -1;
  if (rows < 0)
    repl_say(repl, REPL_PLAIN, "%s", words("There is no plan: nothing was changed."));
  else
    repl_show_text(repl, json_string_value(text), json_string_length(text));
  if (rows >= 0)
    repl_say(repl, REPL_BOLD, words("Rows that change: %lld. Nothing has been saved yet."), (long long)rows);
  json_decref(reply);
  return rows;
}

void repl_do_plan(struct repl *repl, const char *rest) {
  (void)rest;
  show_plan(repl);
}

static void tell_reply(struct repl *repl, const json_t *content) {
  const char *why = json_string_value(json_object_get(content, "evalue"));
  const char *name = json_string_value(json_object_get(content, "ename"));
  repl_complain(repl, "%s", why ? why : "");
  repl_note(repl, name && strcmp(name, "Refused") == 0 ? REPL_REFUSED : REPL_FAILED);
}

void repl_do_apply(struct repl *repl, const char *rest) {
  (void)rest;
  json_int_t rows = show_plan(repl);
  if (rows < 0)
    return;
  if (repl->interactive && !confirmation_ask(rows, NULL)) {
    repl_say(repl, REPL_PLAIN, "%s", words("Not confirmed. The plan is still open, and nothing has been saved."));
    return;
  }
  json_t *reply = repl_request(repl, "apply_request", json_pack("{s:I}", "rows", rows));
  const json_t *content = console_content(reply);
  if (strcmp(json_string_value(json_object_get(content, "status")), "ok") == 0) {
    repl_say(repl, REPL_BOLD, words("Saved. Rows changed: %lld."),
             (long long)json_integer_value(json_object_get(content, "rows")));
    fputs(json_string_value(json_object_get(content, "text")), repl->interactive ? stdout : stderr);
  } else {
    tell_reply(repl, content);
    repl_say(repl, REPL_PLAIN, "%s",
             words("Nothing has been saved. The plan is still open; :discard gives it up, to begin anew on the data as "
                   "it is now."));
  }
  json_decref(reply);
}

void repl_do_discard(struct repl *repl, const char *rest) {
  (void)rest;
  json_t *reply = repl_request(repl, "discard_request", json_object());
  const json_t *content = console_content(reply);
  if (strcmp(json_string_value(json_object_get(content, "status")), "ok") == 0)
    repl_say(repl, REPL_PLAIN, words("The plan is given up (%lld rows). Nothing has been saved."),
             (long long)json_integer_value(json_object_get(content, "rows")));
  else
    tell_reply(repl, content);
  json_decref(reply);
}

/* ---- runs ---- */

static bool list_runs(struct repl *repl, int limit, json_t **out) {
  struct fault fault;
  const struct vm_services *services = repl->options->services;
  const struct audit_options options = {
      .folder = services->settings->data, .app_path = services->app_path, .app_lock = services->app_lock};
  if (audit_settle(&options, &fault) == MULLIGAN_OK &&
      audit_list(services->settings->data, limit, out, &fault) == MULLIGAN_OK)
    return true;
  repl_complain(repl, "%s", fault.message);
  repl_note(repl, REPL_FAILED);
  return false;
}

void repl_do_audit(struct repl *repl, const char *rest) {
  struct fault fault;
  struct buf text;
  json_t *found;
  buf_init(&text, REPL_TEXT_CAP);
  if (!*rest) {
    if (list_runs(repl, LISTED_MOST, &found)) {
      audit_text_add_list(&text, found, repl_width_or(160));
      json_decref(found);
    }
  } else if (audit_get(repl->options->services->settings->data, rest, &found, &fault) == MULLIGAN_OK) {
    audit_text_add_run(&text, found, repl_width_or(160));
    json_decref(found);
  } else {
    repl_complain(repl, "%s", fault.message);
    repl_note(repl, REPL_FAILED);
  }
  repl_show_buf(repl, &text);
}

static const char *member(const json_t *run, const char *name) {
  const char *text = json_string_value(json_object_get(run, name));
  return text ? text : "";
}

/* Is it saved, no undo itself, and not taken back? */
static bool can_be_undone(struct repl *repl, const json_t *run) {
  struct fault fault;
  json_t *whole;
  if (strcmp(member(run, "outcome"), AUDIT_APPLIED) != 0 || strcmp(member(run, "kind"), "undo") == 0 ||
      audit_get(repl->options->services->settings->data, member(run, "id"), &whole, &fault) != MULLIGAN_OK)
    return false;
  bool undone = *member(whole, "undone_by") != '\0';
  json_decref(whole);
  return !undone;
}

/* The newest run that can be taken back. */
static bool find_last_run(struct repl *repl, char out[MULLIGAN_REFERENCE_SIZE]) {
  json_t *runs, *run;
  size_t index;
  bool found = false;
  if (!list_runs(repl, RUNS_LOOKED_AT, &runs))
    return false;
  json_array_foreach(runs, index, run) {
    found = can_be_undone(repl, run);
    if (!found)
      continue;
    const char *as = member(run, "as");
    snprintf(out, MULLIGAN_REFERENCE_SIZE, "%s", member(run, "id"));
    repl_say(repl, REPL_PLAIN, words("The newest saved run is %s (%s, by %s, %s)."), out, member(run, "name"),
             *as ? as : member(run, "user"), member(run, "started_at"));
    break;
  }
  if (!found)
    repl_say(repl, REPL_PLAIN, "%s", words("There is no saved run to take back."));
  json_decref(runs);
  return found;
}

void repl_do_undo(struct repl *repl, const char *rest) {
  char run[MULLIGAN_REFERENCE_SIZE];
  if (!*rest && !find_last_run(repl, run))
    return;
  const struct undo_options options = {.run = *rest ? rest : run,
                                       .operator_name = repl->options->operator_name,
                                       .command_line = repl->options->command_line,
                                       .apply = true,
                                       .out = stdout,
                                       .width = repl_width_or(160)};
  enum job_outcome outcome = undo_run(repl->options->services, &options);
  if (outcome != JOB_APPLIED && outcome != JOB_PLANNED)
    repl_note(repl, outcome == JOB_FAILED ? REPL_FAILED : REPL_REFUSED);
}

json_t *repl_offer_runs(struct repl *repl) {
  struct fault fault;
  json_t *runs, *run, *list = json_array();
  size_t index;
  if (audit_list(repl->options->services->settings->data, LISTED_MOST, &runs, &fault) != MULLIGAN_OK)
    return list;
  json_array_foreach(runs, index, run) json_array_append(list, json_object_get(run, "id"));
  json_decref(runs);
  return list;
}
