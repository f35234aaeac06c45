/**
 * chart.h - numbers as bars, drawn with the characters of a terminal.
 */
#ifndef MULLIGAN_OPERATOR_CHART_H
#define MULLIGAN_OPERATOR_CHART_H

#include "base/buf.h"

#include <jansson.h>

/**
 * Appends {title, bars: [{label, value}]} as lines: label, bar, value. Bars are drawn in eighths of a column, those
 * below zero with a hyphen before them. `width` is the terminal's.
 */
void chart_add(struct buf *out, const json_t *chart, int width);

#endif
