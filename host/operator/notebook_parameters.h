/**
 * notebook_parameters.h - what a notebook asks for, as an operator script describes it.
 *
 * In a code cell, a comment of its own line types a parameter:
 *   -- @param email string required "수강생 이메일"
 *   -- @param weeks integer default=2 "how far back"
 *   -- @param kind choice choices=["web", "api"]
 * after name and type, in any order: required, secret, default=JSON, choices=JSON, choices_sql=JSON, and the help as a
 * JSON text.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_PARAMETERS_H
#define MULLIGAN_OPERATOR_NOTEBOOK_PARAMETERS_H

#include "operator/notebook.h"
#include "operator/script.h"

/**
 * Reads title and parameters under the notebook's `name`; ended with script_release(). MULLIGAN_INVALID names the file
 * (`path`), the line or cell, and what is wrong.
 */
enum mulligan_status notebook_parameters_read(struct operator_script *out, const struct notebook *notebook,
                                              const char *name, const char *path, struct fault *fault);

#endif
