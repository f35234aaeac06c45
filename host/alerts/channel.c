/**
 * channel.c - what all channels have alike.
 *
 * Called by deliveries on their threads, and by `mulligan alerts` on the main one.
 */
#include "alerts/channel.h"

#include <stdlib.h>

/* Whoever has not even taken the connection by then will not. */
static const double MOST_CONNECT_SECONDS = 5;

const struct channel *const channels[ALERT_CHANNELS] = {[ALERT_SLACK] = &channel_slack, [ALERT_MAIL] = &channel_mail};

unsigned channels_configured(const struct settings *settings) {
  unsigned bits = 0;
  for (int i = 0; i < ALERT_CHANNELS; i++)
    if (channels[i]->is_configured(settings, NULL))
      bits |= 1U << i;
  return bits;
}

void channel_prepare(CURL *easy, const struct settings *settings) {
  double whole = settings->alert_timeout, connect = whole < MOST_CONNECT_SECONDS ? whole : MOST_CONNECT_SECONDS;
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect * 1000));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(whole * 1000));
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* or the end of a transfer waits for a name server that hangs */
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  /* By this variable programs with OpenSSL are given another bundle; libcurl alone does not look at it. */
  const char *bundle = getenv("SSL_CERT_FILE");
  if (bundle && *bundle)
    curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
}
