/**
 * dispatcher.c - the loop of taking messages out, having them carried, and noting what came of it.
 *
 * One thread runs the loop; other threads only wake it. Invariants: a message that was taken belongs to its channel's
 * carrier until its outcome is noted, and the channel gets no other before, so that one which arrived is not sent
 * again because errors.db could not be written for a while; all but the members named under `lock` is the loop's own.
 */
#include "alerts/dispatcher.h"

#include "alerts/back_off.h"
#include "alerts/carrier.h"
#include "alerts/channel_failure.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
  LOOK_MS = 1000,    /* other processes enter messages too */
  REOPEN_MS = 3000,  /* between attempts at errors.db, and at the lock that another process holds */
  LEASE_SPARE_S = 60 /* for what an attempt takes beyond its time-outs */
};

struct lane {
  const struct channel *channel;
  struct carrier *carrier; /* NULL until the channel is set up */
  bool failing;            /* it is on record that it does */
  int failures;            /* in a row */
  int64_t not_before_ns;   /* no attempt before: it fails */
  int64_t complained;      /* the generation of whose settings it was said that they are wrong */
};

struct dispatcher {
  const struct vm_services *services;
  struct vm_pool *pool;
  struct lane lanes[ALERT_CHANNELS];
  struct outbox *outbox; /* NULL while it cannot be opened, or nothing is set up */
  int64_t reopen_ns;     /* not to be opened before */
  bool troubled;         /* it was said that the outbox does not work */
  bool stuck;            /* at the end: a carrier did not end */
  pthread_t thread;

  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool woken, retry, stopping;
};

/* ---- the outbox, which may not work ---- */

static void tell_trouble(struct dispatcher *dispatcher, const struct fault *fault) {
  if (!dispatcher->troubled)
    log_warning("alerts wait: %s", fault->message);
  dispatcher->troubled = true;
}

static void tell_recovery(struct dispatcher *dispatcher) {
  if (dispatcher->troubled)
    log_info("alerts go on");
  dispatcher->troubled = false;
}

/* A channel that failed when the program ended is not news when it still does. */
static void remember_failing(struct dispatcher *dispatcher) {
  json_t *rows, *row;
  size_t index;
  if (outbox_channels(dispatcher->services->settings->data, &rows, NULL) != MULLIGAN_OK)
    return;
  json_array_foreach(rows, index, row) {
    const char *name = json_string_value(json_object_get(row, "channel"));
    enum alert_channel channel = name ? alert_channel_find(name) : ALERT_CHANNELS;
    if (channel < ALERT_CHANNELS && json_integer_value(json_object_get(row, "failing_since")) > 0)
      dispatcher->lanes[channel].failing = true;
  }
  json_decref(rows);
}

static bool open_outbox(struct dispatcher *dispatcher) {
  struct fault fault;
  if (dispatcher->outbox)
    return true;
  int64_t now_ns = clock_monotonic_ns();
  if (now_ns < dispatcher->reopen_ns)
    return false;
  if (outbox_open(&dispatcher->outbox, dispatcher->services->settings->data, &fault) == MULLIGAN_OK) {
    remember_failing(dispatcher);
    return true;
  }
  dispatcher->outbox = NULL;
  dispatcher->reopen_ns = now_ns + REOPEN_MS * 1000000LL;
  tell_trouble(dispatcher, &fault);
  return false;
}

/* ---- what came of it ---- */

static int64_t pause_us(const struct lane *lane, const struct channel_answer *answer) {
  return answer->retry_after > 0 ? (int64_t)(answer->retry_after * 1e6) : back_off_us(lane->failures + 1);
}

static enum mulligan_status note(struct dispatcher *dispatcher, const struct lane *lane,
                                 const struct carrier_outcome *outcome, struct fault *fault) {
  const struct channel_answer *answer = &outcome->answer;
  const struct outbox_message *message = &outcome->message;
  struct outbox *outbox = dispatcher->outbox;
  int64_t now = clock_wall_us();
  switch (answer->verdict) {
  case CHANNEL_DELIVERED:
    return outbox_delivered(outbox, message, answer->thread, answer->text, now, fault);
  case CHANNEL_PARK:
    return outbox_park(outbox, message, answer->text, now + pause_us(lane, answer), now, fault);
  case CHANNEL_STOP:
    return outbox_stop(outbox, message, outcome->configuration, answer->text, now, fault);
  case CHANNEL_GIVE_UP:
    return outbox_give_up(outbox, message, answer->text, now, fault);
  case CHANNEL_RETRY:
  case CHANNEL_PLAIN: /* a delivery has none */
    break;
  }
  return outbox_defer(outbox, message, answer->text, now + back_off_us(message->attempt), now, fault);
}

