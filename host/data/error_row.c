/**
 * error_row.c - an occurrence as it is stored: scrubbed, cut, one value a column.
 *
 * Made in the thread that had the error, so that the costly part (scrubbing, writing JSON) is done in parallel and
 * before any lock; used by the writer thread after that. The table of fields below is the only place that knows the
 * columns' order and types: the INSERT, the spool's lines and the reading side all go by it.
 */
#include "data/error_row.h"

#include "base/utf8.h"
#include "data/error_scrub.h"

#include <stdlib.h>
#include <string.h>

enum {
  CAUSES_MOST = 5,
  TEXT_MOST = 2048,
  MESSAGE_MOST = MULLIGAN_ERROR_MESSAGE_MOST,
  BODY_MOST = MULLIGAN_ERROR_BODY_MOST,
  JSON_MOST = 64 * 1024,
  SLIM_MOST = 256,         /* of a message without payload */
  FRAMES_MOST = 128 * 1024 /* 64 KiB of values, as they were walked, and the source around */
};

static const struct {
  const char *name;
  enum error_type type;
} fields[ERROR_FIELD_COUNT] = {
#define FIELD(upper, lower, type) {#lower, ERROR_##type},
    ERROR_FIELDS(FIELD)
#undef FIELD
};

const char *error_field_name(enum error_field field) {
  return fields[field].name;
}

enum error_type error_field_type(enum error_field field) {
  return fields[field].type;
}

enum error_field error_field_find(const char *name) {
  int field = 0;
  while (field < ERROR_FIELD_COUNT && strcmp(fields[field].name, name) != 0)
    field++;
  return (enum error_field)field;
}

const char *error_row_reference(const struct error_row *row) {
  return row->values[ERROR_FIELD_REF].text;
}

static void destroy_one(struct error_row *row) {
  for (int i = 0; i < ERROR_FIELD_COUNT; i++)
    free(row->values[i].text);
  error_fingerprint_release(&row->fingerprint);
  free(row);
}

void error_row_destroy(struct error_row *row) {
  while (row != NULL) {
    struct error_row *cause = row->cause;
    destroy_one(row);
    row = cause;
  }
}

void error_row_slim(struct error_row *row) {
  static const enum error_field payload[] = {ERROR_FIELD_VALUE, ERROR_FIELD_FRAMES,    ERROR_FIELD_BREADCRUMBS,
                                             ERROR_FIELD_QUERY, ERROR_FIELD_HEADERS,   ERROR_FIELD_BODY,
                                             ERROR_FIELD_ARGS,  ERROR_FIELD_USER_AGENT};
  for (size_t i = 0; i < sizeof payload / sizeof *payload; i++) {
    free(row->values[payload[i]].text);
    row->values[payload[i]] = (struct error_value){0};
  }
  struct error_value *message = &row->values[ERROR_FIELD_MESSAGE];
  if (message->length > SLIM_MOST) {
    message->length = utf8_cut(message->text, message->length, SLIM_MOST);
    message->text[message->length] = '\0';
  }
  row->values[ERROR_FIELD_TRUNCATED].integer = true;
  row->values[ERROR_FIELD_STORM].integer = true;
}

/* ---- from a record ---- */

static void set_integer(struct error_row *row, enum error_field field, int64_t value) {
  row->values[field].present = true;
  row->values[field].integer = value;
}

/** For members whose 0 says "none". */
static void set_known(struct error_row *row, enum error_field field, int64_t value) {
  if (value != 0)
    set_integer(row, field, value);
}

/** Takes over `text`, which came from malloc(); NULL stays NULL. */
static void take_text(struct error_row *row, enum error_field field, char *text, size_t length) {
  if (text == NULL)
    return;
  row->values[field] = (struct error_value){.present = true, .text = text, .length = length};
  row->bytes += length;
}

static bool copy_text(struct error_row *row, enum error_field field, const char *text) {
  char *copy = text != NULL ? strdup(text) : NULL;
  take_text(row, field, copy, copy != NULL ? strlen(copy) : 0);
  return copy != NULL || text == NULL;
}

