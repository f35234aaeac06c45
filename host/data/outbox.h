/**
 * outbox.h - messages to people, in errors.db until they are delivered.
 *
 * A message is entered in the transaction that stores the error it tells of (alert_judge.h), so that neither is there
 * without the other. The dispatcher takes messages out: one process at a time, which holds DATA/alerts.lock. What it
 * takes is leased; a lease that runs out, or whose holder is gone, is the next one's. So a message arrives at least
 * once.
 *
 * A message about a group is followed by a cool-down; what happens meanwhile is one message at its end, and a cool-down
 * twice as long (a day at most), until one of them was quiet. A channel takes a number of messages in any hour; what
 * exceeds that is held, and told by one digest when there is room again. So is what has waited for more than a day.
 * Nothing that was entered is dropped, unless people mute its group.
 *
 * All writes hold errors.lock, as every write to errors.db does. An outbox belongs to one thread at a time. After a
 * failure it opens errors.db anew at the next call. Times are wall clock, microseconds.
 *
 * An alert (`alert` below) is an object, free of secrets, texts cut:
 *   kind       "new", "regression", "count" (the 10th, 100th, …), "spike", "reload" and "operator" (one failed),
 *              "repeats" (what a cool-down has folded), "digest" (what the hourly limit held back), "test"
 *   reasons    list of those words that apply, `kind` first: a "repeats" may also have met "count" and "spike"; absent
 * in a digest ref, group, title, culprit, source, level, handled, status, code, app_code, exc_type, message, method,
 * route, path, user_id, user_email, script, operator, request_id, generation, release, host, occurred_at of the
 * occurrence it tells of (the last one, where it folds many), absent where unknown frame      { file, line, function }
 * the innermost frame of the application; absent without one total, times, users, first_seen, last_seen of the group
 * when the message was made: all, since the last message about it, different users of a digest only: title (in words),
 * messages (that it takes the place of), times, since, until, groups = list of { group, title, status, times, total,
 * ref }, the most frequent first, at most 20, and more_groups, how many more there are
 */
#ifndef MULLIGAN_DATA_OUTBOX_H
#define MULLIGAN_DATA_OUTBOX_H

#include "base/alert_rules.h"
#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct outbox;

enum { MULLIGAN_OUTBOX_THREAD = 200, MULLIGAN_OUTBOX_ANSWER = 400 };

/** A message that was taken out to be delivered. */
struct outbox_message {
  int64_t id;
  enum alert_channel channel;
  int attempt;                         /* from 1 */
  char thread[MULLIGAN_OUTBOX_THREAD]; /* what the group's first message on this channel was given; "" for none */
  json_t *alert;                       /* owned: outbox_message_release() */
};

/**
 * Opens errors.db in the data folder and takes DATA/alerts.lock: MULLIGAN_BUSY if another process delivers. Leases of
 * one that is gone are ended. The caller ends it with outbox_close().
 */
enum mulligan_status outbox_open(struct outbox **out, const char *folder, struct fault *fault);
void outbox_close(struct outbox *outbox);

/**
 * What is due by the clock: messages for the cool-downs that have ended, those of muted groups taken away, old rows
 * removed (delivered ones after a week, failed ones after 30 days). `configured` are the channels that are set up, as
 * bits; what is there for another one waits. `*next` is when the next of it, or the next message, is due (INT64_MAX:
 * nothing): whoever delivers settles and then takes at that time, when it is woken, and every few seconds, because
 * other processes enter messages, too. A message that is due on a channel which has one under way counts as due when
 * that one's lease ends.
 */
enum mulligan_status outbox_settle(struct outbox *outbox, const struct alert_rules *rules, unsigned configured,
                                   int64_t now, int64_t *next, struct fault *fault);
/**
 * Takes the message of a channel that is due longest, and leases it until `lease_until`; makes a digest first where one
 * is needed. MULLIGAN_MISSING when there is none, the hour is full, or the channel is parked, or stopped for this
 * `configuration` (a hash of what it was set up with; another one starts it again). On success the caller ends `*out`
 * with outbox_message_release().
 */
enum mulligan_status outbox_take(struct outbox *outbox, enum alert_channel channel, const char *configuration,
                                 const struct alert_rules *rules, int64_t now, int64_t lease_until,
                                 struct outbox_message *out, struct fault *fault);
void outbox_message_release(struct outbox_message *message);

/** It arrived. `thread` (may be "") is what later messages of the group refer to; the first one stays, as long as the
 * channel is set up as it was then. */
enum mulligan_status outbox_delivered(struct outbox *outbox, const struct outbox_message *message, const char *thread,
                                      const char *answer, int64_t now, struct fault *fault);
/** It did not, and is due again at `again`. */
enum mulligan_status outbox_defer(struct outbox *outbox, const struct outbox_message *message, const char *answer,
                                  int64_t again, int64_t now, struct fault *fault);
/** It did not, and never will: it is kept as failed. */
enum mulligan_status outbox_give_up(struct outbox *outbox, const struct outbox_message *message, const char *answer,
                                    int64_t now, struct fault *fault);
/** The channel takes nothing until then; the message is due then. */
enum mulligan_status outbox_park(struct outbox *outbox, const struct outbox_message *message, const char *answer,
                                 int64_t until, int64_t now, struct fault *fault);
/** The channel takes nothing with this configuration, until a person says otherwise; its messages wait. */
enum mulligan_status outbox_stop(struct outbox *outbox, const struct outbox_message *message, const char *configuration,
                                 const char *answer, int64_t now, struct fault *fault);

/* ---- any process ---- */

/** The channels by which a running host delivers what is in this folder's outbox, as bits; 0: none does. */
unsigned outbox_delivering(const char *folder);

/* ---- for people: any process ---- */

/**
 * A list of an object for each channel: channel, state ("open", "parked", "stopped"), until, answer, answered_at,
 * delivered_at, failing_since, waiting, held, failed, delivered (of the last 24 hours). The caller owns `*out`.
 */
enum mulligan_status outbox_channels(const char *folder, json_t **out, struct fault *fault);
/** A list of the messages that wait, or failed, the oldest first: id, channel, kind, group, ref, title, state,
 * attempts, due_at, answer, created_at. The caller owns `*out`. */
enum mulligan_status outbox_messages(const char *folder, int limit, json_t **out, struct fault *fault);
/** Makes all that waits, is parked, stopped or failed due now; of one channel, or of all (ALERT_CHANNELS). `*count`:
 * how many messages. */
enum mulligan_status outbox_retry(const char *folder, enum alert_channel channel, int64_t *count, struct fault *fault);

#endif
