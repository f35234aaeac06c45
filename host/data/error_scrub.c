/**
 * error_scrub.c - a record without its secrets.
 *
 * Called by error_row_create() in the thread that had the error, before the record is queued: nothing behind the queue
 * ever sees a secret. Twice over all: first each member goes through the part of scrub.h that fits it, and what was
 * redacted is remembered; then what is remembered is replaced wherever else it stands, in the causes too.
 *
 * Invariant: on success every text and JSON member has been replaced by a scrubbed copy or was found clean.
 */
#include "data/error_scrub.h"

#include "base/buf.h"
#include "base/taint.h"
#include "data/body_scrub.h"

#include <stdlib.h>
#include <string.h>

enum { SCRUB_TEXT_MOST = 8 * 1024 * 1024 }; /* far above what error_record_set() lets in */

/* ---- by name and by looks ---- */

typedef bool scrub_function(const struct scrub *scrub, const char *text, size_t length, struct buf *out,
                            struct scrub_tally *tally);

/** Puts a cleaned text in the place of a member; the usual one has no secret and stays as it was written. */
static bool replace(char **member, struct buf *clean) {
  char *text = buf_detach(clean);
  if (text == NULL)
    return false;
  free(*member);
  *member = text;
  return true;
}

static bool scrub_member(const struct scrub *scrub, scrub_function *function, char **member,
                         struct scrub_tally *tally) {
  if (*member == NULL || **member == '\0')
    return true;
  struct buf clean;
  buf_init(&clean, SCRUB_TEXT_MOST);
  int before = tally->count;
  bool good = function(scrub, *member, strlen(*member), &clean, tally) && !clean.failed;
  if (good && tally->count > before)
    good = replace(member, &clean);
  buf_release(&clean);
  return good;
}

static bool scrub_value(const struct scrub *scrub, json_t **member, struct scrub_tally *tally) {
  if (*member == NULL)
    return true;
  json_t *clean = scrub_json(scrub, *member, tally);
  if (clean == NULL)
    return false;
  json_decref(*member);
  *member = clean;
  return true;
}

static bool scrub_one(struct error_record *record, const struct scrub *scrub, struct taint *taint) {
  struct scrub_tally tally = {.taint = taint};
  char **const texts[] = {
      &record->method,      &record->path,       &record->user_email, &record->remote_addr,
      &record->user_agent,  &record->request_id, &record->script,     &record->operator_name,
      &record->fingerprint, &record->code,       &record->exc_type,   &record->route,
  };
  bool good = scrub_member(scrub, body_scrub, &record->body, &tally) &&
              scrub_member(scrub, scrub_form, &record->query, &tally) &&
              scrub_member(scrub, body_scrub_text, &record->message, &tally) &&
              scrub_member(scrub, body_scrub_text, &record->value, &tally) &&
              scrub_value(scrub, &record->headers, &tally) && scrub_value(scrub, &record->args, &tally) &&
              scrub_value(scrub, &record->frames, &tally) && scrub_value(scrub, &record->breadcrumbs, &tally);
  for (size_t i = 0; good && i < sizeof texts / sizeof *texts; i++)
    good = scrub_member(scrub, scrub_text, texts[i], &tally);
  record->scrubbed = tally.count;
  return good;
}

/* ---- by taint ---- */

static bool clean_member(struct taint *taint, char **member, int *count) {
  if (*member == NULL)
    return true;
  struct buf clean;
  buf_init(&clean, SCRUB_TEXT_MOST);
  int before = *count;
  bool good = taint_text(taint, *member, strlen(*member), &clean, count) && !clean.failed;
  if (good && *count > before)
    good = replace(member, &clean);
  buf_release(&clean);
  return good;
}

/** What of a frame comes from data. Its file and function are the program's own, and errors are grouped by them. */
static bool clean_frame(struct taint *taint, json_t *frame, int *count) {
  static const char *const members[] = {"source", "locals", "upvalues"};
  for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
    json_t *member = json_object_get(frame, members[i]);
    if (!json_is_object(member) && !json_is_array(member))
      continue;
    if (!taint_json(taint, &member, count)) /* in place */
      return false;
  }
  return true;
}

/** Who it was and how the request is found again stays, even if somebody's password is their own e-mail address. */
static bool clean_one(struct error_record *record, struct taint *taint) {
  char **const texts[] = {
      &record->message,    &record->value,    &record->path,   &record->query,       &record->body,
      &record->user_agent, &record->exc_type, &record->script, &record->fingerprint, &record->code,
  };
  bool good = taint_json(taint, &record->headers, &record->scrubbed) &&
              taint_json(taint, &record->args, &record->scrubbed) &&
              taint_json(taint, &record->breadcrumbs, &record->scrubbed);
  for (size_t i = 0; good && i < sizeof texts / sizeof *texts; i++)
    good = clean_member(taint, texts[i], &record->scrubbed);
  for (size_t i = 0; good && i < json_array_size(record->frames); i++)
    good = clean_frame(taint, json_array_get(record->frames, i), &record->scrubbed);
  return good;
}

bool error_scrub(struct error_record *record, const struct scrub *scrub) {
  struct taint *taint = taint_create();
  bool good = taint != NULL;
  for (struct error_record *at = record; good && at != NULL; at = at->cause)
    taint_add_all(taint, at->taint);
  for (struct error_record *at = record; good && at != NULL; at = at->cause)
    good = scrub_one(at, scrub, taint);
  for (struct error_record *at = record; good && at != NULL; at = at->cause)
    good = clean_one(at, taint);
  taint_destroy(taint);
  return good;
}
