/**
 * outbox_read.c - the outbox as people see it, and their word that it be tried again.
 *
 * Called by the command line, in any process, beside a running host or without one. Reads go through a connection of
 * their own.
 */
#include "base/clock.h"
#include "base/file.h"
#include "data/error_rows.h"
#include "data/outbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { OUTBOX_VERSION = 3 /* of errors.db: the step that brought the outbox */ };

static const int64_t patience_ns = 5000000000;

#define COUNT(condition) "(SELECT count(*) FROM outbox o WHERE o.channel = c.channel AND o." condition ")"
static const char channel_sql[] =
    "SELECT c.channel, iif(c.state = 'parked' AND c.until <= ?2, 'open', c.state) AS state, c.until, c.answer,"
    " c.answered_at, c.delivered_at, c.failing_since," COUNT("state IN ('waiting', 'leased')") " AS waiting," COUNT(
        "state = 'held'") " AS held," COUNT("state = 'failed'") " AS failed," COUNT("delivered_at > ?3") " AS delivered"
                                                                                                         " FROM alert_channel c WHERE c.channel = ?1";
static const char messages_sql[] =
    "SELECT id, channel, kind, group_id AS \"group\", ref, title, state, attempts, due_at, answer, created_at"
    " FROM outbox WHERE state IN ('waiting', 'leased', 'held', 'failed') ORDER BY id LIMIT ?";
static const char retry_sql[] = "UPDATE outbox SET state = 'waiting', attempts = 0, due_at = ?2"
                                " WHERE channel = ?1 AND state IN ('waiting', 'failed')";
static const char in_use_sql[] = "SELECT 1 FROM alert_channel WHERE channel = ?1 AND configuration <> ''";
static const char open_sql[] = "UPDATE alert_channel SET state = 'open', until = NULL WHERE channel = ?1";

/** Opens errors.db; `*out` is NULL where there is no outbox in it yet. */
static enum mulligan_status open_for_reading(struct store **out, const char *folder, struct fault *fault) {
  int64_t version = 0;
  enum mulligan_status status = error_rows_open(out, folder, fault);
  if (status == MULLIGAN_OK && *out != NULL)
    status = store_version(*out, &version, fault);
  if (version < OUTBOX_VERSION) {
    store_close(*out);
    *out = NULL;
  }
  return status;
}

/** Does somebody hold alerts.lock? */
static bool is_held(const char *folder) {
  char *path = file_join(folder, "alerts.lock");
  int lock = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  bool held = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (lock >= 0)
    close(lock);
  free(path);
  return held;
}

unsigned outbox_delivering(const char *folder) {
  struct store *store = NULL;
  unsigned channels = 0;
  if (!is_held(folder) || open_for_reading(&store, folder, NULL) != MULLIGAN_OK || store == NULL)
    return 0;
  for (int i = 0; i < ALERT_CHANNELS; i++) {
    struct store_call call;
    store_call_prepare(&call, store, in_use_sql, NULL);
    outbox_put_channel(&call, (enum alert_channel)i, NULL);
    if (store_call_step(&call, NULL))
      channels |= 1U << i;
    store_call_finish(&call);
  }
  store_close(store);
  return channels;
}

/** The state of a channel on which nothing has happened. */
static json_t *idle_channel(enum alert_channel channel) {
  return json_pack("{s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:i, s:i, s:i, s:i}", "channel", alert_channel_name(channel),
                   "state", "open", "until", "answer", "answered_at", "delivered_at", "failing_since", "waiting", 0,
                   "held", 0, "failed", 0, "delivered", 0);
}

enum mulligan_status outbox_channels(const char *folder, json_t **out, struct fault *fault) {
  struct store *store = NULL;
  int64_t now = clock_wall_us();
  json_t *rows = json_array();
  enum mulligan_status status = open_for_reading(&store, folder, fault);
  for (int i = 0; status == MULLIGAN_OK && i < ALERT_CHANNELS; i++) {
    if (store == NULL) {
      json_array_append_new(rows, idle_channel((enum alert_channel)i));
      continue;
    }
    struct store_call call;
    store_call_prepare(&call, store, channel_sql, fault);
    outbox_put_channel(&call, (enum alert_channel)i, fault);
    store_call_integer(&call, now, fault);
    store_call_integer(&call, now - OUTBOX_DAY_US, fault);
    if (call.status == MULLIGAN_OK)
      call.status = error_rows_collect(call.statement, rows, fault);
    status = store_call_finish(&call);
  }
  store_close(store);
  *out = status == MULLIGAN_OK ? json_incref(rows) : NULL;
  json_decref(rows);
  return status;
}

enum mulligan_status outbox_messages(const char *folder, int limit, json_t **out, struct fault *fault) {
  struct store *store = NULL;
  json_t *rows = json_array();
  enum mulligan_status status = open_for_reading(&store, folder, fault);
  if (status == MULLIGAN_OK && store != NULL) {
    struct store_call call;
    store_call_prepare(&call, store, messages_sql, fault);
    store_call_integer(&call, limit, fault);
    if (call.status == MULLIGAN_OK)
      call.status = error_rows_collect(call.statement, rows, fault);
    status = store_call_finish(&call);
  }
  store_close(store);
  *out = status == MULLIGAN_OK ? json_incref(rows) : NULL;
  json_decref(rows);
  return status;
}

/** Makes what is there for one channel due; adds to `*count`. */
static enum mulligan_status retry_channel(struct store *store, enum alert_channel channel, int64_t *count,
                                          struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, store, retry_sql, fault);
  outbox_put_channel(&call, channel, fault);
  store_call_integer(&call, clock_wall_us(), fault);
  store_call_step(&call, fault);
  if (store_call_finish(&call) != MULLIGAN_OK)
    return call.status;
  *count += store_changes(store);
  store_call_prepare(&call, store, open_sql, fault);
  outbox_put_channel(&call, channel, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

enum mulligan_status outbox_retry(const char *folder, enum alert_channel channel, int64_t *count, struct fault *fault) {
  struct error_database *database;
  *count = 0;
  enum mulligan_status status = error_database_open(&database, folder, false, patience_ns, fault);
  if (status == MULLIGAN_MISSING)
    return MULLIGAN_OK; /* nothing was ever recorded here */
  if (status != MULLIGAN_OK)
    return status;
  status = error_database_begin(database, fault);
  bool begun = status == MULLIGAN_OK;
  for (int i = 0; status == MULLIGAN_OK && i < ALERT_CHANNELS; i++)
    if (channel == ALERT_CHANNELS || channel == (enum alert_channel)i)
      status = retry_channel(error_database_store(database), (enum alert_channel)i, count, fault);
  if (status == MULLIGAN_OK)
    status = error_database_commit(database, fault);
  else if (begun)
    error_database_rollback(database);
  error_database_close(database);
  return status;
}
