/**
 * notebook_report.h - the files that a notebook's run leaves: the notebook with what it showed, and a page of it.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_REPORT_H
#define MULLIGAN_OPERATOR_NOTEBOOK_REPORT_H

#include "base/fault.h"
#include "base/scrub.h"
#include "base/taint.h"
#include "operator/notebook.h"

#include <jansson.h>

/** What is told; everything is borrowed. */
struct notebook_report {
  const struct notebook *notebook; /* as it stands in its file; its cells are not changed */
  const json_t *outputs;           /* for each cell {outputs, count}, or null where it was not run */
  const struct scrub *scrub;
  struct taint *taint; /* what must not be in the files */
  const char *run;     /* its id */
  const char *file;    /* the notebook's */
  const char *operator_name;
  int64_t started_us;
  const char *outcome;      /* AUDIT_… */
  const char *message;      /* why; "" for nothing */
  const json_t *parameters; /* masked */
  const json_t *changes;    /* of plan_changes(); NULL for none */
  int64_t rows;
};

/** The notebook with what came of it in a last cell, of format 4.5 and without secrets. NULL when out of memory. */
json_t *notebook_report_make(const struct notebook_report *report);
/**
 * Writes `made` (of notebook_report_make()) to `path`, by whose end it is the notebook or the page, with `mode` less
 * the umask.
 */
enum mulligan_status notebook_report_write(const json_t *made, const char *path, unsigned mode, struct fault *fault);

#endif
