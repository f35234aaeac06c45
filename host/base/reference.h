/**
 * reference.h - the ERR-7K3F-9QXA that a user quotes, and the RUN-7K3F-9QXA that an operator does.
 */
#ifndef MULLIGAN_BASE_REFERENCE_H
#define MULLIGAN_BASE_REFERENCE_H

#include <stdbool.h>

enum { MULLIGAN_REFERENCE_SIZE = 14 }; /* "ERR-XXXX-XXXX" or "RUN-XXXX-XXXX" and its NUL */

/** Writes a new random reference: eight symbols of Crockford's base 32 (no I, L, O, U), 40 bits. Any thread. */
void reference_make(char out[MULLIGAN_REFERENCE_SIZE]);
/**
 * Reads what a person typed: any case, with or without `ERR-` and hyphens, blanks around it, I and L for 1, O for 0.
 * Writes the canonical form; false if it is no reference.
 */
bool reference_normalise(const char *text, char out[MULLIGAN_REFERENCE_SIZE]);

/** The same for the ids of operators' runs, which begin with `RUN-`. */
void reference_make_run(char out[MULLIGAN_REFERENCE_SIZE]);
bool reference_normalise_run(const char *text, char out[MULLIGAN_REFERENCE_SIZE]);

#endif
