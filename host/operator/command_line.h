/**
 * command_line.h - what was typed, for the audit, without what must not be kept.
 */
#ifndef MULLIGAN_OPERATOR_COMMAND_LINE_H
#define MULLIGAN_OPERATOR_COMMAND_LINE_H

#include "base/buf.h"
#include "base/scrub.h"
#include "operator/script.h"

#include <stddef.h>

/** Appends a word as a shell would need it. */
void command_line_add_word(struct buf *out, const char *word);
/** Appends a script's parameters as they were typed, the values of secret ones replaced. */
void command_line_add_parameters(struct buf *out, const struct operator_script *script, const struct scrub *scrub,
                                 char *const *words, size_t count);
/** The same for a notebook's, whose words are `--name=value` (arguments.h): each as `-p name=value`. */
void command_line_add_keys(struct buf *out, const struct operator_script *script, const struct scrub *scrub,
                           char *const *words, size_t count);

#endif
