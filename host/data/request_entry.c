/**
 * request_entry.c - an entry as bytes: a frame of fixed size, then the lengths of its texts, then these.
 *
 * Written by the workers and read by the request log's thread, in one process: numbers and the taint's address are in
 * the machine's own form. A frame may begin at any address, so it is copied and never looked at in place.
 */
#include "data/request_entry.h"

#include <string.h>

/** The lengths of the texts that are there follow it, and then these. */
struct frame {
  uint32_t size;  /* of the whole entry */
  uint32_t there; /* a bit for each field that is not empty */
  int64_t started_at, duration_us, bytes, input_bytes, user_id, weight;
  struct taint *taint;
  int status;
};

struct request_span request_span_of(const char *text) {
  return (struct request_span){text, text != NULL ? strlen(text) : 0};
}

static size_t headers_length(const struct request_header *headers, int count) {
  size_t length = 0;
  for (int i = 0; i < count; i++)
    length += strlen(headers[i].name) + strlen(headers[i].value) + 2;
  return length;
}

static char *add_headers(char *to, const struct request_header *headers, int count) {
  for (int i = 0; i < count; i++) {
    to = stpcpy(to, headers[i].name) + 1;
    to = stpcpy(to, headers[i].value) + 1;
  }
  return to;
}

bool request_entry_write(struct buf *out, const struct request_entry *entry, const struct request_header *headers,
                         int header_count) {
  struct frame frame = {
      .started_at = entry->started_at,
      .duration_us = entry->duration_us,
      .bytes = entry->bytes,
      .input_bytes = entry->input_bytes,
      .user_id = entry->user_id,
      .weight = entry->weight,
      .taint = entry->taint,
      .status = entry->status,
  };
  uint32_t lengths[REQUEST_FIELD_COUNT];
  enum request_field fields[REQUEST_FIELD_COUNT];
  size_t count = 0, size = sizeof frame;
  for (int i = 0; i < REQUEST_FIELD_COUNT; i++) {
    size_t length = entry->texts[i].length;
    if (i == REQUEST_FIELD_HEADERS && header_count > 0)
      length = headers_length(headers, header_count);
    if (length == 0)
      continue;
    fields[count] = (enum request_field)i;
    lengths[count++] = (uint32_t)length;
    size += sizeof *lengths + length;
    frame.there |= 1u << i;
  }
  frame.size = (uint32_t)size;
  if (!buf_reserve(out, size))
    return false;
  char *to = mempcpy(out->data + out->length, &frame, sizeof frame);
  to = mempcpy(to, lengths, count * sizeof *lengths);
  for (size_t i = 0; i < count; i++)
    to = fields[i] == REQUEST_FIELD_HEADERS ? add_headers(to, headers, header_count)
                                            : mempcpy(to, entry->texts[fields[i]].bytes, lengths[i]);
  *to = '\0';
  out->length += size;
  return true;
}

size_t request_entry_read(const char *bytes, struct request_entry *out) {
  struct frame frame;
  memcpy(&frame, bytes, sizeof frame);
  *out = (struct request_entry){
      .started_at = frame.started_at,
      .duration_us = frame.duration_us,
      .bytes = frame.bytes,
      .input_bytes = frame.input_bytes,
      .user_id = frame.user_id,
      .weight = frame.weight,
      .taint = frame.taint,
      .status = frame.status,
  };
  for (int i = 0; i < REQUEST_FIELD_COUNT; i++)
    out->texts[i].bytes = "";
  const char *lengths = bytes + sizeof frame;
  const char *at = lengths + (size_t)__builtin_popcount(frame.there) * sizeof(uint32_t);
  for (uint32_t left = frame.there; left != 0; left &= left - 1) {
    uint32_t length;
    memcpy(&length, lengths, sizeof length);
    out->texts[__builtin_ctz(left)] = (struct request_span){at, length};
    lengths += sizeof length;
    at += length;
  }
  return frame.size;
}
