/**
 * fault.h - why an operation failed: a status and one readable sentence.
 *
 * Every function of the core that can fail returns a status and takes a
 * `struct fault *` as its last parameter. The fault is untouched on success,
 * so a caller may reuse one over many calls, and it may be NULL where nobody
 * wants the words. A fault owns no memory: it lives on the caller's stack.
 */
#ifndef MULLIGAN_BASE_FAULT_H
#define MULLIGAN_BASE_FAULT_H

#include <stdarg.h>

enum mulligan_status {
  MULLIGAN_OK = 0,
  MULLIGAN_ERROR,       /* failed for a reason that only the message tells */
  MULLIGAN_INVALID,     /* the input is wrong: a caller's or a user's mistake */
  MULLIGAN_MISSING,     /* the thing asked for does not exist */
  MULLIGAN_CONSTRAINT,  /* a rule of the database forbids it */
  MULLIGAN_BUSY,        /* somebody else held it until the time was up */
  MULLIGAN_FULL,        /* no room: disk, queue or cap */
  MULLIGAN_READONLY,    /* not writable */
  MULLIGAN_CORRUPT,     /* the file is damaged or is something else */
  MULLIGAN_INTERRUPTED, /* stopped at a deadline or by a user */
  MULLIGAN_DENIED,      /* refused by a rule of this program */
  MULLIGAN_NOMEM        /* out of memory */
};

struct fault {
  enum mulligan_status status;
  char message[1024]; /* UTF-8, one line, always terminated; cut if longer */
};

/** Fills `fault` (if not NULL) and returns `status`, so that `return fault_set(…)` reads as one thing. */
enum mulligan_status fault_set(struct fault *fault, enum mulligan_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The same for a va_list. */
enum mulligan_status fault_vset(struct fault *fault, enum mulligan_status status, const char *format, va_list args);

/** Puts "context: " before the message that is there; returns the status that is there. */
enum mulligan_status fault_prefix(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** A lower-case word for a status ("constraint"), for logs and for the third value of Lua's failure triple. */
const char *fault_status_name(enum mulligan_status status);

#endif
