/**
 * error_ledger.c - an occurrence entered into errors.db: its row, and its part in the counts.
 *
 * Called by error_database.c, between the begin and the end of a transaction. The statements come out of the store's
 * cache.
 *
 * Invariants: a row, its group's counts and its hour's count go in together; an occurrence is counted once, however
 * often it is entered: one with a row by its reference, one that shares another's by its number among those.
 */
#include "data/error_ledger.h"

#include "base/buf.h"
#include "data/store_call.h"

#include <stdlib.h>
#include <string.h>

enum { CAUSES_MOST = 16, REFERENCE_MOST = 32, USER_MOST = 4096 };

static const int64_t hour_us = INT64_C(3600) * 1000 * 1000;

#define NAME(upper, lower, type)  "\"" #lower "\", "
#define VALUE(upper, lower, type) "?, "
static const char insert_sql[] =
    "INSERT INTO error_log (" ERROR_FIELDS(NAME) "recorded_at, group_id, cause_id)"
                                                 " VALUES (" ERROR_FIELDS(VALUE) "?, ?, ?)";
#undef NAME
#undef VALUE

static const char find_sql[] = "SELECT id, occurred_at, pid, repeats FROM error_log WHERE ref = ?";
static const char repeat_sql[] = "UPDATE error_log SET repeats = ?2 WHERE id = ?1";

/* state_at is part of the condition so that an occurrence from before, replayed late, reopens nothing. */
#define COMES_BACK "(state = 'resolved' AND excluded.last_seen > state_at)"
static const char group_sql[] =
    "INSERT INTO error_group (fingerprint, algorithm, explanation, title, culprit, first_seen, last_seen, total)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)"
    " ON CONFLICT (fingerprint, algorithm) DO UPDATE SET"
    " first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen),"
    " total = total + excluded.total, regressions = regressions + " COMES_BACK ","
    " regressed_at = iif(" COMES_BACK ", excluded.last_seen, regressed_at),"
    " state_by = iif(" COMES_BACK ", NULL, state_by),"
    " state_at = iif(" COMES_BACK ", excluded.last_seen, state_at),"
    " state = iif(" COMES_BACK ", 'open', state)"
    " RETURNING id, total, regressions, regressed_at IS ?6, state = 'muted'";

static const char hour_sql[] = "INSERT INTO error_hour (group_id, hour, count) VALUES (?, ?, ?)"
                               " ON CONFLICT (group_id, hour) DO UPDATE SET count = count + excluded.count";
static const char user_sql[] = "INSERT INTO error_group_user (group_id, user) VALUES (?, ?) ON CONFLICT DO NOTHING";
static const char users_sql[] = "UPDATE error_group SET users = users + 1 WHERE id = ?";

/* ---- counts ---- */

