/**
 * mail_message.h - what a mail says of an alert: its subject, and the same once as text and once as HTML.
 */
#ifndef MULLIGAN_ALERTS_MAIL_MESSAGE_H
#define MULLIGAN_ALERTS_MAIL_MESSAGE_H

#include "alerts/mail_sheet.h"
#include "base/buf.h"
#include "base/fault.h"

#include <jansson.h>

struct mail_message {
  struct buf subject; /* UTF-8, one line, mail_subject.h */
  struct mail_sheet body;
};

/**
 * Writes what is to be said of an alert (outbox.h, with `environment`, and perhaps `url`) in the language "en" or "ko".
 * On success the caller ends `*out` with mail_message_release(). MULLIGAN_NOMEM is the only failure. Any thread.
 */
enum mulligan_status mail_message_compose(struct mail_message *out, const json_t *alert, const char *language,
                                          struct fault *fault);
void mail_message_release(struct mail_message *message);

#endif
