/**
 * debug_source.h - more of the source around each frame of an error's record.
 */
#ifndef MULLIGAN_HTTP_DEBUG_SOURCE_H
#define MULLIGAN_HTTP_DEBUG_SOURCE_H

#include "data/error_log.h"
#include "vm/generation.h"

/**
 * Gives the frames of a record and of its causes several lines of `source` on each side, as far as a bound on them all
 * goes: those of scripts from the generation (NULL: none), those of the standard library from the binary. To be called
 * before the record goes to the ErrorLog, which scrubs source as anything else.
 */
void debug_source_widen(struct error_record *record, const struct generation *generation);

#endif
