/**
 * alert_message.c - one message to people: what it says, and its entry into the outbox.
 *
 * Called by alert_judge.c on the writer's thread, and by the outbox on the dispatcher's. What it is made of is read
 * back from the rows just stored: they are free of secrets, and what a message says can be looked up.
 *
 * Invariant: no locals, no headers, no query and no body get into a message, and no text of more than TEXT_MOST
 * characters, the error's own words excepted.
 */
#include "data/alert_message.h"

#include "base/utf8.h"
#include "data/error_rows.h"
#include "data/store_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MOST = 2000, TEXT_MOST = 500, LAST_ROWS = 1000 };

static const struct {
  unsigned reason;
  const char *word;
} reasons_known[] = {
    {ALERT_REPEATS, "repeats"},   {ALERT_NEW, "new"},     {ALERT_REGRESSION, "regression"}, {ALERT_RELOAD, "reload"},
    {ALERT_OPERATOR, "operator"}, {ALERT_SPIKE, "spike"}, {ALERT_COUNT, "count"},
};
enum { REASON_COUNT = sizeof reasons_known / sizeof *reasons_known };

/* In a storm the last rows have no stack; those of its group that have one have the same. */
#define FRAMES                                                                                                         \
  "coalesce(e.frames, (SELECT frames FROM (SELECT frames FROM error_log WHERE group_id = ?1 ORDER BY id DESC"          \
  " LIMIT ?3) WHERE frames IS NOT NULL LIMIT 1))"

static const char facts_sql[] =
    "SELECT g.id AS \"group\", g.title, g.culprit, g.total, g.users, g.first_seen, g.last_seen,"
    " e.ref, e.source, e.level, e.handled, e.status, e.code, e.app_code, e.exc_type, e.message, e.method, e.route,"
    " e.path, e.user_id, e.user_email, e.script, e.operator, e.request_id, e.generation, e.\"release\", e.host,"
    " e.occurred_at, " FRAMES " AS frames"
    " FROM error_group g LEFT JOIN error_log e"
    " ON e.id = iif(?2 > 0, ?2, (SELECT max(id) FROM error_log WHERE group_id = ?1))"
    " WHERE g.id = ?1";

static const char insert_sql[] =
    "INSERT INTO outbox (channel, kind, group_id, ref, title, alert, told_before, due_at, created_at)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)";

/* ---- reasons ---- */

const char *alert_reasons_write(unsigned reasons, char out[ALERT_REASONS_SIZE]) {
  size_t length = 0;
  out[0] = '\0';
  for (int i = 0; i < REASON_COUNT; i++)
    if (reasons & reasons_known[i].reason)
      length += (size_t)snprintf(out + length, ALERT_REASONS_SIZE - length, "%s%s", length > 0 ? "," : "",
                                 reasons_known[i].word);
  return out;
}

unsigned alert_reasons_read(const char *words, size_t length) {
  unsigned reasons = 0;
  for (size_t start = 0, end; start < length; start = end + 1) {
    const char *comma = memchr(words + start, ',', length - start);
    end = comma != NULL ? (size_t)(comma - words) : length;
    for (int i = 0; i < REASON_COUNT; i++)
      if (strlen(reasons_known[i].word) == end - start &&
          memcmp(reasons_known[i].word, words + start, end - start) == 0)
        reasons |= reasons_known[i].reason;
  }
  return reasons;
}

/** Adds `kind` and `reasons`; false when out of memory. */
static bool put_reasons(json_t *alert, unsigned reasons) {
  json_t *words = json_array();
  const char *kind = NULL;
  bool good = words != NULL;
  for (int i = 0; i < REASON_COUNT; i++) {
    if (!(reasons & reasons_known[i].reason))
      continue;
    kind = kind != NULL ? kind : reasons_known[i].word;
    good = json_array_append_new(words, json_string(reasons_known[i].word)) == 0 && good;
  }
  good = json_object_set_new(alert, "reasons", words) == 0 && good;
  return json_object_set_new(alert, "kind", json_string(kind)) == 0 && good;
}

/* ---- what it says ---- */

/** The bytes of the text's first `most` characters. */
static size_t measure(const char *text, size_t length, size_t most) {
  size_t bytes = 0;
  for (size_t characters = 0; bytes < length && characters < most; characters++) {
    bytes++;
    while (bytes < length && ((unsigned char)text[bytes] & 0xC0) == 0x80)
      bytes++;
  }
  return bytes;
}

