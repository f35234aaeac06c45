/**
 * error_scrub.c - a record without its secrets.
 *
 * Called by error_row_create() in the thread that had the error, before the record is queued: nothing behind the queue
 * ever sees a secret. Each member goes through the part of scrub.h that fits it.
 *
 * Invariant: on success every text and JSON member has been replaced by a scrubbed copy or was found clean.
 */
#include "data/error_scrub.h"

#include "base/buf.h"
#include "data/body_scrub.h"

#include <stdlib.h>
#include <string.h>

enum { SCRUB_TEXT_MOST = 8 * 1024 * 1024 }; /* far above what error_record_set() lets in */

typedef bool scrub_function(const struct scrub *scrub, const char *text, size_t length, struct buf *out, int *count);

static bool scrub_member(const struct scrub *scrub, scrub_function *function, char **member, int *count) {
  if (*member == NULL || **member == '\0')
    return true;
  struct buf clean;
  buf_init(&clean, SCRUB_TEXT_MOST);
  int found = 0;
  bool good = function(scrub, *member, strlen(*member), &clean, &found) && !clean.failed;
  /* The usual text has no secret and stays; a form or JSON body may also have been written anew. */
  if (good && found > 0) {
    char *text = buf_detach(&clean);
    good = text != NULL;
    if (good) {
      free(*member);
      *member = text;
      *count += found;
    }
  }
  buf_release(&clean);
  return good;
}

static bool scrub_value(const struct scrub *scrub, json_t **member, int *count) {
  if (*member == NULL)
    return true;
  json_t *clean = scrub_json(scrub, *member, count);
  if (clean == NULL)
    return false;
  json_decref(*member);
  *member = clean;
  return true;
}

bool error_scrub_record(struct error_record *record, const struct scrub *scrub, int *count) {
  char **const texts[] = {
      &record->message,     &record->value,      &record->method,     &record->path,   &record->user_email,
      &record->remote_addr, &record->user_agent, &record->request_id, &record->script, &record->operator_name,
      &record->fingerprint, &record->code,       &record->exc_type,   &record->route,
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (!scrub_member(scrub, scrub_text, texts[i], count))
      return false;
  }
  return scrub_member(scrub, scrub_form, &record->query, count) &&
         scrub_member(scrub, body_scrub, &record->body, count) && scrub_value(scrub, &record->frames, count) &&
         scrub_value(scrub, &record->breadcrumbs, count) && scrub_value(scrub, &record->headers, count) &&
         scrub_value(scrub, &record->args, count);
}
