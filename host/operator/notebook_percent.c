/**
 * notebook_percent.c - lines into cells and back.
 *
 * Pure functions of their arguments; any thread. A cell's mark holds a title, a kind in brackets and metadata as
 * `key=JSON`, in this order, each of them left out if there is none. The title is kept as the metadata `title`, which
 * is where jupytext has it. Blank lines at a cell's end belong to the file and not to the cell.
 */
#include "operator/notebook_percent.h"

#include "base/utf8.h"
#include "operator/notebook_header.h"
#include "operator/notebook_ipynb.h"

#include <stdlib.h>
#include <string.h>

struct line {
  const char *text;
  size_t length; /* without its end */
};

struct reader {
  const char *at, *end;
  int number; /* of the line read last */
  json_t *cells;
  int *lines;
  size_t capacity;
};

static bool next_line(struct reader *reader, struct line *line) {
  if (reader->at == reader->end)
    return false;
  const char *end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
  const char *stop = end ? end : reader->end;
  line->text = reader->at;
  line->length = (size_t)(stop - reader->at);
  if (line->length > 0 && line->text[line->length - 1] == '\r')
    line->length--;
  reader->at = end ? end + 1 : stop;
  reader->number++;
  return true;
}

static bool is_blank(const struct line *line) {
  for (size_t i = 0; i < line->length; i++)
    if (line->text[i] != ' ' && line->text[i] != '\t')
      return false;
  return true;
}

/* What stands behind `--` and blanks, if the line is a comment. */
static bool comment_of(const struct line *line, struct line *inside) {
  if (line->length < 2 || memcmp(line->text, "--", 2) != 0)
    return false;
  size_t skip = 2;
  while (skip < line->length && line->text[skip] == ' ')
    skip++;
  *inside = (struct line){line->text + skip, line->length - skip};
  return true;
}

/* Is it a cell's mark? Its options are what stands behind the two percent signs. */
static bool is_mark(const struct line *line, struct line *options) {
  struct line inside;
  if (!comment_of(line, &inside) || inside.length < 2 || memcmp(inside.text, "%%", 2) != 0)
    return false;
  if (inside.length > 2 && inside.text[2] != ' ' && inside.text[2] != '\t')
    return false;
  *options = (struct line){inside.text + 2, inside.length - 2};
  return true;
}

static bool is_rule(const struct line *line) {
  struct line inside;
  return comment_of(line, &inside) && inside.length == 3 && memcmp(inside.text, "---", 3) == 0;
}

/* ---- a cell's mark ---- */

static bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* The length of `key=` at the start of the text; 0 if there is none. */
static size_t key_length(const char *text, const char *end) {
  const char *at = text;
  while (at < end && is_key_character(*at))
    at++;
  return at > text && at < end && *at == '=' ? (size_t)(at - text) : 0;
}

/* Reads `key=JSON …` into the metadata. */
static enum mulligan_status read_metadata(const char *at, const char *end, json_t *metadata, int number,
                                          struct fault *fault) {
  while (at < end) {
    if (*at == ' ' || *at == '\t') {
      at++;
      continue;
    }
    size_t length = key_length(at, end);
    json_error_t error;
    json_t *value = length == 0 ? NULL
                                : json_loadb(at + length + 1, (size_t)(end - at) - length - 1,
                                             JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &error);
    char key[80] = "";
    if (!value || length >= sizeof key) {
      json_decref(value);
      return fault_set(fault, MULLIGAN_INVALID, "line %d: \"%.*s\" is no key=value with a JSON value", number,
                       (int)(end - at), at);
    }
    memcpy(key, at, length);
    json_object_set_new(metadata, key, value);
    at += length + 1 + (size_t)error.position;
  }
  return MULLIGAN_OK;
}

/* Reads a mark's options: title, [kind], metadata. `*type` is a static text. */
static enum mulligan_status read_mark(const struct line *options, const char **type, json_t *metadata, int number,
                                      struct fault *fault) {
  const char *at = options->text, *end = at + options->length, *title = NULL, *title_end = NULL;
  *type = "code";
  while (at < end) {
    if (*at == ' ' || *at == '\t') {
      at++;
      continue;
    }
    if (key_length(at, end) > 0)
      break;
    size_t length = strcspn(at, " \t\r\n");
    if (length > (size_t)(end - at))
      length = (size_t)(end - at);
    if (at[0] == '[' && at[length - 1] == ']') {
      if ((length == 10 && memcmp(at, "[markdown]", 10) == 0) || (length == 4 && memcmp(at, "[md]", 4) == 0))
        *type = "markdown";
      else if (length == 5 && memcmp(at, "[raw]", 5) == 0)
        *type = "raw";
      else
        return fault_set(fault, MULLIGAN_INVALID, "line %d: \"%.*s\" is none of [markdown] and [raw]", number,
                         (int)length, at);
      at += length;
      break;
    }
    title = title ? title : at;
    at += length;
    title_end = at;
  }
  if (title)
    json_object_set_new(metadata, "title", json_stringn(title, (size_t)(title_end - title)));
  return read_metadata(at, end, metadata, number, fault);
}

