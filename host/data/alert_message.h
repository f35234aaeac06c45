/**
 * alert_message.h - one message to people: what it says, and its entry into the outbox.
 *
 * All of it comes out of errors.db, where nothing holds a secret; outbox.h says which keys there are. For use inside a
 * transaction, on the thread that has the store.
 */
#ifndef MULLIGAN_DATA_ALERT_MESSAGE_H
#define MULLIGAN_DATA_ALERT_MESSAGE_H

#include "base/alert_rules.h"
#include "base/fault.h"
#include "data/store.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/** Why there is a message; several may apply, as bits. The first of them, in this order, is what it is called by. */
enum alert_reason {
  ALERT_REPEATS = 1,    /* it went on while it cooled down */
  ALERT_NEW = 2,        /* the group's first occurrence */
  ALERT_REGRESSION = 4, /* it was resolved, and is back */
  ALERT_RELOAD = 8,     /* scripts could not be loaded */
  ALERT_OPERATOR = 16,  /* an operator's run failed */
  ALERT_SPIKE = 32,     /* many in a short time */
  ALERT_COUNT = 64      /* the 10th, 100th, 1000th, … */
};

enum { ALERT_REASONS_SIZE = 64 };

/** Writes the words of `reasons` with commas between; returns `out`. */
const char *alert_reasons_write(unsigned reasons, char out[ALERT_REASONS_SIZE]);
/** The reasons of such a text of `length` bytes, which need not end in a NUL. */
unsigned alert_reasons_read(const char *words, size_t length);

struct alert_news {
  enum alert_channel channel;
  int64_t group;
  int64_t occurrence;  /* the row of error_log it shows; 0: the group's last */
  unsigned reasons;    /* at least one */
  int64_t told_before; /* the group's total that people know of */
};

/** Makes a message of news and enters it, due at `now`; `*id` is its number. */
enum mulligan_status alert_message_enter(struct store *store, const struct alert_news *news, int64_t now, int64_t *id,
                                         struct fault *fault);
/** Enters a message that is made already: `alert` has kind, title and perhaps group and ref. */
enum mulligan_status alert_message_enter_made(struct store *store, enum alert_channel channel, const json_t *alert,
                                              int64_t told_before, int64_t now, int64_t *id, struct fault *fault);

#endif
