/**
 * mail_talk.c - what a mail server said.
 *
 * Called on the thread that performs the transfer. What the verdicts go by:
 *
 * A mail that the server has is delivered, also if it wanted some of the recipients only: sending it again would bring
 * it twice to the others. What passes by itself (no connection, 4xx) is tried again. What only the operator can change
 * (the login, the sender, all recipients refused) stops the channel: its mails wait, and none is lost. What the server
 * has against one mail (too large, taken for spam) ends that mail. A certificate that is refused, and a server that
 * should offer STARTTLS and does not, are the server's to mend or somebody's who sits in between: the channel parks, so
 * that alerts go out soon after it is mended, nothing is sent meanwhile, and a person in between cannot silence it for
 * good.
 */
#include "alerts/mail_talk.h"

#include "alerts/mail_header.h"
#include "base/loopback.h"
#include "base/utf8.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
  PARK_SECONDS = 900,
  SECRET_LEAST = 3, /* characters; shorter ones would tear ordinary words apart */
  SECRET_MOST = 512,
  TEXT_CAP = 4096,
};

/** Is this the line of a command? */
static bool is_command(const char *line, size_t length, const char *verb) {
  size_t size = strlen(verb);
  return length >= size && strncasecmp(line, verb, size) == 0 &&
         (length == size || strchr(" \r\n", line[size]) != NULL);
}

void mail_talk_command(struct mail_talk *talk, const char *line, size_t length) {
  static const struct {
    const char *verb;
    enum mail_step step;
  } verbs[] = {{"EHLO", MAIL_HELLO},  {"HELO", MAIL_HELLO},     {"STARTTLS", MAIL_STARTTLS}, {"AUTH", MAIL_LOGIN},
               {"MAIL", MAIL_SENDER}, {"RCPT", MAIL_RECIPIENT}, {"DATA", MAIL_DATA}};
  if (talk->step == MAIL_LOGIN && talk->code == 334)
    return; /* a login goes on with lines of its own, which may look like anything */
  talk->over = talk->over || is_command(line, length, "QUIT");
  if (talk->over)
    return;
  talk->code = 0; /* the answer to the one before is not this one's */
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (is_command(line, length, verbs[i].verb))
      talk->step = verbs[i].step;
  if (talk->step != MAIL_RECIPIENT)
    return;
  const char *open = memchr(line, '<', length), *close = memrchr(line, '>', length);
  if (open != NULL && close != NULL && close > open)
    snprintf(talk->recipient, sizeof talk->recipient, "%.*s", (int)(close - open - 1), open + 1);
}

static void count_recipient(struct mail_talk *talk) {
  if (talk->code / 100 == 2) {
    talk->accepted++;
    return;
  }
  if (talk->refused + talk->deferred == 0) {
    memcpy(talk->first_refused, talk->recipient, sizeof talk->first_refused);
    memcpy(talk->first_refusal, talk->answer, sizeof talk->first_refusal);
  }
  if (talk->code / 100 == 4)
    talk->deferred++;
  else
    talk->refused++;
}

void mail_talk_answer(struct mail_talk *talk, const char *line, size_t length) {
  if (talk->over)
    return;
  while (length > 0 && strchr("\r\n ", line[length - 1]) != NULL)
    length--;
  bool coded = length >= 3 && isdigit((unsigned char)line[0]) && isdigit((unsigned char)line[1]) &&
               isdigit((unsigned char)line[2]) && (length == 3 || line[3] == ' ' || line[3] == '-');
  size_t skip = 0;
  if (!talk->more)
    talk->answer[0] = '\0';
  else if (coded)
    skip = length > 3 ? 4 : 3;
  size_t used = strlen(talk->answer);
  snprintf(talk->answer + used, sizeof talk->answer - used, "%s%.*s", talk->more ? " " : "", (int)(length - skip),
           line + skip);
  if (coded)
    talk->code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  talk->more = coded && length > 3 && line[3] == '-';
  if (talk->more)
    return;
  if (talk->step == MAIL_RECIPIENT)
    count_recipient(talk);
  else if (talk->step == MAIL_DATA && talk->code == 354)
    talk->step = MAIL_MESSAGE;
}

/* ---- the verdict ---- */

/** What an answer of the server means that ended the transfer. */
static enum channel_verdict verdict_of_answer(const struct mail_talk *talk) {
  int code = talk->code;
  /* Before the server knows who we are, it speaks of itself. */
  if (code / 100 == 4 || talk->step < MAIL_STARTTLS)
    return CHANNEL_RETRY;
  if (code / 100 != 5)
    return CHANNEL_RETRY; /* out of step: no answer to what was asked */
  if (code == 530 || code == 534 || code == 535 || code == 538)
    return CHANNEL_STOP;
  switch (talk->step) {
  case MAIL_STARTTLS:
    return CHANNEL_PARK;
  case MAIL_LOGIN:
  case MAIL_RECIPIENT:
    return CHANNEL_STOP;
  case MAIL_SENDER:
    return code == 552 ? CHANNEL_GIVE_UP : CHANNEL_STOP; /* 552: it has been told the size */
  default:
    return CHANNEL_GIVE_UP;
  }
}

/** Did the server's last answer end it, rather than the network or this side? */
static bool is_answered(const struct mail_talk *talk, CURLcode result) {
  switch (result) {
  case CURLE_SEND_ERROR: /* libcurl's word for a command that was refused, too */
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_REMOTE_ACCESS_DENIED:
  case CURLE_LOGIN_DENIED:
  case CURLE_USE_SSL_FAILED:
  case CURLE_RECV_ERROR:
    return talk->code >= 400;
  default:
    return false;
  }
}

