/**
 * offer.h - a finished plan put before the operator: shown, confirmed, applied, and the run ended.
 *
 * For scripts, undos and plans that were kept; the same words whatever the run was.
 */
#ifndef MULLIGAN_OPERATOR_OFFER_H
#define MULLIGAN_OPERATOR_OFFER_H

#include "operator/job.h"
#include "operator/plan.h"
#include "operator/run_record.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum { OFFER_MESSAGE_SIZE = 1200 };

/** How it is put. Everything is borrowed. */
struct offer {
  const char *command; /* "run", before messages */
  struct run_record *record;
  const struct plan *plan;
  struct store *live;
  struct run_application how; /* its point_of_no_return is set by offer_make() */
  const char *email;          /* typing it confirms, too; NULL for none */
  const char *to_save;        /* how to save what was only shown; NULL: the same command with --apply */
  bool apply, yes, brief, json;
  FILE *out;
  int width;
};

/**
 * Shows the plan, asks where there is a terminal, applies. Returns what came of it; `message` gets why, "" for nothing.
 * The run is not ended: run_record_end() is the caller's, with offer_audit_outcome().
 */
enum job_outcome offer_make(const struct offer *offer, char message[OFFER_MESSAGE_SIZE]);
/** AUDIT_… */
const char *offer_audit_outcome(enum job_outcome outcome);
/** "applied" and so on, for JSON. */
const char *offer_outcome_name(enum job_outcome outcome);

/** Tells a failure on standard error: "mulligan run: …". */
void offer_tell(const char *command, const char *message);
void offer_tell_unsaved(void);

#endif