/** Adds `times` to the group's and the hour's count. */
static enum mulligan_status count_in_group(struct store *store, const struct error_row *row, int64_t times,
                                           struct alert_group *group, struct fault *fault) {
  const struct error_fingerprint *print = &row->fingerprint;
  int64_t occurred_at = row->values[ERROR_FIELD_OCCURRED_AT].integer;
  struct store_call call;
  store_call_prepare(&call, store, group_sql, fault);
  store_call_text(&call, print->hash, strlen(print->hash), fault);
  store_call_integer(&call, print->algorithm, fault);
  store_call_text(&call, print->explanation, strlen(print->explanation), fault);
  store_call_text(&call, print->title, strlen(print->title), fault);
  store_call_text(&call, print->culprit, strlen(print->culprit), fault);
  store_call_integer(&call, occurred_at, fault);
  store_call_integer(&call, times, fault);
  if (store_call_step(&call, fault)) {
    group->id = store_column_integer(call.statement, 0);
    group->total = store_column_integer(call.statement, 1);
    group->regressions = store_column_integer(call.statement, 2);
    group->came_back = store_column_integer(call.statement, 3) != 0;
    group->muted = store_column_integer(call.statement, 4) != 0;
    group->times = times;
    group->is_new = group->total == times;
  }
  if (store_call_finish(&call) != MULLIGAN_OK)
    return call.status;

  store_call_prepare(&call, store, hour_sql, fault);
  store_call_integer(&call, group->id, fault);
  store_call_integer(&call, occurred_at / hour_us, fault);
  store_call_integer(&call, times, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

static enum mulligan_status count_user(struct store *store, const struct error_row *row, int64_t group,
                                       struct fault *fault) {
  const struct error_value *id = &row->values[ERROR_FIELD_USER_ID], *email = &row->values[ERROR_FIELD_USER_EMAIL];
  if (!id->present && !email->present)
    return MULLIGAN_OK;
  struct buf user;
  buf_init(&user, USER_MOST);
  bool good =
      id->present ? buf_addf(&user, "%lld", (long long)id->integer) : buf_add(&user, email->text, email->length);
  struct store_call call;
  store_call_prepare(&call, store, user_sql, fault);
  store_call_integer(&call, group, fault);
  store_call_text(&call, user.data, good ? user.length : 0, fault);
  store_call_step(&call, fault);
  buf_release(&user);
  if (store_call_finish(&call) != MULLIGAN_OK || store_changes(store) == 0)
    return call.status;

  store_call_prepare(&call, store, users_sql, fault);
  store_call_integer(&call, group, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

static enum mulligan_status count(struct store *store, const struct error_row *row, int64_t times,
                                  struct alert_group *group, struct fault *fault) {
  enum mulligan_status status = count_in_group(store, row, times, group, fault);
  return status == MULLIGAN_OK ? count_user(store, row, group->id, fault) : status;
}

/* ---- one that shares another's reference ---- */

/**
 * Counts the row with the one that it names. The number that it has among those that share the reference says how many
 * of them there must be by now: what was counted before adds nothing. `*id` is that row's; 0 if it is gone.
 */
static enum mulligan_status enter_shared(struct store *store, const struct error_row *row, int64_t *id,
                                         struct alert_group *group, struct fault *fault) {
  int64_t repeats = 0;
  struct store_call call;
  *id = 0;
  store_call_prepare(&call, store, find_sql, fault);
  store_call_text(&call, row->shared, strlen(row->shared), fault);
  if (store_call_step(&call, fault)) {
    *id = store_column_integer(call.statement, 0);
    repeats = store_column_integer(call.statement, 3);
  }
  if (store_call_finish(&call) != MULLIGAN_OK || *id == 0 || row->repeats <= repeats)
    return call.status;

  store_call_prepare(&call, store, repeat_sql, fault);
  store_call_integer(&call, *id, fault);
  store_call_integer(&call, row->repeats, fault);
  store_call_step(&call, fault);
  if (store_call_finish(&call) != MULLIGAN_OK)
    return call.status;
  return count(store, row, row->repeats - repeats, group, fault);
}

/* ---- one with a row ---- */

static enum mulligan_status insert(struct store *store, const struct error_row *row, const struct buf *reference,
                                   int64_t now, int64_t group, int64_t cause, struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, store, insert_sql, fault);
  for (int i = 0; i < ERROR_FIELD_COUNT; i++) {
    const struct error_value *value = &row->values[i];
    if (i == ERROR_FIELD_REF)
      store_call_text(&call, reference->data, reference->length, fault);
    else if (!value->present)
      store_call_null(&call, fault);
    else if (value->text != NULL)
      store_call_text(&call, value->text, value->length, fault);
    else
      store_call_integer(&call, value->integer, fault);
  }
  store_call_integer(&call, now, fault);
  store_call_integer(&call, group, fault);
  if (cause != 0)
    store_call_integer(&call, cause, fault);
  else
    store_call_null(&call, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

/**
 * Finds out under which reference the row is to be stored: its own, unless another occurrence has it. Two of 2^40 may
 * meet in a big enough log; the later one is then kept as "ERR-…~2", since its client was told the same as the
 * earlier one's. `*id` is not 0 if this very occurrence is there already.
 */
static enum mulligan_status settle_reference(struct store *store, const struct error_row *row, struct buf *reference,
                                             int64_t *id, struct fault *fault) {
  *id = 0;
  for (int attempt = 1;; attempt++) {
    buf_clear(reference, SIZE_MAX);
    buf_add(reference, row->values[ERROR_FIELD_REF].text, row->values[ERROR_FIELD_REF].length);
    if (attempt > 1)
      buf_addf(reference, "~%d", attempt);
    if (reference->failed)
      return fault_set(fault, MULLIGAN_NOMEM, "out of memory while storing an error");
    struct store_call call;
    store_call_prepare(&call, store, find_sql, fault);
    store_call_text(&call, reference->data, reference->length, fault);
    bool found = store_call_step(&call, fault);
    if (found && store_column_integer(call.statement, 1) == row->values[ERROR_FIELD_OCCURRED_AT].integer &&
        store_column_integer(call.statement, 2) == row->values[ERROR_FIELD_PID].integer)
      *id = store_column_integer(call.statement, 0);
    if (store_call_finish(&call) != MULLIGAN_OK || !found || *id != 0)
      return call.status;
  }
}

static enum mulligan_status enter_row(struct store *store, const struct error_row *row, int64_t now, int64_t cause,
                                      int64_t *id, struct alert_group *group, struct fault *fault) {
  struct buf reference;
  buf_init(&reference, REFERENCE_MOST);
  enum mulligan_status status = settle_reference(store, row, &reference, id, fault);
  if (status == MULLIGAN_OK && *id == 0) {
    status = count(store, row, 1, group, fault);
    if (status == MULLIGAN_OK)
      status = insert(store, row, &reference, now, group->id, cause, fault);
    if (status == MULLIGAN_OK)
      *id = store_last_insert(store);
  }
  buf_release(&reference);
  return status;
}

/* ---- both ---- */

/** `group` stays empty if the row was counted before. */
static enum mulligan_status enter_one(struct store *store, struct error_row *row, int64_t now, int64_t cause,
                                      int64_t *id, struct alert_group *group, struct fault *fault) {
  *group = (struct alert_group){0};
  if (row->shared[0] != '\0') {
    enum mulligan_status status = enter_shared(store, row, id, group, fault);
    if (status != MULLIGAN_OK || *id != 0)
      return status;
    row->shared[0] = '\0';
  }
  return enter_row(store, row, now, cause, id, group, fault);
}

enum mulligan_status error_ledger_enter(struct store *store, struct error_row *row, int64_t now,
                                        struct alert_judge *judge, struct error_entry *entry, struct fault *fault) {
  /* The innermost cause first: each row names the id of its own. */
  struct error_row *chain[CAUSES_MOST];
  int length = 0;
  for (struct error_row *at = row; at != NULL && length < CAUSES_MOST; at = at->cause)
    chain[length++] = at;
  int64_t id = 0;
  struct alert_group group = {0};
  enum mulligan_status status = MULLIGAN_OK;
  *entry = (struct error_entry){0};
  while (status == MULLIGAN_OK && length > 0)
    status = enter_one(store, chain[--length], now, id, &id, &group, fault);
  if (status != MULLIGAN_OK || group.times == 0)
    return status;
  entry->is_new = true;
  group.occurrence = id;
  return judge != NULL ? alert_judge_look(judge, store, row, &group, now, &entry->alerts, fault) : MULLIGAN_OK;
}