/** Takes a record's text over into its row; true if it had to be cut. */
static bool move_text(struct error_row *row, enum error_field field, char **member, size_t most) {
  if (*member == NULL)
    return false;
  size_t length = strlen(*member);
  size_t kept = utf8_cut(*member, length, most);
  (*member)[kept] = '\0';
  take_text(row, field, *member, kept);
  *member = NULL;
  return kept < length;
}

/**
 * Writes a JSON member into its row. What is too large loses its end, half at a time for lists (the innermost frames
 * and, of breadcrumbs, the latest are what matters), altogether for objects.
 */
static bool put_json(struct error_row *row, enum error_field field, json_t *value, size_t most, bool *truncated) {
  if (value == NULL)
    return true;
  size_t size;
  while ((size = json_dumpb(value, NULL, 0, JSON_COMPACT)) > most) {
    *truncated = true;
    size_t count = json_array_size(value);
    if (count == 0)
      return true;
    for (size_t i = count / 2; i < count; i++)
      json_array_remove(value, field == ERROR_FIELD_BREADCRUMBS ? 0 : json_array_size(value) - 1);
  }
  char *text = malloc(size + 1);
  if (text == NULL)
    return false;
  json_dumpb(value, text, size, JSON_COMPACT);
  text[size] = '\0';
  take_text(row, field, text, size);
  return true;
}

