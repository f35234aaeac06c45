/**
 * plan_text.h - a plan's changes as an operator reads them.
 */
#ifndef MULLIGAN_OPERATOR_PLAN_TEXT_H
#define MULLIGAN_OPERATOR_PLAN_TEXT_H

#include "base/buf.h"

#include <jansson.h>

/**
 * Appends the changes (of plan_changes()), table by table: how many rows, then each row, before and after where it
 * changes, with
 * `*` at the values that do. The first PLAN_TEXT_ROWS of a table are shown, the rest counted. `width` is the
 * terminal's.
 */
enum { PLAN_TEXT_ROWS = 20 };
void plan_text_add(struct buf *out, const json_t *changes, int width);

#endif
