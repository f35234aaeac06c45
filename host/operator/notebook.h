/**
 * notebook.h - a notebook: cells of text and code, in a file of Lua or of Jupyter's.
 *
 * In memory it is what Jupyter's format 4.5 says, as JSON, whichever file it came from. One thread uses a notebook.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_H
#define MULLIGAN_OPERATOR_NOTEBOOK_H

#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct notebook {
  json_t *json; /* {cells, metadata, nbformat: 4, nbformat_minor: 5}; every source is one text */
  int *lines;   /* for each cell, where its source begins in its file; 0 where that is no line of it */
};

/**
 * Reads a file by its name's end: .lua is the percent format, .ipynb Jupyter's. MULLIGAN_INVALID names the file, the
 * line or the cell, and what is wrong; an older .ipynb of format 4 is brought to 4.5. Ended with notebook_release().
 */
enum mulligan_status notebook_read(struct notebook *out, const char *path, struct fault *fault);
void notebook_release(struct notebook *notebook);
/** Writes it whole or not at all, in the format of the name's end. A .lua keeps no outputs. */
enum mulligan_status notebook_write(const struct notebook *notebook, const char *path, struct fault *fault);

size_t notebook_cell_count(const struct notebook *notebook);
/** A cell, lent: {cell_type, id, metadata, source, …}. */
json_t *notebook_cell(const struct notebook *notebook, size_t index);
bool notebook_cell_is_code(const json_t *cell);
const char *notebook_cell_source(const json_t *cell);
/** Has the cell this tag? */
bool notebook_cell_has_tag(const json_t *cell, const char *tag);
/** The notebook's title: what its header says, or its first heading; "" for none. Lent. */
const char *notebook_title(const struct notebook *notebook, char out[200]);

#endif
