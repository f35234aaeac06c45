/**
 * request_entry.h - one request as the request log holds it, and its form as a run of bytes.
 *
 * A worker fills an entry with what it has at hand, borrowed, and writes it into a buffer; whoever reads it back finds
 * the texts in those bytes. Raw entries (the client's words) go from the workers to the writer, clean ones from there
 * to requests.db.
 */
#ifndef MULLIGAN_DATA_REQUEST_ENTRY_H
#define MULLIGAN_DATA_REQUEST_ENTRY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct taint;

/** A text that is somebody else's; an empty one does not apply. */
struct request_span {
  const char *bytes;
  size_t length;
};

struct request_header {
  const char *name; /* as sent */
  const char *value;
};

enum request_field {
  REQUEST_FIELD_ID,
  REQUEST_FIELD_ROUTE, /* the pattern: the service's name */
  REQUEST_FIELD_METHOD,
  REQUEST_FIELD_PATH,  /* raw: as sent; clean: decoded */
  REQUEST_FIELD_QUERY, /* without the question mark */
  REQUEST_FIELD_VERSION,
  REQUEST_FIELD_ADDRESS,
  REQUEST_FIELD_USER,    /* e-mail address */
  REQUEST_FIELD_ERROR,   /* the reference of the error on record */
  REQUEST_FIELD_HEADERS, /* raw only: "name\0value\0…" */
  REQUEST_FIELD_INPUT,   /* the bodies' beginnings */
  REQUEST_FIELD_OUTPUT,
  REQUEST_FIELD_OUTPUT_TYPE, /* raw only: the answer's Content-Type */
  REQUEST_FIELD_TARGET,      /* clean only, like the rest: the path as it was sent */
  REQUEST_FIELD_REFERER,
  REQUEST_FIELD_AGENT,
  REQUEST_FIELD_COUNT
};

/** What of a body is looked through, and what of it is kept when it is clean. */
enum { REQUEST_BODY_MOST = 64 * 1024, REQUEST_EXCERPT_MOST = 16 * 1024 };

struct request_entry {
  int64_t started_at; /* wall clock, microseconds */
  int64_t duration_us;
  int64_t bytes;       /* of the answer's body, as they went out */
  int64_t input_bytes; /* of the whole body that came in, where bodies are logged */
  int64_t user_id;     /* 0 for none */
  int64_t weight;      /* how many requests a row of a sample stands for; 1 otherwise */
  int status;
  struct taint *taint; /* what the request is known to hold of secrets; goes with the bytes; NULL for nothing */
  struct request_span texts[REQUEST_FIELD_COUNT];
};

/** The length of a text, which may be NULL. */
struct request_span request_span_of(const char *text);

/**
 * Appends an entry, of less than 4 GiB; REQUEST_FIELD_HEADERS is made of `headers`. False, and nothing appended, when
 * out of memory or past the buffer's cap.
 */
bool request_entry_write(struct buf *out, const struct request_entry *entry, const struct request_header *headers,
                         int header_count);
/** Reads the entry at the beginning of what request_entry_write() made; returns how many bytes it takes. An empty
 * text's bytes are "", never NULL. */
size_t request_entry_read(const char *bytes, struct request_entry *out);

#endif
