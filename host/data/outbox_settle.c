/**
 * outbox_settle.c - what the clock brings: the ends of cool-downs, the ends of old rows, and when to look again.
 *
 * Called by the dispatcher on its thread.
 */
#include "data/alert_message.h"
#include "data/outbox_internal.h"

#include <string.h>

enum { ENDED_MOST = 200 /* cool-downs in one transaction: the writer gets its turn in between */ };

static const int64_t delivered_keep_us = 7 * OUTBOX_DAY_US, failed_keep_us = 30 * OUTBOX_DAY_US;

/* ---- cool-downs ---- */

static const char ended_sql[] = "SELECT s.group_id, s.told_total, s.cool_us, s.held, g.total, g.state"
                                " FROM alert_state s JOIN error_group g ON g.id = s.group_id"
                                " WHERE s.channel = ?1 AND s.cool_until > 0"
                                " AND (s.cool_until <= ?2 OR s.cool_until > ?2 + s.cool_us)"
                                " ORDER BY s.cool_until LIMIT ?3";
static const char quiet_sql[] = "UPDATE alert_state SET cool_until = NULL, held = '' WHERE channel = ?1"
                                " AND group_id = ?2";
static const char again_sql[] = "UPDATE alert_state SET held = '', told_total = ?3, cool_us = ?4,"
                                " cool_until = nullif(?5, 0) WHERE channel = ?1 AND group_id = ?2";
/* The last one has not gone out yet: the new one tells of what it would have told. */
static const char last_sql[] = "SELECT id, told_before, json_extract(alert, '$.reasons') FROM outbox WHERE channel = ?1"
                               " AND group_id = ?2 AND state = 'waiting' AND kind = 'repeats'";
static const char fold_sql[] = "UPDATE outbox SET state = 'folded', digest_id = ?3 WHERE channel = ?1 AND id = ?2";

/** A cool-down that is over. */
struct ended {
  int64_t group, told_total, cool_us, total;
  unsigned held;
  bool muted;
};

static enum mulligan_status find_ended(struct store *store, enum alert_channel channel, int64_t now,
                                       struct ended ended[ENDED_MOST], int *count, struct fault *fault) {
  struct store_call call;
  *count = 0;
  store_call_prepare(&call, store, ended_sql, fault);
  outbox_put_channel(&call, channel, fault);
  store_call_integer(&call, now, fault);
  store_call_integer(&call, ENDED_MOST, fault);
  while (store_call_step(&call, fault)) {
    size_t length;
    struct ended *one = &ended[(*count)++];
    one->group = store_column_integer(call.statement, 0);
    one->told_total = store_column_integer(call.statement, 1);
    one->cool_us = store_column_integer(call.statement, 2);
    const char *held = store_column_bytes(call.statement, 3, &length);
    one->held = alert_reasons_read(held, length);
    one->total = store_column_integer(call.statement, 4);
    const char *state = store_column_bytes(call.statement, 5, &length);
    one->muted = length == 5 && memcmp(state, "muted", length) == 0;
  }
  return store_call_finish(&call);
}

/** What waits already about it: its number (0: nothing), and what it adds to the news. */
static enum mulligan_status find_last(struct store *store, struct alert_news *news, int64_t *id, struct fault *fault) {
  struct store_call call;
  *id = 0;
  store_call_prepare(&call, store, last_sql, fault);
  outbox_put_channel(&call, news->channel, fault);
  store_call_integer(&call, news->group, fault);
  if (store_call_step(&call, fault)) {
    size_t length;
    *id = store_column_integer(call.statement, 0);
    news->told_before = store_column_integer(call.statement, 1);
    const char *text = store_column_bytes(call.statement, 2, &length);
    json_t *words = json_loadb(text, length, 0, NULL), *word;
    size_t index;
    json_array_foreach(words, index, word) {
      news->reasons |= alert_reasons_read(json_string_value(word), json_string_length(word));
    }
    json_decref(words);
  }
  return store_call_finish(&call);
}

static enum mulligan_status tell(struct store *store, enum alert_channel channel, const struct ended *ended,
                                 int64_t cool_us, int64_t now, struct fault *fault) {
  struct alert_news news = {.channel = channel,
                            .group = ended->group,
                            .reasons = ALERT_REPEATS | ended->held,
                            .told_before = ended->told_total};
  int64_t last, id;
  enum mulligan_status status = find_last(store, &news, &last, fault);
  if (status == MULLIGAN_OK)
    status = alert_message_enter(store, &news, now, &id, fault);
  if (status == MULLIGAN_OK && last != 0) {
    const int64_t numbers[] = {last, id};
    status = outbox_run(store, fold_sql, channel, numbers, 2, NULL, fault);
  }
  if (status != MULLIGAN_OK)
    return status;
  const int64_t numbers[] = {ended->group, ended->total, cool_us, cool_us > 0 ? now + cool_us : 0};
  return outbox_run(store, again_sql, channel, numbers, 4, NULL, fault);
}

static enum mulligan_status end_cool_downs(struct store *store, const struct alert_rules *rules,
                                           enum alert_channel channel, int64_t now, struct fault *fault) {
  struct ended ended[ENDED_MOST];
  int count;
  enum mulligan_status status = find_ended(store, channel, now, ended, &count, fault);
  for (int i = 0; status == MULLIGAN_OK && i < count; i++) {
    int64_t longer = ended[i].cool_us < OUTBOX_DAY_US / 2 ? 2 * ended[i].cool_us : OUTBOX_DAY_US;
    if (longer < ended[i].cool_us)
      longer = ended[i].cool_us; /* the setting itself may be longer than a day */
    if (ended[i].muted || ended[i].total <= ended[i].told_total)
      status = outbox_run(store, quiet_sql, channel, &ended[i].group, 1, NULL, fault);
    else
      status = tell(store, channel, &ended[i], alert_rules_cool_down_us(rules) > 0 ? longer : 0, now, fault);
  }
  return status;
}

