/**
 * carrier.c - a thread, and the one message that goes in and comes out.
 *
 * All functions are called by the dispatcher's thread. Who owns the outcome follows from the state: the carrier's
 * thread while it is UNDER_WAY, the dispatcher's otherwise; only the members named under `lock` are shared.
 */
#include "alerts/carrier.h"

#include "alerts/delivery.h"
#include "base/clock.h"
#include "base/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A template is asked to end again and again, since one that is about to begin cannot be reached. */
enum { STOP_LOOK_MS = 20, MOST_STOP_LOOKS = 250 };

enum carrier_state { IDLE, UNDER_WAY, OVER };

struct carrier {
  const struct channel *channel;
  void (*done)(void *context);
  void *context;
  struct rendering rendering;
  struct hang_up hang_up;
  pthread_t thread;

  pthread_mutex_t lock;
  pthread_cond_t changed;
  enum carrier_state state;
  bool stopping, ended;

  struct carrier_outcome outcome;
  struct generation *generation;
  const struct settings *settings;
};

/* ---- the thread ---- */

/* False: there is no outcome, since it was ended. */
static bool attempt(struct carrier *carrier) {
  struct carrier_outcome *outcome = &carrier->outcome;
  struct delivery delivery = {
      .channel = carrier->channel,
      .settings = carrier->settings,
      .alert = outcome->message.alert,
      .thread = outcome->message.thread,
      .id = outcome->message.id,
      .rendering = &carrier->rendering,
      .hang_up = &carrier->hang_up,
  };
  delivery_complete(outcome->message.alert, carrier->settings);
  return delivery_attempt(&delivery, &outcome->answer, NULL) == MULLIGAN_OK;
}

static void *run(void *context) {
  struct carrier *carrier = context;
  pthread_mutex_lock(&carrier->lock);
  for (;;) {
    while (!carrier->stopping && carrier->state != UNDER_WAY)
      pthread_cond_wait(&carrier->changed, &carrier->lock);
    if (carrier->stopping)
      break;
    pthread_mutex_unlock(&carrier->lock);
    bool over = attempt(carrier);
    generation_drop(carrier->generation);
    carrier->generation = NULL;
    pthread_mutex_lock(&carrier->lock);
    if (!over)
      break;
    carrier->state = OVER;
    pthread_mutex_unlock(&carrier->lock);
    carrier->done(carrier->context);
    pthread_mutex_lock(&carrier->lock);
  }
  carrier->ended = true;
  pthread_cond_broadcast(&carrier->changed);
  pthread_mutex_unlock(&carrier->lock);
  return NULL;
}

/* ---- messages ---- */

static enum carrier_state state_of(struct carrier *carrier) {
  pthread_mutex_lock(&carrier->lock);
  enum carrier_state state = carrier->state;
  pthread_mutex_unlock(&carrier->lock);
  return state;
}

static void set_state(struct carrier *carrier, enum carrier_state state) {
  pthread_mutex_lock(&carrier->lock);
  carrier->state = state;
  pthread_cond_broadcast(&carrier->changed);
  pthread_mutex_unlock(&carrier->lock);
}

bool carrier_is_idle(struct carrier *carrier) {
  return state_of(carrier) == IDLE;
}

void carrier_carry(struct carrier *carrier, struct outbox_message *message, struct generation *generation,
                   const struct settings *settings, const char *configuration) {
  carrier->outcome = (struct carrier_outcome){.message = *message};
  snprintf(carrier->outcome.configuration, sizeof carrier->outcome.configuration, "%s", configuration);
  carrier->generation = generation_hold(generation);
  carrier->settings = settings;
  *message = (struct outbox_message){.alert = NULL};
  set_state(carrier, UNDER_WAY);
}

const struct carrier_outcome *carrier_outcome(struct carrier *carrier) {
  return state_of(carrier) == OVER ? &carrier->outcome : NULL;
}

void carrier_clear(struct carrier *carrier) {
  outbox_message_release(&carrier->outcome.message);
  set_state(carrier, IDLE);
}

/* ---- life ---- */

enum mulligan_status carrier_start(struct carrier **out, const struct channel *channel, struct vm_pool *pool,
                                   struct error_log *errors, void (*done)(void *context), void *context,
                                   struct fault *fault) {
  *out = NULL;
  struct carrier *carrier = calloc(1, sizeof *carrier);
  if (!carrier)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  carrier->channel = channel;
  carrier->done = done;
  carrier->context = context;
  rendering_init(&carrier->rendering, pool, errors);
  hang_up_init(&carrier->hang_up);
  pthread_mutex_init(&carrier->lock, NULL);
  thread_condition_init(&carrier->changed);
  int error = pthread_create(&carrier->thread, NULL, run, carrier);
  if (error != 0) {
    rendering_release(&carrier->rendering);
    hang_up_release(&carrier->hang_up);
    pthread_cond_destroy(&carrier->changed);
    pthread_mutex_destroy(&carrier->lock);
    free(carrier);
    return fault_set(fault, MULLIGAN_ERROR, "the thread for %s does not start: %s", alert_channel_name(channel->id),
                     strerror(error));
  }
  *out = carrier;
  return MULLIGAN_OK;
}

void carrier_ask_to_stop(struct carrier *carrier) {
  pthread_mutex_lock(&carrier->lock);
  carrier->stopping = true;
  pthread_cond_broadcast(&carrier->changed);
  pthread_mutex_unlock(&carrier->lock);
  rendering_stop(&carrier->rendering);
  hang_up_ask(&carrier->hang_up);
}

bool carrier_join(struct carrier *carrier) {
  pthread_mutex_lock(&carrier->lock);
  for (int looks = 0; !carrier->ended && looks < MOST_STOP_LOOKS; looks++) {
    if (!thread_wait(&carrier->changed, &carrier->lock, clock_monotonic_ns() + STOP_LOOK_MS * 1000000LL))
      rendering_stop(&carrier->rendering);
  }
  bool ended = carrier->ended;
  pthread_mutex_unlock(&carrier->lock);
  if (ended)
    pthread_join(carrier->thread, NULL);
  return ended;
}

void carrier_destroy(struct carrier *carrier) {
  if (!carrier)
    return;
  outbox_message_release(&carrier->outcome.message);
  generation_drop(carrier->generation);
  rendering_release(&carrier->rendering);
  hang_up_release(&carrier->hang_up);
  pthread_cond_destroy(&carrier->changed);
  pthread_mutex_destroy(&carrier->lock);
  free(carrier);
}
