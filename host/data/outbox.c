/**
 * outbox.c - messages to people: the connection, the lock, and what became of a message.
 *
 * Called by the dispatcher on its thread; outbox_take.c chooses what is next, outbox_settle.c sees to what the clock
 * brings, outbox_read.c is for people.
 *
 * Invariants: whoever has an outbox holds alerts.lock; every function is one transaction, and leaves none open.
 */
#include "base/clock.h"
#include "base/file.h"
#include "data/outbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const int64_t patience_ns = 2000000000;
/* What was under way when its dispatcher died waits for so long, and others go first: it may have arrived, and the next
 * may die soon, too. */
static const int64_t interrupted_us = 5000000;

struct outbox {
  char *folder;
  struct error_database *database; /* NULL after a failure, until the next call */
  int lock;                        /* -1: not held */
};

/* ---- transactions ---- */

static void drop_database(struct outbox *outbox, enum mulligan_status status) {
  if (status == MULLIGAN_OK || status == MULLIGAN_BUSY)
    return;
  error_database_close(outbox->database);
  outbox->database = NULL;
}

enum mulligan_status outbox_begin(struct outbox *outbox, struct store **store, struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  if (outbox->database == NULL)
    status = error_database_open(&outbox->database, outbox->folder, false, patience_ns, fault);
  if (status == MULLIGAN_OK)
    status = error_database_begin(outbox->database, fault);
  if (status == MULLIGAN_OK)
    *store = error_database_store(outbox->database);
  drop_database(outbox, status);
  return status;
}

enum mulligan_status outbox_end(struct outbox *outbox, enum mulligan_status status, struct fault *fault) {
  if (status == MULLIGAN_OK)
    status = error_database_commit(outbox->database, fault);
  else
    error_database_rollback(outbox->database);
  drop_database(outbox, status);
  return status;
}

/* ---- statements ---- */

void outbox_put_channel(struct store_call *call, enum alert_channel channel, struct fault *fault) {
  const char *name = alert_channel_name(channel);
  store_call_text(call, name, strlen(name), fault);
}

static void prepare(struct store_call *call, struct store *store, const char *sql, enum alert_channel channel,
                    const int64_t *numbers, int count, struct fault *fault) {
  store_call_prepare(call, store, sql, fault);
  outbox_put_channel(call, channel, fault);
  for (int i = 0; i < count; i++)
    store_call_integer(call, numbers[i], fault);
}

enum mulligan_status outbox_run(struct store *store, const char *sql, enum alert_channel channel,
                                const int64_t *numbers, int count, int64_t *changed, struct fault *fault) {
  struct store_call call;
  prepare(&call, store, sql, channel, numbers, count, fault);
  store_call_step(&call, fault);
  enum mulligan_status status = store_call_finish(&call);
  if (status == MULLIGAN_OK && changed != NULL)
    *changed = store_changes(store);
  return status;
}

enum mulligan_status outbox_ask(struct store *store, const char *sql, enum alert_channel channel,
                                const int64_t *numbers, int count, int64_t absent, int64_t *out, int columns,
                                struct fault *fault) {
  struct store_call call;
  prepare(&call, store, sql, channel, numbers, count, fault);
  bool row = store_call_step(&call, fault);
  for (int i = 0; i < columns; i++) {
    bool known = row && store_column_type(call.statement, i) != STORE_NULL;
    out[i] = known ? store_column_integer(call.statement, i) : absent;
  }
  return store_call_finish(&call);
}

/* ---- opening ---- */

