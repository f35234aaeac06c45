/**
 * parameter.h - the values of an operator script's parameters: read from text, offered, asked for.
 */
#ifndef MULLIGAN_OPERATOR_PARAMETER_H
#define MULLIGAN_OPERATOR_PARAMETER_H

#include "base/buf.h"
#include "base/fault.h"
#include "data/store.h"
#include "operator/script.h"

#include <jansson.h>

/**
 * Reads what was typed as a value of the parameter's type. MULLIGAN_INVALID names the parameter, the text (unless it is
 * a secret) and what would be right. `choices` (of parameter_choices()) is needed for SCRIPT_CHOICE. The caller owns
 * `*out`.
 */
enum mulligan_status parameter_parse(const struct script_parameter *parameter, const char *text, const json_t *choices,
                                     json_t **out, struct fault *fault);

/**
 * What there is to choose from: a list of {value, label}, from the parameter's own list or from its `choices_sql`,
 * which may use the values already known as `:name`. NULL in `*out` where nothing is offered; the caller owns it
 * otherwise.
 */
enum mulligan_status parameter_choices(const struct script_parameter *parameter, struct store *store,
                                       const json_t *values, json_t **out, struct fault *fault);
/** Appends the choices, one a line. */
void parameter_add_choices(struct buf *out, const json_t *choices);
/** Appends "--over-capacity", or "-p over_capacity": what gives it. */
void parameter_add_flag(struct buf *out, const struct script_parameter *parameter);

#endif
