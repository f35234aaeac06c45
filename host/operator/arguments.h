/**
 * arguments.h - a command line's `--parameter value …`, made into the values that a script's run gets.
 */
#ifndef MULLIGAN_OPERATOR_ARGUMENTS_H
#define MULLIGAN_OPERATOR_ARGUMENTS_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/scrub.h"
#include "data/store.h"
#include "operator/script.h"

#include <jansson.h>

/**
 * Reads `count` words: `--name value`, `--name=value`, and `--name` alone for a boolean. What is required and not given
 * is asked for on a terminal, as often as it takes; elsewhere MULLIGAN_INVALID names all that is missing, as it does an
 * unknown name (with the nearest one), a name given twice and a value of the wrong type. MULLIGAN_DENIED when the
 * operator ends the asking. `store` serves `choices_sql`. `*out`, the caller's, has an entry for each parameter that
 * has a value.
 */
enum mulligan_status arguments_read(const struct operator_script *script, char *const *words, size_t count,
                                    struct store *store, json_t **out, struct fault *fault);

/** A copy of the values that may be kept and shown: those of secret parameters, and of those whose names `scrub` knows
 * for secret, are replaced. NULL when out of memory. */
json_t *arguments_masked(const struct operator_script *script, const json_t *values, const struct scrub *scrub);
/** The values of secret parameters, written out as texts, in a new list. NULL when out of memory. */
json_t *arguments_secret(const struct operator_script *script, const json_t *values);
/** Appends what the script is for and what it takes. */
void arguments_add_usage(struct buf *out, const struct operator_script *script);

#endif
