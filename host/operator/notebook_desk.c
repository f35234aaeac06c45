/**
 * notebook_desk.c - notebooks at the command line.
 *
 * Called by `mulligan notebook`, on the main thread. A run's outputs are shown by what shows them at the prompt
 * (repl_show.c), which needs no prompt for it.
 */
#include "operator/notebook_desk.h"

#include "base/file.h"
#include "operator/arguments.h"
#include "operator/notebook_folder.h"
#include "operator/notebook_parameters.h"
#include "operator/offer.h"
#include "operator/printable.h"
#include "operator/repl_internal.h"
#include "operator/table.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_CAP = 64 << 20 };

static const char command[] = "notebook";

static enum job_outcome fail(const struct fault *fault) {
  offer_tell(command, fault->message);
  return JOB_FAILED;
}

static enum job_outcome print_json(const json_t *value) {
  bool good = value && json_dumpf(value, stdout, JSON_INDENT(2)) == 0 && fputc('\n', stdout) != EOF;
  return good && fflush(stdout) == 0 ? JOB_PLANNED : JOB_FAILED;
}

/* ---- one notebook, read ---- */

struct reading {
  struct notebook_place place;
  struct notebook notebook;
  struct operator_script asks;
};

static enum mulligan_status open_reading(struct reading *out, const struct settings *settings, const char *name,
                                         struct fault *fault) {
  *out = (struct reading){0};
  enum mulligan_status status = notebook_place_find(&out->place, settings, name, fault);
  if (status == MULLIGAN_OK)
    status = notebook_read(&out->notebook, out->place.path, fault);
  if (status == MULLIGAN_OK)
    status = notebook_parameters_read(&out->asks, &out->notebook, out->place.name, out->place.file, fault);
  return status;
}

static void close_reading(struct reading *reading) {
  script_release(&reading->asks);
  notebook_release(&reading->notebook);
  notebook_place_release(&reading->place);
}

static json_t *reading_json(const struct reading *reading) {
  json_t *object = script_json(&reading->asks);
  json_object_del(object, "summary");
  json_object_set_new(object, "file", json_string(reading->place.file));
  return object;
}

/* ---- list ---- */

enum job_outcome notebook_desk_list(const struct settings *settings, bool json, int width) {
  json_t *files = notebook_folder_files(settings), *file, *list = json_array(),
         *columns = json_pack("[s, s, s]", "name", "title", "file");
  enum job_outcome outcome = JOB_PLANNED;
  size_t index;
  json_array_foreach(files, index, file) {
    struct reading reading;
    struct fault fault;
    if (open_reading(&reading, settings, json_string_value(file), &fault) == MULLIGAN_OK)
      json_array_append_new(list, reading_json(&reading));
    else
      outcome = fail(&fault);
    close_reading(&reading);
  }
  struct buf text;
  buf_init(&text, TEXT_CAP);
  if (json && print_json(list) != JOB_PLANNED)
    outcome = JOB_FAILED;
  else if (json_array_size(list) == 0)
    buf_addf(&text, "%s\n", words("There are no notebooks."));
  else {
    table_add(&text, columns, list, width);
    buf_addf(&text, "\n%s\n", words("`mulligan notebook show NAME` tells what one takes."));
  }
  if (!json)
    fwrite(text.data, 1, text.length, stdout);
  buf_release(&text);
  json_decref(columns);
  json_decref(files);
  json_decref(list);
  return outcome;
}

/* ---- show ---- */

static json_t *cells_json(const struct reading *reading) {
  json_t *list = json_array();
  for (size_t i = 0; i < notebook_cell_count(&reading->notebook); i++) {
    const json_t *cell = notebook_cell(&reading->notebook, i);
    int line = reading->notebook.lines[i];
    json_array_append_new(list, json_pack("{s:O, s:O, s:O?, s:o, s:O}", "type", json_object_get(cell, "cell_type"),
                                          "id", json_object_get(cell, "id"), "title",
                                          json_object_get(json_object_get(cell, "metadata"), "title"), "line",
                                          line > 0 ? json_integer(line) : json_null(), "source",
                                          json_object_get(cell, "source")));
  }
  return list;
}

