/**
 * fault.c - filling and prefixing a fault.
 *
 * Called from every floor on its way out of a failure, from any thread; the
 * fault is the caller's own. Invariants: the message is always terminated,
 * one line of valid UTF-8, however strange the text that went into it.
 */
#include "base/fault.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/**
 * A text is formatted here first, because an argument may be the fault's own message. It has twice the message's
 * room, so that a prefix and a full message fit and the cut is made once, in store().
 */
struct scratch {
  char text[2 * sizeof(((struct fault *)0)->message) + 2];
};

__attribute__((format(printf, 2, 0))) static void format_text(struct scratch *scratch, const char *format,
                                                              va_list args) {
  if (vsnprintf(scratch->text, sizeof scratch->text, format, args) < 0)
    scratch->text[0] = '\0';
}

/** Makes whatever was formatted one line of UTF-8 (a path or an SQL text may hold anything) and puts it into the fault.
 */
static void store(struct fault *fault, struct scratch *scratch) {
  char *text = scratch->text;
  size_t length = strlen(text);
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 127)
      text[i] = ' ';
  }
  for (size_t good = 0; good < length;) {
    good += utf8_valid_prefix(text + good, length - good);
    if (good < length)
      text[good] = '?';
  }
  length = utf8_cut(text, length, sizeof fault->message - 1);
  memcpy(fault->message, text, length);
  fault->message[length] = '\0';
}

enum mulligan_status fault_vset(struct fault *fault, enum mulligan_status status, const char *format, va_list args) {
  if (fault != NULL) {
    struct scratch scratch;
    format_text(&scratch, format, args);
    store(fault, &scratch);
    fault->status = status;
  }
  return status;
}

enum mulligan_status fault_set(struct fault *fault, enum mulligan_status status, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fault_vset(fault, status, format, args);
  va_end(args);
  return status;
}

enum mulligan_status fault_prefix(struct fault *fault, const char *format, ...) {
  if (fault == NULL)
    return MULLIGAN_ERROR;

  struct scratch scratch;
  va_list args;
  va_start(args, format);
  format_text(&scratch, format, args);
  va_end(args);

  size_t length = strnlen(scratch.text, sizeof fault->message - 1);
  snprintf(scratch.text + length, sizeof scratch.text - length, ": %s", fault->message);
  store(fault, &scratch);
  return fault->status;
}

const char *fault_status_name(enum mulligan_status status) {
  switch (status) {
  case MULLIGAN_OK:
    return "ok";
  case MULLIGAN_ERROR:
    return "error";
  case MULLIGAN_INVALID:
    return "invalid";
  case MULLIGAN_MISSING:
    return "missing";
  case MULLIGAN_CONSTRAINT:
    return "constraint";
  case MULLIGAN_BUSY:
    return "busy";
  case MULLIGAN_FULL:
    return "full";
  case MULLIGAN_READONLY:
    return "readonly";
  case MULLIGAN_CORRUPT:
    return "corrupt";
  case MULLIGAN_INTERRUPTED:
    return "interrupted";
  case MULLIGAN_DENIED:
    return "denied";
  case MULLIGAN_NOMEM:
    return "nomem";
  }
  return "error";
}
