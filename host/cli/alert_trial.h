/**
 * alert_trial.h - one message to a channel, now and from this process: `mulligan alerts test`.
 */
#ifndef MULLIGAN_CLI_ALERT_TRIAL_H
#define MULLIGAN_CLI_ALERT_TRIAL_H

#include "alerts/channel.h"
#include "cli/command.h"

struct alert_trial {
  struct channel_answer answer;
  char plain_because[1024]; /* why it went out as plain text although there is a template; "" if it did not */
};

/** Sends it and waits for the answer, whatever that is; fails only where nothing could be sent. The outbox does not see
 * it. */
enum mulligan_status alert_trial_send(struct command_context *context, const struct channel *channel,
                                      struct alert_trial *out, struct fault *fault);

#endif
