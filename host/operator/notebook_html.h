/**
 * notebook_html.h - a notebook as a page that stands by itself.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_HTML_H
#define MULLIGAN_OPERATOR_NOTEBOOK_HTML_H

#include "operator/notebook.h"

#include "base/buf.h"

/**
 * Appends the whole page: text cells rendered from Markdown (raw HTML in them is left out), code, and what it put out:
 * tables and charts of ours as such, pictures as pictures, everything else as text. It loads nothing and runs nothing.
 * False when out of memory.
 */
bool notebook_html_write(const struct notebook *notebook, struct buf *out);
/** Appends a table bundle {columns, rows, total} as a `<table>`. */
void notebook_html_add_table(struct buf *out, const json_t *table);
/** Appends a bar bundle {label, done, total}. */
void notebook_html_add_progress(struct buf *out, const json_t *bar);

#endif
