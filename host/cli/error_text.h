/**
 * error_text.h - errors and groups, written out for a person at a terminal.
 *
 * Control characters in what is shown are written as escapes: the text of an error is its client's, the terminal is
 * not.
 */
#ifndef MULLIGAN_CLI_ERROR_TEXT_H
#define MULLIGAN_CLI_ERROR_TEXT_H

#include <jansson.h>
#include <stdio.h>

/** A table of rows of `error_log`: local time, reference, status, type, route, the message's beginning. */
void error_text_list(FILE *out, const json_t *rows);
/** One row in full, with its frames, their source and their locals. */
void error_text_show(FILE *out, const json_t *row);
/** A table of rows of `error_group`. */
void error_text_groups(FILE *out, const json_t *groups);
/** What could not be kept, if anything: rows of `error_dropped`. */
void error_text_dropped(FILE *out, const json_t *rows);

#endif
