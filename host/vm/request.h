/**
 * request.h - one request, through Lua: from plain C data to plain C data.
 *
 * The HTTP floor fills a vm_request, hands it with a vm to request_run(), and finds the answer in a vm_response.
 * Nothing here knows of sockets, and nothing of Lua leaves.
 */
#ifndef MULLIGAN_VM_REQUEST_H
#define MULLIGAN_VM_REQUEST_H

#include "base/fault.h"
#include "data/error_log.h"
#include "data/request_entry.h"
#include "vm/response.h"
#include "vm/route_table.h"
#include "vm/vm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is asked. All pointers are the caller's and need to live through request_run() only. */
struct vm_request {
  const char *method;     /* "GET"; HEAD stays "HEAD" though the GET handler runs */
  enum route_method kind; /* HEAD counts as ROUTE_GET */
  const char *path;       /* decoded */
  size_t path_length;
  const char *query; /* raw, without the question mark; "" if none */
  const struct request_header *headers;
  int header_count;
  const char *body;
  size_t body_length;
  const char *remote_addr;
  const char *language; /* "en" or "ko" */
  const char *id;
  const struct route_match *match; /* match->path NULL: no such route */
  bool acceptable;                 /* negotiation found a format */
};

/**
 * Runs the request in the vm under its deadline and fills `response`, whatever happens; an open transaction is rolled
 * back. After it the vm may be condemned: ask vm_condemned().
 */
void request_run(struct vm *vm, const struct vm_request *request, struct vm_response *response);

/**
 * Makes the error record of a response that the host answers by itself, without a vm: all that is known of the request,
 * and which of that is secret. NULL when out of memory.
 */
struct error_record *request_error_record(const struct vm_request *request, const struct scrub *scrub, int status,
                                          const char *code, const char *message);

#endif
