/**
 * channel.h - one way to reach people: what a message looks like there, and what its answers mean.
 *
 * A channel composes a transfer for libcurl, which the caller performs (delivery.h: the dispatcher on a thread of each
 * channel, `mulligan alerts test` on its own), and then judges how it ended. Channels keep no state between messages.
 */
#ifndef MULLIGAN_ALERTS_CHANNEL_H
#define MULLIGAN_ALERTS_CHANNEL_H

#include "base/fault.h"
#include "base/secret_key.h"
#include "base/settings.h"
#include "data/outbox.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>

enum { CHANNEL_CONFIGURATION_SIZE = 65 };

enum channel_verdict {
  CHANNEL_DELIVERED,
  CHANNEL_RETRY,  /* later, with growing pauses */
  CHANNEL_PLAIN,  /* at once, once more, as plain text */
  CHANNEL_PARK,   /* nothing on this channel for `retry_after` seconds */
  CHANNEL_STOP,   /* nothing on this channel until it is set up differently */
  CHANNEL_GIVE_UP /* this message never, the channel goes on */
};

struct channel_answer {
  enum channel_verdict verdict;
  double retry_after;                  /* seconds; 0: the other side did not say */
  char text[MULLIGAN_OUTBOX_ANSWER];   /* what the other side said, one line, free of secrets; never empty */
  char thread[MULLIGAN_OUTBOX_THREAD]; /* what later messages of the group refer to; "" for none */
};

/** What a message is made of. All of it belongs to the caller and outlives the transfer. */
struct channel_job {
  const struct settings *settings;
  const json_t *alert; /* outbox.h, with `environment`, and `url` (of the error's page) where public_url is set */
  const char *thread;  /* of the group's first message; "" for none */
  int64_t id;          /* the message's; the same for each attempt; 0: a test */
  bool plain;          /* without the template: text only */
  /** Runs the template `name` on the alert; the caller owns `*out`. A failure is on record when it returns: the message
   * then goes out as plain text. MULLIGAN_MISSING: there is no such template, which is no failure. */
  enum mulligan_status (*render)(void *context, const char *name, const json_t *alert, json_t **out,
                                 struct fault *fault);
  void *render_context;
};

struct channel_transfer; /* of the channel's own making */

struct channel {
  enum alert_channel id;
  /** Is all there that it takes? `fault` (may be NULL) says what is missing (MULLIGAN_MISSING) or, where part of it is
   * there, what is wrong (MULLIGAN_INVALID), naming the variables. */
  bool (*is_configured)(const struct settings *settings, struct fault *fault);
  /** A hash of all that it is set up with, hexadecimal: another one means that somebody has changed that. By a key,
   * since it is stored, and passwords can be guessed at. */
  void (*configuration)(const struct settings *settings, const unsigned char key[MULLIGAN_SECRET_KEY_BYTES],
                        char out[CHANNEL_CONFIGURATION_SIZE]);
  /**
   * Sets up `easy`, a fresh handle with the time-outs set, for one message. On success the caller ends `*out` with
   * `end`, after the transfer and before the handle.
   */
  enum mulligan_status (*begin)(struct channel_transfer **out, CURL *easy, const struct channel_job *job,
                                struct fault *fault);
  void (*judge)(struct channel_transfer *transfer, CURL *easy, CURLcode result, struct channel_answer *out);
  void (*end)(struct channel_transfer *transfer);
};

extern const struct channel channel_slack; /* slack.c */
extern const struct channel channel_mail;  /* mail.c */

/** All channels, by enum alert_channel. */
extern const struct channel *const channels[ALERT_CHANNELS];

/** Those that are set up, as bits. */
unsigned channels_configured(const struct settings *settings);

/** What every transfer has alike: time-outs (the setting alert_timeout), no signals, no redirects, certificates
 * checked by the system's bundle or, where it is set, the one that SSL_CERT_FILE names. */
void channel_prepare(CURL *easy, const struct settings *settings);

#endif
