/**
 * slack.c - alerts in a Slack channel, by chat.postMessage or an incoming webhook.
 *
 * Called by the dispatcher on the channel's thread, and by `mulligan alerts test` on the main one. What a message looks
 * like is the template's (or slack_text.c's), what Slack takes of it slack_limits.c's, what Slack answers
 * slack_answer.c's; here the two are brought together by libcurl. Where both ways are set up, chat.postMessage is gone:
 * it alone has threads.
 */
#include "alerts/channel.h"
#include "alerts/slack_answer.h"
#include "alerts/slack_limits.h"
#include "alerts/slack_text.h"
#include "base/language.h"
#include "base/log.h"
#include "base/utf8.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 256 << 10, URL_CAP = 8 << 10, HEADER_CAP = 8 << 10, MOST_ANSWER = 1 << 20 };

#define METHOD "/chat.postMessage"

struct channel_transfer {
  struct buf url;
  struct buf authorization;
  char *body;
  struct curl_slist *headers;
  struct buf answer;
  bool webhook;
  bool plain;
  bool starts_thread;                  /* the message's own timestamp is what later ones refer to */
  char thread[MULLIGAN_OUTBOX_THREAD]; /* that it went into; "" for none */
  const struct settings *settings;
  char error[CURL_ERROR_SIZE];
};

/* ---- how it is set up ---- */

static bool is_set(const char *text) {
  return text && *text;
}

static bool is_web(const char *url) {
  const char *host = strncmp(url, "https://", 8) == 0 ? url + 8 : strncmp(url, "http://", 7) == 0 ? url + 7 : "";
  return *host != '\0' && *host != '/';
}

static bool has_method(const struct settings *settings) {
  return is_set(settings->slack_token) && is_set(settings->slack_channel);
}

static bool is_configured(const struct settings *settings, struct fault *fault) {
  if (has_method(settings)) {
    if (is_web(settings->slack_api_url))
      return true;
    fault_set(fault, MULLIGAN_INVALID, "SLACK_API_URL is no address of https:// (or http://)");
  } else if (is_set(settings->slack_webhook_url)) {
    if (is_web(settings->slack_webhook_url))
      return true;
    fault_set(fault, MULLIGAN_INVALID, "SLACK_WEBHOOK_URL is no address of https:// (or http://)");
  } else if (is_set(settings->slack_token)) {
    fault_set(fault, MULLIGAN_INVALID, "SLACK_CHANNEL is not set");
  } else if (is_set(settings->slack_channel)) {
    fault_set(fault, MULLIGAN_INVALID, "SLACK_TOKEN is not set");
  } else {
    fault_set(fault, MULLIGAN_MISSING, "neither SLACK_TOKEN and SLACK_CHANNEL nor SLACK_WEBHOOK_URL are set");
  }
  return false;
}

static void configuration(const struct settings *settings, const unsigned char key[MULLIGAN_SECRET_KEY_BYTES],
                          char out[CHANNEL_CONFIGURATION_SIZE]) {
  const char *const parts[] = {settings->slack_token, settings->slack_channel, settings->slack_webhook_url,
                               settings->slack_api_url};
  crypto_generichash_state state;
  unsigned char hash[crypto_generichash_BYTES];
  crypto_generichash_init(&state, key, MULLIGAN_SECRET_KEY_BYTES, sizeof hash);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    const char *part = parts[i] ? parts[i] : "";
    crypto_generichash_update(&state, (const unsigned char *)part, strlen(part) + 1);
  }
  crypto_generichash_final(&state, hash, sizeof hash);
  sodium_bin2hex(out, CHANNEL_CONFIGURATION_SIZE, hash, sizeof hash);
}

/* ---- the message ---- */

static json_t *plain_message(const json_t *alert) {
  struct buf text;
  buf_init(&text, TEXT_CAP);
  json_t *message = NULL;
  if (slack_text_add_whole(&text, alert, language_of_host()))
    message = json_pack("{s:s}", "text", text.data);
  buf_release(&text);
  return message;
}

static void log_remarks(const struct buf *remarks) {
  for (const char *at = remarks->data; *at;) {
    size_t length = strcspn(at, "\n");
    log_warning("scripts/alerts/slack.lua: %.*s", (int)length, at);
    at += length + (at[length] == '\n');
  }
}