static void count_success(struct lane *lane) {
  if (lane->failing)
    log_info("alerts: %s works again", alert_channel_name(lane->channel->id));
  lane->failing = false;
  lane->failures = 0;
  lane->not_before_ns = 0;
}

/* Tried again with growing pauses: not each message for itself, since it is hardly the message's fault. */
static void count_failure(struct dispatcher *dispatcher, struct lane *lane, const struct channel_answer *answer) {
  struct error_log *errors = dispatcher->services->errors;
  enum alert_channel channel = lane->channel->id;
  if (answer->verdict == CHANNEL_GIVE_UP) {
    channel_failure_record(errors, channel, "refused a message for good", answer->text);
    return;
  }
  if (answer->verdict == CHANNEL_STOP)
    channel_failure_record(errors, channel, "takes nothing until it is set up differently", answer->text);
  else if (!lane->failing)
    channel_failure_record(errors, channel, "fails", answer->text);
  else
    log_debug("alerts: %s fails: %s", alert_channel_name(channel), answer->text);
  lane->failing = true;
  lane->failures++;
  if (answer->verdict == CHANNEL_RETRY)
    lane->not_before_ns = clock_monotonic_ns() + back_off_us(lane->failures) * 1000;
}

/* Writes into the outbox what came of a channel's message; false if that has to be tried again. */
static bool finish(struct dispatcher *dispatcher, struct lane *lane) {
  const struct carrier_outcome *outcome = lane->carrier ? carrier_outcome(lane->carrier) : NULL;
  struct fault fault;
  if (!outcome)
    return true;
  enum mulligan_status status = note(dispatcher, lane, outcome, &fault);
  if (status != MULLIGAN_OK && status != MULLIGAN_MISSING) { /* missing: the message is gone, with its database */
    tell_trouble(dispatcher, &fault);
    return false;
  }
  if (outcome->answer.verdict == CHANNEL_DELIVERED)
    count_success(lane);
  else
    count_failure(dispatcher, lane, &outcome->answer);
  carrier_clear(lane->carrier);
  return true;
}

/* ---- what is to be done ---- */

static enum mulligan_status begin(struct dispatcher *dispatcher, struct lane *lane, struct generation *generation,
                                  const struct settings *settings, const struct alert_rules *rules,
                                  struct fault *fault) {
  if (!lane->carrier) {
    enum mulligan_status status = carrier_start(&lane->carrier, lane->channel, dispatcher->pool,
                                                dispatcher->services->errors, dispatcher_wake, dispatcher, fault);
    if (status != MULLIGAN_OK)
      return status;
  }
  if (!carrier_is_idle(lane->carrier) || clock_monotonic_ns() < lane->not_before_ns)
    return MULLIGAN_OK;
  char configuration[CHANNEL_CONFIGURATION_SIZE];
  lane->channel->configuration(settings, dispatcher->services->key, configuration);
  struct outbox_message message;
  int64_t now = clock_wall_us(), lease_us = (int64_t)((2 * settings->alert_timeout + LEASE_SPARE_S) * 1e6);
  enum mulligan_status status =
      outbox_take(dispatcher->outbox, lane->channel->id, configuration, rules, now, now + lease_us, &message, fault);
  if (status == MULLIGAN_OK)
    carrier_carry(lane->carrier, &message, generation, settings, configuration);
  return status == MULLIGAN_MISSING ? MULLIGAN_OK : status;
}

/* The settings in force; those the program was started with where no scripts serve. */
static const struct settings *settings_of(const struct dispatcher *dispatcher, const struct generation *generation) {
  return generation_is_void(generation) ? dispatcher->services->settings : generation_services(generation)->settings;
}

/* The channels that are set up, as bits. Of one that is set up wrongly the log says so, once for each generation: it
 * would be missed only when it is needed. */
