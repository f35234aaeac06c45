/**
 * carrier.h - the thread that delivers a channel's messages, one at a time.
 *
 * Each channel has its own, so that whatever one does (hang, drip, keep a template busy) delays no other: libcurl's
 * SMTP waits in places where it cannot be driven beside another transfer (hang_up.h). A carrier knows nothing of the
 * outbox: the dispatcher hands it a message, is told when the attempt is over, and notes what came of it.
 */
#ifndef MULLIGAN_ALERTS_CARRIER_H
#define MULLIGAN_ALERTS_CARRIER_H

#include "alerts/channel.h"
#include "vm/generation.h"
#include "vm/vm_pool.h"

struct carrier;

/** What an attempt came to. */
struct carrier_outcome {
  struct outbox_message message;
  struct channel_answer answer;
  char configuration[CHANNEL_CONFIGURATION_SIZE]; /* the channel's, by the settings of the attempt */
};

/** Starts the thread. `done(context)` is called on it after each attempt, with nothing locked. `pool` and `errors`
 * outlive the carrier. */
enum mulligan_status carrier_start(struct carrier **out, const struct channel *channel, struct vm_pool *pool,
                                   struct error_log *errors, void (*done)(void *context), void *context,
                                   struct fault *fault);
/** May it be given a message? */
bool carrier_is_idle(struct carrier *carrier);
/** Hands it a message, which it takes over, and `settings`, which it keeps alive by a reference to `generation`; with
 * the channel's `configuration` by them. */
void carrier_carry(struct carrier *carrier, struct outbox_message *message, struct generation *generation,
                   const struct settings *settings, const char *configuration);
/** What came of it, once the attempt is over, else NULL. It is there until carrier_clear(). */
const struct carrier_outcome *carrier_outcome(struct carrier *carrier);
/** The outcome has been noted: the carrier is idle again. */
void carrier_clear(struct carrier *carrier);

/** Ends the attempt under way, and takes no other. */
void carrier_ask_to_stop(struct carrier *carrier);
/** Waits until the thread has ended; an attempt that was over before may have left an outcome. False if it does not end
 * within some seconds: a template is in a C call without end, and may use all there is. */
bool carrier_join(struct carrier *carrier);
/** Of one that was joined. NULL is taken. */
void carrier_destroy(struct carrier *carrier);

#endif
