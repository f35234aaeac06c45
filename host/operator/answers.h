/**
 * answers.h - what the operator answered to a script's questions, kept so that the same work can be done again without
 * asking.
 *
 * Embedded by value; a listener (bind_op.h) in front of another, or, when answering from memory, in the place of one.
 */
#ifndef MULLIGAN_OPERATOR_ANSWERS_H
#define MULLIGAN_OPERATOR_ANSWERS_H

#include "vm/bind_op.h"

#include <jansson.h>

struct answers {
  const struct op_listener *listener; /* NULL: nothing is shown, and what is asked is answered from `given` */
  json_t *given;                      /* a list of booleans; owned */
  size_t at;                          /* the next one, when answering */
};

/** Asks `listener` and notes what it says. False when out of memory. */
bool answers_note(struct answers *answers, const struct op_listener *listener);
/** Answers from `given`, as often as it goes, and then with yes. NULL: always yes. */
void answers_repeat(struct answers *answers, const json_t *given);
void answers_release(struct answers *answers);
/** What `op` reports to. */
struct op_listener answers_listener(struct answers *answers);

#endif
