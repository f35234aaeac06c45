/**
 * problem.c - takes the place off a sentence, and looks its line up.
 *
 * Called by the threads that load scripts; no Lua here.
 */
#include "vm/problem.h"

#include "base/utf8.h"
#include "vm/generation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND = 5, MOST_LINE = 400 };

void problem_list_release(struct problem_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    free(list->items[i].sentence);
    free(list->items[i].file);
    free(list->items[i].source);
  }
  free(list->items);
  *list = (struct problem_list){0};
}

/* The length of the file's name that `sentence` begins with, and the line after it; 0 if it begins with no place. */
static size_t read_place(const char *sentence, int *line) {
  *line = 0;
  size_t length = strcspn(sentence, ":\n");
  if (sentence[length] != ':' || length == 0 || !strchr(sentence, '/') || memchr(sentence, ' ', length))
    return 0;
  const char *digits = sentence + length + 1;
  size_t count = strspn(digits, "0123456789");
  if (count > 0 && count < 9 && digits[count] == ':')
    *line = (int)strtol(digits, NULL, 10);
  return length;
}

/* A copy of a line, as valid UTF-8 and not too long. */
static char *copy_line(const struct generation *generation, const char *file, int line) {
  char chunk[1024];
  size_t length = 0;
  snprintf(chunk, sizeof chunk, "@%s", file);
  const char *text = generation_line(generation, chunk, line, &length);
  if (!text)
    return NULL;
  struct buf copy;
  buf_init(&copy, 4 * MOST_LINE);
  utf8_add_repaired(&copy, text, length < MOST_LINE ? length : MOST_LINE);
  return buf_detach(&copy);
}

void problem_add(struct problem_list *list, const struct generation *generation, const char *sentence) {
  struct problem *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
  if (!grown) {
    list->failed = true;
    return;
  }
  list->items = grown;
  struct problem problem = {.sentence = strdup(sentence)};
  size_t length = read_place(sentence, &problem.line);
  if (length > 0)
    problem.file = strndup(sentence, length);
  if (problem.file && problem.line > 0 && generation)
    problem.source = copy_line(generation, problem.file, problem.line);
  if (problem.sentence)
    list->items[list->count++] = problem;
  else
    list->failed = true;
}

json_t *problem_frame(const struct problem *problem, const struct generation *generation) {
  if (!problem->file)
    return NULL;
  json_t *source = json_object();
  for (int line = problem->line - AROUND; generation && problem->line > 0 && line <= problem->line + AROUND; line++) {
    char number[16];
    char *text = line > 0 ? copy_line(generation, problem->file, line) : NULL;
    snprintf(number, sizeof number, "%d", line);
    if (text)
      json_object_set_new(source, number, json_string(text));
    free(text);
  }
  return json_pack("{s:s, s:o, s:s, s:b, s:o}", "file", problem->file, "line",
                   problem->line > 0 ? json_integer(problem->line) : json_null(), "function", "(main chunk)", "in_app",
                   1, "source", source);
}
