/**
 * alert_judge.c - whether an error is news, and for whom.
 *
 * Called by error_ledger.c on the thread that writes to errors.db, between the begin and the end of a transaction; by
 * whoever reloads settings for the rules, which wait in `pending` until the judge takes them.
 *
 * Invariants: a message and what alert_state says of it go in together; what is no news costs no statement.
 */
#include "data/alert_judge.h"

#include "base/log.h"
#include "data/alert_message.h"
#include "data/alert_spike.h"
#include "data/store_call.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/** What a judge goes by. */
struct brief {
  struct alert_rules *rules;
  unsigned configured;
};

struct alert_judge {
  struct brief *_Atomic pending; /* to replace the one that is used */
  struct brief *brief;           /* NULL: nothing is news */
  struct alert_spikes *spikes;
};

/** What a channel was told of a group. */
struct told {
  int64_t total, regressions, cool_until, cool_us;
  unsigned held;
};

static const char told_sql[] = "SELECT told_total, told_regressions, coalesce(cool_until, 0), held, cool_us"
                               " FROM alert_state WHERE group_id = ? AND channel = ?";
static const char hold_sql[] = "UPDATE alert_state SET held = ?3 WHERE group_id = ?1 AND channel = ?2";
static const char tell_sql[] =
    "INSERT INTO alert_state (group_id, channel, told_total, told_regressions, cool_us, cool_until)"
    " VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0))"
    " ON CONFLICT (group_id, channel) DO UPDATE SET told_total = excluded.told_total,"
    " told_regressions = excluded.told_regressions, cool_us = excluded.cool_us, cool_until = excluded.cool_until,"
    " held = ''";

/* ---- rules ---- */

static void destroy_brief(struct brief *brief) {
  if (brief == NULL)
    return;
  alert_rules_destroy(brief->rules);
  free(brief);
}

struct alert_judge *alert_judge_create(void) {
  struct alert_judge *judge = calloc(1, sizeof *judge);
  if (judge == NULL)
    return NULL;
  judge->spikes = alert_spikes_create();
  if (judge->spikes == NULL) {
    free(judge);
    return NULL;
  }
  return judge;
}

void alert_judge_destroy(struct alert_judge *judge) {
  if (judge == NULL)
    return;
  destroy_brief(atomic_load(&judge->pending));
  destroy_brief(judge->brief);
  alert_spikes_destroy(judge->spikes);
  free(judge);
}

enum mulligan_status alert_judge_set_rules(struct alert_judge *judge, const json_t *alerts, unsigned configured,
                                           struct fault *fault) {
  struct brief *brief = calloc(1, sizeof *brief);
  if (brief != NULL && alerts != NULL) {
    brief->rules = alert_rules_create(alerts);
    brief->configured = configured;
  }
  if (brief == NULL || (alerts != NULL && brief->rules == NULL)) {
    destroy_brief(brief);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for the rules of alerts");
  }
  destroy_brief(atomic_exchange(&judge->pending, brief));
  return MULLIGAN_OK;
}

/** What to go by now. */
static const struct brief *settle_brief(struct alert_judge *judge) {
  if (atomic_load(&judge->pending) != NULL) {
    destroy_brief(judge->brief);
    judge->brief = atomic_exchange(&judge->pending, NULL);
  }
  return judge->brief;
}

/* ---- transactions ---- */

void alert_judge_keep(struct alert_judge *judge) {
  if (judge != NULL)
    alert_spikes_keep(judge->spikes);
}

void alert_judge_take_back(struct alert_judge *judge) {
  if (judge != NULL)
    alert_spikes_undo(judge->spikes);
}

/* ---- why ---- */

static unsigned find_channels(const struct brief *brief, const struct error_row *row) {
  const struct error_value *values = row->values;
  const struct alert_subject subject = {
      .status = (int)values[ERROR_FIELD_STATUS].integer,
      .type = values[ERROR_FIELD_EXC_TYPE].text,
      .code = values[ERROR_FIELD_CODE].text,
      .source = values[ERROR_FIELD_SOURCE].text,
  };
  return alert_rules_channels(brief->rules, &subject) & brief->configured;
}

/** Has the total reached the 10th, 100th, 1000th, …? */
static bool has_passed(int64_t total, int64_t times) {
  for (int64_t mark = 10; mark <= total; mark *= 10) {
    if (total - times < mark)
      return true;
    if (mark > INT64_MAX / 10)
      break;
  }
  return false;
}

static unsigned find_reasons(struct alert_judge *judge, const struct alert_rules *rules, const struct error_row *row,
                             const struct alert_group *group) {
  const char *source = row->values[ERROR_FIELD_SOURCE].text;
  unsigned reasons = 0;
  if (group->is_new)
    reasons |= ALERT_NEW;
  if (group->came_back)
    reasons |= ALERT_REGRESSION;
  if (strcmp(source, "reload") == 0)
    reasons |= ALERT_RELOAD;
  if (strcmp(source, "operator") == 0 || strcmp(source, "notebook") == 0)
    reasons |= ALERT_OPERATOR;
  if (alert_spikes_count(judge->spikes, &row->fingerprint, row->values[ERROR_FIELD_OCCURRED_AT].integer, group->times,
                         alert_rules_spike_count(rules), alert_rules_spike_us(rules)))
    reasons |= ALERT_SPIKE;
  if (has_passed(group->total, group->times))
    reasons |= ALERT_COUNT;
  return reasons;
}

