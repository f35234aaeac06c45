/**
 * audit_text.h - runs, as an operator reads them.
 */
#ifndef MULLIGAN_OPERATOR_AUDIT_TEXT_H
#define MULLIGAN_OPERATOR_AUDIT_TEXT_H

#include "base/buf.h"

#include <jansson.h>

/** Appends the runs of audit_list() as a table, or a sentence where there are none. */
void audit_text_add_list(struct buf *out, const json_t *runs, int width);
/** Appends one run of audit_get(): who, when, why, what came of it, its rows, what it said. */
void audit_text_add_run(struct buf *out, const json_t *run, int width);
/** Appends what audit_verify() found. */
void audit_text_add_verdict(struct buf *out, const json_t *verdict);

#endif
