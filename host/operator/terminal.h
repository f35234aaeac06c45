/**
 * terminal.h - the operator's terminal: is there one, how wide, what was typed, and Ctrl-C.
 *
 * Questions go to standard error, so that what a command prints can be piped on. One thread uses these functions.
 */
#ifndef MULLIGAN_OPERATOR_TERMINAL_H
#define MULLIGAN_OPERATOR_TERMINAL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdio.h>

/** Can somebody be asked? True when standard input and standard error are terminals. */
bool terminal_is_there(void);
/** The columns of the terminal that `file` writes to; 0 if it is none. */
int terminal_width(FILE *file);
/**
 * Shows `prompt` and reads a line without its end; `secret` shows nothing of what is typed. False at the end of the
 * input or for a line longer than the buffer's cap.
 */
bool terminal_ask(const char *prompt, bool secret, struct buf *line);

/**
 * For the rest of the process's life Ctrl-C ends nothing but the question that terminal_ask() is asking, which then
 * fails as at the input's end, and calls `also` (may be NULL) in the signal handler. terminal_catch_interrupt() leaves
 * it so.
 */
void terminal_note_interrupt(void (*also)(void));
/** Was Ctrl-C pressed since it was last asked? */
bool terminal_was_interrupted(void);
/** From now on Ctrl-C writes `last_words` (static text) and ends the process at once with status 130. */
void terminal_catch_interrupt(const char *last_words);
/** Gives the terminal back as it was found. It happens by itself at exit(); a signal handler may call it, too. */
void terminal_restore(void);
/** From now on Ctrl-C does nothing: what follows is short and must be whole. */
void terminal_ignore_interrupt(void);
/** Back to what Ctrl-C did before terminal_catch_interrupt(). */
void terminal_release_interrupt(void);

#endif
