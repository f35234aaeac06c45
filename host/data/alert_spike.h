/**
 * alert_spike.h - does an error happen much more often than it did: N times within M minutes.
 *
 * Counts per group in bounded memory. One object belongs to one thread, the writer's.
 */
#ifndef MULLIGAN_DATA_ALERT_SPIKE_H
#define MULLIGAN_DATA_ALERT_SPIKE_H

#include "data/error_fingerprint.h"

#include <stdbool.h>
#include <stdint.h>

struct alert_spikes;

/** NULL when out of memory. */
struct alert_spikes *alert_spikes_create(void);
void alert_spikes_destroy(struct alert_spikes *spikes);

/** The transaction was committed: what was counted stays counted. */
void alert_spikes_keep(struct alert_spikes *spikes);
/** It was rolled back: its occurrences will be counted again. */
void alert_spikes_undo(struct alert_spikes *spikes);
/**
 * Counts `times` occurrences of a group at a time (wall clock, microseconds). True if a spike of `count` within
 * `span_us` begins with them: it is not told again until for a whole span there were fewer.
 */
bool alert_spikes_count(struct alert_spikes *spikes, const struct error_fingerprint *print, int64_t at, int64_t times,
                        int64_t count, int64_t span_us);

#endif
