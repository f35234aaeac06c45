/**
 * delivery.h - one attempt to deliver one message: composed, sent, judged.
 */
#ifndef MULLIGAN_ALERTS_DELIVERY_H
#define MULLIGAN_ALERTS_DELIVERY_H

#include "alerts/channel.h"
#include "alerts/hang_up.h"
#include "alerts/rendering.h"

/** All of it belongs to the caller and outlives the attempt. */
struct delivery {
  const struct channel *channel;
  const struct settings *settings;
  const json_t *alert; /* delivery_complete() has seen it */
  const char *thread;
  int64_t id;
  struct rendering *rendering;
  struct hang_up *hang_up;
};

/**
 * Adds what an alert is given on its way out: `environment` and, where public_url is set, `url`, the address of the
 * error's page, beside each reference (those in the groups of a digest, too). False when out of memory.
 */
bool delivery_complete(json_t *alert, const struct settings *settings);

/**
 * Blocks until the attempt is over, for little longer than the setting alert_timeout; what the channel wants as plain
 * text is sent once more at once. `*out` then says how it went, without any secret of the settings; its verdict is
 * never CHANNEL_PLAIN. MULLIGAN_INTERRUPTED if it was hung up before the other side had answered.
 */
enum mulligan_status delivery_attempt(const struct delivery *delivery, struct channel_answer *out, struct fault *fault);

#endif
