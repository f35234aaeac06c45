/**
 * channel_failure.h - that a channel fails, on record: an error of the source "alert", which never alerts.
 */
#ifndef MULLIGAN_ALERTS_CHANNEL_FAILURE_H
#define MULLIGAN_ALERTS_CHANNEL_FAILURE_H

#include "base/alert_rules.h"
#include "data/error_log.h"

/** Records "CHANNEL WHAT: ANSWER", which the log then shows as every error. All failures of a channel are one group.
 * Any thread; never blocks on a disk. */
void channel_failure_record(struct error_log *errors, enum alert_channel channel, const char *what, const char *answer);

#endif
