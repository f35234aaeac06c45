/**
 * notebook_percent.h - a notebook as a Lua file: jupytext's percent format.
 *
 *   -- ---
 *   -- jupyter: …           the header
 *   -- ---
 *   -- %% [markdown]        a cell of text, each line behind `-- `
 *   -- %% Title tags=["x"]  a cell of code
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_PERCENT_H
#define MULLIGAN_OPERATOR_NOTEBOOK_PERCENT_H

#include "base/buf.h"
#include "base/fault.h"

#include <jansson.h>

/**
 * Reads the file's text as a notebook of format 4.5, and, for each cell, the line of the file where its source begins
 * (from 1; freed with free()). What stands before the first mark is a cell of its own if it is not blank.
 * MULLIGAN_INVALID names the line.
 */
enum mulligan_status notebook_percent_read(json_t **out, int **lines, const char *text, size_t length,
                                           struct fault *fault);
/** Appends the notebook as such a file, without outputs. MULLIGAN_INVALID for a cell that would be read as two. */
enum mulligan_status notebook_percent_write(const json_t *notebook, struct buf *out, struct fault *fault);

#endif
