/**
 * outbox_take.c - which message goes out next.
 *
 * Called by the dispatcher on its thread. The messages of an hour are counted here, at the moment one is to go: so a
 * digest tells of all that was held until then.
 */
#include "data/outbox_internal.h"

#include <string.h>

static const char channel_sql[] =
    "SELECT configuration = ?2, state = 'stopped', iif(state = 'parked' AND answered_at <= ?3, until, 0)"
    " FROM alert_channel WHERE channel = ?1";
static const char open_sql[] = "UPDATE alert_channel SET state = 'open', until = NULL, configuration = ?2"
                               " WHERE channel = ?1 AND (state <> 'open' OR configuration <> ?2)";

static const char expired_sql[] = "UPDATE outbox SET state = 'waiting', lease_until = NULL"
                                  " WHERE channel = ?1 AND state = 'leased' AND lease_until <= ?2";
static const char muted_sql[] = "DELETE FROM outbox WHERE channel = ?1 AND state IN ('waiting', 'held')"
                                " AND group_id IN (SELECT id FROM error_group WHERE state = 'muted')";
static const char late_sql[] = "UPDATE outbox SET state = 'held' WHERE channel = ?1 AND state = 'waiting'"
                               " AND kind <> 'digest' AND created_at <= ?2";

/* What was made in the future was made before the clock was set back: nobody is to wait until that is reached again. */
#define DUE "(due_at <= ?2 OR created_at > ?2)"

static const char sent_sql[] =
    "SELECT (SELECT count(*) FROM outbox WHERE channel = ?1 AND state = 'leased')"
    " + (SELECT count(*) FROM outbox WHERE channel = ?1 AND delivered_at > ?2 AND delivered_at <= ?3)";
/* Neither counts on when the answer is clear: there may be thousands. */
static const char due_sql[] =
    "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE channel = ?1 AND state = 'waiting' AND " DUE " LIMIT ?3)";
/* With whether the only one has to become part of a digest. */
static const char held_sql[] = "SELECT count(*), max(created_at <= ?2 AND kind <> 'digest') FROM"
                               " (SELECT created_at, kind FROM outbox WHERE channel = ?1 AND state = 'held' LIMIT 2)";
static const char hold_sql[] = "UPDATE outbox SET state = 'held'"
                               " WHERE channel = ?1 AND state = 'waiting' AND " DUE;
static const char release_sql[] = "UPDATE outbox SET state = 'waiting' WHERE channel = ?1 AND state = 'held'";

static const char next_sql[] =
    "SELECT o.id, o.attempts + 1, o.alert, coalesce(iif(s.thread_of = ?3, s.thread, NULL), '')"
    " FROM outbox o LEFT JOIN alert_state s ON s.group_id = o.group_id AND s.channel = o.channel"
    " WHERE o.channel = ?1 AND o.state = 'waiting' AND " DUE " ORDER BY o.kind = 'digest' DESC, o.due_at, o.id LIMIT 1";
static const char lease_sql[] =
    "UPDATE outbox SET state = 'leased', attempts = attempts + 1, lease_until = ?3 WHERE channel = ?1 AND id = ?2";

/* ---- the channel ---- */

