/**
 * alert_rules.c - reading the setting `alerts`, and matching errors against it.
 *
 * Checked by settings.c on whichever thread settles settings, made into rules by the judge of errors. Invariant:
 * rules are made of a table that was checked, so making them fails for want of memory only.
 */
#include "base/alert_rules.h"

#include "base/spelling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WATCHES = 100, MOST_MINUTES = 24 * 60, MOST_COOL_DOWN = 7 * 24 * 3600 };

static const int64_t second_us = 1000000;

/** What is watched unless the setting says otherwise. */
static const char default_watch[] =
    "[{\"status\": 401}, {\"status\": 403}, {\"status\": \"5xx\"},"
    " {\"type\": \"IntegrityError\"}, {\"code\": \"forged_token\"},"
    " {\"source\": \"reload\"}, {\"source\": \"operator\"}, {\"source\": \"notebook\"}]";

enum { DEFAULT_COOL_DOWN = 300, DEFAULT_SPIKE = 100, DEFAULT_MINUTES = 5, DEFAULT_HOURLY = 20 };

/** One row of `watch`; an error matches it that has all it names. */
struct watch {
  int least_status, most_status; /* 0, 0: any */
  char *type, *code, *source;    /* NULL: any */
  unsigned channels;
};

struct alert_rules {
  struct watch *watches;
  size_t count;
  int64_t cool_down_us, spike_count, spike_us;
  int hourly;
};

static const char *const channel_names[ALERT_CHANNELS] = {[ALERT_SLACK] = "slack", [ALERT_MAIL] = "mail"};

const char *alert_channel_name(enum alert_channel channel) {
  return channel_names[channel];
}

enum alert_channel alert_channel_find(const char *name) {
  int channel = 0;
  while (channel < ALERT_CHANNELS && strcmp(channel_names[channel], name) != 0)
    channel++;
  return (enum alert_channel)channel;
}

/* ---- checking ---- */

/** The first key of `table` that is none of `names` (ended by NULL), or NULL; `*near` is the name it may be meant for.
 */
static const char *find_stranger(const json_t *table, const char *const *names, const char **near) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)table, key, value) {
    const char *const *name = names;
    while (*name != NULL && strcmp(*name, key) != 0)
      name++;
    if (*name != NULL)
      continue;
    *near = NULL;
    size_t least = 3;
    for (name = names; *name != NULL && strlen(key) < 64; name++) {
      size_t apart = spelling_distance(key, strlen(key), *name, strlen(*name));
      if (apart < least) {
        least = apart;
        *near = *name;
      }
    }
    return key;
  }
  return NULL;
}

static enum mulligan_status refuse_stranger(const json_t *table, const char *const *names, const char *where,
                                            const char *origin, struct fault *fault) {
  const char *near, *key = find_stranger(table, names, &near);
  if (key == NULL)
    return MULLIGAN_OK;
  return fault_set(fault, MULLIGAN_INVALID, "%s: %s has no '%.60s'%s%s%s", origin, where, key,
                   near != NULL ? "; is '" : "", near != NULL ? near : "", near != NULL ? "' meant?" : "");
}

/** A status ("5xx", 404) as the range it stands for. */
static bool read_status(const json_t *value, int *least, int *most) {
  if (json_is_integer(value)) {
    json_int_t status = json_integer_value(value);
    *least = *most = status >= 100 && status <= 599 ? (int)status : 0;
  } else {
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    bool is_class = strlen(text) == 3 && text[0] >= '1' && text[0] <= '5' && strcmp(text + 1, "xx") == 0;
    *least = is_class ? (text[0] - '0') * 100 : 0;
    *most = *least + 99;
  }
  return *least > 0;
}

static enum mulligan_status check_channels(const json_t *list, const char *where, const char *origin,
                                           struct fault *fault) {
  if (!json_is_array(list) || json_array_size(list) == 0)
    return fault_set(fault, MULLIGAN_INVALID, "%s: %s.channels must be a list of channels: slack, mail", origin, where);
  size_t i;
  json_t *item;
  json_array_foreach((json_t *)list, i, item) {
    const char *name = json_is_string(item) ? json_string_value(item) : "";
    if (alert_channel_find(name) == ALERT_CHANNELS)
      return fault_set(fault, MULLIGAN_INVALID,
                       "%s: %s.channels: there is no channel '%.60s'; there are slack and mail", origin, where, name);
  }
  return MULLIGAN_OK;
}