/* The template's message; NULL where there is none, which is on record then. */
static json_t *template_message(const struct channel_job *job) {
  json_t *rendered = NULL, *message = NULL;
  struct fault fault;
  if (job->plain || !job->render ||
      job->render(job->render_context, "slack", job->alert, &rendered, &fault) != MULLIGAN_OK)
    return NULL;
  struct buf line, remarks;
  buf_init(&line, TEXT_CAP);
  buf_init(&remarks, TEXT_CAP);
  if (slack_text_add_line(&line, job->alert, language_of_host()))
    message = slack_limits_apply(rendered, line.data, &remarks);
  log_remarks(&remarks);
  buf_release(&line);
  buf_release(&remarks);
  json_decref(rendered);
  return message;
}

static json_t *compose(const struct channel_job *job) {
  json_t *message = template_message(job);
  if (message)
    return message;
  json_t *plain = plain_message(job->alert);
  struct buf remarks;
  buf_init(&remarks, TEXT_CAP);
  message = plain ? slack_limits_apply(plain, "", &remarks) : NULL;
  buf_release(&remarks);
  json_decref(plain);
  return message;
}

static bool kind_is(const json_t *alert, const char *kind) {
  const char *is = json_string_value(json_object_get(alert, "kind"));
  return is && strcmp(is, kind) == 0;
}

/* Where it goes. A plain message, the last resort, keeps out of a thread that may be what was wrong. */
static void address(struct channel_transfer *transfer, json_t *message, const struct channel_job *job) {
  bool of_group = !kind_is(job->alert, "digest") && !kind_is(job->alert, "test");
  /* Slack is not to fetch what a link in an error leads to. */
  json_object_set_new(message, "unfurl_links", json_false());
  json_object_set_new(message, "unfurl_media", json_false());
  if (transfer->webhook)
    return;
  json_object_set_new(message, "channel", json_string(job->settings->slack_channel));
  transfer->starts_thread = of_group;
  if (!of_group || job->plain || !is_set(job->thread))
    return;
  json_object_set_new(message, "thread_ts", json_string(job->thread));
  snprintf(transfer->thread, sizeof transfer->thread, "%s", job->thread);
}

/* ---- the transfer ---- */

static size_t take_answer(char *bytes, size_t size, size_t count, void *context) {
  struct channel_transfer *transfer = context;
  return buf_add(&transfer->answer, bytes, size * count) ? count : 0;
}

static bool set_url(struct channel_transfer *transfer, const struct settings *settings) {
  if (transfer->webhook)
    return buf_add_text(&transfer->url, settings->slack_webhook_url);
  size_t length = strlen(settings->slack_api_url);
  while (length > 0 && settings->slack_api_url[length - 1] == '/')
    length--;
  return buf_add(&transfer->url, settings->slack_api_url, length) && buf_add_text(&transfer->url, METHOD);
}

static bool add_header(struct channel_transfer *transfer, const char *line) {
  struct curl_slist *longer = curl_slist_append(transfer->headers, line);
  if (longer)
    transfer->headers = longer;
  return longer != NULL;
}

static bool set_headers(struct channel_transfer *transfer, const struct settings *settings) {
  if (!add_header(transfer, "Content-Type: application/json; charset=utf-8") || !add_header(transfer, "Expect:"))
    return false;
  return transfer->webhook || (buf_addf(&transfer->authorization, "Authorization: Bearer %s", settings->slack_token) &&
                               add_header(transfer, transfer->authorization.data));
}

static void set_options(struct channel_transfer *transfer, CURL *easy) {
  /* The scheme stands in the address that was set up; nothing else may lead to another. */
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, strncmp(transfer->url.data, "https:", 6) == 0 ? "https" : "http");
  curl_easy_setopt(easy, CURLOPT_URL, transfer->url.data);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "Mulligan/" MULLIGAN_VERSION);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(transfer->body));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
}

static void end(struct channel_transfer *transfer) {
  if (!transfer)
    return;
  curl_slist_free_all(transfer->headers);
  buf_release(&transfer->url);
  buf_release(&transfer->authorization);
  buf_release(&transfer->answer);
  free(transfer->body);
  free(transfer);
}

