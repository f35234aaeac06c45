/**
 * negotiation.h - which format and which language a client would rather have.
 */
#ifndef MULLIGAN_HTTP_NEGOTIATION_H
#define MULLIGAN_HTTP_NEGOTIATION_H

#include "vm/route_table.h"

/**
 * The best of the `offered` formats (a set of enum route_renderer) for an Accept header (NULL: none was sent): the
 * highest quality, taken from the most specific range that matches; among equals JSON, HTML, plain text, problem+json,
 * in that order. 0 if none is acceptable.
 */
unsigned negotiation_format(const char *accept, unsigned offered);

/** "ko" or "en" for an Accept-Language header (NULL: none was sent); English where neither is asked for. */
const char *negotiation_language(const char *accept_language);

#endif
