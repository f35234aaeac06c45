/**
 * control.h - how a command reaches the running host of a data folder: a socket in that folder.
 *
 * A question is one JSON object on one line, `{"command": "reload", …}`, its answer another; then the connection ends.
 * Only the user who owns the data folder gets at the socket. It takes any path's length, since it is reached through
 * the folder's descriptor.
 */
#ifndef MULLIGAN_BASE_CONTROL_H
#define MULLIGAN_BASE_CONTROL_H

#include "base/fault.h"

#include <jansson.h>

struct control;

/** A question that the host answers. */
struct control_command {
  const char *name;
  /** Called on the control's thread; the caller owns what it returns. NULL stands for out of memory. */
  json_t *(*answer)(void *context, const json_t *question);
  void *context;
};

/**
 * Starts to listen in `folder`, on a thread of its own, for the `commands` (ended by a row without a name; they must
 * outlive the control). One question is answered at a time. MULLIGAN_BUSY if another host serves from the folder.
 */
enum mulligan_status control_open(struct control **out, const char *folder, const struct control_command *commands,
                                  struct fault *fault);
/** Stops listening, once the question under way is answered. NULL is taken. */
void control_close(struct control *control);

/**
 * Asks the host that serves from `folder` and waits up to `seconds` for its answer, which the caller then owns.
 * MULLIGAN_MISSING if no host is running there; MULLIGAN_INVALID with the host's words if it refuses the question.
 */
enum mulligan_status control_ask(const char *folder, const json_t *question, double seconds, json_t **answer,
                                 struct fault *fault);

#endif
