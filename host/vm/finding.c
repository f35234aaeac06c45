/**
 * finding.c - the list of findings, and places taken out of sentences.
 *
 * Called by the checks, on the main thread. What does not fit into memory is left out.
 */
#include "vm/finding.h"

#include "base/buf.h"
#include "base/json_list.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MESSAGE = 4096 };

static const char *file_of(const json_t *finding) {
  const char *file = json_string_value(json_object_get(finding, "file"));
  return file ? file : "";
}

static int line_of(const json_t *finding) {
  return (int)json_integer_value(json_object_get(finding, "line"));
}

static const char *message_of(const json_t *finding) {
  return json_string_value(json_object_get(finding, "message"));
}

static bool is_error(const json_t *finding) {
  return strcmp(json_string_value(json_object_get(finding, "level")), "error") == 0;
}

static bool is_known(const json_t *findings, const char *file, int line, const char *message) {
  size_t index;
  json_t *finding;
  json_array_foreach((json_t *)findings, index, finding) {
    if (line_of(finding) == line && strcmp(file_of(finding), file) == 0 && strcmp(message_of(finding), message) == 0)
      return true;
  }
  return false;
}

/* `file` is "" where there is none. */
static void add(json_t *findings, enum finding_level level, const char *file, int line, const char *message) {
  struct buf text;
  buf_init(&text, 4 * MOST_MESSAGE);
  if (utf8_add_repaired(&text, message, strlen(message)) && !is_known(findings, file, line, text.data))
    json_array_append_new(findings, json_pack("{s:o, s:o, s:s, s:s}", "file", file[0] ? json_string(file) : json_null(),
                                              "line", line > 0 ? json_integer(line) : json_null(), "level",
                                              level == FINDING_ERROR ? "error" : "warning", "message", text.data));
  buf_release(&text);
}

void finding_add(json_t *findings, enum finding_level level, const char *file, int line, const char *format, ...) {
  char message[MOST_MESSAGE];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  add(findings, level, file ? file : "", line, message);
}

/* Takes "scripts/x.lua:12: " or "scripts/x.lua: " off the beginning; returns what is behind it, or NULL. */
static const char *take_place(const char *sentence, char *file, size_t size, int *line) {
  static const char prefix[] = "scripts/";
  size_t length = strcspn(sentence, ":\n");
  if (strncmp(sentence, prefix, sizeof prefix - 1) != 0 || sentence[length] != ':' || length >= size)
    return NULL;
  const char *rest = sentence + length + 1;
  size_t digits = strspn(rest, "0123456789");
  if (digits > 0 && digits < 9 && rest[digits] == ':') {
    *line = (int)strtol(rest, NULL, 10);
    rest += digits + 1;
  }
  snprintf(file, size, "%.*s", (int)length, sentence);
  return *rest == ' ' ? rest + 1 : rest;
}

/* Looks for a path below the folder `scripts` in a sentence, and writes it as all others are written. */
static void find_place(const char *sentence, const char *scripts, char *file, size_t size) {
  size_t folder = strlen(scripts);
  while (folder > 1 && scripts[folder - 1] == '/')
    folder--;
  char prefix[1024];
  snprintf(prefix, sizeof prefix, "%.*s/", (int)folder, scripts);
  const char *found = strstr(sentence, prefix);
  if (!found)
    return;
  const char *name = found + strlen(prefix);
  snprintf(file, size, "scripts/%.*s", (int)strcspn(name, ":\n"), name);
}

void finding_add_sentence(json_t *findings, const char *scripts, const char *sentence) {
  char file[1024] = "";
  int line = 0;
  const char *message = take_place(sentence, file, sizeof file, &line);
  if (!message) {
    message = sentence;
    find_place(sentence, scripts, file, sizeof file);
  }
  size_t index;
  json_t *finding;
  json_array_foreach(findings, index, finding) {
    if (line > 0 && line_of(finding) == line && strcmp(file_of(finding), file) == 0 && is_error(finding))
      return;
  }
  add(findings, FINDING_ERROR, file, line, message);
}

bool finding_has_error(const json_t *findings, const char *file) {
  size_t index;
  json_t *finding;
  json_array_foreach((json_t *)findings, index, finding) {
    if (is_error(finding) && (!file || strcmp(file_of(finding), file) == 0))
      return true;
  }
  return false;
}

static int compare(const void *a, const void *b) {
  const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
  int order = strcmp(file_of(left), file_of(right));
  if (order == 0)
    order = line_of(left) - line_of(right);
  return order != 0 ? order : strcmp(message_of(left), message_of(right));
}

void finding_sort(json_t *findings) {
  json_list_sort(findings, compare);
}