/** The text, cut if it is too long; NULL when out of memory. The caller owns it. */
static json_t *cut(const json_t *value, size_t most) {
  const char *text = json_string_value(value);
  size_t length = json_string_length(value);
  if (measure(text, length, most) == length)
    return json_incref((json_t *)value);
  size_t kept = measure(text, length, most - 1);
  return json_sprintf("%.*s\xE2\x80\xA6", (int)kept, text);
}

/** The innermost frame of the application, as the few things that are told of it; NULL without one. */
static json_t *find_frame(const json_t *frames) {
  static const char *const names[] = {"file", "line", "function"};
  size_t index;
  json_t *frame;
  json_array_foreach((json_t *)frames, index, frame) {
    if (!json_is_true(json_object_get(frame, "in_app")))
      continue;
    json_t *told = json_object();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      json_t *value = json_object_get(frame, names[i]);
      if (json_is_string(value))
        json_object_set_new(told, names[i], cut(value, TEXT_MOST));
      else if (json_is_integer(value))
        json_object_set(told, names[i], value);
    }
    return told;
  }
  return NULL;
}

/** Takes out what is not known, cuts what is long and puts one frame in the place of all. */
static bool trim(json_t *alert) {
  json_t *frame = find_frame(json_object_get(alert, "frames"));
  json_object_del(alert, "frames");
  void *next;
  const char *key;
  json_t *value;
  bool good = true;
  json_object_foreach_safe(alert, next, key, value) {
    if (json_is_null(value))
      json_object_del(alert, key);
    else if (json_is_string(value))
      good = json_object_set_new(alert, key, cut(value, strcmp(key, "message") == 0 ? MESSAGE_MOST : TEXT_MOST)) == 0 &&
             good;
  }
  return (frame == NULL || json_object_set_new(alert, "frame", frame) == 0) && good;
}

static enum mulligan_status make(json_t **out, struct store *store, const struct alert_news *news,
                                 struct fault *fault) {
  json_t *rows = json_array();
  struct store_call call;
  store_call_prepare(&call, store, facts_sql, fault);
  store_call_integer(&call, news->group, fault);
  store_call_integer(&call, news->occurrence, fault);
  store_call_integer(&call, LAST_ROWS, fault);
  if (call.status == MULLIGAN_OK)
    call.status = error_rows_collect(call.statement, rows, fault);
  enum mulligan_status status = store_call_finish(&call);
  json_t *alert = json_array_get(rows, 0);
  if (status == MULLIGAN_OK && alert == NULL)
    status = fault_set(fault, MULLIGAN_MISSING, "there is no group %lld", (long long)news->group);
  if (status == MULLIGAN_OK) {
    int64_t total = json_integer_value(json_object_get(alert, "total"));
    bool good = json_object_set_new(alert, "times", json_integer(total - news->told_before)) == 0 &&
                put_reasons(alert, news->reasons) && trim(alert);
    if (good)
      *out = json_incref(alert);
    else
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while making an alert");
  }
  json_decref(rows);
  return status;
}

/* ---- its entry ---- */

static void put_text(struct store_call *call, const json_t *value, struct fault *fault) {
  if (value != NULL)
    store_call_text(call, json_string_value(value), json_string_length(value), fault);
  else
    store_call_null(call, fault);
}

enum mulligan_status alert_message_enter_made(struct store *store, enum alert_channel channel, const json_t *alert,
                                              int64_t told_before, int64_t now, int64_t *id, struct fault *fault) {
  char *text = json_dumps(alert, JSON_COMPACT);
  if (text == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory while making an alert");
  const char *name = alert_channel_name(channel);
  const json_t *group = json_object_get(alert, "group");
  struct store_call call;
  store_call_prepare(&call, store, insert_sql, fault);
  store_call_text(&call, name, strlen(name), fault);
  put_text(&call, json_object_get(alert, "kind"), fault);
  if (group != NULL)
    store_call_integer(&call, json_integer_value(group), fault);
  else
    store_call_null(&call, fault);
  put_text(&call, json_object_get(alert, "ref"), fault);
  put_text(&call, json_object_get(alert, "title"), fault);
  store_call_text(&call, text, strlen(text), fault);
  store_call_integer(&call, told_before, fault);
  store_call_integer(&call, now, fault);
  store_call_step(&call, fault);
  free(text);
  enum mulligan_status status = store_call_finish(&call);
  if (status == MULLIGAN_OK)
    *id = store_last_insert(store);
  return status;
}

enum mulligan_status alert_message_enter(struct store *store, const struct alert_news *news, int64_t now, int64_t *id,
                                         struct fault *fault) {
  json_t *alert;
  enum mulligan_status status = make(&alert, store, news, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = alert_message_enter_made(store, news->channel, alert, news->told_before, now, id, fault);
  json_decref(alert);
  return status;
}
