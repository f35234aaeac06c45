/**
 * alert_trial.c - loads the scripts, renders an alert of the kind "test" by their template, sends it.
 *
 * Runs on the main thread, beside a running host or without one. It needs neither the data folder nor scripts that
 * load: a channel may have to be tried before anything else works.
 */
#include "cli/alert_trial.h"

#include "alerts/delivery.h"
#include "base/clock.h"
#include "base/language.h"
#include "cli/host.h"
#include "vm/vm_pool.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static json_t *make_alert(const struct generation *generation) {
  bool korean = strcmp(language_of_host(), "ko") == 0;
  const char *title = korean ? "알림 시험" : "A test of alerts";
  const char *text = korean ? "이 메시지가 보이면 알림이 도착합니다. `mulligan alerts test`로 보냈습니다."
                            : "If you can read this, alerts arrive. It was sent by `mulligan alerts test`.";
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  json_int_t now = clock_wall_us();
  json_t *alert = json_pack("{s:s, s:[s], s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "kind", "test",
                            "reasons", "test", "title", title, "message", text, "level", "info", "release",
                            MULLIGAN_VERSION, "host", host, "occurred_at", now, "first_seen", now, "last_seen", now,
                            "total", (json_int_t)1, "times", (json_int_t)1, "users", (json_int_t)0);
  if (alert && generation)
    json_object_set_new(alert, "generation", json_integer(generation_number(generation)));
  return alert;
}

static enum mulligan_status send_by(const struct channel *channel, const struct settings *settings, json_t *alert,
                                    struct vm_pool *pool, struct alert_trial *out, struct fault *fault) {
  struct rendering rendering;
  struct hang_up hang_up;
  rendering_init(&rendering, pool, NULL);
  hang_up_init(&hang_up);
  struct delivery delivery = {.channel = channel,
                              .settings = settings,
                              .alert = alert,
                              .thread = "",
                              .id = 0,
                              .rendering = &rendering,
                              .hang_up = &hang_up};
  enum mulligan_status status = delivery_complete(alert, settings) ? delivery_attempt(&delivery, &out->answer, fault)
                                                                   : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (rendering.failed)
    snprintf(out->plain_because, sizeof out->plain_because, "%s", rendering.fault.message);
  hang_up_release(&hang_up);
  rendering_release(&rendering);
  return status;
}

enum mulligan_status alert_trial_send(struct command_context *context, const struct channel *channel,
                                      struct alert_trial *out, struct fault *fault) {
  *out = (struct alert_trial){.plain_because = ""};
  signal(SIGPIPE, SIG_IGN); /* the other side may go away while it is written to */
  struct host host;
  struct fault broken;
  struct vm_pool *pool = NULL;
  bool loaded = host_open(&host, context, HOST_GENERATION, &broken) == MULLIGAN_OK;
  if (loaded) {
    struct generation *generation = generation_hold(host.generation); /* the pool's reference */
    loaded = vm_pool_create(&pool, &host.services, generation, 1, &broken) == MULLIGAN_OK;
  }
  json_t *alert = make_alert(host.generation);
  enum mulligan_status status = alert ? send_by(channel, context->settings, alert, pool, out, fault)
                                      : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (!loaded)
    snprintf(out->plain_because, sizeof out->plain_because, "%s", broken.message);
  json_decref(alert);
  if (pool)
    vm_pool_destroy(pool);
  host_close(&host);
  return status;
}
