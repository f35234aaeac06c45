/**
 * error_scrub.h - a record without its secrets.
 */
#ifndef MULLIGAN_DATA_ERROR_SCRUB_H
#define MULLIGAN_DATA_ERROR_SCRUB_H

#include "base/scrub.h"
#include "data/error_log.h"

#include <stdbool.h>

/**
 * Scrubs every text and JSON value of a record and of its causes: each by what it is, and then all of them of whatever
 * was redacted anywhere in them or is in their `taint`. Sets `scrubbed`. False when out of memory: the records then
 * still hold secrets and must be thrown away.
 */
bool error_scrub(struct error_record *record, const struct scrub *scrub);

#endif