static unsigned find_configured(struct dispatcher *dispatcher, const struct generation *generation,
                                const struct settings *settings) {
  unsigned bits = 0;
  for (int i = 0; i < ALERT_CHANNELS; i++) {
    struct lane *lane = &dispatcher->lanes[i];
    struct fault wrong = {.status = MULLIGAN_OK};
    if (lane->channel->is_configured(settings, &wrong)) {
      bits |= 1U << i;
    } else if (wrong.status == MULLIGAN_INVALID && lane->complained != generation_number(generation)) {
      log_warning("alerts: nothing goes out by %s: %s", alert_channel_name(lane->channel->id), wrong.message);
      lane->complained = generation_number(generation);
    }
  }
  return bits;
}

/* One look at everything. `*due` is when, by the wall clock, the outbox wants the next one. */
static enum mulligan_status look(struct dispatcher *dispatcher, unsigned configured, struct generation *generation,
                                 const struct settings *settings, int64_t *due, struct fault *fault) {
  struct alert_rules *rules = alert_rules_create(settings->alerts);
  if (!rules)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  enum mulligan_status status = outbox_settle(dispatcher->outbox, rules, configured, clock_wall_us(), due, fault);
  for (int i = 0; i < ALERT_CHANNELS && status == MULLIGAN_OK; i++)
    if (configured & (1U << i))
      status = begin(dispatcher, &dispatcher->lanes[i], generation, settings, rules, fault);
  alert_rules_destroy(rules);
  return status;
}

static bool is_carrying(const struct dispatcher *dispatcher) {
  for (int i = 0; i < ALERT_CHANNELS; i++)
    if (dispatcher->lanes[i].carrier && !carrier_is_idle(dispatcher->lanes[i].carrier))
      return true;
  return false;
}

/* Does what there is to do; returns for how many milliseconds there is nothing more, -1: until woken. */
static int64_t work(struct dispatcher *dispatcher) {
  struct generation *generation = vm_pool_generation(dispatcher->pool);
  const struct settings *settings = settings_of(dispatcher, generation);
  unsigned configured = find_configured(dispatcher, generation, settings);
  int64_t wait_ms = LOOK_MS, due = INT64_MAX;
  if (configured == 0 && !is_carrying(dispatcher)) {
    outbox_close(dispatcher->outbox);
    dispatcher->outbox = NULL;
    wait_ms = -1;
  } else if (open_outbox(dispatcher)) {
    struct fault fault;
    bool noted = true;
    for (int i = 0; i < ALERT_CHANNELS; i++)
      noted = finish(dispatcher, &dispatcher->lanes[i]) && noted;
    if (look(dispatcher, configured, generation, settings, &due, &fault) != MULLIGAN_OK)
      tell_trouble(dispatcher, &fault);
    else if (noted)
      tell_recovery(dispatcher);
  }
  generation_drop(generation);

  int64_t now_ns = clock_monotonic_ns(), due_ms = due == INT64_MAX ? LOOK_MS : (due - clock_wall_us()) / 1000 + 1;
  if (wait_ms > 0 && due_ms > 0 && due_ms < wait_ms) /* what is due already waits for its channel */
    wait_ms = due_ms;
  for (int i = 0; i < ALERT_CHANNELS && wait_ms > 0; i++) {
    int64_t pause_ms = (dispatcher->lanes[i].not_before_ns - now_ns) / 1000000 + 1;
    if (pause_ms > 0 && pause_ms < wait_ms && dispatcher->lanes[i].not_before_ns > now_ns)
      wait_ms = pause_ms;
  }
  return wait_ms;
}

/* ---- the thread ---- */

/* Under the lock: until woken, or for so long (-1: without end). */
static void doze(struct dispatcher *dispatcher, int64_t wait_ms) {
  int64_t until_ns = wait_ms < 0 ? INT64_MAX : clock_monotonic_ns() + wait_ms * 1000000;
  while (!dispatcher->woken && !dispatcher->stopping && thread_wait(&dispatcher->changed, &dispatcher->lock, until_ns))
    ;
}