/* ---- old rows ---- */

static const char delivered_sql[] = "DELETE FROM outbox WHERE channel = ?1 AND delivered_at < ?2";
static const char failed_sql[] = "DELETE FROM outbox WHERE channel = ?1 AND state = 'failed' AND created_at < ?2";

static enum mulligan_status remove_old(struct store *store, enum alert_channel channel, int64_t now,
                                       struct fault *fault) {
  const int64_t delivered[] = {now - delivered_keep_us}, failed[] = {now - failed_keep_us};
  enum mulligan_status status = outbox_run(store, delivered_sql, channel, delivered, 1, NULL, fault);
  return status == MULLIGAN_OK ? outbox_run(store, failed_sql, channel, failed, 1, NULL, fault) : status;
}

/* ---- when to look again ---- */

static const char cooling_sql[] = "SELECT min(cool_until) FROM alert_state WHERE channel = ?1 AND cool_until > 0";
static const char state_sql[] = "SELECT state = 'stopped', iif(state = 'parked' AND answered_at <= ?2, until, 0)"
                                " FROM alert_channel WHERE channel = ?1";
static const char leased_sql[] = "SELECT max(lease_until) FROM outbox WHERE channel = ?1 AND state = 'leased'";
static const char waiting_sql[] =
    "SELECT min(iif(created_at > ?2, ?2, due_at)), min(iif(kind = 'digest', NULL, created_at)) FROM outbox"
    " WHERE channel = ?1 AND state = 'waiting'";
static const char held_sql[] = "SELECT 1 FROM outbox WHERE channel = ?1 AND state = 'held' LIMIT 1";
/* The one after whose hour there is room again. */
static const char room_sql[] = "SELECT delivered_at FROM outbox WHERE channel = ?1"
                               " AND delivered_at > ?2 - ?4 AND delivered_at <= ?2"
                               " ORDER BY delivered_at DESC LIMIT 1 OFFSET ?3";

static void sooner(int64_t *next, int64_t at) {
  if (at < *next)
    *next = at;
}

/** When the channel may have a message to take, if it has none under way. */
static enum mulligan_status find_due(struct store *store, const struct alert_rules *rules, enum alert_channel channel,
                                     int64_t now, int64_t *due, struct fault *fault) {
  const int64_t hour[] = {now, alert_rules_hourly(rules) - 1, OUTBOX_HOUR_US};
  int64_t waiting[2] = {INT64_MAX, INT64_MAX}, held = 0, room = 0;
  enum mulligan_status status = outbox_ask(store, waiting_sql, channel, &now, 1, INT64_MAX, waiting, 2, fault);
  if (status == MULLIGAN_OK)
    status = outbox_ask(store, held_sql, channel, NULL, 0, 0, &held, 1, fault);
  if (status == MULLIGAN_OK)
    status = outbox_ask(store, room_sql, channel, hour, 3, now - OUTBOX_HOUR_US, &room, 1, fault);
  *due = waiting[0];
  if (waiting[1] < INT64_MAX)
    sooner(due, waiting[1] + OUTBOX_DAY_US);
  if (held != 0)
    sooner(due, room + OUTBOX_HOUR_US);
  return status;
}

static enum mulligan_status look_ahead(struct store *store, const struct alert_rules *rules, enum alert_channel channel,
                                       int64_t now, int64_t *next, struct fault *fault) {
  int64_t cooling = INT64_MAX, state[2] = {0, 0}, leased = INT64_MAX, due = INT64_MAX;
  enum mulligan_status status = outbox_ask(store, cooling_sql, channel, NULL, 0, INT64_MAX, &cooling, 1, fault);
  if (status == MULLIGAN_OK)
    status = outbox_ask(store, state_sql, channel, &now, 1, 0, state, 2, fault);
  if (status == MULLIGAN_OK)
    status = outbox_ask(store, leased_sql, channel, NULL, 0, INT64_MAX, &leased, 1, fault);
  if (status == MULLIGAN_OK && leased == INT64_MAX)
    status = find_due(store, rules, channel, now, &due, fault);
  if (status != MULLIGAN_OK)
    return status;
  sooner(next, cooling);
  sooner(&due, leased);
  if (state[0] == 0 && due < INT64_MAX)
    sooner(next, due > state[1] ? due : state[1]);
  return MULLIGAN_OK;
}

/* ---- all of it ---- */

/* outbox_delivering() tells other processes so. */
static const char idle_sql[] = "UPDATE alert_channel SET configuration = '' WHERE channel = ?1 AND configuration <> ''";

enum mulligan_status outbox_settle(struct outbox *outbox, const struct alert_rules *rules, unsigned configured,
                                   int64_t now, int64_t *next, struct fault *fault) {
  struct store *store;
  *next = INT64_MAX;
  enum mulligan_status status = outbox_begin(outbox, &store, fault);
  if (status != MULLIGAN_OK)
    return status;
  for (int i = 0; status == MULLIGAN_OK && i < ALERT_CHANNELS; i++) {
    enum alert_channel channel = (enum alert_channel)i;
    if ((configured & 1U << i) == 0) {
      status = outbox_run(store, idle_sql, channel, NULL, 0, NULL, fault);
      continue;
    }
    status = end_cool_downs(store, rules, channel, now, fault);
    if (status == MULLIGAN_OK)
      status = remove_old(store, channel, now, fault);
    if (status == MULLIGAN_OK)
      status = look_ahead(store, rules, channel, now, next, fault);
  }
  return outbox_end(outbox, status, fault);
}