/* ---- reading ---- */

/* Takes the comment marks off the lines of a cell that is no code. */
static void add_text_line(struct buf *source, const struct line *line) {
  struct line inside = *line;
  if (line->length >= 2 && memcmp(line->text, "--", 2) == 0) {
    size_t skip = line->length > 2 && line->text[2] == ' ' ? 3 : 2;
    inside = (struct line){line->text + skip, line->length - skip};
  }
  buf_add(source, inside.text, inside.length);
}

static enum mulligan_status add_cell(struct reader *reader, const char *type, json_t *metadata,
                                     const struct buf *source, int line, struct fault *fault) {
  size_t count = json_array_size(reader->cells), length = source->length;
  while (length > 0 && source->data[length - 1] == '\n')
    length--;
  if (count == reader->capacity) {
    size_t capacity = reader->capacity ? reader->capacity * 2 : 16;
    int *lines = realloc(reader->lines, capacity * sizeof *lines);
    if (!lines) {
      json_decref(metadata);
      return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
    }
    reader->lines = lines;
    reader->capacity = capacity;
  }
  reader->lines[count] = line;
  char made[24];
  notebook_ipynb_id(count + 1, made);
  json_t *given = json_incref(json_object_get(metadata, "id"));
  json_object_del(metadata, "id");
  json_t *cell = notebook_ipynb_cell(type, given && json_is_string(given) ? json_string_value(given) : made,
                                     source->data, length, metadata);
  json_decref(given);
  if (json_array_append_new(reader->cells, cell) != 0)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  return MULLIGAN_OK;
}

/* Reads the header, if the file begins with one. */
static enum mulligan_status read_header(struct reader *reader, json_t **metadata, struct fault *fault) {
  struct reader start = *reader;
  struct line line;
  if (!next_line(reader, &line) || !is_rule(&line)) {
    *reader = start;
    *metadata = json_object();
    return MULLIGAN_OK;
  }
  struct buf text;
  buf_init(&text, SIZE_MAX / 2);
  bool ended = false;
  while (!ended && next_line(reader, &line)) {
    ended = is_rule(&line);
    if (ended)
      break;
    if (line.length < 2 || memcmp(line.text, "--", 2) != 0)
      break;
    add_text_line(&text, &line);
    buf_add_char(&text, '\n');
  }
  enum mulligan_status status =
      ended ? notebook_header_read(metadata, text.data, text.length, start.number + 2, fault)
            : fault_set(fault, MULLIGAN_INVALID, "line %d: the header's end, `-- ---`, is missing", reader->number);
  buf_release(&text);
  return status;
}

/* Reads the cells from here to the end of the file. */
static enum mulligan_status read_cells(struct reader *reader, struct fault *fault) {
  struct buf source;
  buf_init(&source, SIZE_MAX / 2);
  enum mulligan_status status = MULLIGAN_OK;
  const char *type = "code";
  json_t *metadata = json_object();
  int begins = reader->number + 1;
  bool open = false; /* a mark was read, or something stands before the first */
  struct line line, options;
  while (status == MULLIGAN_OK && next_line(reader, &line)) {
    if (!is_mark(&line, &options)) {
      open = open || !is_blank(&line);
      if (strcmp(type, "code") == 0)
        buf_add(&source, line.text, line.length);
      else
        add_text_line(&source, &line);
      buf_add_char(&source, '\n');
      continue;
    }
    if (open)
      status = add_cell(reader, type, json_incref(metadata), &source, begins, fault);
    open = true;
    buf_clear(&source, 4096);
    json_decref(metadata);
    metadata = json_object();
    begins = reader->number + 1;
    if (status == MULLIGAN_OK)
      status = read_mark(&options, &type, metadata, reader->number, fault);
  }
  if (status == MULLIGAN_OK && open)
    status = add_cell(reader, type, json_incref(metadata), &source, begins, fault);
  json_decref(metadata);
  buf_release(&source);
  return status;
}

