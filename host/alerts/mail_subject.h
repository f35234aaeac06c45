/**
 * mail_subject.h - the subject of a mail about an alert: `[env] NEW TypeOfError: message (GET /route) ×N`.
 */
#ifndef MULLIGAN_ALERTS_MAIL_SUBJECT_H
#define MULLIGAN_ALERTS_MAIL_SUBJECT_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

enum { MAIL_SUBJECT_MOST = 120 /* characters, before they are encoded */ };

/**
 * Appends the subject, one line of UTF-8. The word after the environment is the alert's kind, the same in every
 * language, since filters go by it; N is how often it has happened in all. What is too long is cut, the message first.
 */
bool mail_subject_add(struct buf *out, const json_t *alert, bool korean);

#endif