static bool fill(struct error_row *row, struct error_record *record, const struct error_origin *origin) {
  static const char *const sources[] = {"request", "operator", "notebook", "reload", "alert", "warning", "host"};
  bool cut = record->truncated;
  const struct {
    enum error_field field;
    char **member;
    size_t most;
  } texts[] = {
      {ERROR_FIELD_CODE, &record->code, TEXT_MOST},
      {ERROR_FIELD_EXC_TYPE, &record->exc_type, TEXT_MOST},
      {ERROR_FIELD_MESSAGE, &record->message, MESSAGE_MOST},
      {ERROR_FIELD_VALUE, &record->value, MESSAGE_MOST},
      {ERROR_FIELD_METHOD, &record->method, TEXT_MOST},
      {ERROR_FIELD_ROUTE, &record->route, TEXT_MOST},
      {ERROR_FIELD_PATH, &record->path, TEXT_MOST},
      {ERROR_FIELD_QUERY, &record->query, MESSAGE_MOST},
      {ERROR_FIELD_BODY, &record->body, BODY_MOST},
      {ERROR_FIELD_USER_EMAIL, &record->user_email, TEXT_MOST},
      {ERROR_FIELD_REMOTE_ADDR, &record->remote_addr, TEXT_MOST},
      {ERROR_FIELD_USER_AGENT, &record->user_agent, TEXT_MOST},
      {ERROR_FIELD_REQUEST_ID, &record->request_id, TEXT_MOST},
      {ERROR_FIELD_SCRIPT, &record->script, TEXT_MOST},
      {ERROR_FIELD_OPERATOR, &record->operator_name, TEXT_MOST},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    cut = move_text(row, texts[i].field, texts[i].member, texts[i].most) || cut;

  bool good = copy_text(row, ERROR_FIELD_REF, record->reference) &&
              copy_text(row, ERROR_FIELD_SOURCE, sources[record->source]) &&
              copy_text(row, ERROR_FIELD_LEVEL, record->level) &&
              copy_text(row, ERROR_FIELD_RELEASE, origin->release) && copy_text(row, ERROR_FIELD_HOST, origin->host) &&
              put_json(row, ERROR_FIELD_FRAMES, record->frames, FRAMES_MOST, &cut) &&
              put_json(row, ERROR_FIELD_BREADCRUMBS, record->breadcrumbs, JSON_MOST, &cut) &&
              put_json(row, ERROR_FIELD_HEADERS, record->headers, JSON_MOST, &cut) &&
              put_json(row, ERROR_FIELD_ARGS, record->args, JSON_MOST, &cut);

  set_integer(row, ERROR_FIELD_OCCURRED_AT, record->occurred_at);
  set_integer(row, ERROR_FIELD_HANDLED, record->handled);
  set_known(row, ERROR_FIELD_STATUS, record->status);
  set_known(row, ERROR_FIELD_APP_CODE, record->app_code);
  set_known(row, ERROR_FIELD_USER_ID, record->user_id);
  set_known(row, ERROR_FIELD_GENERATION, record->generation);
  set_known(row, ERROR_FIELD_DURATION_US, record->duration_us);
  set_known(row, ERROR_FIELD_LUA_BYTES, record->lua_bytes);
  set_known(row, ERROR_FIELD_BODY_LENGTH, record->body_length);
  set_integer(row, ERROR_FIELD_PID, origin->pid);
  set_integer(row, ERROR_FIELD_SCRUBBED, record->scrubbed);
  set_integer(row, ERROR_FIELD_TRUNCATED, cut);
  set_integer(row, ERROR_FIELD_STORM, false);
  return good;
}

static struct error_row *create_one(struct error_record *record, const struct error_origin *origin) {
  struct error_row *row = calloc(1, sizeof *row);
  if (row == NULL)
    return NULL;
  row->bytes = sizeof *row;
  if (!error_fingerprint_make(&row->fingerprint, record) || !fill(row, record, origin)) {
    destroy_one(row);
    return NULL;
  }
  return row;
}

struct error_row *error_row_create(struct error_record *record, const struct error_origin *origin) {
  struct error_row *first = NULL, **end = &first;
  int count = 0;
  error_record_inherit(record);
  bool clean = error_scrub(record, origin->scrub);
  for (struct error_record *at = record; clean && at != NULL && count <= CAUSES_MOST; at = at->cause, count++) {
    if (count == CAUSES_MOST && at->cause != NULL)
      at->truncated = true;
    *end = create_one(at, origin);
    if (*end == NULL) {
      error_row_destroy(first);
      first = NULL;
      break;
    }
    if (*end != first)
      first->bytes += (*end)->bytes;
    end = &(*end)->cause;
  }
  error_record_destroy(record);
  return first;
}

/* ---- to a line of JSON and back ---- */

static int add_dumped(const char *bytes, size_t length, void *out) {
  return buf_add(out, bytes, length) ? 0 : -1;
}

static bool add_json_text(struct buf *out, const char *text, size_t length) {
  json_t *value = json_stringn_nocheck(text, length); /* valid UTF-8 since error_record_set() */
  bool good = value != NULL && json_dump_callback(value, add_dumped, out, JSON_ENCODE_ANY) == 0;
  json_decref(value);
  return good;
}

static bool add_member(struct buf *out, const char *name, const char *text) {
  return buf_addf(out, "\"%s\":", name) && add_json_text(out, text, strlen(text));
}

/** Appends the row as an object, with its causes inside. */
static bool add_object(const struct error_row *row, struct buf *out) {
  bool good = buf_add_char(out, '{');
  for (int i = 0; good && i < ERROR_FIELD_COUNT; i++) {
    const struct error_value *value = &row->values[i];
    if (!value->present)
      continue;
    good = buf_addf(out, "\"%s\":", fields[i].name);
    if (fields[i].type == ERROR_INTEGER)
      good = good && buf_addf(out, "%lld,", (long long)value->integer);
    else if (fields[i].type == ERROR_BOOLEAN)
      good = good && buf_add_text(out, value->integer != 0 ? "true," : "false,");
    else if (fields[i].type == ERROR_JSON)
      good = good && buf_add(out, value->text, value->length) && buf_add_char(out, ',');
    else
      good = good && add_json_text(out, value->text, value->length) && buf_add_char(out, ',');
  }
  good = good && buf_addf(out, "\"group\":{\"algorithm\":%d,", row->fingerprint.algorithm) &&
         add_member(out, "fingerprint", row->fingerprint.hash) && buf_add_char(out, ',') &&
         add_member(out, "explanation", row->fingerprint.explanation) && buf_add_char(out, ',') &&
         add_member(out, "title", row->fingerprint.title) && buf_add_char(out, ',') &&
         add_member(out, "culprit", row->fingerprint.culprit) && buf_add_char(out, '}');
  if (good && row->shared[0] != '\0')
    good = buf_addf(out, ",\"shared\":\"%s\",\"repeats\":%lld", row->shared, (long long)row->repeats);
  if (good && row->cause != NULL)
    good = buf_add_text(out, ",\"cause\":") && add_object(row->cause, out); /* CAUSES_MOST deep */
  return good && buf_add_char(out, '}');
}

bool error_row_write(const struct error_row *row, struct buf *out) {
  return add_object(row, out) && buf_add_char(out, '\n');
}

static bool read_field(struct error_row *row, enum error_field field, const json_t *value) {
  switch (fields[field].type) {
  case ERROR_INTEGER:
    if (!json_is_integer(value))
      return false;
    set_integer(row, field, json_integer_value(value));
    return true;
  case ERROR_BOOLEAN:
    if (!json_is_boolean(value))
      return false;
    set_integer(row, field, json_is_true(value));
    return true;
  case ERROR_TEXT:
    return json_is_string(value) && copy_text(row, field, json_string_value(value));
  case ERROR_JSON: {
    char *text = json_dumps(value, JSON_COMPACT);
    take_text(row, field, text, text != NULL ? strlen(text) : 0);
    return text != NULL;
  }
  }
  return false;
}

static bool read_fingerprint(struct error_fingerprint *fingerprint, const json_t *group) {
  const char *hash = json_string_value(json_object_get(group, "fingerprint"));
  const char *explanation = json_string_value(json_object_get(group, "explanation"));
  const char *title = json_string_value(json_object_get(group, "title"));
  const char *culprit = json_string_value(json_object_get(group, "culprit"));
  if (hash == NULL || strlen(hash) >= sizeof fingerprint->hash || explanation == NULL || title == NULL ||
      culprit == NULL)
    return false;
  memcpy(fingerprint->hash, hash, strlen(hash) + 1);
  fingerprint->algorithm = (int)json_integer_value(json_object_get(group, "algorithm"));
  fingerprint->explanation = strdup(explanation);
  fingerprint->title = strdup(title);
  fingerprint->culprit = strdup(culprit);
  return fingerprint->explanation != NULL && fingerprint->title != NULL && fingerprint->culprit != NULL;
}

/** The reference that a row shares, if it has none of its own; false if that is none. */
static bool read_shared(struct error_row *row, const json_t *line) {
  const char *shared = json_string_value(json_object_get(line, "shared"));
  if (shared == NULL)
    return true;
  row->repeats = json_integer_value(json_object_get(line, "repeats"));
  return row->repeats > 0 && reference_normalise(shared, row->shared);
}

static struct error_row *read_one(const json_t *line, struct fault *fault) {
  struct error_row *row = calloc(1, sizeof *row);
  if (row == NULL) {
    fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading the spool");
    return NULL;
  }
  row->bytes = sizeof *row;
  set_integer(row, ERROR_FIELD_STORM, false);
  bool good = read_fingerprint(&row->fingerprint, json_object_get(line, "group")) && read_shared(row, line);
  for (int i = 0; good && i < ERROR_FIELD_COUNT; i++) {
    const json_t *value = json_object_get(line, fields[i].name);
    good = value == NULL || read_field(row, (enum error_field)i, value);
  }
  /* What the table insists on. */
  static const enum error_field needed[] = {ERROR_FIELD_REF,      ERROR_FIELD_OCCURRED_AT, ERROR_FIELD_SOURCE,
                                            ERROR_FIELD_LEVEL,    ERROR_FIELD_HANDLED,     ERROR_FIELD_SCRUBBED,
                                            ERROR_FIELD_TRUNCATED};
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
    good = good && row->values[needed[i]].present;
  if (!good) {
    destroy_one(row);
    fault_set(fault, MULLIGAN_INVALID, "a line of the spool is not an error's");
    return NULL;
  }
  return row;
}

struct error_row *error_row_read(const json_t *line, struct fault *fault) {
  struct error_row *first = NULL, **end = &first;
  int count = 0;
  for (const json_t *at = line; at != NULL && count <= CAUSES_MOST; at = json_object_get(at, "cause"), count++) {
    *end = read_one(at, fault);
    if (*end == NULL) {
      error_row_destroy(first);
      return NULL;
    }
    end = &(*end)->cause;
  }
  return first;
}