/* ---- for whom ---- */

static void put_key(struct store_call *call, const struct alert_group *group, enum alert_channel channel,
                    struct fault *fault) {
  const char *name = alert_channel_name(channel);
  store_call_integer(call, group->id, fault);
  store_call_text(call, name, strlen(name), fault);
}

static enum mulligan_status read_told(struct store *store, const struct alert_group *group, enum alert_channel channel,
                                      struct told *out, struct fault *fault) {
  *out = (struct told){0};
  struct store_call call;
  store_call_prepare(&call, store, told_sql, fault);
  put_key(&call, group, channel, fault);
  if (store_call_step(&call, fault)) {
    size_t length;
    out->total = store_column_integer(call.statement, 0);
    out->regressions = store_column_integer(call.statement, 1);
    out->cool_until = store_column_integer(call.statement, 2);
    const char *held = store_column_bytes(call.statement, 3, &length);
    out->held = alert_reasons_read(held, length);
    out->cool_us = store_column_integer(call.statement, 4);
  }
  return store_call_finish(&call);
}

/** Keeps the reasons for the message at the end of the cool-down. */
static enum mulligan_status hold(struct store *store, const struct alert_group *group, enum alert_channel channel,
                                 unsigned reasons, struct fault *fault) {
  char words[ALERT_REASONS_SIZE];
  alert_reasons_write(reasons, words);
  struct store_call call;
  store_call_prepare(&call, store, hold_sql, fault);
  put_key(&call, group, channel, fault);
  store_call_text(&call, words, strlen(words), fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

static enum mulligan_status tell(struct store *store, const struct alert_rules *rules, const struct alert_group *group,
                                 enum alert_channel channel, const struct told *told, unsigned reasons, int64_t now,
                                 struct fault *fault) {
  const struct alert_news news = {.channel = channel,
                                  .group = group->id,
                                  .occurrence = group->occurrence,
                                  .reasons = reasons | told->held,
                                  .told_before = told->total};
  int64_t id, cool_us = alert_rules_cool_down_us(rules);
  enum mulligan_status status = alert_message_enter(store, &news, now, &id, fault);
  if (status != MULLIGAN_OK)
    return status;
  struct store_call call;
  store_call_prepare(&call, store, tell_sql, fault);
  put_key(&call, group, channel, fault);
  store_call_integer(&call, group->total, fault);
  store_call_integer(&call, group->regressions, fault);
  store_call_integer(&call, cool_us, fault);
  store_call_integer(&call, cool_us > 0 ? now + cool_us : 0, fault);
  store_call_step(&call, fault);
  return store_call_finish(&call);
}

static enum mulligan_status look_for(struct store *store, const struct alert_rules *rules,
                                     const struct alert_group *group, enum alert_channel channel, unsigned reasons,
                                     int64_t now, bool *entered, struct fault *fault) {
  struct told told;
  enum mulligan_status status = read_told(store, group, channel, &told, fault);
  if (status != MULLIGAN_OK)
    return status;
  /* Two within the microsecond of a return are one return. */
  if (group->regressions <= told.regressions)
    reasons &= ~(unsigned)ALERT_REGRESSION;
  if (reasons == 0)
    return MULLIGAN_OK;
  /* One that ends later than it can was begun before the clock was set back. */
  bool cooling = told.cool_until > now && told.cool_until <= now + told.cool_us;
  if (cooling && (reasons & (ALERT_NEW | ALERT_REGRESSION)) == 0)
    return (reasons & ~told.held) == 0 ? MULLIGAN_OK : hold(store, group, channel, reasons | told.held, fault);
  status = tell(store, rules, group, channel, &told, reasons, now, fault);
  *entered = *entered || status == MULLIGAN_OK;
  return status;
}

enum mulligan_status alert_judge_look(struct alert_judge *judge, struct store *store, const struct error_row *row,
                                      const struct alert_group *group, int64_t now, bool *entered,
                                      struct fault *fault) {
  const struct brief *brief = settle_brief(judge);
  if (brief == NULL || brief->configured == 0 || group->muted || group->times == 0)
    return MULLIGAN_OK;
  unsigned channels = find_channels(brief, row);
  unsigned reasons = channels != 0 ? find_reasons(judge, brief->rules, row, group) : 0;
  for (int i = 0; reasons != 0 && i < ALERT_CHANNELS; i++) {
    struct fault reason;
    if ((channels & 1U << i) == 0)
      continue;
    enum mulligan_status status =
        look_for(store, brief->rules, group, (enum alert_channel)i, reasons, now, entered, &reason);
    if (status == MULLIGAN_CONSTRAINT || status == MULLIGAN_INVALID || status == MULLIGAN_MISSING)
      log_warning("no alert for %s: %s", error_row_reference(row), reason.message);
    else if (status != MULLIGAN_OK)
      return fault_set(fault, status, "%s", reason.message);
  }
  return MULLIGAN_OK;
}
