/**
 * slack_answer.h - what Slack's answers mean.
 *
 * chat.postMessage answers JSON, with status 200 and `ok: false` for nearly all that goes wrong; an incoming webhook
 * answers a status, and a word or "ok" as plain text. Pure; any thread.
 */
#ifndef MULLIGAN_ALERTS_SLACK_ANSWER_H
#define MULLIGAN_ALERTS_SLACK_ANSWER_H

#include "alerts/channel.h"

#include <stdbool.h>
#include <stddef.h>

/** An answer that came, as far as it came. */
struct slack_answer {
  long status;        /* of HTTP */
  double retry_after; /* of its header; 0: none */
  const char *body;   /* need not be whole */
  size_t length;
  bool whole;           /* the body came to its end */
  bool webhook;         /* who answers: a webhook, or chat.postMessage */
  bool plain;           /* what was sent was plain text */
  const char *location; /* where it redirects to; NULL: it does not */
};

/** Fills verdict, retry_after, text and thread. The text may quote what came; hiding secrets in it is the caller's. */
void slack_answer_judge(const struct slack_answer *answer, struct channel_answer *out);

#endif
