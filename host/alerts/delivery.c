/**
 * delivery.c - performs a channel's transfer, on a connection of its own.
 *
 * Called by the carriers on their threads and by `mulligan alerts test` on the main one. Each attempt has its own
 * libcurl handles, and so its own connection: messages are few, and one that was kept open would be found dead at the
 * worst moment.
 */
#include "alerts/delivery.h"

#include "base/taint.h"
#include "base/utf8.h"

#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { POLL_MS = 1000, MOST_SCRUBBED = 64 * 1024 };

#define ERROR_PAGES "/__mulligan__/errors/"

static void start_curl(void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- the alert ---- */

/* `owner` is the alert, or a group of its digest. */
static bool add_url(json_t *owner, const struct settings *settings) {
  const char *reference = json_string_value(json_object_get(owner, "ref")), *base = settings->public_url;
  if (!reference || base[0] == '\0')
    return true;
  size_t length = strlen(base);
  while (length > 0 && base[length - 1] == '/')
    length--;
  return json_object_set_new(owner, "url", json_sprintf("%.*s" ERROR_PAGES "%s", (int)length, base, reference)) == 0;
}

bool delivery_complete(json_t *alert, const struct settings *settings) {
  bool done = json_object_set_new(alert, "environment", json_string(settings->environment)) == 0;
  done = done && add_url(alert, settings);
  size_t index;
  json_t *group;
  json_array_foreach(json_object_get(alert, "groups"), index, group) {
    done = done && add_url(group, settings);
  }
  return done;
}

/* ---- the answer ---- */

/* What the settings keep secret; of an address also what stands behind its host, since that is the secret in it. */
static void add_secrets(struct taint *taint, const struct settings *settings) {
  size_t count;
  const struct settings_entry *entries = settings_entries(&count);
  for (size_t i = 0; i < count; i++) {
    if (!entries[i].secret || entries[i].type != SETTINGS_TEXT)
      continue;
    const char *value = *(char *const *)((const char *)settings + entries[i].offset), *host = strstr(value, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    taint_add_declared(taint, value, strlen(value));
    if (path)
      taint_add_declared(taint, path, strlen(path));
    const char *last = path ? strrchr(path, '/') + 1 : NULL;
    if (last)
      taint_add_declared(taint, last, strlen(last));
  }
}

static void set_text(struct channel_answer *answer, const char *text, size_t length) {
  size_t kept = utf8_cut(text, length, sizeof answer->text - 1);
  memmove(answer->text, text, kept);
  answer->text[kept] = '\0';
}

/* The channels take care of this themselves; what they overlook does not get out. */
static void clean(struct channel_answer *answer, const struct settings *settings) {
  for (char *at = answer->text; *at != '\0'; at++)
    if (iscntrl((unsigned char)*at))
      *at = ' ';
  struct taint *taint = taint_create();
  struct buf scrubbed;
  buf_init(&scrubbed, MOST_SCRUBBED);
  int found = 0;
  if (taint)
    add_secrets(taint, settings);
  if (!taint || taint_failed(taint) || !taint_text(taint, answer->text, strlen(answer->text), &scrubbed, &found))
    set_text(answer, "the answer is not shown: out of memory", 38);
  else if (found > 0)
    set_text(answer, scrubbed.data, scrubbed.length);
  if (answer->text[0] == '\0')
    set_text(answer, "no answer", 9);
  buf_release(&scrubbed);
  taint_destroy(taint);
}

/* Somebody else's number: what is not one is none, and no channel rests for longer than a day. */
static double sensible_wait(double seconds) {
  static const double DAY = 86400;
  if (!isfinite(seconds) || seconds < 0)
    return 0;
  return seconds < DAY ? seconds : DAY;
}

/* ---- the transfer ---- */

/* False if it was hung up before it was over. */
static bool drive(CURLM *multi, struct hang_up *hang_up, CURLcode *result) {
  for (;;) {
    int running, left;
    if (curl_multi_perform(multi, &running) != CURLM_OK) {
      *result = CURLE_FAILED_INIT;
      return true;
    }
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    if (message && message->msg == CURLMSG_DONE) {
      *result = message->data.result;
      return *result == CURLE_OK || !hang_up_asked(hang_up);
    }
    if (hang_up_asked(hang_up))
      return false;
    curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
  }
}

static enum mulligan_status perform(const struct delivery *delivery, const struct channel_job *job, CURL *easy,
                                    CURLM *multi, struct channel_answer *out, struct fault *fault) {
  struct channel_transfer *transfer;
  channel_prepare(easy, delivery->settings);
  enum mulligan_status status = delivery->channel->begin(&transfer, easy, job, fault);
  if (status != MULLIGAN_OK)
    return status;
  CURLcode result;
  hang_up_attach(delivery->hang_up, easy, multi);
  curl_multi_add_handle(multi, easy);
  if (drive(multi, delivery->hang_up, &result))
    delivery->channel->judge(transfer, easy, result, out);
  else
    status = fault_set(fault, MULLIGAN_INTERRUPTED, "the program stops");
  hang_up_detach(delivery->hang_up);
  curl_multi_remove_handle(multi, easy);
  delivery->channel->end(transfer);
  return status;
}

static enum mulligan_status try_once(const struct delivery *delivery, bool plain, struct channel_answer *out,
                                     struct fault *fault) {
  const struct channel_job job = {
      .settings = delivery->settings,
      .alert = delivery->alert,
      .thread = delivery->thread,
      .id = delivery->id,
      .plain = plain,
      .render = rendering_run,
      .render_context = delivery->rendering,
  };
  *out = (struct channel_answer){.verdict = CHANNEL_RETRY};
  CURL *easy = curl_easy_init();
  CURLM *multi = curl_multi_init();
  enum mulligan_status status = easy && multi ? perform(delivery, &job, easy, multi, out, fault)
                                              : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
  return status;
}

enum mulligan_status delivery_attempt(const struct delivery *delivery, struct channel_answer *out,
                                      struct fault *fault) {
  static pthread_once_t curl_started = PTHREAD_ONCE_INIT;
  pthread_once(&curl_started, start_curl);
  struct fault failed;
  enum mulligan_status status = try_once(delivery, false, out, &failed);
  if (status == MULLIGAN_OK && out->verdict == CHANNEL_PLAIN)
    status = try_once(delivery, true, out, &failed);
  if (hang_up_asked(delivery->hang_up) && status != MULLIGAN_OK)
    return fault_set(fault, MULLIGAN_INTERRUPTED, "the program stops");
  if (status != MULLIGAN_OK) { /* it could not even be composed */
    out->verdict = status == MULLIGAN_INVALID ? CHANNEL_GIVE_UP : CHANNEL_RETRY;
    set_text(out, failed.message, strlen(failed.message));
  }
  if (out->verdict == CHANNEL_PLAIN) /* not even as plain text */
    out->verdict = CHANNEL_GIVE_UP;
  out->retry_after = sensible_wait(out->retry_after);
  clean(out, delivery->settings);
  return MULLIGAN_OK;
}
