/**
 * alert_judge.h - whether an error is news, and for whom: what enters messages into the outbox.
 *
 * Asked by the ledger for each occurrence that it counts, inside the transaction. News are: a group's first occurrence,
 * its return after it was resolved, its 10th, 100th, 1000th, …, a spike, a reload or an operator's run that fails. The
 * first two go out at once; what else happens to a group while it cools down is told by one message at the end of that
 * (outbox_settle()). A muted group is never news. What is no news costs no statement: how often it happened is read off
 * the group's total when it is told.
 *
 * A judge belongs to the thread that writes; its rules may be replaced from any.
 */
#ifndef MULLIGAN_DATA_ALERT_JUDGE_H
#define MULLIGAN_DATA_ALERT_JUDGE_H

#include "base/alert_rules.h"
#include "base/fault.h"
#include "data/error_row.h"
#include "data/store.h"

#include <stdbool.h>
#include <stdint.h>

struct alert_judge;

/** What the ledger knows of a group after it has counted an occurrence. */
struct alert_group {
  int64_t id;
  int64_t occurrence;  /* the row of error_log that was stored, or that counts it */
  int64_t total;       /* with it */
  int64_t times;       /* by how much the total grew; 0: it was counted before */
  int64_t regressions; /* how often the group came back */
  bool is_new;         /* this was its first */
  bool came_back;      /* it was resolved */
  bool muted;
};

/** Has no rules at first, and enters nothing. NULL when out of memory. */
struct alert_judge *alert_judge_create(void);
void alert_judge_destroy(struct alert_judge *judge);
/**
 * From now on goes by these rules (a setting that was checked; NULL: none) and channels (bits) that are set up. Any
 * thread, never waits.
 */
enum mulligan_status alert_judge_set_rules(struct alert_judge *judge, const json_t *alerts, unsigned configured,
                                           struct fault *fault);

/** The transaction was committed. NULL is fine. */
void alert_judge_keep(struct alert_judge *judge);
/** It was rolled back; what was seen in it will be seen again. NULL is fine. */
void alert_judge_take_back(struct alert_judge *judge);
/**
 * Enters what messages there are to be about an occurrence that was counted; `*entered` is set to true if there are
 * any. A message that cannot be made is logged and not there, so that the error is kept all the same; a failure is
 * about the database.
 */
enum mulligan_status alert_judge_look(struct alert_judge *judge, struct store *store, const struct error_row *row,
                                      const struct alert_group *group, int64_t now, bool *entered, struct fault *fault);

#endif
