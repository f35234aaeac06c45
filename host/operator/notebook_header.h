/**
 * notebook_header.h - the YAML at the head of a notebook in the percent format.
 *
 * As jupytext has it: what stands under `jupyter` is the notebook's metadata, and what stands beside it is kept as
 * `jupytext.root_level_metadata`.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_HEADER_H
#define MULLIGAN_OPERATOR_NOTEBOOK_HEADER_H

#include "base/buf.h"
#include "base/fault.h"

#include <jansson.h>

/** Reads a header (without its `---` lines and comment marks) as metadata. MULLIGAN_INVALID names the line, counted
 * from the header's first as `first_line`. */
enum mulligan_status notebook_header_read(json_t **out, const char *text, size_t length, int first_line,
                                          struct fault *fault);
/** Appends the header of this metadata, each line ended; says of itself that the format is percent and the language Lua
 * where the metadata does not. False when out of memory. */
bool notebook_header_write(const json_t *metadata, struct buf *out);

#endif
