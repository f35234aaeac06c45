/**
 * notebook_play.c - a notebook's cells run on a plan's copy.
 *
 * Called by a notebook's run, and by whoever applies a plan that was kept, on that run's thread. Invariant: while cells
 * run, Ctrl-C goes to this console, and afterwards to the one that it went to before.
 */
#include "operator/notebook_play.h"

#include "operator/console_key.h"
#include "operator/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 600, PLACE_SIZE = 40 };

/* ---- the console's two calls ---- */

static void publish(void *context, const json_t *message) {
  struct notebook_play *play = context;
  notebook_output_take(&play->output, message);
  if (play->front && play->front->publish)
    play->front->publish(play->front->context, message);
}

/* Asks who watches and notes the answer, or repeats one that was given; after the last of them it is yes. */
static bool ask(void *context, const json_t *message, struct buf *answer) {
  struct notebook_play *play = context;
  const char *expected = json_string_value(json_object_get(console_content(message), "expected"));
  const json_t *given = json_array_get(play->answers, play->answered);
  if (!expected)
    return false;
  play->answered++;
  if (!play->front || !play->front->ask) {
    bool yes = !given || json_is_true(given);
    return yes && buf_add_text(answer, expected);
  }
  bool yes = play->front->ask(play->front->context, message, answer) && strcmp(answer->data, expected) == 0;
  json_array_append_new(play->answers, json_boolean(yes));
  return yes;
}

/* ---- life ---- */

static enum mulligan_status open_console(struct notebook_play *play, struct plan *plan, struct fault *fault) {
  const struct notebook_work *work = play->work;
  const struct console_options options = {.services = work->services,
                                          .generation = work->generation,
                                          .kind = "notebook",
                                          .name = work->name,
                                          .operator_name = work->operator_name,
                                          .plan = plan,
                                          .width = play->front ? play->front->width : 0,
                                          .publish = publish,
                                          .ask = ask,
                                          .context = play};
  return console_open(&play->console, &options, fault);
}

enum mulligan_status notebook_play_open(struct notebook_play *out, const struct notebook_work *work, struct plan *plan,
                                        const struct notebook_front *front, struct fault *fault) {
  *out = (struct notebook_play){.work = work,
                                .front = front,
                                .answers = work->answers ? json_copy((json_t *)work->answers) : json_array(),
                                .marks = calloc(notebook_cell_count(work->notebook) + 1, sizeof *out->marks),
                                .taint = taint_create()};
  enum mulligan_status status = MULLIGAN_OK;
  if (!out->answers || !out->marks || !out->taint)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (status == MULLIGAN_OK)
    status = open_console(out, plan, fault);
  if (status != MULLIGAN_OK)
    notebook_play_close(out);
  return status;
}

static void close_console(struct notebook_play *play) {
  console_close(play->console);
  play->console = NULL;
}

void notebook_play_close(struct notebook_play *play) {
  close_console(play);
  notebook_output_release(&play->output);
  json_decref(play->answers);
  free(play->marks);
  taint_destroy(play->taint);
  *play = (struct notebook_play){0};
}

/* ---- one cell ---- */

/* Do the parameters come with this cell? */
static bool takes_parameters(const struct notebook *notebook, size_t index) {
  while (index > 0) {
    const json_t *before = notebook_cell(notebook, --index);
    if (notebook_cell_is_code(before))
      return notebook_cell_has_tag(before, "parameters");
  }
  return true;
}

/* A cell's own line of a .lua; an .ipynb has no lines that anybody counts, so there it is the cell's. */
static json_t *make_request(const struct notebook_work *work, size_t index) {
  int line = work->notebook->lines[index];
  char name[NAME_SIZE], place[PLACE_SIZE] = "";
  if (line == 0)
    snprintf(place, sizeof place, words(", cell %zu"), index + 1);
  snprintf(name, sizeof name, "@%s%s", work->file, place);
  const json_t *cell = notebook_cell(work->notebook, index);
  json_t *content = json_pack("{s:O, s:s, s:i, s:O}", "code", json_object_get(cell, "source"), "source_name", name,
                              "source_line", line > 0 ? line : 1, "secrets", work->secrets);
  if (takes_parameters(work->notebook, index))
    json_object_set(content, "variables", (json_t *)work->values);
  return content;
}

