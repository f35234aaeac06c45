/**
 * arguments.c - a command line's words made into a script's values, and the questions that fill its gaps.
 *
 * Called by an operator's run before anything of the script's `run` is executed, on the thread that has the store.
 */
#include "operator/arguments.h"
#include "base/scrub.h"
#include "operator/parameter.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 256 * 1024, LINE_CAP = 64 * 1024 };

/* ---- words ---- */

/* The text given for each parameter, by index; borrowed from the command line. NULL: not given. */
struct given {
  const struct operator_script *script;
  const char **texts;
};

static enum mulligan_status fail_with(struct buf *message, struct fault *fault) {
  fault_set(fault, MULLIGAN_INVALID, "%s", message->data);
  buf_release(message);
  return MULLIGAN_INVALID;
}

/* What a parameter's name stands behind. */
static const char *prefix_of(const struct operator_script *script) {
  return script->by_key ? "-p " : "--";
}

static enum mulligan_status unknown_name(const struct operator_script *script, const char *name, size_t length,
                                         struct fault *fault) {
  struct buf message;
  buf_init(&message, TEXT_CAP);
  buf_addf(&message, words("%s has no parameter %s%.*s"), script->name, prefix_of(script), (int)length, name);
  const struct script_parameter *near = script_find_near(script, name, length);
  if (near) {
    buf_add_text(&message, words("; did you mean "));
    parameter_add_flag(&message, near);
    buf_add_char(&message, '?');
  } else if (script->parameter_count == 0) {
    buf_add_text(&message, words(": it takes none"));
  } else {
    buf_add_text(&message, words("; it takes "));
    for (size_t i = 0; i < script->parameter_count; i++) {
      buf_add_text(&message, i ? ", " : "");
      parameter_add_flag(&message, &script->parameters[i]);
    }
  }
  return fail_with(&message, fault);
}

static bool is_boolean_word(const struct script_parameter *parameter, const char *word) {
  json_t *value;
  bool is = parameter_parse(parameter, word, NULL, &value, NULL) == MULLIGAN_OK;
  if (is)
    json_decref(value);
  return is;
}

/* Takes the flag at `*at` and its value. */
static enum mulligan_status take_word(struct given *given, char *const *list, size_t count, size_t *at,
                                      struct fault *fault) {
  const char *word = list[(*at)++];
  if (strncmp(word, "--", 2) != 0)
    return fault_set(fault, MULLIGAN_INVALID, words("what is \"%s\" for? Values follow a flag: --parameter value"),
                     word);
  word += 2;
  size_t length = strcspn(word, "=");
  const struct script_parameter *parameter = script_find(given->script, word, length);
  if (!parameter)
    return unknown_name(given->script, word, length, fault);
  const char **text = &given->texts[parameter - given->script->parameters];
  if (*text)
    return fault_set(fault, MULLIGAN_INVALID, words("%s%.*s is given twice"), prefix_of(given->script), (int)length,
                     word);
  const char *next = *at < count ? list[*at] : NULL;
  if (word[length] == '=') {
    *text = word + length + 1;
  } else if (parameter->type == SCRIPT_BOOLEAN) {
    bool follows = next && is_boolean_word(parameter, next);
    *text = follows ? list[(*at)++] : "true";
  } else {
    if (!next || strncmp(next, "--", 2) == 0)
      return fault_set(fault, MULLIGAN_INVALID, words("--%.*s needs a value (%s)"), (int)length, word,
                       script_type_name(parameter->type));
    *text = list[(*at)++];
  }
  return MULLIGAN_OK;
}

/* ---- values ---- */

static enum mulligan_status set_value(json_t *values, const char *name, json_t *value, struct fault *fault) {
  return json_object_set_new(values, name, value) == 0 ? MULLIGAN_OK
                                                       : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}

static enum mulligan_status parse_given(const struct script_parameter *parameter, const char *text, struct store *store,
                                        json_t *values, struct fault *fault) {
  json_t *choices = NULL, *value;
  enum mulligan_status status = MULLIGAN_OK;
  if (parameter->type == SCRIPT_CHOICE)
    status = parameter_choices(parameter, store, values, &choices, fault);
  if (status == MULLIGAN_OK)
    status = parameter_parse(parameter, text, choices, &value, fault);
  json_decref(choices);
  return status == MULLIGAN_OK ? set_value(values, parameter->name, value, fault) : status;
}

static void add_question(struct buf *out, const struct script_parameter *parameter, const json_t *choices) {
  buf_addf(out, "\n%s", parameter->name);
  if (*parameter->help)
    buf_addf(out, ": %s", parameter->help);
  buf_add_char(out, '\n');
  if (choices)
    parameter_add_choices(out, choices);
  buf_addf(out, "%s> ", parameter->name);
}

