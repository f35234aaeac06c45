/**
 * mail.c - alerts by mail: one message handed to an SMTP server by libcurl.
 *
 * Called on the thread that delivers mails, and by `mulligan alerts test` on the main one; nothing is kept between two
 * messages. libcurl speaks SMTP and TLS, encodes the parts and sets the boundaries; the texts are mail_message.h's, the
 * headers' values mail_header.h's, what the server's answers mean is mail_talk.h's.
 */
#include "alerts/channel.h"
#include "alerts/mail_address.h"
#include "alerts/mail_header.h"
#include "alerts/mail_message.h"
#include "alerts/mail_talk.h"
#include "base/clock.h"
#include "base/language.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMTPS_PORT = 465, ID_BYTES = 8, HEADER_MOST = 64 * 1024 };

struct channel_transfer {
  CURL *easy;
  const struct settings *settings;
  curl_mime *mime;
  struct curl_slist *headers, *recipients;
  struct mail_talk talk;
  char problem[CURL_ERROR_SIZE];
  char id[MULLIGAN_OUTBOX_THREAD];     /* this message's, with its angle brackets */
  char thread[MULLIGAN_OUTBOX_THREAD]; /* the first one's of its group; "" if it is that */
};

/* ---- is it set up ---- */

/** Reads the sender and checks the recipients; the fault names the setting. */
static enum mulligan_status read_sender(const struct settings *settings, struct mail_address *sender,
                                        struct fault *fault) {
  struct fault why;
  if (mail_address_read(sender, settings->mail_from, &why) != MULLIGAN_OK)
    return fault_set(fault, MULLIGAN_INVALID, "MAIL_FROM: %s", why.message);
  return MULLIGAN_OK;
}

static enum mulligan_status check_recipients(const struct settings *settings, struct fault *fault) {
  struct mail_address address;
  struct fault why;
  for (size_t i = 0; i < settings->admins.count; i++)
    if (mail_address_read(&address, settings->admins.items[i], &why) != MULLIGAN_OK)
      return fault_set(fault, MULLIGAN_INVALID, "ADMINS: %s", why.message);
  return MULLIGAN_OK;
}

static bool is_configured(const struct settings *settings, struct fault *fault) {
  bool server = *settings->mail_server != '\0', from = *settings->mail_from != '\0', to = settings->admins.count > 0;
  if (!server || !from || !to) {
    const char *missing[] = {server ? "" : " MAIL_SERVER", from ? "" : " MAIL_FROM", to ? "" : " ADMINS"};
    bool begun = server || from || to || *settings->mail_username != '\0' || *settings->mail_password != '\0';
    fault_set(fault, begun ? MULLIGAN_INVALID : MULLIGAN_MISSING, "to be set:%s%s%s", missing[0], missing[1],
              missing[2]);
    return false;
  }
  /* One colon is a port; more are an address of IPv6. */
  const char *colon = strchr(settings->mail_server, ':');
  if (colon != NULL && strchr(colon + 1, ':') == NULL) {
    fault_set(fault, MULLIGAN_INVALID, "MAIL_SERVER is a name or an address, not \"%s\": the port is MAIL_PORT",
              settings->mail_server);
    return false;
  }
  bool username = *settings->mail_username != '\0', password = *settings->mail_password != '\0';
  if (username != password) {
    fault_set(fault, MULLIGAN_INVALID, "of MAIL_USERNAME and MAIL_PASSWORD, only %s is set",
              username ? "MAIL_USERNAME" : "MAIL_PASSWORD");
    return false;
  }
  struct mail_address sender;
  return read_sender(settings, &sender, fault) == MULLIGAN_OK && check_recipients(settings, fault) == MULLIGAN_OK;
}

static void configuration(const struct settings *settings, const unsigned char key[MULLIGAN_SECRET_KEY_BYTES],
                          char out[CHANNEL_CONFIGURATION_SIZE]) {
  crypto_generichash_state state;
  unsigned char hash[crypto_generichash_BYTES];
  crypto_generichash_init(&state, key, MULLIGAN_SECRET_KEY_BYTES, sizeof hash);
  const char *texts[] = {settings->mail_server, settings->mail_username, settings->mail_password, settings->mail_from};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) /* each with its end, so that none runs into the next */
    crypto_generichash_update(&state, (const unsigned char *)texts[i], strlen(texts[i]) + 1);
  for (size_t i = 0; i < settings->admins.count; i++)
    crypto_generichash_update(&state, (const unsigned char *)settings->admins.items[i],
                              strlen(settings->admins.items[i]) + 1);
  char numbers[48];
  snprintf(numbers, sizeof numbers, "%" PRId64 " %d", settings->mail_port, settings->mail_use_tls);
  crypto_generichash_update(&state, (const unsigned char *)numbers, strlen(numbers) + 1);
  crypto_generichash_final(&state, hash, sizeof hash);
  sodium_bin2hex(out, CHANNEL_CONFIGURATION_SIZE, hash, sizeof hash);
}

/* ---- the headers ---- */

