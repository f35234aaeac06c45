/**
 * row_field.h - members of a row, an object whose keys are columns, for people to read.
 */
#ifndef MULLIGAN_CLI_ROW_FIELD_H
#define MULLIGAN_CLI_ROW_FIELD_H

#include <jansson.h>
#include <stdint.h>

enum { ROW_TIME_SIZE = 32 };

/** The text of this name; "" where there is none. The row's own. */
const char *row_text(const json_t *row, const char *name);
/** The integer of this name; 0 where there is none. */
int64_t row_number(const json_t *row, const char *name);
/** Writes microseconds since 1970 as `2021-11-13 23:59:00` in local time, "-" for 0, and returns `out`. */
const char *row_time(int64_t us, char out[ROW_TIME_SIZE]);

#endif
