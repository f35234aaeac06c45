/**
 * error_record.c - one occurrence in memory: made, filled, thrown away.
 *
 * Called by whoever captures an error (the request's thread, an operator's run, the loader). A record belongs to one
 * thread until error_log_record() takes it. Its texts are always valid UTF-8 without NUL, whatever was put in, because
 * they go into JSON and SQL as they are.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/taint.h"
#include "base/utf8.h"
#include "data/error_log.h"

#include <stdlib.h>
#include <string.h>

struct error_record *error_record_create(enum error_source source) {
  struct error_record *record = calloc(1, sizeof *record);
  if (record == NULL)
    return NULL;
  reference_make(record->reference);
  record->occurred_at = clock_wall_us();
  record->source = source;
  record->level = source == ERROR_SOURCE_WARNING ? "warning" : "error";
  return record;
}

void error_record_destroy(struct error_record *record) {
  /* A chain of causes may be long; a loop keeps the C stack out of it. */
  while (record != NULL) {
    struct error_record *cause = record->cause;
    char *const texts[] = {
        record->code,       record->exc_type,   record->message,       record->value,
        record->method,     record->route,      record->path,          record->query,
        record->body,       record->user_email, record->remote_addr,   record->user_agent,
        record->request_id, record->script,     record->operator_name, record->fingerprint,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
      free(texts[i]);
    json_decref(record->frames);
    json_decref(record->breadcrumbs);
    json_decref(record->headers);
    json_decref(record->args);
    taint_destroy(record->taint);
    free(record);
    record = cause;
  }
}

void error_record_set(struct error_record *record, char **member, const char *text, size_t length, size_t most) {
  if (text == NULL) {
    free(*member);
    *member = NULL;
    return;
  }

  bool cut = length > most;
  if (cut) {
    /* The cut may split a character; its bytes go, rather than show as damage that was not there. */
    size_t whole = utf8_valid_prefix(text, most);
    length = most - whole < 4 ? whole : most;
  }
  struct buf copy;
  buf_init(&copy, length * 3 + 1); /* repairing makes three bytes of one at most */
  for (size_t at = 0; at < length;) {
    const char *nul = memchr(text + at, '\0', length - at);
    size_t run = nul != NULL ? (size_t)(nul - text) - at : length - at;
    utf8_add_repaired(&copy, text + at, run);
    at += run;
    if (nul != NULL) {
      buf_add_text(&copy, "\xEF\xBF\xBD");
      at++;
    }
  }
  if (copy.length > most) {
    copy.length = utf8_cut(copy.data, copy.length, most);
    copy.data[copy.length] = '\0';
    cut = true;
  }
  record->truncated = record->truncated || cut || copy.failed;
  free(*member); /* last, since `text` may be it */
  *member = copy.failed ? NULL : buf_detach(&copy);
  buf_release(&copy);
}

void error_record_add_cause(struct error_record *record, struct error_record *cause) {
  while (record->cause != NULL)
    record = record->cause;
  record->cause = cause;
}

static void inherit_text(struct error_record *record, char **member, const char *text) {
  if (text != NULL)
    error_record_set(record, member, text, strlen(text), SIZE_MAX);
}

void error_record_inherit(struct error_record *record) {
  for (struct error_record *at = record->cause; at != NULL; at = at->cause) {
    if (at->method != NULL || at->script != NULL)
      continue;
    at->source = record->source;
    at->level = record->level;
    at->handled = true; /* somebody caught it */
    at->status = record->status;
    at->user_id = record->user_id;
    at->generation = record->generation;
    inherit_text(at, &at->method, record->method);
    inherit_text(at, &at->route, record->route);
    inherit_text(at, &at->path, record->path);
    inherit_text(at, &at->user_email, record->user_email);
    inherit_text(at, &at->request_id, record->request_id);
    inherit_text(at, &at->script, record->script);
    inherit_text(at, &at->operator_name, record->operator_name);
  }
}
