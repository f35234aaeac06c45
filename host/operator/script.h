/**
 * script.h - an operator script as it describes itself: title, summary and typed parameters.
 *
 * Embedded by value; plain data once read, so it belongs to whoever holds it.
 */
#ifndef MULLIGAN_OPERATOR_SCRIPT_H
#define MULLIGAN_OPERATOR_SCRIPT_H

#include "base/fault.h"
#include "vm/generation.h"
#include "vm/vm.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum script_type {
  SCRIPT_STRING,
  SCRIPT_INTEGER, /* 64 bits */
  SCRIPT_NUMBER,
  SCRIPT_BOOLEAN,
  SCRIPT_DATE, /* a text, YYYY-MM-DD */
  SCRIPT_CHOICE
};

/** All text is the script's. */
struct script_parameter {
  const char *name; /* of [a-z0-9_] */
  enum script_type type;
  bool required;
  bool secret;             /* typed unseen, kept nowhere */
  bool by_key;             /* given as `-p name=value`, not as `--name value`: it is a notebook's */
  const char *help;        /* "" for none */
  const json_t *fallback;  /* what stands for it when it is not given; NULL for nothing */
  const json_t *choices;   /* a list of texts and numbers; NULL if there is none */
  const char *choices_sql; /* finds them: value, then what describes it; NULL if there is none */
};

struct operator_script {
  char *name;        /* "reverse_drop", "reports/weekly" */
  const char *title; /* these texts live in `description` */
  const char *summary;
  const char *help;
  struct script_parameter *parameters;
  size_t parameter_count;
  bool by_key; /* a notebook: see its parameters */
  json_t *description;
};

/**
 * Loads a script in `vm` and reads its description. MULLIGAN_INVALID names the script, the parameter and what is wrong
 * with it; MULLIGAN_ERROR (vm_take_error() has the rest) if it does not load. Ended with script_release().
 */
enum mulligan_status script_load(struct operator_script *out, struct vm *vm, const char *name, const char *language,
                                 struct fault *fault);
/** The same for a description that is there already, of which it takes the reference; `file` is what faults name. */
enum mulligan_status script_read(struct operator_script *out, const char *name, const char *file, json_t *description,
                                 struct fault *fault);
void script_release(struct operator_script *script);
/** {name, title, summary, parameters} for --json; the caller owns it. */
json_t *script_json(const struct operator_script *script);
/** Reads the description of every script that loads, and appends a sentence for each that is wrong to the list
 * `problems`. */
void script_check_descriptions(const struct vm_services *services, struct generation *generation, json_t *problems);

/** The parameter of that name, in which `-` is taken for `_`; NULL if there is none. */
const struct script_parameter *script_find(const struct operator_script *script, const char *name, size_t length);
/** The parameter whose name is nearest to a misspelt one, or NULL. */
const struct script_parameter *script_find_near(const struct operator_script *script, const char *name, size_t length);
/** "integer" and so on. */
const char *script_type_name(enum script_type type);

/** The names of a generation's operator scripts: the one at `index`, written to `out`; false past the last. */
bool script_name_at(const struct generation *generation, size_t index, char out[256]);
/** Is there such a script? `-` is taken for `_`; the name as it is spelt is written to `out`. */
bool script_exists(const struct generation *generation, const char *name, char out[256]);
/** The name nearest to a misspelt one; false if none is near. */
bool script_nearest(const struct generation *generation, const char *name, char out[256]);

#endif
