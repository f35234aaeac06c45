/**
 * secrets.h - the values of secret parameters, kept out of what is recorded of a failure.
 */
#ifndef MULLIGAN_OPERATOR_SECRETS_H
#define MULLIGAN_OPERATOR_SECRETS_H

#include "data/error_log.h"
#include "operator/script.h"

#include <jansson.h>

/**
 * Replaces every secret parameter's value wherever it stands in the record's texts, frames, breadcrumbs and arguments.
 * Values of fewer than four bytes are replaced only where they are the whole text, since they are part of anything.
 * False when out of memory: the record must then not be kept.
 */
bool secrets_mask_record(struct error_record *record, const struct operator_script *script, const json_t *values);

#endif