static enum mulligan_status begin(struct channel_transfer **out, CURL *easy, const struct channel_job *job,
                                  struct fault *fault) {
  *out = NULL;
  if (!is_configured(job->settings, fault))
    return MULLIGAN_MISSING;
  struct channel_transfer *transfer = calloc(1, sizeof *transfer);
  json_t *message = compose(job);
  if (!transfer || !message)
    goto failed;
  buf_init(&transfer->url, URL_CAP);
  buf_init(&transfer->authorization, HEADER_CAP);
  buf_init(&transfer->answer, MOST_ANSWER);
  transfer->settings = job->settings;
  transfer->webhook = !has_method(job->settings);
  transfer->plain = job->plain;
  address(transfer, message, job);
  transfer->body = json_dumps(message, JSON_COMPACT);
  if (!transfer->body || !set_url(transfer, job->settings) || !set_headers(transfer, job->settings))
    goto failed;
  set_options(transfer, easy);
  json_decref(message);
  *out = transfer;
  return MULLIGAN_OK;
failed:
  json_decref(message);
  end(transfer);
  return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}

/* ---- how it ended ---- */

/* Replaces a secret wherever the text, which came from elsewhere, says it. */
static void hide(char *text, const char *secret) {
  if (!is_set(secret))
    return;
  static const char mark[] = "***";
  size_t length = strlen(secret);
  for (char *at = text; length >= sizeof mark && (at = strstr(at, secret)) != NULL;) {
    memmove(at + sizeof mark - 1, at + length, strlen(at + length) + 1);
    memcpy(at, mark, sizeof mark - 1);
    at += sizeof mark - 1;
  }
}

/* A webhook's secret is its path, whatever host stands before it. */
static void hide_all(const struct settings *settings, char *text) {
  hide(text, settings->slack_token);
  hide(text, settings->slack_webhook_url);
  const char *host = is_set(settings->slack_webhook_url) ? strstr(settings->slack_webhook_url, "://") : NULL;
  if (host)
    hide(text, strchr(host + 3, '/'));
}

/* Without an answer: what libcurl says. An address that cannot be one will never be. */
static void judge_failure(const struct channel_transfer *transfer, CURLcode result, struct channel_answer *out) {
  *out = (struct channel_answer){.verdict = CHANNEL_RETRY};
  if (result == CURLE_URL_MALFORMAT)
    out->verdict = CHANNEL_STOP;
  const char *why = *transfer->error ? transfer->error : curl_easy_strerror(result);
  size_t length = strcspn(why, "\r\n");
  snprintf(out->text, sizeof out->text, "%s%.*s",
           result == CURLE_PEER_FAILED_VERIFICATION ? "its certificate is refused: " : "", (int)length, why);
  out->text[utf8_valid_prefix(out->text, strlen(out->text))] = '\0';
}

static void judge(struct channel_transfer *transfer, CURL *easy, CURLcode result, struct channel_answer *out) {
  struct slack_answer answer = {.body = transfer->answer.data,
                                .length = transfer->answer.length,
                                .whole = result == CURLE_OK,
                                .webhook = transfer->webhook,
                                .plain = transfer->plain};
  curl_off_t retry_after = 0;
  char *location = NULL;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
  curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
  answer.retry_after = (double)retry_after;
  answer.location = location;
  /* A status is an answer, even if nothing whole came behind it: a webhook's 2xx has been posted. */
  if (result == CURLE_OK || (answer.status >= 200 && transfer->webhook) || answer.status >= 300)
    slack_answer_judge(&answer, out);
  else
    judge_failure(transfer, result, out);
  hide_all(transfer->settings, out->text);
  if (*transfer->thread)
    snprintf(out->thread, sizeof out->thread, "%s", transfer->thread);
  else if (!transfer->starts_thread)
    out->thread[0] = '\0';
}

const struct channel channel_slack = {.id = ALERT_SLACK,
                                      .is_configured = is_configured,
                                      .configuration = configuration,
                                      .begin = begin,
                                      .judge = judge,
                                      .end = end};
