/**
 * debug_source.c - more of the source around each frame of an error's record.
 *
 * Called by the worker that answers the request, in debug mode only; the record is still its own. Invariant: a frame
 * that gets nothing more keeps the source it had.
 */
#include "http/debug_source.h"

#include "base/utf8.h"
#include "vm/embedded.h"

#include <stdio.h>
#include <string.h>

enum {
  LINES_BEFORE = 8,
  LINES_AFTER = 6,
  MOST_LINE = 300,       /* bytes of one */
  MOST_BYTES = 40 * 1024 /* of all frames of one record */
};

static const char *text_of_file(const char *file, const struct generation *generation) {
  char name[256];
  if (strncmp(file, "scripts/", 8) == 0) {
    const struct generation_script *script = generation ? generation_find(generation, file + 8) : NULL;
    return script ? script->source : NULL;
  }
  if (strncmp(file, "mulligan/", 9) != 0)
    return NULL;
  snprintf(name, sizeof name, "std/%s", file + 9);
  for (const struct embedded_file *embedded = embedded_files; embedded->name; embedded++)
    if (strcmp(embedded->name, name) == 0)
      return embedded->bytes;
  return NULL;
}

static json_t *shown_line(const char *text, size_t length) {
  struct buf shown;
  buf_init(&shown, 4 * MOST_LINE);
  size_t kept = length > MOST_LINE ? MOST_LINE : length;
  size_t whole = utf8_valid_prefix(text, kept);
  utf8_add_repaired(&shown, text, kept - whole < 4 && kept < length ? whole : kept);
  if (kept < length)
    buf_addf(&shown, "… (%zu bytes)", length);
  json_t *line = json_stringn(shown.data, shown.length);
  buf_release(&shown);
  return line;
}

/* The lines around `line`, by their numbers; NULL if there is no such line or they would not fit. */
static json_t *lines_around(const char *text, long line, size_t *budget) {
  json_t *lines = json_object();
  size_t spent = 0;
  long first = line > LINES_BEFORE ? line - LINES_BEFORE : 1;
  bool reached = false;
  for (long number = 1; *text && number <= line + LINES_AFTER; number++) {
    size_t length = strcspn(text, "\r\n");
    if (number >= first) {
      char name[24];
      snprintf(name, sizeof name, "%ld", number);
      json_t *shown = shown_line(text, length);
      spent += json_string_length(shown) + strlen(name) + 8;
      json_object_set_new(lines, name, shown);
      reached = reached || number == line;
    }
    text += length;
    text += *text == '\r';
    text += *text == '\n';
  }
  if (!reached || spent > *budget) {
    json_decref(lines);
    return NULL;
  }
  *budget -= spent;
  return lines;
}

void debug_source_widen(struct error_record *record, const struct generation *generation) {
  for (; record; record = record->cause) {
    size_t budget = MOST_BYTES, index;
    json_t *frame;
    json_array_foreach(record->frames, index, frame) {
      const char *file = json_string_value(json_object_get(frame, "file"));
      json_int_t line = json_integer_value(json_object_get(frame, "line"));
      const char *text = file && line > 0 ? text_of_file(file, generation) : NULL;
      json_t *lines = text ? lines_around(text, (long)line, &budget) : NULL;
      if (lines)
        json_object_set_new(frame, "source", lines);
    }
  }
}
