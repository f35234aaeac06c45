/**
 * channel_failure.c - makes the record of a channel that fails.
 *
 * Called by the dispatcher on its thread: once when a channel begins to fail, not at each attempt.
 */
#include "alerts/channel_failure.h"

#include "data/outbox.h"

#include <stdio.h>
#include <string.h>

static void set(struct error_record *record, char **member, const char *text) {
  error_record_set(record, member, text, strlen(text), MULLIGAN_ERROR_MESSAGE_MOST);
}

void channel_failure_record(struct error_log *errors, enum alert_channel channel, const char *what,
                            const char *answer) {
  char message[MULLIGAN_OUTBOX_ANSWER + 100], group[40];
  snprintf(message, sizeof message, "%s %s: %s", alert_channel_name(channel), what, answer);
  snprintf(group, sizeof group, "alert channel %s", alert_channel_name(channel));
  struct error_record *record = errors ? error_record_create(ERROR_SOURCE_ALERT) : NULL;
  if (!record)
    return;
  set(record, &record->exc_type, "ChannelFailure");
  set(record, &record->message, message);
  set(record, &record->fingerprint, group);
  error_log_record(errors, record, false, NULL);
}