/** May the channel take something? Opens it, where its time has come or it was set up anew. */
static enum mulligan_status open_channel(struct store *store, enum alert_channel channel, const char *configuration,
                                         int64_t now, bool *ready, struct fault *fault) {
  bool known = false, stopped = false;
  int64_t until = 0;
  struct store_call call;
  store_call_prepare(&call, store, channel_sql, fault);
  outbox_put_channel(&call, channel, fault);
  store_call_text(&call, configuration, strlen(configuration), fault);
  store_call_integer(&call, now, fault);
  if (store_call_step(&call, fault)) {
    known = store_column_integer(call.statement, 0) != 0;
    stopped = store_column_integer(call.statement, 1) != 0;
    until = store_column_integer(call.statement, 2);
  }
  *ready = !known || (!stopped && until <= now);
  if (store_call_finish(&call) != MULLIGAN_OK || !*ready)
    return call.status;
  store_call_prepare(&call, store, open_sql, fault);
  outbox_put_channel(&call, channel, fault);
  store_call_text(&call, configuration, strlen(configuration), fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

/* ---- the hour ---- */

/** Puts aside what is too much, and makes of it one message when there is room for that. */
static enum mulligan_status ration(struct store *store, enum alert_channel channel, int64_t hourly, int64_t now,
                                   struct fault *fault) {
  const int64_t hour[] = {now - OUTBOX_HOUR_US, now}, day[] = {now - OUTBOX_DAY_US};
  const int64_t until[] = {now, hourly + 1};
  int64_t sent, due, held[2];
  enum mulligan_status status = outbox_ask(store, sent_sql, channel, hour, 2, 0, &sent, 1, fault);
  if (status == MULLIGAN_OK)
    status = outbox_ask(store, due_sql, channel, until, 2, 0, &due, 1, fault);
  if (status == MULLIGAN_OK)
    status = outbox_ask(store, held_sql, channel, day, 1, 0, held, 2, fault);
  if (status != MULLIGAN_OK)
    return status;
  int64_t room = hourly - sent;
  bool full = room <= 0;
  /* If not all of them fit beside the digest, all go into it. */
  if (due > 0 && (full || (held[0] > 0 && due + 1 > room))) {
    status = outbox_run(store, hold_sql, channel, until, 1, NULL, fault);
    held[0] += due;
  }
  if (status != MULLIGAN_OK || full || held[0] == 0)
    return status;
  if (held[0] == 1 && held[1] == 0)
    return outbox_run(store, release_sql, channel, NULL, 0, NULL, fault);
  return outbox_digest_make(store, channel, now, fault);
}

/* ---- the message ---- */

static enum mulligan_status choose(struct store *store, enum alert_channel channel, const char *configuration,
                                   int64_t now, struct outbox_message *out, struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, store, next_sql, fault);
  outbox_put_channel(&call, channel, fault);
  store_call_integer(&call, now, fault);
  store_call_text(&call, configuration, strlen(configuration), fault);
  if (store_call_step(&call, fault)) {
    size_t length, thread_length;
    out->id = store_column_integer(call.statement, 0);
    out->attempt = (int)store_column_integer(call.statement, 1);
    const char *alert = store_column_bytes(call.statement, 2, &length);
    out->alert = json_loadb(alert, length, 0, NULL);
    const char *thread = store_column_bytes(call.statement, 3, &thread_length);
    if (thread_length < sizeof out->thread)
      memcpy(out->thread, thread, thread_length);
    if (out->alert == NULL)
      call.status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading message %lld", (long long)out->id);
  }
  return store_call_finish(&call);
}

static enum mulligan_status take(struct store *store, enum alert_channel channel, const char *configuration,
                                 const struct alert_rules *rules, int64_t now, int64_t lease_until,
                                 struct outbox_message *out, struct fault *fault) {
  const int64_t times[] = {now}, day[] = {now - OUTBOX_DAY_US};
  bool ready;
  enum mulligan_status status = open_channel(store, channel, configuration, now, &ready, fault);
  if (status != MULLIGAN_OK || !ready)
    return status;
  status = outbox_run(store, expired_sql, channel, times, 1, NULL, fault);
  if (status == MULLIGAN_OK)
    status = outbox_run(store, muted_sql, channel, NULL, 0, NULL, fault);
  if (status == MULLIGAN_OK)
    status = outbox_run(store, late_sql, channel, day, 1, NULL, fault);
  if (status == MULLIGAN_OK)
    status = ration(store, channel, alert_rules_hourly(rules), now, fault);
  if (status == MULLIGAN_OK)
    status = choose(store, channel, configuration, now, out, fault);
  if (status != MULLIGAN_OK || out->id == 0)
    return status;
  const int64_t lease[] = {out->id, lease_until};
  return outbox_run(store, lease_sql, channel, lease, 2, NULL, fault);
}

enum mulligan_status outbox_take(struct outbox *outbox, enum alert_channel channel, const char *configuration,
                                 const struct alert_rules *rules, int64_t now, int64_t lease_until,
                                 struct outbox_message *out, struct fault *fault) {
  *out = (struct outbox_message){.channel = channel};
  struct store *store;
  enum mulligan_status status = outbox_begin(outbox, &store, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = take(store, channel, configuration, rules, now, lease_until, out, fault);
  status = outbox_end(outbox, status, fault);
  if (status == MULLIGAN_OK && out->id == 0)
    return fault_set(fault, MULLIGAN_MISSING, "nothing is due");
  if (status != MULLIGAN_OK)
    outbox_message_release(out);
  return status;
}