static enum mulligan_status take_lock(struct outbox *outbox, struct fault *fault) {
  char *path = file_join(outbox->folder, "alerts.lock");
  if (path == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening the outbox");
  enum mulligan_status status = MULLIGAN_OK;
  outbox->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (outbox->lock < 0)
    status = fault_set(fault, MULLIGAN_ERROR, "cannot open %s: %s", path, strerror(errno));
  else if (flock(outbox->lock, LOCK_EX | LOCK_NB) != 0)
    status = errno == EWOULDBLOCK
                 ? fault_set(fault, MULLIGAN_BUSY, "another process delivers alerts: it holds %s", path)
                 : fault_set(fault, MULLIGAN_ERROR, "cannot lock %s: %s", path, strerror(errno));
  free(path);
  return status;
}

/** Nobody else delivers, so what is leased is leased to one that is gone. */
static enum mulligan_status end_leases(struct outbox *outbox, struct fault *fault) {
  static const char sql[] = "UPDATE outbox SET state = 'waiting', lease_until = NULL, due_at = max(due_at, ?2)"
                            " WHERE channel = ?1 AND state = 'leased'";
  const int64_t numbers[] = {clock_wall_us() + interrupted_us};
  struct store *store;
  enum mulligan_status status = outbox_begin(outbox, &store, fault);
  if (status != MULLIGAN_OK)
    return status;
  for (int i = 0; status == MULLIGAN_OK && i < ALERT_CHANNELS; i++)
    status = outbox_run(store, sql, (enum alert_channel)i, numbers, 1, NULL, fault);
  return outbox_end(outbox, status, fault);
}

enum mulligan_status outbox_open(struct outbox **out, const char *folder, struct fault *fault) {
  *out = NULL;
  struct outbox *outbox = calloc(1, sizeof *outbox);
  if (outbox == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening the outbox");
  outbox->lock = -1;
  outbox->folder = strdup(folder);
  enum mulligan_status status = outbox->folder != NULL
                                    ? take_lock(outbox, fault)
                                    : fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening the outbox");
  if (status == MULLIGAN_OK)
    status = end_leases(outbox, fault);
  if (status != MULLIGAN_OK) {
    outbox_close(outbox);
    return status;
  }
  *out = outbox;
  return MULLIGAN_OK;
}

void outbox_close(struct outbox *outbox) {
  if (outbox == NULL)
    return;
  error_database_close(outbox->database);
  if (outbox->lock >= 0)
    close(outbox->lock);
  free(outbox->folder);
  free(outbox);
}

void outbox_message_release(struct outbox_message *message) {
  json_decref(message->alert);
  message->alert = NULL;
}

/* ---- what became of a message ---- */

/** An answer, as it is written down. */
struct outcome {
  const char *answer;
  const char *message_state;
  int64_t at; /* when it is due again, or arrived */
  const char *channel_state;
  int64_t until;             /* of a parked channel; else 0 */
  const char *configuration; /* of a stopped channel; else "" */
  enum { HARMLESS, ARRIVED, FAILED } result;
};

/* A lease that ran out may be another attempt's by now; that it arrived is so all the same. */
static const char message_sql[] = "UPDATE outbox SET state = ?3, due_at = ?4, lease_until = NULL, answer = ?5,"
                                  " delivered_at = iif(?3 = 'delivered', ?4, NULL)"
                                  " WHERE id = ?1 AND (?3 = 'delivered' OR (state = 'leased' AND attempts = ?2))";
static const char channel_sql[] =
    "UPDATE alert_channel SET state = ?2, until = nullif(?3, 0), answer = ?4, answered_at = ?5,"
    " delivered_at = iif(?6 = 1, ?5, delivered_at),"
    " failing_since = CASE ?6 WHEN 1 THEN NULL WHEN 2 THEN coalesce(failing_since, ?5) ELSE failing_since END,"
    " configuration = coalesce(nullif(?7, ''), configuration) WHERE channel = ?1";
static const char thread_sql[] = "UPDATE alert_state SET thread = ?3, thread_of = c.configuration"
                                 " FROM (SELECT configuration FROM alert_channel WHERE channel = ?1) c"
                                 " WHERE channel = ?1 AND group_id = (SELECT group_id FROM outbox WHERE id = ?2)"
                                 " AND (thread IS NULL OR thread_of IS NOT c.configuration)";

static void put_text(struct store_call *call, const char *text, struct fault *fault) {
  store_call_text(call, text, strlen(text), fault);
}

static enum mulligan_status note_message(struct store *store, const struct outbox_message *message,
                                         const struct outcome *outcome, struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, store, message_sql, fault);
  store_call_integer(&call, message->id, fault);
  store_call_integer(&call, message->attempt, fault);
  put_text(&call, outcome->message_state, fault);
  store_call_integer(&call, outcome->at, fault);
  put_text(&call, outcome->answer, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

static enum mulligan_status note_channel(struct store *store, enum alert_channel channel, const struct outcome *outcome,
                                         int64_t now, struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, store, channel_sql, fault);
  outbox_put_channel(&call, channel, fault);
  put_text(&call, outcome->channel_state, fault);
  store_call_integer(&call, outcome->until, fault);
  put_text(&call, outcome->answer, fault);
  store_call_integer(&call, now, fault);
  store_call_integer(&call, outcome->result, fault);
  put_text(&call, outcome->configuration, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

static enum mulligan_status note_thread(struct store *store, const struct outbox_message *message, const char *thread,
                                        struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, store, thread_sql, fault);
  outbox_put_channel(&call, message->channel, fault);
  store_call_integer(&call, message->id, fault);
  put_text(&call, thread, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

static enum mulligan_status note(struct outbox *outbox, const struct outbox_message *message,
                                 const struct outcome *outcome, const char *thread, int64_t now, struct fault *fault) {
  struct store *store;
  enum mulligan_status status = outbox_begin(outbox, &store, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = note_message(store, message, outcome, fault);
  if (status == MULLIGAN_OK)
    status = note_channel(store, message->channel, outcome, now, fault);
  if (status == MULLIGAN_OK && thread[0] != '\0')
    status = note_thread(store, message, thread, fault);
  return outbox_end(outbox, status, fault);
}

enum mulligan_status outbox_delivered(struct outbox *outbox, const struct outbox_message *message, const char *thread,
                                      const char *answer, int64_t now, struct fault *fault) {
  const struct outcome outcome = {answer, "delivered", now, "open", 0, "", ARRIVED};
  return note(outbox, message, &outcome, thread, now, fault);
}

enum mulligan_status outbox_defer(struct outbox *outbox, const struct outbox_message *message, const char *answer,
                                  int64_t again, int64_t now, struct fault *fault) {
  const struct outcome outcome = {answer, "waiting", again, "open", 0, "", FAILED};
  return note(outbox, message, &outcome, "", now, fault);
}

enum mulligan_status outbox_give_up(struct outbox *outbox, const struct outbox_message *message, const char *answer,
                                    int64_t now, struct fault *fault) {
  const struct outcome outcome = {answer, "failed", now, "open", 0, "", HARMLESS};
  return note(outbox, message, &outcome, "", now, fault);
}

enum mulligan_status outbox_park(struct outbox *outbox, const struct outbox_message *message, const char *answer,
                                 int64_t until, int64_t now, struct fault *fault) {
  const struct outcome outcome = {answer, "waiting", until, "parked", until, "", FAILED};
  return note(outbox, message, &outcome, "", now, fault);
}

enum mulligan_status outbox_stop(struct outbox *outbox, const struct outbox_message *message, const char *configuration,
                                 const char *answer, int64_t now, struct fault *fault) {
  const struct outcome outcome = {answer, "waiting", now, "stopped", 0, configuration, FAILED};
  return note(outbox, message, &outcome, "", now, fault);
}