/* Asks until the answer is a value of the type. */
static enum mulligan_status ask(const struct script_parameter *parameter, struct store *store, json_t *values,
                                struct fault *fault) {
  json_t *choices = NULL, *value = NULL;
  enum mulligan_status status = parameter_choices(parameter, store, values, &choices, fault);
  struct buf question;
  buf_init(&question, TEXT_CAP);
  add_question(&question, parameter, choices);
  while (status == MULLIGAN_OK && !value) {
    struct buf line;
    struct fault wrong;
    buf_init(&line, LINE_CAP);
    if (!terminal_ask(question.data, parameter->secret, &line))
      status = fault_set(fault, MULLIGAN_DENIED, words("%s was not given"), parameter->name);
    else if (line.length == 0)
      fprintf(stderr, "%s\n", words("A value is needed; Ctrl-C ends the run."));
    else if (parameter_parse(parameter, line.data, choices, &value, &wrong) != MULLIGAN_OK)
      fprintf(stderr, "%s\n", wrong.message);
    buf_release(&line);
  }
  buf_release(&question);
  json_decref(choices);
  return status == MULLIGAN_OK ? set_value(values, parameter->name, value, fault) : status;
}

/* In the script's order, since a parameter's choices may depend on those before it. */
static enum mulligan_status settle(const struct given *given, struct store *store, json_t *values,
                                   struct fault *fault) {
  bool may_ask = terminal_is_there();
  struct buf missing;
  buf_init(&missing, TEXT_CAP);
  enum mulligan_status status = MULLIGAN_OK;
  for (size_t i = 0; status == MULLIGAN_OK && i < given->script->parameter_count; i++) {
    const struct script_parameter *parameter = &given->script->parameters[i];
    if (given->texts[i]) {
      status = parse_given(parameter, given->texts[i], store, values, fault);
    } else if (parameter->fallback) {
      status = set_value(values, parameter->name, json_incref((json_t *)parameter->fallback), fault);
    } else if (parameter->required && may_ask) {
      status = ask(parameter, store, values, fault);
    } else if (parameter->required) {
      buf_add_text(&missing, missing.length ? ", " : "");
      parameter_add_flag(&missing, parameter);
    }
  }
  if (status == MULLIGAN_OK && missing.length > 0)
    status = fault_set(fault, MULLIGAN_INVALID, words("%s needs %s"), given->script->name, missing.data);
  buf_release(&missing);
  return status;
}

enum mulligan_status arguments_read(const struct operator_script *script, char *const *list, size_t count,
                                    struct store *store, json_t **out, struct fault *fault) {
  *out = NULL;
  struct given given = {.script = script, .texts = calloc(script->parameter_count + 1, sizeof *given.texts)};
  json_t *values = json_object();
  enum mulligan_status status = MULLIGAN_OK;
  if (!given.texts || !values)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  for (size_t at = 0; status == MULLIGAN_OK && at < count;)
    status = take_word(&given, list, count, &at, fault);
  if (status == MULLIGAN_OK)
    status = settle(&given, store, values, fault);
  free(given.texts);
  if (status != MULLIGAN_OK) {
    json_decref(values);
    return status;
  }
  *out = values;
  return MULLIGAN_OK;
}

json_t *arguments_masked(const struct operator_script *script, const json_t *values, const struct scrub *scrub) {
  json_t *masked = json_copy((json_t *)values);
  for (size_t i = 0; masked && i < script->parameter_count; i++) {
    const struct script_parameter *parameter = &script->parameters[i];
    bool secret = parameter->secret || scrub_is_secret_name(scrub, parameter->name, strlen(parameter->name));
    if (secret && json_object_get(masked, parameter->name))
      json_object_set_new(masked, parameter->name, json_string(MULLIGAN_SCRUBBED));
  }
  return masked;
}

json_t *arguments_secret(const struct operator_script *script, const json_t *values) {
  json_t *secrets = json_array();
  for (size_t i = 0; secrets && i < script->parameter_count; i++) {
    json_t *value = json_object_get(values, script->parameters[i].name);
    if (!script->parameters[i].secret || !value)
      continue;
    char *written = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    json_t *text = json_is_string(value) ? json_incref(value) : json_string(written);
    free(written);
    if (json_array_append_new(secrets, text) != 0) {
      json_decref(secrets);
      return NULL;
    }
  }
  return secrets;
}

void arguments_add_usage(struct buf *out, const struct operator_script *script) {
  buf_addf(out, "%s\n", script->title);
  if (*script->summary)
    buf_addf(out, "%s\n", script->summary);
  if (*script->help)
    buf_addf(out, "\n%s\n", script->help);
  buf_addf(out, "\n%s\n", script->parameter_count ? words("parameters:") : words("It takes no parameters."));
  for (size_t i = 0; i < script->parameter_count; i++) {
    const struct script_parameter *parameter = &script->parameters[i];
    buf_add_text(out, "  ");
    parameter_add_flag(out, parameter);
    buf_addf(out, " (%s%s)", script_type_name(parameter->type), parameter->required ? words(", required") : "");
    buf_addf(out, "%s%s\n", *parameter->help ? "  " : "", parameter->help);
  }
}