/**
 * The message's name. It is the same for each attempt, so that a mail program shows a second copy as the same mail, and
 * another one for each message of each host: a hash of what does not change, and the number in the outbox.
 */
static void name_message(struct channel_transfer *transfer, const struct channel_job *job,
                         const struct mail_address *sender) {
  unsigned char hash[crypto_generichash_BYTES_MIN];
  char name[2 * ID_BYTES + 1];
  static const char *const fixed[] = {"kind",       "ref",       "group",       "host",
                                      "first_seen", "last_seen", "occurred_at", "until"};
  if (job->id == 0) {
    randombytes_buf(hash, sizeof hash);
  } else {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
      char *text = json_dumps(json_object_get(job->alert, fixed[i]), JSON_ENCODE_ANY);
      if (text != NULL)
        crypto_generichash_update(&state, (const unsigned char *)text, strlen(text) + 1);
      free(text);
    }
    crypto_generichash_final(&state, hash, sizeof hash);
  }
  sodium_bin2hex(name, sizeof name, hash, ID_BYTES);
  snprintf(transfer->id, sizeof transfer->id, "<%s.%" PRId64 "@%s>", name, job->id, mail_address_domain(sender));
}

static bool add_header(struct channel_transfer *transfer, struct buf *line) {
  struct curl_slist *longer = line->failed ? NULL : curl_slist_append(transfer->headers, line->data);
  if (longer == NULL)
    return false;
  transfer->headers = longer;
  buf_clear(line, HEADER_MOST);
  return true;
}

static bool add_recipients(struct channel_transfer *transfer, struct buf *line) {
  struct mail_address address;
  buf_add_text(line, "To: ");
  for (size_t i = 0; i < transfer->settings->admins.count; i++) {
    if (mail_address_read(&address, transfer->settings->admins.items[i], NULL) != MULLIGAN_OK)
      return false;
    struct curl_slist *longer = curl_slist_append(transfer->recipients, address.address);
    if (longer == NULL)
      return false;
    transfer->recipients = longer;
    if (i > 0)
      buf_add_text(line, ",\r\n ");
    mail_header_add_address(line, i > 0 ? 1 : strlen("To: "), &address);
  }
  return add_header(transfer, line);
}

/** The name of the list that mails of this host make, for the filters of mail programs. */
static void add_list(struct buf *line, const struct channel_job *job, const struct mail_address *sender) {
  buf_add_text(line, "List-Id: Mulligan alerts\r\n <mulligan-alerts.");
  for (const char *c = job->settings->environment; *c != '\0'; c++)
    buf_add_char(line, *c == '.' || *c == '_' ? '-' : *c);
  buf_addf(line, ".%s>", mail_address_domain(sender));
}

static bool add_headers(struct channel_transfer *transfer, const struct channel_job *job,
                        const struct mail_address *sender, const struct buf *subject) {
  struct buf line;
  buf_init(&line, HEADER_MOST);
  buf_add_text(&line, "Date: ");
  mail_header_add_date(&line, clock_wall_us());
  bool whole = add_header(transfer, &line);
  buf_add_text(&line, "From: ");
  mail_header_add_address(&line, strlen("From: "), sender);
  whole = whole && add_header(transfer, &line) && add_recipients(transfer, &line);
  buf_add_text(&line, "Subject: ");
  mail_header_add_text(&line, strlen("Subject: "), subject->data, subject->length);
  whole = whole && add_header(transfer, &line);
  buf_addf(&line, "Message-ID: %s", transfer->id);
  whole = whole && add_header(transfer, &line);
  if (*transfer->thread != '\0') {
    buf_addf(&line, "In-Reply-To: %s", transfer->thread);
    whole = whole && add_header(transfer, &line);
    buf_addf(&line, "References: %s", transfer->thread);
    whole = whole && add_header(transfer, &line);
  }
  add_list(&line, job, sender);
  whole = whole && add_header(transfer, &line);
  buf_add_text(&line, "Auto-Submitted: auto-generated");
  whole = whole && add_header(transfer, &line);
  const char *reference = json_string_value(json_object_get(job->alert, "ref"));
  if (reference != NULL && strspn(reference, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(reference)) {
    buf_addf(&line, "X-Mulligan-Reference: %s", reference);
    whole = whole && add_header(transfer, &line);
  }
  /* libcurl adds the boundary. */
  buf_add_text(&line, "Content-Type: multipart/alternative");
  whole = whole && add_header(transfer, &line);
  buf_release(&line);
  return whole;
}

static bool add_part(curl_mime *mime, const char *type, const struct buf *body) {
  curl_mimepart *part = curl_mime_addpart(mime);
  return part != NULL && curl_mime_data(part, body->data, body->length) == CURLE_OK &&
         curl_mime_type(part, type) == CURLE_OK && curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
}

/* ---- the transfer ---- */

static int hear(CURL *easy, curl_infotype type, char *data, size_t size, void *context) {
  (void)easy;
  struct channel_transfer *transfer = context;
  if (type == CURLINFO_HEADER_OUT)
    mail_talk_command(&transfer->talk, data, size);
  else if (type == CURLINFO_HEADER_IN)
    mail_talk_answer(&transfer->talk, data, size);
  return 0;
}

static bool set_up(struct channel_transfer *transfer, const struct mail_address *sender) {
  const struct settings *settings = transfer->settings;
  CURL *easy = transfer->easy;
  bool smtps = settings->mail_port == SMTPS_PORT;
  bool bare = strchr(settings->mail_server, ':') != NULL && settings->mail_server[0] != '[';
  struct buf url;
  buf_init(&url, HEADER_MOST);
  buf_addf(&url, "%s://%s%s%s:%" PRId64, smtps ? "smtps" : "smtp", bare ? "[" : "", settings->mail_server,
           bare ? "]" : "", settings->mail_port);
  bool whole = !url.failed && curl_easy_setopt(easy, CURLOPT_URL, url.data) == CURLE_OK;
  buf_release(&url);
  whole = whole && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK;
  /* Variables that name a proxy are meant for the web. */
  whole = whole && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
  whole = whole && curl_easy_setopt(easy, CURLOPT_MAIL_FROM, sender->address) == CURLE_OK;
  if (whole && *settings->mail_username != '\0') {
    whole = curl_easy_setopt(easy, CURLOPT_USERNAME, settings->mail_username) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_PASSWORD, settings->mail_password) == CURLE_OK &&
            /* A name with an @ would make libcurl try Kerberos first, where the server offers it. */
            curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=CRAM-MD5;AUTH=PLAIN;AUTH=LOGIN") == CURLE_OK;
  }
  if (!whole)
    return false;
  curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(settings->mail_use_tls && !smtps ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->recipients);
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
  curl_easy_setopt(easy, CURLOPT_MIMEPOST, transfer->mime);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, hear);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
  return true;
}

