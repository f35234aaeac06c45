/**
 * error_row.h - an occurrence as it is stored: scrubbed, cut, one value a column.
 *
 * The form in which a record travels from the thread that had the error to the writer, into the spool and back. A row
 * belongs to one thread at a time.
 */
#ifndef MULLIGAN_DATA_ERROR_ROW_H
#define MULLIGAN_DATA_ERROR_ROW_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/scrub.h"
#include "data/error_fingerprint.h"
#include "data/error_log.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum error_type { ERROR_INTEGER, ERROR_BOOLEAN, ERROR_TEXT, ERROR_JSON };

/** The columns of `error_log` that come with an occurrence; the writer adds the others. */
#define ERROR_FIELDS(FIELD)                                                                                            \
  FIELD(REF, ref, TEXT)                                                                                                \
  FIELD(OCCURRED_AT, occurred_at, INTEGER)                                                                             \
  FIELD(SOURCE, source, TEXT)                                                                                          \
  FIELD(LEVEL, level, TEXT)                                                                                            \
  FIELD(HANDLED, handled, BOOLEAN)                                                                                     \
  FIELD(STATUS, status, INTEGER)                                                                                       \
  FIELD(CODE, code, TEXT)                                                                                              \
  FIELD(APP_CODE, app_code, INTEGER)                                                                                   \
  FIELD(EXC_TYPE, exc_type, TEXT)                                                                                      \
  FIELD(MESSAGE, message, TEXT)                                                                                        \
  FIELD(VALUE, value, TEXT)                                                                                            \
  FIELD(FRAMES, frames, JSON)                                                                                          \
  FIELD(BREADCRUMBS, breadcrumbs, JSON)                                                                                \
  FIELD(METHOD, method, TEXT)                                                                                          \
  FIELD(ROUTE, route, TEXT)                                                                                            \
  FIELD(PATH, path, TEXT)                                                                                              \
  FIELD(QUERY, query, TEXT)                                                                                            \
  FIELD(HEADERS, headers, JSON)                                                                                        \
  FIELD(BODY, body, TEXT)                                                                                              \
  FIELD(BODY_LENGTH, body_length, INTEGER)                                                                             \
  FIELD(USER_ID, user_id, INTEGER)                                                                                     \
  FIELD(USER_EMAIL, user_email, TEXT)                                                                                  \
  FIELD(REMOTE_ADDR, remote_addr, TEXT)                                                                                \
  FIELD(USER_AGENT, user_agent, TEXT)                                                                                  \
  FIELD(SCRIPT, script, TEXT)                                                                                          \
  FIELD(ARGS, args, JSON)                                                                                              \
  FIELD(OPERATOR, operator, TEXT)                                                                                      \
  FIELD(GENERATION, generation, INTEGER)                                                                               \
  FIELD(RELEASE, release, TEXT)                                                                                        \
  FIELD(HOST, host, TEXT)                                                                                              \
  FIELD(PID, pid, INTEGER)                                                                                             \
  FIELD(REQUEST_ID, request_id, TEXT)                                                                                  \
  FIELD(DURATION_US, duration_us, INTEGER)                                                                             \
  FIELD(LUA_BYTES, lua_bytes, INTEGER)                                                                                 \
  FIELD(SCRUBBED, scrubbed, INTEGER)                                                                                   \
  FIELD(TRUNCATED, truncated, BOOLEAN)                                                                                 \
  FIELD(STORM, storm, BOOLEAN)

enum error_field {
#define FIELD(upper, lower, type) ERROR_FIELD_##upper,
  ERROR_FIELDS(FIELD)
#undef FIELD
      ERROR_FIELD_COUNT
};

/** A column's name. */
const char *error_field_name(enum error_field field);
enum error_type error_field_type(enum error_field field);
/** The field of this name, or ERROR_FIELD_COUNT. */
enum error_field error_field_find(const char *name);

struct error_value {
  bool present; /* false: NULL */
  int64_t integer;
  char *text; /* of texts and of JSON, which is compact and valid; owned */
  size_t length;
};

struct error_waiter;

struct error_row {
  struct error_row *next;      /* in the queue */
  struct error_row *cause;     /* stored first; owned */
  struct error_waiter *waiter; /* who sleeps until this is durable; NULL if nobody does */
  struct error_fingerprint fingerprint;
  size_t bytes; /* of memory, with its causes */
  char
      shared[MULLIGAN_REFERENCE_SIZE]; /* of the row that counts this one, which then has none (error_storm.h); or "" */
  int64_t repeats;                     /* which one it is of those that share it, from 1 */
  struct error_value values[ERROR_FIELD_COUNT];
};

/** What every row of this process has alike. */
struct error_origin {
  const struct scrub *scrub;
  const char *release;
  const char *host;
  int64_t pid;
};

/** Scrubs, cuts and takes over a record, with its causes (at most five deep), which is used up in any case. NULL when
 * out of memory. */
struct error_row *error_row_create(struct error_record *record, const struct error_origin *origin);
void error_row_destroy(struct error_row *row);
/** Its reference; never NULL. */
const char *error_row_reference(const struct error_row *row);
/** Takes the payload away: what is left says who had it, when, where and, in short, what it said. */
void error_row_slim(struct error_row *row);

/**
 * Appends the row as one line of JSON with its break: the columns, `group` (its fingerprint), `cause` (a row) and, of a
 * row that is counted by another, `shared` (that one's reference) and `repeats`.
 */
bool error_row_write(const struct error_row *row, struct buf *out);
/** The row of such a line, parsed. NULL with MULLIGAN_INVALID in `fault` if it is none, MULLIGAN_NOMEM if there is no
 * memory. */
struct error_row *error_row_read(const json_t *line, struct fault *fault);

#endif
