/**
 * console_key.h - Ctrl-C while a console runs an input.
 *
 * It stops the input and nothing else; one that cannot be stopped is left to itself at the third press, and the program
 * with it, before anything is saved. One thread uses these functions.
 */
#ifndef MULLIGAN_OPERATOR_CONSOLE_KEY_H
#define MULLIGAN_OPERATOR_CONSOLE_KEY_H

#include "operator/console.h"

/**
 * From now on Ctrl-C goes to `console` (NULL: it ends questions only), which outlives that, and is noted
 * (terminal_was_interrupted()); returns the one it went to before.
 */
struct console *console_key_watch(struct console *console);
/** Presses are counted anew: a new input begins. */
void console_key_begin(void);

#endif
