/**
 * mail_field.h - the fields of an alert (outbox.h), as mails tell them.
 *
 * Every text that is appended is one line, whatever the field holds, and cut where it is long. A field that is absent,
 * or of another type than it should be, is empty. Any thread.
 */
#ifndef MULLIGAN_ALERTS_MAIL_FIELD_H
#define MULLIGAN_ALERTS_MAIL_FIELD_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** The text as it is; "" if it is absent. */
const char *mail_field_text(const json_t *alert, const char *key);
/** 0 if it is absent. */
int64_t mail_field_number(const json_t *alert, const char *key);

/** Appends a text of the alert; false if there is nothing in it. */
bool mail_field_add(struct buf *out, const json_t *alert, const char *key);
/** Appends `GET /api/v1/seminar/{id}/`: the route or, of a request without one, the path; false if there is neither. */
bool mail_field_add_request(struct buf *out, const json_t *alert);
/** Appends `TypeError: message`. */
void mail_field_add_title(struct buf *out, const json_t *alert);

/** Appends any text in at most `most` bytes, the last of which are `…` if some are missing. */
void mail_field_add_line(struct buf *out, const char *text, size_t length, size_t most);
/** Appends `10,000`. */
void mail_field_add_number(struct buf *out, int64_t number);
/** Appends `2021-11-13 14:59:00 UTC`. */
void mail_field_add_time(struct buf *out, int64_t wall_us);

#endif
