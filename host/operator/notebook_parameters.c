/**
 * notebook_parameters.c - `-- @param` lines as descriptions of parameters.
 *
 * A pure function of its arguments. The words are made into what an operator script would say of itself, and judged by
 * the same rules (script.c), so that both kinds of work take the same parameters.
 */
#include "operator/notebook_parameters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
  const char *at, *end;
};

static void skip_blanks(struct words *words) {
  while (words->at < words->end && (*words->at == ' ' || *words->at == '\t' || *words->at == '\r'))
    words->at++;
}

/* Takes a word up to a blank or `=`. */
static size_t take_word(struct words *words, const char **word) {
  skip_blanks(words);
  *word = words->at;
  while (words->at < words->end && *words->at != ' ' && *words->at != '\t' && *words->at != '\r' && *words->at != '=')
    words->at++;
  return (size_t)(words->at - *word);
}

static json_t *take_json(struct words *words) {
  json_error_t error;
  json_t *value =
      json_loadb(words->at, (size_t)(words->end - words->at), JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &error);
  if (value)
    words->at += error.position;
  return value;
}

static bool is(const char *word, size_t length, const char *name) {
  return strlen(name) == length && memcmp(word, name, length) == 0;
}

/* One word behind name and type; what is wrong with it, or NULL. */
static const char *read_word(struct words *words, json_t *parameter) {
  static const char *const keys[] = {"default", "choices", "choices_sql"};
  if (*words->at == '"') {
    json_t *help = take_json(words);
    if (!help)
      return "the help is a text between quotation marks, as in JSON";
    json_object_set_new(parameter, "help", help);
    return NULL;
  }
  const char *word;
  size_t length = take_word(words, &word);
  if (is(word, length, "required") || is(word, length, "secret")) {
    json_object_set_new(parameter, is(word, length, "secret") ? "secret" : "required", json_true());
    return NULL;
  }
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (!is(word, length, keys[i]) || words->at == words->end || *words->at != '=')
      continue;
    words->at++;
    json_t *value = take_json(words);
    if (!value)
      return "default=, choices= and choices_sql= take a JSON value";
    json_object_set_new(parameter, keys[i], value);
    return NULL;
  }
  return "behind name and type come required, secret, default=, choices=, choices_sql= and the help in quotation marks";
}

/* Reads one line behind `@param`; what is wrong with it, or NULL. */
static const char *read_line(struct words words, json_t *parameters) {
  const char *name, *type;
  size_t name_length = take_word(&words, &name), type_length = take_word(&words, &type);
  if (name_length == 0 || type_length == 0)
    return "a parameter is `-- @param NAME TYPE`";
  json_t *parameter = json_pack("{s:s%, s:s%}", "name", name, name_length, "type", type, type_length);
  if (!parameter)
    return "the name and the type must be UTF-8";
  const char *wrong = NULL;
  for (skip_blanks(&words); !wrong && words.at < words.end; skip_blanks(&words))
    wrong = read_word(&words, parameter);
  if (wrong)
    json_decref(parameter);
  else
    json_array_append_new(parameters, parameter);
  return wrong;
}

/* The words behind `-- @param` of a line, if it is such a one. */
static bool parameter_words(const char *line, size_t length, struct words *words) {
  static const char mark[] = "@param";
  *words = (struct words){line, line + length};
  skip_blanks(words);
  if (words->end - words->at < 2 || memcmp(words->at, "--", 2) != 0)
    return false;
  words->at += 2;
  skip_blanks(words);
  if ((size_t)(words->end - words->at) < sizeof mark || memcmp(words->at, mark, sizeof mark - 1) != 0)
    return false;
  words->at += sizeof mark - 1;
  return *words->at == ' ' || *words->at == '\t';
}

static enum mulligan_status read_cell(const struct notebook *notebook, size_t place, const char *path,
                                      json_t *parameters, struct fault *fault) {
  const char *line = notebook_cell_source(notebook_cell(notebook, place));
  for (int number = 0; *line; number++) {
    size_t length = strcspn(line, "\n");
    struct words words;
    const char *wrong = parameter_words(line, length, &words) ? read_line(words, parameters) : NULL;
    if (wrong && notebook->lines[place] > 0)
      return fault_set(fault, MULLIGAN_INVALID, "%s:%d: %s", path, notebook->lines[place] + number, wrong);
    if (wrong)
      return fault_set(fault, MULLIGAN_INVALID, "%s: cell %zu, line %d: %s", path, place + 1, number + 1, wrong);
    line += length + (line[length] ? 1 : 0);
  }
  return MULLIGAN_OK;
}

enum mulligan_status notebook_parameters_read(struct operator_script *out, const struct notebook *notebook,
                                              const char *name, const char *path, struct fault *fault) {
  json_t *parameters = json_array();
  enum mulligan_status status = parameters ? MULLIGAN_OK : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  for (size_t i = 0; status == MULLIGAN_OK && i < notebook_cell_count(notebook); i++)
    if (notebook_cell_is_code(notebook_cell(notebook, i)))
      status = read_cell(notebook, i, path, parameters, fault);
  if (status == MULLIGAN_OK) {
    char title[200];
    notebook_title(notebook, title);
    json_t *description = json_pack("{s:s, s:O}", "title", title[0] ? title : name, "params", parameters);
    status = description ? script_read(out, name, path, description, fault)
                         : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
    out->by_key = status == MULLIGAN_OK;
    for (size_t i = 0; i < out->parameter_count; i++)
      out->parameters[i].by_key = true;
  }
  json_decref(parameters);
  return status;
}