enum mulligan_status notebook_percent_read(json_t **out, int **lines, const char *text, size_t length,
                                           struct fault *fault) {
  struct reader reader = {.at = text, .end = text + length, .cells = json_array()};
  json_t *metadata = NULL;
  *out = NULL;
  *lines = NULL;
  if (!utf8_valid(text, length)) {
    json_decref(reader.cells);
    return fault_set(fault, MULLIGAN_INVALID, "the file is not UTF-8");
  }
  enum mulligan_status status = read_header(&reader, &metadata, fault);
  if (status == MULLIGAN_OK)
    status = read_cells(&reader, fault);
  if (status == MULLIGAN_OK)
    *out = json_pack("{s:O, s:O, s:i, s:i}", "cells", reader.cells, "metadata", metadata, "nbformat", 4,
                     "nbformat_minor", 5);
  json_decref(metadata);
  json_decref(reader.cells);
  if (!*out) {
    free(reader.lines);
    return status != MULLIGAN_OK ? status : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  *lines = reader.lines;
  return MULLIGAN_OK;
}

/* ---- writing ---- */

/* Adds `text`, each line behind `mark`; an empty one behind its first two characters only. */
static void add_lines(struct buf *out, const char *mark, const char *text, size_t length) {
  const char *end = text + length;
  while (text < end) {
    const char *stop = memchr(text, '\n', (size_t)(end - text));
    size_t line = (size_t)((stop ? stop : end) - text);
    buf_add(out, mark, line > 0 ? strlen(mark) : strlen(mark) > 2 ? 2 : 0);
    buf_add(out, text, line);
    buf_add_char(out, '\n');
    text += line + (stop ? 1 : 0);
  }
}

static void write_mark(const json_t *cell, size_t place, struct buf *out) {
  json_t *metadata = json_object_get(cell, "metadata");
  const char *type = json_string_value(json_object_get(cell, "cell_type"));
  const char *title = json_string_value(json_object_get(metadata, "title"));
  const char *id = json_string_value(json_object_get(cell, "id"));
  char made[24];
  buf_add_text(out, "-- %%");
  if (title)
    buf_addf(out, " %s", title);
  if (strcmp(type, "code") != 0)
    buf_addf(out, " [%s]", type);
  notebook_ipynb_id(place + 1, made);
  if (id && strcmp(id, made) != 0)
    buf_addf(out, " id=\"%s\"", id);
  const char *key;
  json_t *value;
  json_object_foreach(metadata, key, value) {
    char *text = strcmp(key, "title") == 0 ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    if (text && key_length(key, key + strlen(key)) == 0 &&
        strlen(key) == strspn(key, "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_-."))
      buf_addf(out, " %s=%s", key, text);
    free(text);
  }
  buf_add_char(out, '\n');
}

static enum mulligan_status check_code(const char *source, size_t length, size_t place, struct fault *fault) {
  struct reader reader = {.at = source, .end = source + length};
  struct line line, options;
  while (next_line(&reader, &line))
    if (is_mark(&line, &options))
      return fault_set(fault, MULLIGAN_INVALID, "cell %zu, line %d: \"%.*s\" would begin another cell", place + 1,
                       reader.number, (int)line.length, line.text);
  return MULLIGAN_OK;
}

enum mulligan_status notebook_percent_write(const json_t *notebook, struct buf *out, struct fault *fault) {
  struct buf header;
  buf_init(&header, SIZE_MAX / 2);
  bool good = notebook_header_write(json_object_get(notebook, "metadata"), &header);
  buf_add_text(out, "-- ---\n");
  add_lines(out, "-- ", header.data, header.length);
  buf_add_text(out, "-- ---\n");
  buf_release(&header);
  size_t place;
  json_t *cell;
  json_array_foreach(json_object_get(notebook, "cells"), place, cell) {
    const json_t *source = json_object_get(cell, "source");
    bool code = strcmp(json_string_value(json_object_get(cell, "cell_type")), "code") == 0;
    if (code) {
      enum mulligan_status status = check_code(json_string_value(source), json_string_length(source), place, fault);
      if (status != MULLIGAN_OK)
        return status;
    }
    buf_add_char(out, '\n');
    write_mark(cell, place, out);
    add_lines(out, code ? "" : "-- ", json_string_value(source), json_string_length(source));
  }
  return good && !out->failed ? MULLIGAN_OK : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}
