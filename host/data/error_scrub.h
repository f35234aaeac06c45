/**
 * error_scrub.h - a record without its secrets.
 */
#ifndef MULLIGAN_DATA_ERROR_SCRUB_H
#define MULLIGAN_DATA_ERROR_SCRUB_H

#include "base/scrub.h"
#include "data/error_log.h"

#include <stdbool.h>

/**
 * Scrubs every text and JSON value of one record (not of its causes), each by what it is, and adds the number of
 * replacements to
 * `*count`. False when out of memory: the record then still holds secrets and must be thrown away.
 */
bool error_scrub_record(struct error_record *record, const struct scrub *scrub, int *count);

#endif