/* All carriers are asked before one is waited for. What arrived at the last moment is noted. */
static void end_carriers(struct dispatcher *dispatcher) {
  for (int i = 0; i < ALERT_CHANNELS; i++)
    if (dispatcher->lanes[i].carrier)
      carrier_ask_to_stop(dispatcher->lanes[i].carrier);
  for (int i = 0; i < ALERT_CHANNELS; i++) {
    struct lane *lane = &dispatcher->lanes[i];
    if (lane->carrier && !carrier_join(lane->carrier)) {
      dispatcher->stuck = true;
      continue;
    }
    if (dispatcher->outbox)
      finish(dispatcher, lane);
    carrier_destroy(lane->carrier);
    lane->carrier = NULL;
  }
}

static void *run(void *context) {
  struct dispatcher *dispatcher = context;
  pthread_mutex_lock(&dispatcher->lock);
  while (!dispatcher->stopping) {
    dispatcher->woken = false;
    for (int i = 0; i < ALERT_CHANNELS && dispatcher->retry; i++)
      dispatcher->lanes[i].not_before_ns = dispatcher->lanes[i].failures = 0;
    dispatcher->retry = false;
    pthread_mutex_unlock(&dispatcher->lock);
    int64_t wait_ms = work(dispatcher);
    pthread_mutex_lock(&dispatcher->lock);
    doze(dispatcher, wait_ms);
  }
  pthread_mutex_unlock(&dispatcher->lock);
  end_carriers(dispatcher);
  outbox_close(dispatcher->outbox);
  return NULL;
}

void dispatcher_wake(void *context) {
  struct dispatcher *dispatcher = context;
  pthread_mutex_lock(&dispatcher->lock);
  dispatcher->woken = true;
  pthread_cond_signal(&dispatcher->changed);
  pthread_mutex_unlock(&dispatcher->lock);
}

json_t *dispatcher_channels(struct dispatcher *dispatcher) {
  struct generation *generation = vm_pool_generation(dispatcher->pool);
  const struct settings *settings = settings_of(dispatcher, generation);
  json_t *all = json_object();
  for (int i = 0; i < ALERT_CHANNELS; i++) {
    struct fault missing = {.message = ""};
    bool configured = dispatcher->lanes[i].channel->is_configured(settings, &missing);
    json_object_set_new(
        all, alert_channel_name(dispatcher->lanes[i].channel->id),
        json_pack("{s:b, s:s?}", "configured", configured, "missing", configured ? NULL : missing.message));
  }
  generation_drop(generation);
  return all;
}

void dispatcher_retry(struct dispatcher *dispatcher) {
  pthread_mutex_lock(&dispatcher->lock);
  dispatcher->retry = true;
  pthread_mutex_unlock(&dispatcher->lock);
  dispatcher_wake(dispatcher);
}

enum mulligan_status dispatcher_start(struct dispatcher **out, const struct channel *const table[],
                                      const struct vm_services *services, struct vm_pool *pool, struct fault *fault) {
  *out = NULL;
  struct dispatcher *dispatcher = calloc(1, sizeof *dispatcher);
  if (!dispatcher)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  dispatcher->services = services;
  dispatcher->pool = pool;
  for (int i = 0; i < ALERT_CHANNELS; i++)
    dispatcher->lanes[i].channel = table[i];
  pthread_mutex_init(&dispatcher->lock, NULL);
  thread_condition_init(&dispatcher->changed);
  int error = pthread_create(&dispatcher->thread, NULL, run, dispatcher);
  if (error != 0) {
    pthread_cond_destroy(&dispatcher->changed);
    pthread_mutex_destroy(&dispatcher->lock);
    free(dispatcher);
    return fault_set(fault, MULLIGAN_ERROR, "alerts do not start: %s", strerror(error));
  }
  *out = dispatcher;
  return MULLIGAN_OK;
}

bool dispatcher_stop(struct dispatcher *dispatcher) {
  if (!dispatcher)
    return true;
  pthread_mutex_lock(&dispatcher->lock);
  dispatcher->stopping = true;
  pthread_cond_signal(&dispatcher->changed);
  pthread_mutex_unlock(&dispatcher->lock);
  pthread_join(dispatcher->thread, NULL);
  if (dispatcher->stuck)
    return false;
  pthread_cond_destroy(&dispatcher->changed);
  pthread_mutex_destroy(&dispatcher->lock);
  free(dispatcher);
  return true;
}
