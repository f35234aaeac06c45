/**
 * repl_line.h - the line editor: one input of one or more lines, as it is typed, pasted or taken from the history.
 *
 * The only door to readline, of which a process has one; the main thread uses it. Ctrl-C must be noted by
 * terminal_note_interrupt().
 */
#ifndef MULLIGAN_OPERATOR_REPL_LINE_H
#define MULLIGAN_OPERATOR_REPL_LINE_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** Whom the editor asks. */
struct repl_line_listener {
  void *context;
  /** Is the text a whole input? Otherwise Enter begins a new line of it. */
  bool (*is_whole)(void *context, const char *text);
  /** The words that may take the place of the bytes from `*start` to the cursor: a list, which the editor owns. */
  json_t *(*complete)(void *context, const char *text, size_t cursor, size_t *start);
};

enum repl_line_end {
  REPL_LINE_TEXT,
  REPL_LINE_INTERRUPTED, /* Ctrl-C: what was typed is gone */
  REPL_LINE_CLOSED       /* Ctrl-D on an empty line, or the terminal is gone */
};

/** Makes ready; the listener outlives the reading. The terminal's characters are UTF-8 from now on. */
void repl_line_open(const struct repl_line_listener *listener);
/** Adds an input to those that the arrow keys bring back. */
void repl_line_remember(const char *text);
/** Shows `prompt` (in colour if `style` is not NULL: the bytes that switch it on) with `prefill` typed already, and
 * reads an input. Blocks. */
enum repl_line_end repl_line_read(const char *prompt, const char *style, const char *prefill, struct buf *out);

#endif
