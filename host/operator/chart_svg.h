/**
 * chart_svg.h - numbers as bars, drawn for a page.
 */
#ifndef MULLIGAN_OPERATOR_CHART_SVG_H
#define MULLIGAN_OPERATOR_CHART_SVG_H

#include "base/buf.h"

#include <jansson.h>

/**
 * Appends {title, bars: [{label, value}]} as one `<svg>` element that stands by itself and takes the colours of the
 * page around it (currentColor), with a text alternative. Everything in it is escaped.
 */
void chart_svg_add(struct buf *out, const json_t *chart);

#endif
