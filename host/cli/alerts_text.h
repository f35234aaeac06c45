/**
 * alerts_text.h - channels and messages, written out for a person at a terminal.
 */
#ifndef MULLIGAN_CLI_ALERTS_TEXT_H
#define MULLIGAN_CLI_ALERTS_TEXT_H

#include <jansson.h>
#include <stdio.h>

/** The channels, as outbox_channels() gives them, with `configured` and `missing` added. */
void alerts_text_channels(FILE *out, const json_t *channels);
/** A table of the messages that wait or failed, as outbox_messages() gives them. */
void alerts_text_messages(FILE *out, const json_t *messages);

#endif
