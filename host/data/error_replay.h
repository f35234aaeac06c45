/**
 * error_replay.h - the spool taken over by the database that could not take its errors before.
 */
#ifndef MULLIGAN_DATA_ERROR_REPLAY_H
#define MULLIGAN_DATA_ERROR_REPLAY_H

#include "base/fault.h"
#include "data/error_database.h"
#include "data/spool.h"

#include <stdbool.h>
#include <stdint.h>

struct error_replay {
  int64_t inserted; /* rows that the database did not have yet */
  bool has_alerts;  /* there are messages in the outbox about them */
  int64_t refused;  /* lines that are no errors, kept in the spool's `.refused` */
};

/**
 * Stores the spool's lines, in transactions of many, and removes it. What a crash leaves of that is done again without
 * harm. A failure leaves the spool as it was, and no transaction open.
 */
enum mulligan_status error_replay_run(struct error_replay *replay, struct spool *spool, struct error_database *database,
                                      struct fault *fault);

#endif
