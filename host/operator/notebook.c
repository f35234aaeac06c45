/**
 * notebook.c - notebooks and their files.
 *
 * Runs on the thread of the command or the REPL. Which format a file has is told by its name; what is wrong with one is
 * told with its name in front.
 */
#include "operator/notebook.h"

#include "base/file.h"
#include "operator/notebook_ipynb.h"
#include "operator/notebook_percent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 256 << 20 };

static bool ends_with(const char *path, const char *suffix) {
  size_t length = strlen(path), wanted = strlen(suffix);
  return length > wanted && strcmp(path + length - wanted, suffix) == 0;
}

/* Puts the file's name before what is wrong in it, and a line that it begins with behind the name. */
static enum mulligan_status blame(const char *path, enum mulligan_status status, const struct fault *inner,
                                  struct fault *fault) {
  static const char line[] = "line ";
  const char *number = inner->message + sizeof line - 1;
  size_t digits = strncmp(inner->message, line, sizeof line - 1) == 0 ? strspn(number, "0123456789") : 0;
  if (digits > 0 && number[digits] == ':')
    return fault_set(fault, status, "%s:%s", path, number);
  return fault_set(fault, status, "%s: %s", path, inner->message);
}

enum mulligan_status notebook_read(struct notebook *out, const char *path, struct fault *fault) {
  memset(out, 0, sizeof *out);
  bool lua = ends_with(path, ".lua");
  if (!lua && !ends_with(path, ".ipynb"))
    return fault_set(fault, MULLIGAN_INVALID, "%s: a notebook's name ends in .lua or .ipynb", path);
  struct buf text;
  struct fault inner;
  buf_init(&text, MOST_BYTES);
  enum mulligan_status status = file_read(path, &text, fault);
  if (status == MULLIGAN_OK) {
    status = lua ? notebook_percent_read(&out->json, &out->lines, text.data, text.length, &inner)
                 : notebook_ipynb_read(&out->json, text.data, text.length, &inner);
    if (status != MULLIGAN_OK)
      blame(path, status, &inner, fault);
  }
  buf_release(&text);
  if (status == MULLIGAN_OK && !out->lines)
    out->lines = calloc(notebook_cell_count(out) + 1, sizeof *out->lines);
  if (status == MULLIGAN_OK && !out->lines) {
    notebook_release(out);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  return status;
}

void notebook_release(struct notebook *notebook) {
  json_decref(notebook->json);
  free(notebook->lines);
  memset(notebook, 0, sizeof *notebook);
}

enum mulligan_status notebook_write(const struct notebook *notebook, const char *path, struct fault *fault) {
  bool lua = ends_with(path, ".lua");
  if (!lua && !ends_with(path, ".ipynb"))
    return fault_set(fault, MULLIGAN_INVALID, "%s: a notebook's name ends in .lua or .ipynb", path);
  struct buf text;
  struct fault inner;
  buf_init(&text, 2 * (size_t)MOST_BYTES);
  enum mulligan_status status = MULLIGAN_OK;
  if (lua)
    status = notebook_percent_write(notebook->json, &text, &inner);
  else if (!notebook_ipynb_write(notebook->json, &text))
    status = fault_set(&inner, MULLIGAN_NOMEM, "out of memory");
  if (status != MULLIGAN_OK)
    blame(path, status, &inner, fault);
  else
    status = file_replace(path, text.data, text.length, 0644, fault);
  buf_release(&text);
  return status;
}

/* ---- asking ---- */

size_t notebook_cell_count(const struct notebook *notebook) {
  return json_array_size(json_object_get(notebook->json, "cells"));
}

json_t *notebook_cell(const struct notebook *notebook, size_t index) {
  return json_array_get(json_object_get(notebook->json, "cells"), index);
}

bool notebook_cell_is_code(const json_t *cell) {
  return strcmp(json_string_value(json_object_get(cell, "cell_type")), "code") == 0;
}

const char *notebook_cell_source(const json_t *cell) {
  return json_string_value(json_object_get(cell, "source"));
}

bool notebook_cell_has_tag(const json_t *cell, const char *tag) {
  size_t index;
  json_t *each;
  json_array_foreach(json_object_get(json_object_get(cell, "metadata"), "tags"), index, each) {
    if (json_is_string(each) && strcmp(json_string_value(each), tag) == 0)
      return true;
  }
  return false;
}

static const char *copy_line(const char *text, char out[200]) {
  size_t length = strcspn(text, "\n");
  snprintf(out, 200, "%.*s", (int)(length < 199 ? length : 199), text);
  return out;
}

const char *notebook_title(const struct notebook *notebook, char out[200]) {
  const json_t *metadata = json_object_get(notebook->json, "metadata");
  const json_t *beside = json_object_get(json_object_get(metadata, "jupytext"), "root_level_metadata");
  const char *title = json_string_value(json_object_get(beside, "title"));
  title = title ? title : json_string_value(json_object_get(metadata, "title"));
  if (title)
    return copy_line(title, out);
  for (size_t i = 0; i < notebook_cell_count(notebook); i++) {
    const json_t *cell = notebook_cell(notebook, i);
    const char *type = json_string_value(json_object_get(cell, "cell_type")), *source = notebook_cell_source(cell);
    const char *heading = strncmp(source, "# ", 2) == 0 ? source : strstr(source, "\n# ");
    if (strcmp(type, "markdown") == 0 && heading)
      return copy_line(heading + (heading == source ? 2 : 3), out);
  }
  out[0] = '\0';
  return out;
}
