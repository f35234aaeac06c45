/**
 * debug_report.h - what debug mode has to tell of an answer, whatever form it is told in.
 */
#ifndef MULLIGAN_HTTP_DEBUG_REPORT_H
#define MULLIGAN_HTTP_DEBUG_REPORT_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** Everything is the caller's. */
struct debug_report {
  int status;
  const char *reference; /* ERR-…; NULL for none */
  const char *method, *path;
  const json_t *row;    /* what ErrorLog has of the error, scrubbed, with its `cause` inside; NULL for a 404 */
  const json_t *routes; /* of a 404: debug_routes_list() */
  int64_t generation;   /* of the scripts that answered; 0 for none */
  bool stored;          /* looked up afterwards, by its reference */
};

/* The parts of a row, never NULL. */

const char *debug_report_text(const json_t *row, const char *name);
int64_t debug_report_number(const json_t *row, const char *name);
/** False for what is absent, null or the empty text. */
bool debug_report_has(const json_t *row, const char *name);

/** The type of a row's error, or its code where the host itself refused; never NULL. */
const char *debug_report_type(const json_t *row);
/** Appends where a frame is: "scripts/routes/x.lua:42", "C". */
void debug_report_add_place(struct buf *out, const json_t *frame);
/** Appends what a frame's function is called, or where it was defined if it has no name. */
void debug_report_add_function(struct buf *out, const json_t *frame);
/** Appends "1.24 ms", "3.2 s". */
void debug_report_add_time(struct buf *out, int64_t us);

/** What every form tells of the request, in this order; headers and body come after. Ends with a label of NULL. */
struct debug_field {
  const char *label, *column;
};
extern const struct debug_field debug_report_request[];

struct debug_sql {
  size_t count;
  int64_t us;
};

/** How much SQL the breadcrumbs of a row tell of. */
struct debug_sql debug_report_sql(const json_t *row);

#endif