static json_t *request(struct notebook_play *play, size_t index) {
  struct console *before = console_key_watch(play->console);
  json_t *message = console_request(play->console, "execute_request", make_request(play->work, index));
  json_t *reply = message ? console_handle(play->console, message) : NULL;
  console_key_watch(before);
  json_decref(message);
  return reply;
}

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* How it ended, and why; the traceback's first line says where, too. */
static enum notebook_end read_reply(const json_t *content, struct fault *fault) {
  const char *status = text_of(content, "status");
  const char *where = json_string_value(json_array_get(json_object_get(content, "traceback"), 0));
  if (strcmp(status, "ok") == 0)
    return NOTEBOOK_DONE;
  if (strcmp(status, "aborted") == 0) {
    fault_set(fault, MULLIGAN_DENIED, "%s", text_of(content, "evalue"));
    return NOTEBOOK_ABORTED;
  }
  bool interrupted = strcmp(text_of(content, "ename"), "Interrupted") == 0;
  fault_set(fault, interrupted ? MULLIGAN_INTERRUPTED : MULLIGAN_ERROR, "%s",
            where ? where : text_of(content, "evalue"));
  return interrupted ? NOTEBOOK_INTERRUPTED : NOTEBOOK_FAILED;
}

enum notebook_end notebook_play_cell(struct notebook_play *play, size_t index, json_t **outputs, int *count,
                                     struct fault *fault) {
  *outputs = NULL;
  *count = console_next_count(play->console);
  play->marks[index] = play->answered;
  if (!notebook_output_init(&play->output)) {
    fault_set(fault, MULLIGAN_NOMEM, "out of memory");
    return NOTEBOOK_FAILED;
  }
  json_t *reply = request(play, index);
  enum notebook_end end = read_reply(console_content(reply), fault);
  taint_add_all(play->taint, vm_taint(console_vm(play->console)));
  *outputs = notebook_output_detach(&play->output);
  json_decref(reply);
  return end;
}

/* ---- many ---- */

static enum mulligan_status replay(struct notebook_play *play, size_t end, struct fault *fault) {
  for (size_t i = 0; i < end; i++) {
    json_t *outputs;
    int count;
    if (!notebook_cell_is_code(notebook_cell(play->work->notebook, i)))
      continue;
    enum notebook_end ended = notebook_play_cell(play, i, &outputs, &count, fault);
    json_decref(outputs);
    if (ended != NOTEBOOK_DONE)
      return fault->status;
  }
  return MULLIGAN_OK;
}

enum mulligan_status notebook_play_rewind(struct notebook_play *play, struct plan *fresh, size_t end,
                                          struct fault *fault) {
  const struct notebook_front *front = play->front;
  close_console(play);
  while (json_array_size(play->answers) > play->marks[end])
    json_array_remove(play->answers, json_array_size(play->answers) - 1);
  play->answered = 0;
  play->front = NULL;
  enum mulligan_status status = open_console(play, fresh, fault);
  if (status == MULLIGAN_OK)
    status = replay(play, end, fault);
  play->front = front;
  if (status == MULLIGAN_OK)
    console_set_width(play->console, front->width);
  else
    notebook_play_close(play);
  return status;
}

enum mulligan_status notebook_play_again(void *context, struct plan *fresh, struct fault *fault) {
  const struct notebook_work *work = context;
  struct notebook_play play;
  enum mulligan_status status = notebook_play_open(&play, work, fresh, NULL, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = replay(&play, notebook_cell_count(work->notebook), fault);
  notebook_play_close(&play);
  return status;
}
