/**
 * notebook_output.h - what a cell shows, as a notebook keeps it.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_OUTPUT_H
#define MULLIGAN_OPERATOR_NOTEBOOK_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>

/** The outputs of one cell, in the making; embedded by value. */
struct notebook_output {
  json_t *list;     /* outputs as nbformat 4.5 has them; owned */
  json_t *displays; /* display_id -> place in `list`: a bar that moves stays one output; owned */
};

/** False when out of memory. Ended with notebook_output_release(). */
bool notebook_output_init(struct notebook_output *output);
void notebook_output_release(struct notebook_output *output);
/** Takes a console's message (console.h) in; one that shows nothing is passed over. */
void notebook_output_take(struct notebook_output *output, const json_t *message);
/** Hands out the list, which is the caller's, when the cell is done; the output is then as after its release. */
json_t *notebook_output_detach(struct notebook_output *output);

/**
 * Adds to each bundle of ours in a list of outputs what other programs can show: tables and bars as text/html, charts
 * as image/svg+xml; and writes its text/plain anew, for a page. The bundles must not be shared with others.
 */
void notebook_output_enrich(json_t *outputs);
/** The same as the audit keeps it: a list of {kind: "say", text}, {kind: "table", columns, rows} and {kind: "chart",
 * chart}. The caller owns it; NULL when out of memory. */
json_t *notebook_output_entries(const json_t *outputs);

#endif