/** Did the server want it for none of the recipients? */
static bool is_unwanted(const struct mail_talk *talk) {
  return talk->step == MAIL_RECIPIENT && talk->accepted == 0 && talk->refused + talk->deferred > 0;
}

static enum channel_verdict verdict_of(const struct mail_talk *talk, CURLcode result) {
  if (result == CURLE_OK)
    return CHANNEL_DELIVERED;
  if (is_unwanted(talk))
    return talk->deferred > 0 ? CHANNEL_RETRY : CHANNEL_STOP;
  if (is_answered(talk, result))
    return verdict_of_answer(talk);
  switch (result) {
  case CURLE_LOGIN_DENIED: /* without an answer: the server offers no login that is known here */
  case CURLE_URL_MALFORMAT:
    return CHANNEL_STOP;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_USE_SSL_FAILED:
    return CHANNEL_PARK;
  default:
    return CHANNEL_RETRY;
  }
}

/* ---- what is told of it ---- */

static void replace(struct buf *text, const char *secret, size_t length) {
  static const char instead[] = "[scrubbed]";
  if (length < SECRET_LEAST || memmem(text->data, text->length, secret, length) == NULL)
    return;
  struct buf out;
  buf_init(&out, TEXT_CAP);
  const char *at = text->data, *end = text->data + text->length;
  for (const char *hit; (hit = memmem(at, (size_t)(end - at), secret, length)) != NULL; at = hit + length) {
    buf_add(&out, at, (size_t)(hit - at));
    buf_add_text(&out, instead);
  }
  buf_add(&out, at, (size_t)(end - at));
  buf_release(text);
  *text = out;
}

/** Replaces a secret as it is and as base64, with and without the padding. */
static void scrub(struct buf *text, const char *secret, size_t length) {
  char encoded[sodium_base64_ENCODED_LEN(SECRET_MOST, sodium_base64_VARIANT_ORIGINAL)];
  replace(text, secret, length);
  if (length < SECRET_LEAST || length > SECRET_MOST)
    return;
  sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)secret, length,
                    sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  replace(text, encoded, strlen(encoded));
  sodium_memzero(encoded, sizeof encoded);
}

static void scrub_login(struct buf *text, const struct settings *settings) {
  const char *username = settings->mail_username, *password = settings->mail_password;
  struct buf both; /* as AUTH PLAIN says it */
  buf_init(&both, TEXT_CAP);
  buf_add_char(&both, '\0');
  buf_add_text(&both, username);
  buf_add_char(&both, '\0');
  buf_add_text(&both, password);
  scrub(text, both.data, both.length);
  sodium_memzero(both.data, both.length);
  buf_release(&both);
  scrub(text, password, strlen(password));
  scrub(text, username, strlen(username));
}

/** Does the login go over the network for all to read? */
static bool is_overheard(const struct settings *settings) {
  return *settings->mail_username != '\0' && !settings->mail_use_tls && settings->mail_port != 465 &&
         !loopback_address(settings->mail_server);
}

static void tell(const struct mail_talk *talk, const struct settings *settings, CURLcode result, const char *problem,
                 struct buf *out) {
  if (result == CURLE_OK) {
    buf_addf(out, "%s", talk->answer);
    if (talk->refused + talk->deferred > 0)
      buf_addf(out, "; %d of %d recipients did not get it: %s: %s", talk->refused + talk->deferred,
               talk->accepted + talk->refused + talk->deferred, talk->first_refused, talk->first_refusal);
    if (is_overheard(settings))
      buf_add_text(out, "; the login went there unencrypted, see MAIL_USE_TLS");
  } else if (is_unwanted(talk)) {
    buf_addf(out, "%s: %s", talk->first_refused, talk->first_refusal);
  } else if (result == CURLE_USE_SSL_FAILED && talk->step == MAIL_HELLO) {
    buf_add_text(out, "the server offers no STARTTLS, on which MAIL_USE_TLS insists; nothing was sent");
  } else if (result == CURLE_LOGIN_DENIED && talk->code < 400) {
    buf_add_text(out, "the server offers no login by password (PLAIN, LOGIN or CRAM-MD5)");
  } else if (is_answered(talk, result)) {
    buf_add_text(out, talk->answer);
  } else {
    buf_add_text(out, result == CURLE_RECV_ERROR ? "the connection ended without an answer: " : "");
    buf_add_text(out, *problem != '\0' ? problem : curl_easy_strerror(result));
  }
}

void mail_talk_judge(const struct mail_talk *talk, const struct settings *settings, CURLcode result,
                     const char *problem, struct channel_answer *out) {
  out->verdict = verdict_of(talk, result);
  out->retry_after = out->verdict == CHANNEL_PARK ? PARK_SECONDS : 0;
  struct buf told, line;
  buf_init(&told, TEXT_CAP);
  buf_init(&line, TEXT_CAP);
  tell(talk, settings, result, problem, &told);
  scrub_login(&told, settings);
  mail_header_add_line(&line, told.data, told.length);
  size_t length = utf8_cut(line.data, line.length, sizeof out->text - 1);
  snprintf(out->text, sizeof out->text, "%.*s", (int)length, length > 0 ? line.data : "");
  if (length == 0)
    snprintf(out->text, sizeof out->text, "%s", result == CURLE_OK ? "delivered" : curl_easy_strerror(result));
  buf_release(&told);
  buf_release(&line);
}
