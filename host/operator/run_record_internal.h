/**
 * run_record_internal.h - the inside of a run's record, for run_record.c and run_apply.c.
 */
#ifndef MULLIGAN_OPERATOR_RUN_RECORD_INTERNAL_H
#define MULLIGAN_OPERATOR_RUN_RECORD_INTERNAL_H

#include "operator/run_record.h"

struct run_record {
  const struct vm_services *services;
  struct audit *audit;
  json_t *origin; /* what a plan's file says of where it comes from */
  json_t *cells;  /* a list of {source, output} */
  size_t output_size;
  int64_t rows;
  bool kept;    /* the plan's file was written */
  bool applied; /* the change is in app.db */
  char id[MULLIGAN_REFERENCE_SIZE];
  char sha[65];
  char hash[65];
};

#endif
