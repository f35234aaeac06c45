/**
 * mail_talk.h - what a mail server said, and what it means for the mail and for the channel.
 *
 * libcurl tells how a transfer ended; what was asked and answered on the way is told to mail_talk_hear(). A talk
 * belongs to one transfer. It is told all that is sent, also the login, and keeps none of that.
 */
#ifndef MULLIGAN_ALERTS_MAIL_TALK_H
#define MULLIGAN_ALERTS_MAIL_TALK_H

#include "alerts/channel.h"
#include "alerts/mail_address.h"

#include <stdbool.h>
#include <stddef.h>

enum { MAIL_ANSWER_SIZE = 320 };

enum mail_step {
  MAIL_GREETING,
  MAIL_HELLO,
  MAIL_STARTTLS,
  MAIL_LOGIN,
  MAIL_SENDER,
  MAIL_RECIPIENT,
  MAIL_DATA,    /* the command, before the mail */
  MAIL_MESSAGE, /* the mail itself is sent */
};

struct mail_talk {
  enum mail_step step; /* what was asked last, but for QUIT */
  bool over;           /* QUIT was sent: what is said now is not about the mail */
  int code;            /* of its answer, the last line so far; 0: none yet */
  char answer[MAIL_ANSWER_SIZE];
  bool more; /* the answer goes on on another line */
  char recipient[MAIL_ADDRESS_SIZE];
  int accepted, refused, deferred; /* recipients: by 2xx, 5xx, 4xx */
  char first_refused[MAIL_ADDRESS_SIZE];
  char first_refusal[MAIL_ANSWER_SIZE];
};

/** To be set up with {0}. Takes a command that was sent, without its body, or a line that was received. */
void mail_talk_command(struct mail_talk *talk, const char *line, size_t length);
void mail_talk_answer(struct mail_talk *talk, const char *line, size_t length);

/**
 * Judges how the transfer ended; `problem` is libcurl's word on it (may be empty). Fills in the verdict, `retry_after`
 * and the text, which is one line, with username and password (also as base64) replaced.
 */
void mail_talk_judge(const struct mail_talk *talk, const struct settings *settings, CURLcode result,
                     const char *problem, struct channel_answer *out);

#endif
