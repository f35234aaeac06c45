/**
 * mail_address.h - a mail address as people write it: `a@example.com` or `Name <a@example.com>`.
 */
#ifndef MULLIGAN_ALERTS_MAIL_ADDRESS_H
#define MULLIGAN_ALERTS_MAIL_ADDRESS_H

#include "base/fault.h"

/* Shorter than the standard's 254, so that a Message-ID at the same domain fits where the outbox keeps it. */
enum { MAIL_ADDRESS_SIZE = 151, MAIL_NAME_SIZE = 201 };

struct mail_address {
  char name[MAIL_NAME_SIZE];       /* UTF-8, without quotation marks and control characters; "" for none */
  char address[MAIL_ADDRESS_SIZE]; /* ASCII: what stands between RCPT TO's angle brackets */
};

/** Takes a UTF-8 text apart. MULLIGAN_INVALID says what is wrong with it; `*out` is then undefined. Any thread. */
enum mulligan_status mail_address_read(struct mail_address *out, const char *text, struct fault *fault);
/** What stands after the @. */
const char *mail_address_domain(const struct mail_address *address);

#endif
