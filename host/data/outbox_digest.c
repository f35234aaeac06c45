/**
 * outbox_digest.c - one message in the place of many.
 *
 * Called by outbox_take.c inside its transaction. What a digest takes the place of stays in the outbox as `folded` for
 * as long as the digest is there: a digest that waits itself is made anew out of them, together with what came since.
 */
#include "data/alert_message.h"
#include "data/error_rows.h"
#include "data/outbox_internal.h"

enum { GROUPS_MOST = 20, TITLE_MOST = 200 };

/* Digests that did not get out give back what they told of. */
static const char unfold_sql[] =
    "UPDATE outbox SET state = 'held', digest_id = NULL WHERE channel = ?1 AND digest_id IN"
    " (SELECT id FROM outbox WHERE channel = ?1 AND kind = 'digest' AND state IN ('waiting', 'held'))";
static const char remove_sql[] =
    "DELETE FROM outbox WHERE channel = ?1 AND kind = 'digest' AND state IN ('waiting', 'held')";

#define HELD                                                                                                           \
  "(SELECT o.group_id, g.title, g.total, g.total - min(o.told_before) AS times, count(*) AS messages,"                 \
  " min(o.created_at) AS since, max(o.id) AS last FROM outbox o JOIN error_group g ON g.id = o.group_id"               \
  " WHERE o.channel = ?1 AND o.state = 'held' GROUP BY o.group_id)"
static const char sums_sql[] = "SELECT count(*), sum(messages), sum(times), min(since) FROM " HELD;
static const char groups_sql[] =
    "SELECT h.group_id AS \"group\", substr(h.title, 1, ?2) AS title, json_extract(o.alert, '$.status') AS status,"
    " h.times, h.total, o.ref FROM " HELD " h JOIN outbox o ON o.id = h.last"
    " ORDER BY h.times DESC, h.group_id LIMIT ?3";

static const char fold_sql[] = "UPDATE outbox SET state = 'folded', digest_id = ?2"
                               " WHERE channel = ?1 AND state = 'held'";
static const char told_sql[] =
    "UPDATE alert_state SET held = '', told_total = (SELECT g.total FROM error_group g WHERE g.id = group_id)"
    " WHERE channel = ?1 AND group_id IN (SELECT o.group_id FROM outbox o WHERE o.digest_id = ?2)";

static enum mulligan_status list_groups(struct store *store, enum alert_channel channel, json_t *groups,
                                        struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, store, groups_sql, fault);
  outbox_put_channel(&call, channel, fault);
  store_call_integer(&call, TITLE_MOST, fault);
  store_call_integer(&call, GROUPS_MOST, fault);
  if (call.status == MULLIGAN_OK)
    call.status = error_rows_collect(call.statement, groups, fault);
  return store_call_finish(&call);
}

/** What it says. The caller owns `*out`; NULL if there is nothing to tell of. */
static enum mulligan_status compose(struct store *store, enum alert_channel channel, int64_t now, json_t **out,
                                    struct fault *fault) {
  enum { GROUPS, MESSAGES, TIMES, SINCE, SUMS };
  int64_t sums[SUMS];
  *out = NULL;
  enum mulligan_status status = outbox_ask(store, sums_sql, channel, NULL, 0, 0, sums, SUMS, fault);
  if (status != MULLIGAN_OK || sums[GROUPS] == 0)
    return status;
  json_t *groups = json_array();
  status = list_groups(store, channel, groups, fault);
  int64_t more = sums[GROUPS] - (int64_t)json_array_size(groups);
  if (status == MULLIGAN_OK) {
    *out =
        json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:O, s:I}", "kind", "digest", "title",
                  json_sprintf("%lld alerts about %lld errors", (long long)sums[MESSAGES], (long long)sums[GROUPS]),
                  "messages", (json_int_t)sums[MESSAGES], "times", (json_int_t)sums[TIMES], "since",
                  (json_int_t)sums[SINCE], "until", (json_int_t)now, "groups", groups, "more_groups", (json_int_t)more);
    if (*out == NULL)
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while making a digest");
  }
  json_decref(groups);
  return status;
}

enum mulligan_status outbox_digest_make(struct store *store, enum alert_channel channel, int64_t now,
                                        struct fault *fault) {
  json_t *alert = NULL;
  int64_t id = 0;
  enum mulligan_status status = outbox_run(store, unfold_sql, channel, NULL, 0, NULL, fault);
  if (status == MULLIGAN_OK)
    status = outbox_run(store, remove_sql, channel, NULL, 0, NULL, fault);
  if (status == MULLIGAN_OK)
    status = compose(store, channel, now, &alert, fault);
  if (alert != NULL)
    status = alert_message_enter_made(store, channel, alert, 0, now, &id, fault);
  json_decref(alert);
  const int64_t numbers[] = {id};
  if (status == MULLIGAN_OK && id != 0)
    status = outbox_run(store, fold_sql, channel, numbers, 1, NULL, fault);
  if (status == MULLIGAN_OK && id != 0)
    status = outbox_run(store, told_sql, channel, numbers, 1, NULL, fault);
  return status;
}