static enum mulligan_status check_watch(const json_t *row, size_t number, const char *origin, struct fault *fault) {
  static const char *const names[] = {"status", "type", "code", "source", "channels", NULL};
  static const char *const sources[] = {"request", "operator", "notebook", "reload", "warning", "host", NULL};
  char where[48];
  snprintf(where, sizeof where, "alerts.watch[%zu]", number);
  if (!json_is_object(row) || json_object_size(row) == 0)
    return fault_set(fault, MULLIGAN_INVALID, "%s: %s must be a table such as { status = \"5xx\" }", origin, where);
  enum mulligan_status status = refuse_stranger(row, names, where, origin, fault);
  const json_t *channels = json_object_get(row, "channels"), *code = json_object_get(row, "status");
  if (status == MULLIGAN_OK && channels != NULL)
    status = check_channels(channels, where, origin, fault);
  int least, most;
  if (status == MULLIGAN_OK && code != NULL && !read_status(code, &least, &most))
    status = fault_set(fault, MULLIGAN_INVALID,
                       "%s: %s.status must be a number from 100 to 599 or a class such as "
                       "\"5xx\"",
                       origin, where);
  for (const char *const *name = names + 1; status == MULLIGAN_OK && strcmp(*name, "channels") != 0; name++) {
    const json_t *value = json_object_get(row, *name);
    if (value != NULL && (!json_is_string(value) || json_string_length(value) == 0))
      status = fault_set(fault, MULLIGAN_INVALID, "%s: %s.%s must be a text", origin, where, *name);
  }
  const json_t *source = json_object_get(row, "source");
  if (status == MULLIGAN_OK && source != NULL) {
    const char *const *known = sources;
    while (*known != NULL && strcmp(*known, json_string_value(source)) != 0)
      known++;
    if (*known == NULL)
      status = fault_set(fault, MULLIGAN_INVALID,
                         "%s: %s.source must be request, operator, notebook, reload, warning or"
                         " host, not '%.60s'",
                         origin, where, json_string_value(source));
  }
  return status;
}

static enum mulligan_status check_number(const json_t *table, const char *where, const char *name, double least,
                                         double most, const char *origin, struct fault *fault) {
  const json_t *value = json_object_get(table, name);
  if (value == NULL || (json_is_number(value) && json_number_value(value) >= least && json_number_value(value) <= most))
    return MULLIGAN_OK;
  return fault_set(fault, MULLIGAN_INVALID, "%s: %s.%s must be a number from %g to %g", origin, where, name, least,
                   most);
}

enum mulligan_status alert_rules_check(const json_t *table, const char *origin, struct fault *fault) {
  static const char *const names[] = {"watch", "cool_down", "spike", "hourly", NULL};
  static const char *const spike_names[] = {"count", "minutes", NULL};
  const json_t *watch = json_object_get(table, "watch"), *spike = json_object_get(table, "spike");
  enum mulligan_status status = refuse_stranger(table, names, "alerts", origin, fault);
  /* An empty table of Lua's may be either. */
  if (status == MULLIGAN_OK && watch != NULL && !json_is_array(watch) && json_object_size(watch) != 0)
    status = fault_set(fault, MULLIGAN_INVALID, "%s: alerts.watch must be a list of tables", origin);
  if (status == MULLIGAN_OK && json_array_size(watch) > MOST_WATCHES)
    status = fault_set(fault, MULLIGAN_INVALID, "%s: alerts.watch has more than %d rows", origin, MOST_WATCHES);
  for (size_t i = 0; status == MULLIGAN_OK && i < json_array_size(watch); i++)
    status = check_watch(json_array_get(watch, i), i + 1, origin, fault);
  if (status == MULLIGAN_OK)
    status = check_number(table, "alerts", "cool_down", 0, MOST_COOL_DOWN, origin, fault);
  if (status == MULLIGAN_OK)
    status = check_number(table, "alerts", "hourly", 1, 10000, origin, fault);
  if (status == MULLIGAN_OK && spike != NULL && !json_is_object(spike))
    status = fault_set(fault, MULLIGAN_INVALID, "%s: alerts.spike must be a table such as { count = 100, minutes = 5 }",
                       origin);
  if (status == MULLIGAN_OK)
    status = refuse_stranger(spike, spike_names, "alerts.spike", origin, fault);
  if (status == MULLIGAN_OK)
    status = check_number(spike, "alerts.spike", "count", 1, 1e9, origin, fault);
  if (status == MULLIGAN_OK)
    status = check_number(spike, "alerts.spike", "minutes", 0.01, MOST_MINUTES, origin, fault);
  return status;
}

