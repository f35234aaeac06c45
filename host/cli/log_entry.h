/**
 * log_entry.h - a line of the log, read back.
 *
 * Both forms of base/log_line.h are read, also mixed in one file, since the setting log_format may have changed. What
 * is neither is a line of somebody else: it has no level, and its whole text is the message.
 */
#ifndef MULLIGAN_CLI_LOG_ENTRY_H
#define MULLIGAN_CLI_LOG_ENTRY_H

#include "base/log_line.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct log_entry {
  char *line; /* as it stands in the file, without its break */
  bool known; /* one of the log's own; else only `line` is there */
  enum log_format format;
  struct log_event event; /* its texts are the entry's */
  char *parts;            /* a plain line, cut into its texts */
  json_t *object;         /* a JSON line */
};

/** Reads a line of `length` bytes without its break. False when out of memory. The caller ends it with
 * log_entry_release(), also then. */
bool log_entry_read(struct log_entry *out, const char *line, size_t length);
void log_entry_release(struct log_entry *entry);

/** Writes it in one of the forms, without a line break; with `colour`, a plain one's level in its colour. */
void log_entry_write(const struct log_entry *entry, enum log_format format, bool colour, FILE *out);

#endif
