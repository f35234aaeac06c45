/**
 * alert_rules.h - which errors people are told of, by which channels, and how often: the setting `alerts`.
 *
 *   alerts = {
 *     watch = {                                   -- in place of the default ones; a row that matches any is watched
 *       { status = 401, channels = { "slack" } }, -- a number, or a class: "5xx"
 *       { status = "5xx" },                       -- without `channels`: by all
 *       { type = "IntegrityError" },              -- the error's type, also "db.IntegrityError"
 *       { code = "forged_token" },                -- the error's code
 *       { source = "operator" },                  -- request, operator, notebook, reload, warning, host
 *     },
 *     cool_down = 300,                            -- seconds of a group after each message about it
 *     spike = { count = 100, minutes = 5 },
 *     hourly = 20,                                -- messages an hour and channel
 *   }
 *
 * Names and values are checked where the setting is read. Pure functions over read-only data: any thread.
 */
#ifndef MULLIGAN_BASE_ALERT_RULES_H
#define MULLIGAN_BASE_ALERT_RULES_H

#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** The ways to reach people; a set of them is a sum of bits, 1 << channel. */
enum alert_channel { ALERT_SLACK, ALERT_MAIL, ALERT_CHANNELS };

/** "slack", "mail". */
const char *alert_channel_name(enum alert_channel channel);
/** The channel of this name, or ALERT_CHANNELS. */
enum alert_channel alert_channel_find(const char *name);

/** What the rules look at in an error; a text may be NULL, status 0. */
struct alert_subject {
  int status;
  const char *type;
  const char *code;
  const char *source;
};

struct alert_rules; /* read-only once it is made */

/** For the table of settings: MULLIGAN_INVALID names the first thing that is wrong in `table`, and `origin`. */
enum mulligan_status alert_rules_check(const json_t *table, const char *origin, struct fault *fault);
/** Makes rules of a table that was checked. The caller ends them with alert_rules_destroy(). NULL: out of memory. */
struct alert_rules *alert_rules_create(const json_t *table);
void alert_rules_destroy(struct alert_rules *rules);

/** The channels by which such an error is told, as bits; 0: it is not watched. What has the source "alert" never is. */
unsigned alert_rules_channels(const struct alert_rules *rules, const struct alert_subject *subject);
int64_t alert_rules_cool_down_us(const struct alert_rules *rules);
int64_t alert_rules_spike_count(const struct alert_rules *rules);
int64_t alert_rules_spike_us(const struct alert_rules *rules);
/** Messages an hour and channel. */
int alert_rules_hourly(const struct alert_rules *rules);

#endif