static void add_indented(struct buf *out, const char *text) {
  while (*text) {
    size_t length = strcspn(text, "\n");
    buf_add_text(out, length > 0 ? "    " : "");
    printable_add_lines(out, text, length);
    buf_add_char(out, '\n');
    text += length + (text[length] ? 1 : 0);
  }
}

static void print_cells(const struct reading *reading) {
  struct buf text;
  buf_init(&text, TEXT_CAP);
  buf_addf(&text, "%s mulligan notebook run %s [-p NAME=VALUE …] [--apply]\n\n", words("usage:"), reading->place.name);
  arguments_add_usage(&text, &reading->asks);
  for (size_t i = 0; i < notebook_cell_count(&reading->notebook); i++) {
    const json_t *cell = notebook_cell(&reading->notebook, i);
    const char *title = json_string_value(json_object_get(json_object_get(cell, "metadata"), "title"));
    const char *source = notebook_cell_source(cell);
    buf_add_char(&text, '\n');
    if (title)
      buf_addf(&text, "[%zu] %s\n", i + 1, title);
    else if (notebook_cell_is_code(cell))
      buf_addf(&text, "[%zu]\n", i + 1);
    if (notebook_cell_is_code(cell)) {
      add_indented(&text, source);
    } else {
      printable_add_lines(&text, source, strlen(source));
      buf_add_char(&text, '\n');
    }
  }
  fwrite(text.data, 1, text.length, stdout);
  buf_release(&text);
}

enum job_outcome notebook_desk_show(const struct settings *settings, const char *name, bool json) {
  struct reading reading;
  struct fault fault;
  enum job_outcome outcome = JOB_PLANNED;
  if (open_reading(&reading, settings, name, &fault) != MULLIGAN_OK) {
    outcome = fail(&fault);
  } else if (json) {
    json_t *object = reading_json(&reading);
    json_object_set_new(object, "cells", cells_json(&reading));
    outcome = print_json(object);
    json_decref(object);
  } else {
    print_cells(&reading);
  }
  close_reading(&reading);
  return outcome;
}

/* ---- run ---- */

static bool ask(void *context, const json_t *message, struct buf *answer) {
  const json_t *content = console_content(message);
  (void)context;
  return terminal_ask(json_string_value(json_object_get(content, "prompt")),
                      json_is_true(json_object_get(content, "password")), answer);
}

struct notebook_result notebook_desk_run(const struct vm_services *services, struct generation *generation,
                                         const struct notebook_run_options *options) {
  const char *no_colour = getenv("NO_COLOR");
  struct repl screen = {.colour = isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && !(no_colour && *no_colour)};
  if (!display_init(&screen.display, stdout, options->yes))
    return (struct notebook_result){JOB_FAILED, false};
  bool asks = terminal_is_there() && !options->yes;
  const struct notebook_front front = {.publish = options->json ? NULL : repl_publish,
                                       .ask = asks ? ask : NULL,
                                       .context = &screen,
                                       .width = repl_width()};
  struct notebook_run_options all = *options;
  all.front = &front;
  struct notebook_result result = notebook_run(services, generation, &all);
  display_release(&screen.display);
  return result;
}

/* ---- convert ---- */

enum job_outcome notebook_desk_convert(const struct settings *settings, const char *from, const char *to) {
  struct notebook_place place;
  struct notebook notebook = {0};
  struct fault fault;
  enum mulligan_status status = notebook_place_find(&place, settings, from, &fault);
  if (status == MULLIGAN_OK && file_is_same(place.path, to))
    status = fault_set(&fault, MULLIGAN_INVALID, words("%s is the notebook itself"), to);
  if (status == MULLIGAN_OK)
    status = notebook_read(&notebook, place.path, &fault);
  if (status == MULLIGAN_OK)
    status = notebook_write(&notebook, to, &fault);
  notebook_release(&notebook);
  notebook_place_release(&place);
  return status == MULLIGAN_OK ? JOB_PLANNED : fail(&fault);
}
