/**
 * secrets.c - the values of secret parameters, kept out of what is recorded of a failure.
 *
 * The record's own scrubbing goes by names; a script may have put a secret parameter's value under any name, or into a
 * message. Called by an operator's run on its thread.
 */
#include "operator/secrets.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 8 << 20, SHORT_LENGTH = 4 };

/* Returns a copy of `text` without `secret`; NULL if it does not hold it, `*failed` when out of memory. */
static char *without(const char *text, const char *secret, bool *failed) {
  size_t length = strlen(secret);
  if (length < SHORT_LENGTH && strcmp(text, secret) != 0)
    return NULL;
  const char *found = strstr(text, secret);
  if (!found)
    return NULL;
  struct buf clean;
  buf_init(&clean, TEXT_CAP);
  for (; found; text = found + length, found = strstr(text, secret)) {
    buf_add(&clean, text, (size_t)(found - text));
    buf_add_text(&clean, MULLIGAN_SCRUBBED);
  }
  buf_add_text(&clean, text);
  char *result = clean.failed ? NULL : buf_detach(&clean);
  buf_release(&clean);
  *failed = *failed || !result;
  return result;
}

static json_t *mask_json(json_t *value, const char *secret, bool *failed);

static void mask_children(json_t *value, const char *secret, bool *failed) {
  const char *key;
  size_t index;
  json_t *child;
  if (json_is_object(value)) {
    json_object_foreach(value, key, child) {
      json_t *masked = mask_json(child, secret, failed);
      if (masked && json_object_set_new(value, key, masked) != 0)
        *failed = true;
    }
  } else if (json_is_array(value)) {
    json_array_foreach(value, index, child) {
      json_t *masked = mask_json(child, secret, failed);
      if (masked && json_array_set_new(value, index, masked) != 0)
        *failed = true;
    }
  }
}

/* What takes the place of `value`; NULL if it may stay, its children masked in place. */
static json_t *mask_json(json_t *value, const char *secret, bool *failed) {
  if (!json_is_string(value)) {
    mask_children(value, secret, failed);
    return NULL;
  }
  char *clean = without(json_string_value(value), secret, failed);
  json_t *masked = clean ? json_string(clean) : NULL;
  *failed = *failed || (clean && !masked);
  free(clean);
  return masked;
}

static void mask_text(char **member, const char *secret, bool *failed) {
  char *clean = *member ? without(*member, secret, failed) : NULL;
  if (!clean)
    return;
  free(*member);
  *member = clean;
}

static void mask_record(struct error_record *record, const char *secret, bool *failed) {
  for (; record; record = record->cause) {
    mask_text(&record->message, secret, failed);
    mask_text(&record->value, secret, failed);
    mask_children(record->frames, secret, failed);
    mask_children(record->breadcrumbs, secret, failed);
    mask_children(record->args, secret, failed);
  }
}

bool secrets_mask_record(struct error_record *record, const struct operator_script *script, const json_t *values) {
  bool failed = false;
  for (size_t i = 0; i < script->parameter_count; i++) {
    const json_t *value = json_object_get(values, script->parameters[i].name);
    if (!script->parameters[i].secret || !value)
      continue;
    char *written = json_is_string(value) ? strdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
    if (!written)
      return false;
    if (*written)
      mask_record(record, written, &failed);
    free(written);
  }
  return !failed;
}
