/**
 * error_fingerprint.h - what makes two occurrences the same error.
 */
#ifndef MULLIGAN_DATA_ERROR_FINGERPRINT_H
#define MULLIGAN_DATA_ERROR_FINGERPRINT_H

#include "base/buf.h"
#include "data/error_log.h"

#include <stdbool.h>

enum {
  MULLIGAN_FINGERPRINT_ALGORITHM = 1, /* raised when the rules change: old groups then stay as they are */
  MULLIGAN_FINGERPRINT_SIZE = 33      /* 32 hex digits and a NUL */
};

struct error_fingerprint {
  char hash[MULLIGAN_FINGERPRINT_SIZE];
  int algorithm;
  char *explanation; /* what went into the hash, in words */
  char *title;       /* "LuaError: always fails" */
  char *culprit;     /* where to look first */
};

/**
 * Computes it from a scrubbed record: an explicit fingerprint; else type and the in-app frames as file and function,
 * each once, without line numbers; without such frames type and the normalised message; else source and route. False
 * when out of memory. The caller ends it with error_fingerprint_release() in any case.
 */
bool error_fingerprint_make(struct error_fingerprint *fingerprint, const struct error_record *record);
void error_fingerprint_release(struct error_fingerprint *fingerprint);

/** Appends `message` with what differs from one time to the next replaced: numbers, ids, addresses, quoted text. */
bool error_fingerprint_normalise(const char *message, struct buf *out);

#endif
