/**
 * dispatcher.h - delivers what is in the outbox.
 *
 * One thread takes messages out of the outbox and notes what became of them; a channel that is set up has one of its
 * own beside it (carrier.h) and one message under way at a time, so that nothing a channel does (hang, drip, refuse)
 * delays another, or a request. Times between attempts grow, with jitter; who says how long to wait is obeyed. A
 * channel that begins to fail is an error on record (source alert), which never alerts.
 *
 * While no channel is set up, the thread sleeps, and neither libcurl nor errors.db is touched.
 */
#ifndef MULLIGAN_ALERTS_DISPATCHER_H
#define MULLIGAN_ALERTS_DISPATCHER_H

#include "base/fault.h"
#include "vm/vm.h"
#include "vm/vm_pool.h"

#include <jansson.h>
#include <stdbool.h>

struct channel;
struct dispatcher;

/**
 * Starts it for the channels of `table` (by enum alert_channel; the program's are `channels`). Settings and templates
 * are those of the pool's generation at each message. All that is given outlives it.
 */
enum mulligan_status dispatcher_start(struct dispatcher **out, const struct channel *const table[],
                                      const struct vm_services *services, struct vm_pool *pool, struct fault *fault);
/** Ends what is under way (it stays in the outbox) and the threads, within a second. False, some seconds later, if a
 * template's call cannot be ended: its thread may then use all there is, and the dispatcher stays. NULL is taken. */
bool dispatcher_stop(struct dispatcher *dispatcher);
/** There may be something in the outbox, or other settings. Any thread; never blocks. `dispatcher` is a struct
 * dispatcher, for error_log_on_alert(). */
void dispatcher_wake(void *dispatcher);
/** An object of {configured, missing} by channel: is it set up, by the settings that are in force, and what lacks
 * otherwise (null if nothing). Any thread; the caller owns it; NULL when out of memory. */
json_t *dispatcher_channels(struct dispatcher *dispatcher);
/** A person wants all to be tried now: forgets the pauses of channels that fail, and wakes it. */
void dispatcher_retry(struct dispatcher *dispatcher);

#endif
