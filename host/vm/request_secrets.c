/**
 * request_secrets.c - what a request brings along under secret names.
 *
 * Called when a request has failed or writes a line to the log, on its thread. A record holds only the beginning of a
 * body and not the names in a route's pattern, so its own scrubbing would not learn all of this.
 */
#include "vm/request_secrets.h"

#include "data/body_scrub.h"

#include <string.h>

enum { BODY_MOST = 64 * 1024, SCRUBBED_MOST = 16 * BODY_MOST };

static void add_headers(const struct vm_request *request, const struct scrub *scrub, struct taint *taint) {
  for (int i = 0; i < request->header_count; i++) {
    const struct request_header *header = &request->headers[i];
    if (scrub_is_secret_name(scrub, header->name, strlen(header->name)))
      taint_add(taint, header->value, strlen(header->value));
  }
}

static void add_path(const struct vm_request *request, const struct scrub *scrub, struct taint *taint) {
  const struct route_match *match = request->match;
  const struct route_path *path = match ? match->path : NULL;
  for (int i = 0; path && i < path->parameter_count; i++) {
    const char *name = path->parameters[i];
    if (!path->integers[i] && scrub_is_secret_name(scrub, name, strlen(name)))
      taint_add(taint, match->values[i], match->lengths[i]);
  }
}

void request_secrets_add(const struct vm_request *request, const struct scrub *scrub, struct taint *taint) {
  struct scrub_tally tally = {.taint = taint};
  struct buf scrubbed; /* only what is remembered on the way counts */
  buf_init(&scrubbed, SCRUBBED_MOST);
  add_headers(request, scrub, taint);
  add_path(request, scrub, taint);
  scrub_form(scrub, request->query, strlen(request->query), &scrubbed, &tally);
  if (request->body_length > 0)
    body_scrub(scrub, request->body, request->body_length < BODY_MOST ? request->body_length : BODY_MOST, &scrubbed,
               &tally);
  buf_release(&scrubbed);
}
