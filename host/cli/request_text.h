/**
 * request_text.h - requests, written out for a person at a terminal.
 *
 * What a client sent is shown with its control characters escaped: the terminal is not the client's.
 */
#ifndef MULLIGAN_CLI_REQUEST_TEXT_H
#define MULLIGAN_CLI_REQUEST_TEXT_H

#include <jansson.h>
#include <stdio.h>

/** The line above a table. */
void request_text_heading(FILE *out);
/** Rows of `request_log`, one a line, in columns that stay the same from one call to the next. */
void request_text_rows(FILE *out, const json_t *rows);
/** One row in full, with its bodies. */
void request_text_show(FILE *out, const json_t *row);
/** What a list does not have, if anything, as request_log_gaps() tells it. */
void request_text_gaps(FILE *out, const json_t *gaps);

#endif