static void end(struct channel_transfer *transfer) {
  if (transfer == NULL)
    return;
  /* The handle lives a little longer than what it was lent. */
  curl_easy_setopt(transfer->easy, CURLOPT_VERBOSE, 0L);
  curl_easy_setopt(transfer->easy, CURLOPT_DEBUGFUNCTION, NULL);
  curl_easy_setopt(transfer->easy, CURLOPT_DEBUGDATA, NULL);
  curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, NULL);
  curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, NULL);
  curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
  curl_easy_setopt(transfer->easy, CURLOPT_MAIL_RCPT, NULL);
  curl_mime_free(transfer->mime);
  curl_slist_free_all(transfer->headers);
  curl_slist_free_all(transfer->recipients);
  free(transfer);
}

/** A thread's name comes from the database and goes into a header: only what name_message() makes does. */
static bool is_thread(const char *thread) {
  size_t length = strlen(thread);
  if (length < 3 || length >= MULLIGAN_OUTBOX_THREAD || thread[0] != '<' || thread[length - 1] != '>')
    return false;
  for (size_t i = 1; i < length - 1; i++)
    if (thread[i] <= ' ' || thread[i] > '~' || thread[i] == '<' || thread[i] == '>')
      return false;
  return true;
}

static enum mulligan_status begin(struct channel_transfer **out, CURL *easy, const struct channel_job *job,
                                  struct fault *fault) {
  struct mail_address sender;
  *out = NULL;
  if (!is_configured(job->settings, fault) || read_sender(job->settings, &sender, fault) != MULLIGAN_OK)
    return MULLIGAN_INVALID;
  struct mail_message message;
  enum mulligan_status status = mail_message_compose(&message, job->alert, language_of_host(), fault);
  if (status != MULLIGAN_OK)
    return status;
  struct channel_transfer *transfer = calloc(1, sizeof *transfer);
  if (transfer != NULL) {
    transfer->easy = easy;
    transfer->settings = job->settings;
    if (is_thread(job->thread))
      snprintf(transfer->thread, sizeof transfer->thread, "%s", job->thread);
    name_message(transfer, job, &sender);
    transfer->mime = curl_mime_init(easy);
  }
  if (transfer != NULL && transfer->mime != NULL && add_headers(transfer, job, &sender, &message.subject) &&
      add_part(transfer->mime, "text/plain; charset=utf-8", &message.body.text) &&
      add_part(transfer->mime, "text/html; charset=utf-8", &message.body.html) && set_up(transfer, &sender)) {
    *out = transfer;
  } else {
    end(transfer);
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  mail_message_release(&message);
  return status;
}

static void judge(struct channel_transfer *transfer, CURL *easy, CURLcode result, struct channel_answer *out) {
  (void)easy;
  mail_talk_judge(&transfer->talk, transfer->settings, result, transfer->problem, out);
  snprintf(out->thread, sizeof out->thread, "%s", *transfer->thread != '\0' ? transfer->thread : transfer->id);
}

const struct channel channel_mail = {
    .id = ALERT_MAIL,
    .is_configured = is_configured,
    .configuration = configuration,
    .begin = begin,
    .judge = judge,
    .end = end,
};
