/**
 * script.c - an operator script's description, read strictly.
 *
 * Called by `mulligan run` and `mulligan check`. A script's mistake in its description is found before anything of it
 * runs, and named with the parameter. Invariant: every text of a script lives in its `description`, but for its name.
 */
#include "operator/script.h"
#include "base/spelling.h"
#include "vm/operator_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 256, FOLDER_LENGTH = sizeof "operators/" - 1, SUFFIX_LENGTH = sizeof ".lua" - 1 };

static const char *const type_names[] = {
    [SCRIPT_STRING] = "string",   [SCRIPT_INTEGER] = "integer", [SCRIPT_NUMBER] = "number",
    [SCRIPT_BOOLEAN] = "boolean", [SCRIPT_DATE] = "date",       [SCRIPT_CHOICE] = "choice"};
enum { TYPE_COUNT = sizeof type_names / sizeof *type_names };

/* What `mulligan run` takes itself, in its own meaning. */
static const char *const reserved_names[] = {"apply", "as", "data", "help", "json", "notebooks", "scripts", "yes"};

const char *script_type_name(enum script_type type) {
  return type_names[type];
}

/* ---- one parameter ---- */

static bool is_name(const char *text) {
  if (!text || !*text || strlen(text) > 64 || (*text >= '0' && *text <= '9'))
    return false;
  return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static bool is_reserved(const char *name) {
  for (size_t i = 0; i < sizeof reserved_names / sizeof *reserved_names; i++)
    if (strcmp(name, reserved_names[i]) == 0)
      return true;
  return false;
}

/* Reads an optional text; false if there is something else. */
static bool read_text(const json_t *object, const char *key, const char **out) {
  const json_t *value = json_object_get(object, key);
  if (!value || json_is_null(value))
    return true;
  *out = json_string_value(value);
  return *out != NULL;
}

static bool read_flag(const json_t *object, const char *key, bool *out) {
  const json_t *value = json_object_get(object, key);
  *out = json_is_true(value);
  return !value || json_is_boolean(value) || json_is_null(value);
}

static bool read_type(const json_t *object, enum script_type *out) {
  const char *name = json_string_value(json_object_get(object, "type"));
  for (int i = 0; name && i < TYPE_COUNT; i++) {
    if (strcmp(name, type_names[i]) == 0) {
      *out = (enum script_type)i;
      return true;
    }
  }
  return false;
}

static bool is_choice(const json_t *value) {
  return json_is_string(value) || json_is_number(value);
}

static bool are_choices(const json_t *list) {
  size_t index;
  json_t *value;
  json_array_foreach((json_t *)list, index, value) if (!is_choice(value)) return false;
  return json_array_size(list) > 0;
}

static bool fits(enum script_type type, const json_t *value) {
  switch (type) {
  case SCRIPT_INTEGER:
    return json_is_integer(value);
  case SCRIPT_NUMBER:
    return json_is_number(value);
  case SCRIPT_BOOLEAN:
    return json_is_boolean(value);
  case SCRIPT_CHOICE:
    return is_choice(value);
  default:
    return json_is_string(value);
  }
}

/* What is wrong with a parameter's description, or NULL. */
static const char *read_parameter(struct script_parameter *out, const json_t *object) {
  out->help = "";
  if (!json_is_object(object))
    return "a parameter is a table with name, type and so on";
  out->name = json_string_value(json_object_get(object, "name"));
  if (!is_name(out->name))
    return "name must be a word of small letters, digits and _";
  if (is_reserved(out->name))
    return "this name is taken by a flag of `mulligan run`";
  if (!read_type(object, &out->type))
    return "type must be string, integer, number, boolean, date or choice";
  if (!read_flag(object, "required", &out->required) || !read_flag(object, "secret", &out->secret))
    return "required and secret are true or false";
  if (!read_text(object, "help", &out->help) || !read_text(object, "choices_sql", &out->choices_sql))
    return "help and choices_sql are texts";
  const json_t *choices = json_object_get(object, "choices"), *fallback = json_object_get(object, "default");
  if (choices && !json_is_null(choices)) {
    if (!are_choices(choices))
      return "choices must be a list of texts or numbers";
    out->choices = choices;
  }
  if (out->type == SCRIPT_CHOICE && !out->choices && !out->choices_sql)
    return "a choice needs choices or choices_sql";
  if (fallback && !json_is_null(fallback)) {
    if (!fits(out->type, fallback))
      return "default is not of the parameter's type";
    out->fallback = fallback;
  }
  return NULL;
}

/* ---- the whole ---- */

static enum mulligan_status refuse(struct fault *fault, const char *file, const char *where, const char *what) {
  return fault_set(fault, MULLIGAN_INVALID, "%s: %s%s%s", file, where, *where ? ": " : "", what);
}

static enum mulligan_status read_parameters(struct operator_script *out, const char *file, const json_t *list,
                                            struct fault *fault) {
  /* An empty Lua table is written as an object. */
  if (!list || json_is_null(list) || (json_is_object(list) && json_object_size(list) == 0))
    return MULLIGAN_OK;
  if (!json_is_array(list))
    return refuse(fault, file, "params", "must be a list of parameters");
  out->parameters = calloc(json_array_size(list) + 1, sizeof *out->parameters);
  if (!out->parameters)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  size_t index;
  json_t *object;
  json_array_foreach((json_t *)list, index, object) {
    char where[NAME_SIZE];
    struct script_parameter *parameter = &out->parameters[index];
    const char *wrong = read_parameter(parameter, object);
    snprintf(where, sizeof where, "params[%zu] (%s)", index + 1, parameter->name ? parameter->name : "without a name");
    if (wrong)
      return refuse(fault, file, where, wrong);
    if (script_find(out, parameter->name, strlen(parameter->name)))
      return refuse(fault, file, where, "there are two parameters of this name");
    out->parameter_count++;
  }
  return MULLIGAN_OK;
}

enum mulligan_status script_read(struct operator_script *out, const char *name, const char *file, json_t *description,
                                 struct fault *fault) {
  *out = (struct operator_script){.name = strdup(name), .summary = "", .help = "", .description = description};
  enum mulligan_status status = MULLIGAN_OK;
  if (!out->name)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  else if (!read_text(description, "title", &out->title) || !out->title)
    status = refuse(fault, file, "title", "must be a text");
  else if (!read_text(description, "summary", &out->summary) || !read_text(description, "help", &out->help))
    status = refuse(fault, file, "summary", "summary and help are texts");
  else
    status = read_parameters(out, file, json_object_get(description, "params"), fault);
  if (status != MULLIGAN_OK)
    script_release(out);
  return status;
}

enum mulligan_status script_load(struct operator_script *out, struct vm *vm, const char *name, const char *language,
                                 struct fault *fault) {
  *out = (struct operator_script){0};
  json_t *description;
  char file[NAME_SIZE + sizeof "scripts/operators/.lua"];
  snprintf(file, sizeof file, "scripts/operators/%s.lua", name);
  enum mulligan_status status = operator_describe(vm, name, language, &description, fault);
  return status == MULLIGAN_OK ? script_read(out, name, file, description, fault) : status;
}

void script_release(struct operator_script *script) {
  free(script->name);
  free(script->parameters);
  json_decref(script->description);
  *script = (struct operator_script){0};
}

json_t *script_json(const struct operator_script *script) {
  json_t *parameters = json_array();
  for (size_t i = 0; i < script->parameter_count; i++) {
    const struct script_parameter *parameter = &script->parameters[i];
    json_array_append_new(parameters,
                          json_pack("{s:s, s:s, s:b, s:b, s:s, s:O?}", "name", parameter->name, "type",
                                    script_type_name(parameter->type), "required", parameter->required, "secret",
                                    parameter->secret, "help", parameter->help, "default", parameter->fallback));
  }
  return json_pack("{s:s, s:s, s:s, s:o}", "name", script->name, "title", script->title, "summary", script->summary,
                   "parameters", parameters);
}

/* ---- finding ---- */

const struct script_parameter *script_find(const struct operator_script *script, const char *name, size_t length) {
  for (size_t i = 0; i < script->parameter_count; i++) {
    const char *own = script->parameters[i].name;
    if (strlen(own) == length && spelling_distance(own, length, name, length) == 0)
      return &script->parameters[i];
  }
  return NULL;
}

const struct script_parameter *script_find_near(const struct operator_script *script, const char *name, size_t length) {
  const struct script_parameter *nearest = NULL;
  size_t least = 0;
  for (size_t i = 0; i < script->parameter_count; i++) {
    const char *own = script->parameters[i].name;
    size_t distance = spelling_distance(own, strlen(own), name, length);
    if (spelling_is_near(length, distance) && (!nearest || distance < least)) {
      nearest = &script->parameters[i];
      least = distance;
    }
  }
  return nearest;
}

bool script_name_at(const struct generation *generation, size_t index, char out[NAME_SIZE]) {
  const struct generation_script *script = generation_script_at(generation, "operators/", index);
  if (!script)
    return false;
  size_t length = strlen(script->name) - FOLDER_LENGTH - SUFFIX_LENGTH;
  snprintf(out, NAME_SIZE, "%.*s", (int)length, script->name + FOLDER_LENGTH);
  return true;
}

bool script_exists(const struct generation *generation, const char *name, char out[NAME_SIZE]) {
  for (size_t i = 0; script_name_at(generation, i, out); i++)
    if (strlen(out) == strlen(name) && spelling_distance(out, strlen(out), name, strlen(name)) == 0)
      return true;
  return false;
}

bool script_nearest(const struct generation *generation, const char *name, char out[NAME_SIZE]) {
  char candidate[NAME_SIZE];
  bool found = false;
  size_t least = 0;
  for (size_t i = 0; script_name_at(generation, i, candidate); i++) {
    size_t distance = spelling_distance(candidate, strlen(candidate), name, strlen(name));
    if (spelling_is_near(strlen(name), distance) && (!found || distance < least)) {
      memcpy(out, candidate, sizeof candidate);
      least = distance;
      found = true;
    }
  }
  return found;
}

void script_check_descriptions(const struct vm_services *services, struct generation *generation, json_t *problems) {
  struct vm_services without_database = *services;
  without_database.app_path = NULL;
  struct vm *vm;
  struct fault fault;
  char name[NAME_SIZE];
  if (vm_create(&vm, &without_database, generation, VM_KIND_OPERATOR, NULL, &fault) != MULLIGAN_OK) {
    json_array_append_new(problems, json_string(fault.message));
    return;
  }
  for (size_t i = 0; script_name_at(generation, i, name); i++) {
    struct operator_script script;
    if (script_load(&script, vm, name, "en", &fault) == MULLIGAN_INVALID)
      json_array_append_new(problems, json_string(fault.message));
    script_release(&script);
  }
  vm_destroy(vm);
}