/* ---- making ---- */

/** Copies a text, if there is one; false when out of memory. */
static bool copy(char **out, const json_t *row, const char *name) {
  const json_t *value = json_object_get(row, name);
  *out = value != NULL ? strdup(json_string_value(value)) : NULL;
  return value == NULL || *out != NULL;
}

static bool fill_watch(struct watch *watch, const json_t *row) {
  const json_t *status = json_object_get(row, "status"), *channels = json_object_get(row, "channels");
  if (status != NULL)
    read_status(status, &watch->least_status, &watch->most_status);
  if (channels == NULL)
    watch->channels = (1U << ALERT_CHANNELS) - 1;
  for (size_t i = 0; i < json_array_size(channels); i++)
    watch->channels |= 1U << alert_channel_find(json_string_value(json_array_get(channels, i)));
  return copy(&watch->type, row, "type") && copy(&watch->code, row, "code") && copy(&watch->source, row, "source");
}

static double number_or(const json_t *table, const char *name, double fallback) {
  const json_t *value = json_object_get(table, name);
  return value != NULL ? json_number_value(value) : fallback;
}

struct alert_rules *alert_rules_create(const json_t *table) {
  const json_t *spike = json_object_get(table, "spike");
  json_t *watch = json_object_get(table, "watch");
  json_t *rows = watch != NULL ? json_incref(watch) : json_loads(default_watch, 0, NULL);
  struct alert_rules *rules = calloc(1, sizeof *rules);
  bool good = rules != NULL && rows != NULL;
  if (good) {
    rules->cool_down_us = (int64_t)(number_or(table, "cool_down", DEFAULT_COOL_DOWN) * (double)second_us);
    rules->spike_count = (int64_t)number_or(spike, "count", DEFAULT_SPIKE);
    rules->spike_us = (int64_t)(number_or(spike, "minutes", DEFAULT_MINUTES) * 60 * (double)second_us);
    rules->hourly = (int)number_or(table, "hourly", DEFAULT_HOURLY);
    rules->watches = calloc(json_array_size(rows) + 1, sizeof *rules->watches);
    good = rules->watches != NULL;
  }
  for (size_t i = 0; good && i < json_array_size(rows); i++)
    good = fill_watch(&rules->watches[rules->count++], json_array_get(rows, i));
  json_decref(rows);
  if (good)
    return rules;
  alert_rules_destroy(rules);
  return NULL;
}

void alert_rules_destroy(struct alert_rules *rules) {
  if (rules == NULL)
    return;
  for (size_t i = 0; i < rules->count; i++) {
    free(rules->watches[i].type);
    free(rules->watches[i].code);
    free(rules->watches[i].source);
  }
  free(rules->watches);
  free(rules);
}

/* ---- asking ---- */

static bool is_same(const char *wanted, const char *found) {
  return wanted == NULL || (found != NULL && strcmp(wanted, found) == 0);
}

/** A type has a module's name before it ("db.IntegrityError"), which a rule may leave out. */
static bool is_type(const char *wanted, const char *found) {
  const char *dot = found != NULL ? strrchr(found, '.') : NULL;
  return is_same(wanted, found) || (dot != NULL && strcmp(wanted, dot + 1) == 0);
}

unsigned alert_rules_channels(const struct alert_rules *rules, const struct alert_subject *subject) {
  unsigned channels = 0;
  if (subject->source != NULL && strcmp(subject->source, "alert") == 0)
    return 0;
  for (size_t i = 0; i < rules->count; i++) {
    const struct watch *watch = &rules->watches[i];
    bool in_range =
        watch->least_status == 0 || (subject->status >= watch->least_status && subject->status <= watch->most_status);
    if (in_range && is_type(watch->type, subject->type) && is_same(watch->code, subject->code) &&
        is_same(watch->source, subject->source))
      channels |= watch->channels;
  }
  return channels;
}

int64_t alert_rules_cool_down_us(const struct alert_rules *rules) {
  return rules->cool_down_us;
}

int64_t alert_rules_spike_count(const struct alert_rules *rules) {
  return rules->spike_count;
}

int64_t alert_rules_spike_us(const struct alert_rules *rules) {
  return rules->spike_us;
}

int alert_rules_hourly(const struct alert_rules *rules) {
  return rules->hourly;
}
