/**
 * display.h - where a run's words go: to the operator's eyes, and into a list that is kept.
 */
#ifndef MULLIGAN_OPERATOR_DISPLAY_H
#define MULLIGAN_OPERATOR_DISPLAY_H

#include "vm/bind_op.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct display {
  FILE *out;        /* what people read; NULL shows nothing */
  bool assume_yes;  /* op.confirm() is answered without asking */
  json_t *output;   /* a list of {kind: "say", text}, {kind: "table", columns, rows}, {kind: "chart", chart} */
  bool bar_is_open; /* the cursor stands behind a progress bar */
  int64_t bar_at_ns, bar_tenths;
};

/** A display on `out`; false when out of memory. Ended with display_release(). */
bool display_init(struct display *display, FILE *out, bool assume_yes);
void display_release(struct display *display);
/** What `op` reports to; `display` must outlive the run. */
struct op_listener display_listener(struct display *display);
/** The columns that a line may have on `out`. */
int display_width(const struct display *display);

#endif
