/**
 * notebook_ipynb.h - Jupyter's own file format, nbformat 4.5.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_IPYNB_H
#define MULLIGAN_OPERATOR_NOTEBOOK_IPYNB_H

#include "base/buf.h"
#include "base/fault.h"

#include <jansson.h>

/**
 * Reads the text of an .ipynb of format 4.0 to 4.5 and brings it to 4.5: sources are one text each, cells have ids of 1
 * to 64 of [a-zA-Z0-9-_] that are unique. What it does not know it keeps. MULLIGAN_INVALID names the line or the cell.
 */
enum mulligan_status notebook_ipynb_read(json_t **out, const char *text, size_t length, struct fault *fault);
/** Appends the file's text: keys sorted, indented by one blank, texts as lists of lines, as Jupyter writes it. False
 * when out of memory. */
bool notebook_ipynb_write(const json_t *notebook, struct buf *out);
/** A new, empty cell of this type ("code", "markdown" or "raw") with this id, source and metadata (takes the
 * reference; NULL for none). NULL when out of memory. */
json_t *notebook_ipynb_cell(const char *type, const char *id, const char *source, size_t length, json_t *metadata);
/** The id of a cell that brought none, by its place from 1. */
void notebook_ipynb_id(size_t place, char out[24]);

#endif
