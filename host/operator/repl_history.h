/**
 * repl_history.h - what was typed, with its time, kept from one session to the next.
 *
 * A file in the operator's home ($XDG_STATE_HOME/mulligan/history, else ~/.local/state/mulligan/history, for them
 * alone), one JSON object a line: {at, input}. Each input is added at once, under a lock of the file, so that two
 * sessions at a time lose nothing of each other. Values that give themselves away as secrets are replaced, and an input
 * that begins with a blank is not kept. One thread uses a history.
 */
#ifndef MULLIGAN_OPERATOR_REPL_HISTORY_H
#define MULLIGAN_OPERATOR_REPL_HISTORY_H

#include "base/fault.h"
#include "base/scrub.h"

#include <jansson.h>

enum { REPL_HISTORY_KEPT = 5000 };

struct repl_history;

/** Finds the file and reads its last REPL_HISTORY_KEPT inputs. A history that cannot be read or written is one that
 * is not kept; `fault` says why, and `*out` is there all the same. NULL in `*out` only when out of memory. */
enum mulligan_status repl_history_open(struct repl_history **out, const struct scrub *scrub, struct fault *fault);
void repl_history_close(struct repl_history *history);
/** What was read, and what was added since: a list of {at, input}, the oldest first. Lent. */
const json_t *repl_history_inputs(const struct repl_history *history);
/** Adds an input, in memory and to the file. */
void repl_history_add(struct repl_history *history, const char *input);

#endif
