/**
 * confirmation.h - the question before anything is saved, answered by typing what was looked at: never by a mere y.
 */
#ifndef MULLIGAN_OPERATOR_CONFIRMATION_H
#define MULLIGAN_OPERATOR_CONFIRMATION_H

#include <stdbool.h>
#include <stdint.h>

/** Asks on the terminal for the number of rows, or the e-mail address that the run is about (NULL for none). */
bool confirmation_ask(int64_t rows, const char *email);
/** Is `typed` what confirms such a change? For those who ask in their own way. */
bool confirmation_is(const char *typed, int64_t rows, const char *email);

#endif
