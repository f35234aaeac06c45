/**
 * table.h - rows as a table aligned by what a terminal shows.
 */
#ifndef MULLIGAN_OPERATOR_TABLE_H
#define MULLIGAN_OPERATOR_TABLE_H

#include "base/buf.h"

#include <jansson.h>

enum { TABLE_WIDTH_UNLIMITED = 1 << 20, TABLE_CELL_WIDTH = 64 };

/**
 * Appends `rows` (a list of objects) with the columns named by `columns` (a list of texts), each line ended and
 * indented by two blanks. Numbers stand to the right; null is `(none)`; long values are cut at TABLE_CELL_WIDTH
 * columns. Where the table would be wider than `width` columns, each row is written as a block of one line a column.
 */
void table_add(struct buf *out, const json_t *columns, const json_t *rows, int width);
/** How wide table_add() would make it, without regard to any limit. */
int table_width(const json_t *columns, const json_t *rows);
/** Appends one value as it stands in a cell, cut at `most` columns; returns the columns taken. */
int table_add_value(struct buf *out, const json_t *value, int most);

#endif
