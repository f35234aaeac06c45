/**
 * token.h - RFC 9110's token: what the name of a header and an unquoted parameter are made of.
 *
 * Pure functions; any thread.
 */
#ifndef MULLIGAN_BASE_TOKEN_H
#define MULLIGAN_BASE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

bool token_has(char c);
/** Is the whole text a token? An empty one is none. */
bool token_is(const char *text, size_t length);

#endif
