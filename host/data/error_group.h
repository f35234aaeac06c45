/**
 * error_group.h - the same error's occurrences, as one thing to be worked on.
 *
 * For people and their tools: any process that has the data folder, beside a running host or without one. The writer
 * that counts occurrences in their groups is error_database.h's.
 */
#ifndef MULLIGAN_DATA_ERROR_GROUP_H
#define MULLIGAN_DATA_ERROR_GROUP_H

#include "base/fault.h"

#include <jansson.h>
#include <stdint.h>

struct error_group_filter {
  const char *state; /* "open", "resolved", "muted"; NULL for all */
  int64_t since;     /* last seen at or after; microseconds; 0 for all */
  int64_t id;        /* this one only; 0 for all */
  int limit;         /* at most so many, the last seen first */
};

/** A list of objects whose keys are the columns of `error_group`. The caller owns `*out`. */
enum mulligan_status error_group_list(const char *folder, const struct error_group_filter *filter, json_t **out,
                                      struct fault *fault);
/** A list of {reason, count, first_at, last_at}: what could not be kept. The caller owns `*out`. */
enum mulligan_status error_dropped_list(const char *folder, json_t **out, struct fault *fault);

/**
 * Makes a group open, resolved or muted and notes who did it (NULL: nobody known) and why (NULL keeps the note).
 * MULLIGAN_MISSING names an unknown group, MULLIGAN_INVALID an unknown state.
 */
enum mulligan_status error_group_set_state(const char *folder, int64_t id, const char *state, const char *by,
                                           const char *note, struct fault *fault);

#endif
