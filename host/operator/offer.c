/**
 * offer.c - a finished plan put before the operator.
 *
 * Called on the main thread. Until the point of no return Ctrl-C ends the process and nothing is saved; from there on
 * it does nothing, and what follows is short.
 */
#include "operator/offer.h"

#include "base/buf.h"
#include "operator/confirmation.h"
#include "operator/plan_text.h"
#include "operator/printable.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <inttypes.h>
#include <string.h>

enum { TEXT_CAP = 64 << 20 };

void offer_tell(const char *command, const char *message) {
  struct buf text;
  buf_init(&text, OFFER_MESSAGE_SIZE * 8);
  printable_add_lines(&text, message, strlen(message));
  fflush(stdout);
  fprintf(stderr, "mulligan %s: %s\n", command, text.data);
  buf_release(&text);
}

void offer_tell_unsaved(void) {
  fprintf(stderr, "%s\n", words("Nothing has been saved."));
}

/* ---- showing ---- */

/* Is somebody going to be asked before anything is saved? */
static bool will_ask(const struct offer *offer) {
  return offer->apply && !offer->yes && plan_row_count(offer->plan) > 0 && terminal_is_there();
}

static void show(const struct offer *offer) {
  bool asks = will_ask(offer);
  int64_t rows = plan_row_count(offer->plan);
  if (offer->brief || (offer->json && !asks))
    return;
  FILE *out = offer->json ? stderr : offer->out; /* who is asked must have seen it */
  struct buf text;
  buf_init(&text, TEXT_CAP);
  if (rows == 0)
    buf_addf(&text, "\n%s\n", words("This changes nothing."));
  else
    plan_text_add(&text, plan_changes(offer->plan), offer->width);
  if (rows > 0)
    buf_addf(&text, words("\nRows that change: %" PRId64 ". Nothing has been saved yet.\n"), rows);
  if (rows > 0 && !offer->apply)
    buf_addf(&text, "%s\n",
             offer->to_save ? offer->to_save : words("To save this, run the same command again with --apply."));
  fwrite(text.data, 1, text.length, out);
  fflush(out);
  buf_release(&text);
}

/* ---- applying ---- */

static enum job_outcome apply(const struct offer *offer, char message[OFFER_MESSAGE_SIZE]) {
  struct fault fault;
  int64_t rows = 0;
  struct run_application how = offer->how;
  how.point_of_no_return = terminal_ignore_interrupt;
  enum mulligan_status status = run_record_apply(offer->record, offer->plan, offer->live, &how, &rows, &fault);
  if (status == MULLIGAN_OK) {
    if (!offer->json && !offer->brief)
      fprintf(offer->out, words("Saved. Rows changed: %" PRId64 ".\n"), rows);
    return JOB_APPLIED;
  }
  bool refused = status == MULLIGAN_CONSTRAINT || status == MULLIGAN_DENIED;
  snprintf(message, OFFER_MESSAGE_SIZE, "%s", fault.message);
  offer_tell(offer->command, message);
  offer_tell_unsaved();
  if (refused)
    fprintf(stderr, "%s\n", words("Run it again to see what it would change now."));
  return refused ? JOB_REFUSED : JOB_FAILED;
}

enum job_outcome offer_make(const struct offer *offer, char message[OFFER_MESSAGE_SIZE]) {
  *message = '\0';
  show(offer);
  if (!offer->apply || plan_row_count(offer->plan) == 0)
    return JOB_PLANNED;
  if (!will_ask(offer) || confirmation_ask(plan_row_count(offer->plan), offer->email))
    return apply(offer, message);
  snprintf(message, OFFER_MESSAGE_SIZE, "%s", words("not confirmed"));
  offer_tell(offer->command, message);
  offer_tell_unsaved();
  return JOB_NOT_CONFIRMED;
}

/* ---- names ---- */

const char *offer_audit_outcome(enum job_outcome outcome) {
  static const char *const names[] = {[JOB_PLANNED] = AUDIT_PLANNED, [JOB_APPLIED] = AUDIT_APPLIED,
                                      [JOB_ABORTED] = AUDIT_ABORTED, [JOB_NOT_CONFIRMED] = AUDIT_NOT_CONFIRMED,
                                      [JOB_REFUSED] = AUDIT_REFUSED, [JOB_FAILED] = AUDIT_FAILED,
                                      [JOB_USAGE] = AUDIT_FAILED};
  return names[outcome];
}

const char *offer_outcome_name(enum job_outcome outcome) {
  return outcome == JOB_USAGE ? "usage" : offer_audit_outcome(outcome);
}
