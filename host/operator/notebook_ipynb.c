/**
 * notebook_ipynb.c - reading what Jupyter wrote, and writing what it reads.
 *
 * Pure functions of their arguments; any thread. What Jupyter's own reader would refuse is refused here, so that a file
 * we write is one that `nbformat.validate` takes.
 */
#include "operator/notebook_ipynb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char id_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

enum { LONGEST_ID = 64 };

/* ---- cells ---- */

void notebook_ipynb_id(size_t place, char out[24]) {
  snprintf(out, 24, "cell-%zu", place);
}

json_t *notebook_ipynb_cell(const char *type, const char *id, const char *source, size_t length, json_t *metadata) {
  json_t *cell = json_pack("{s:s, s:s, s:o, s:s%}", "cell_type", type, "id", id, "metadata",
                           metadata ? metadata : json_object(), "source", source, length);
  if (cell && strcmp(type, "code") == 0) {
    json_object_set_new(cell, "execution_count", json_null());
    json_object_set_new(cell, "outputs", json_array());
  }
  return cell;
}

/* ---- reading ---- */

static enum mulligan_status refuse(struct fault *fault, size_t cell, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum mulligan_status refuse(struct fault *fault, size_t cell, const char *format, ...) {
  char what[200];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  return fault_set(fault, MULLIGAN_INVALID, "cell %zu: %s", cell + 1, what);
}

/* A text that Jupyter may have as a list of lines; NULL if it is neither. */
static json_t *joined(const json_t *value) {
  if (json_is_string(value))
    return json_incref((json_t *)value);
  if (!json_is_array(value))
    return NULL;
  struct buf text;
  buf_init(&text, SIZE_MAX / 2);
  size_t index;
  json_t *line;
  bool good = true;
  json_array_foreach((json_t *)value, index, line) {
    good = good && json_is_string(line) && buf_add(&text, json_string_value(line), json_string_length(line));
  }
  json_t *whole = good ? json_stringn(text.data, text.length) : NULL;
  buf_release(&text);
  return whole;
}

static bool is_id(const char *id) {
  size_t length = strspn(id, id_characters);
  return length > 0 && length <= LONGEST_ID && id[length] == '\0';
}

/* Gives the cell an id where it has none; `ids` holds those that are taken. */
static enum mulligan_status settle_id(json_t *cell, size_t place, json_t *ids, struct fault *fault) {
  const json_t *given = json_object_get(cell, "id");
  char made[24];
  if (!given) {
    size_t number = place + 1;
    do
      notebook_ipynb_id(number++, made);
    while (json_object_get(ids, made));
    json_object_set_new(cell, "id", json_string(made));
    given = json_object_get(cell, "id");
  }
  const char *id = json_string_value(given);
  if (!id || !is_id(id))
    return refuse(fault, place, "its id is not 1 to 64 letters, digits, - or _");
  if (json_object_get(ids, id))
    return refuse(fault, place, "its id, \"%.64s\", is another cell's too", id);
  json_object_set_new(ids, id, json_true());
  return MULLIGAN_OK;
}

static enum mulligan_status settle_cell(json_t *cell, size_t place, struct fault *fault) {
  const char *type = json_string_value(json_object_get(cell, "cell_type"));
  if (!type)
    return refuse(fault, place, "it has no cell_type");
  bool code = strcmp(type, "code") == 0;
  if (!code && strcmp(type, "markdown") != 0 && strcmp(type, "raw") != 0)
    return refuse(fault, place, "its cell_type, \"%.40s\", is none of code, markdown and raw", type);
  json_t *source = joined(json_object_get(cell, "source"));
  if (!source)
    return refuse(fault, place, "its source is neither a text nor a list of texts");
  json_object_set_new(cell, "source", source);
  if (!json_object_get(cell, "metadata"))
    json_object_set_new(cell, "metadata", json_object());
  if (!json_is_object(json_object_get(cell, "metadata")))
    return refuse(fault, place, "its metadata is no object");
  if (!code)
    return MULLIGAN_OK;
  if (!json_object_get(cell, "execution_count"))
    json_object_set_new(cell, "execution_count", json_null());
  if (!json_object_get(cell, "outputs"))
    json_object_set_new(cell, "outputs", json_array());
  if (!json_is_array(json_object_get(cell, "outputs")))
    return refuse(fault, place, "its outputs are no list");
  return MULLIGAN_OK;
}

static enum mulligan_status settle(json_t *notebook, struct fault *fault) {
  json_t *cells = json_object_get(notebook, "cells");
  json_int_t major = json_integer_value(json_object_get(notebook, "nbformat"));
  if (major != 4)
    return fault_set(fault, MULLIGAN_INVALID, "this is nbformat %lld, and only 4 is understood", (long long)major);
  if (!json_is_array(cells))
    return fault_set(fault, MULLIGAN_INVALID, "there is no list of cells");
  if (!json_object_get(notebook, "metadata"))
    json_object_set_new(notebook, "metadata", json_object());
  if (!json_is_object(json_object_get(notebook, "metadata")))
    return fault_set(fault, MULLIGAN_INVALID, "the metadata is no object");
  json_t *ids = json_object();
  enum mulligan_status status = ids ? MULLIGAN_OK : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  size_t index;
  json_t *cell;
  /* The ids that are there first, so that one that is made up never takes a later cell's. */
  json_array_foreach(cells, index, cell) {
    if (status == MULLIGAN_OK && !json_is_object(cell))
      status = refuse(fault, index, "it is no object");
    if (status == MULLIGAN_OK && json_object_get(cell, "id"))
      status = settle_id(cell, index, ids, fault);
  }
  json_array_foreach(cells, index, cell) {
    if (status == MULLIGAN_OK && !json_object_get(cell, "id"))
      status = settle_id(cell, index, ids, fault);
    if (status == MULLIGAN_OK)
      status = settle_cell(cell, index, fault);
  }
  json_decref(ids);
  json_object_set_new(notebook, "nbformat_minor", json_integer(5));
  return status;
}

enum mulligan_status notebook_ipynb_read(json_t **out, const char *text, size_t length, struct fault *fault) {
  json_error_t error;
  *out = NULL;
  json_t *notebook = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (!notebook)
    return fault_set(fault, MULLIGAN_INVALID, "line %d, column %d: %s", error.line, error.column, error.text);
  enum mulligan_status status = json_is_object(notebook)
                                    ? settle(notebook, fault)
                                    : fault_set(fault, MULLIGAN_INVALID, "a notebook is a JSON object");
  if (status != MULLIGAN_OK) {
    json_decref(notebook);
    return status;
  }
  *out = notebook;
  return MULLIGAN_OK;
}

/* ---- writing ---- */

/* A text as Jupyter writes it: a list of its lines, each with its end, so that two versions differ by lines. */
static json_t *split(const char *text, size_t length) {
  json_t *lines = json_array();
  while (length > 0) {
    const char *end = memchr(text, '\n', length);
    size_t line = end ? (size_t)(end - text) + 1 : length;
    json_array_append_new(lines, json_stringn(text, line));
    text += line;
    length -= line;
  }
  return lines;
}

static void split_member(json_t *object, const char *key) {
  json_t *text = json_object_get(object, key);
  if (json_is_string(text))
    json_object_set_new(object, key, split(json_string_value(text), json_string_length(text)));
}

/* Mime bundles have their texts as lists too, but for JSON, which stands as it is. */
static void split_output(json_t *output) {
  split_member(output, "text");
  json_t *data = json_object_get(output, "data");
  const char *mime;
  void *next;
  json_t *value;
  json_object_foreach_safe(data, next, mime, value) {
    if (strncmp(mime, "text/", 5) == 0 || strcmp(mime, "image/svg+xml") == 0)
      split_member(data, mime);
  }
}

static int write_bytes(const char *bytes, size_t length, void *out) {
  return buf_add(out, bytes, length) ? 0 : -1;
}

bool notebook_ipynb_write(const json_t *notebook, struct buf *out) {
  json_t *copy = json_deep_copy(notebook);
  size_t index, place;
  json_t *cell, *output;
  json_array_foreach(json_object_get(copy, "cells"), index, cell) {
    split_member(cell, "source");
    json_array_foreach(json_object_get(cell, "outputs"), place, output) {
      split_output(output);
    }
  }
  bool good = copy && json_dump_callback(copy, write_bytes, out, JSON_INDENT(1) | JSON_SORT_KEYS) == 0 &&
              buf_add_char(out, '\n');
  json_decref(copy);
  return good;
}
