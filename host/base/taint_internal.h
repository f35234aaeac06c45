/**
 * taint_internal.h - the inside of a taint, for the files that make one up: taint.c, taint_text.c.
 */
#ifndef MULLIGAN_BASE_TAINT_INTERNAL_H
#define MULLIGAN_BASE_TAINT_INTERNAL_H

#include "base/buf.h"
#include "base/matcher.h"

#include <stdbool.h>
#include <stddef.h>

/** A byte string to look for. */
struct taint_value {
  size_t start; /* in `bytes` */
  size_t length;
  bool alone; /* not within a longer word or number */
  bool whole; /* only as all of a text: it is too short to be looked for */
};

struct taint {
  struct buf bytes; /* of the values, one behind the other */
  struct taint_value *values;
  size_t count, room;
  struct matcher *matcher; /* of them all; NULL until it is needed, and again when one was added */
  bool failed;
};

#endif
