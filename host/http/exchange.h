/**
 * exchange.h - one request and its response.
 *
 * An exchange is a worker's workbench: made once for each worker thread, used for one request after the other, so that
 * a request allocates next to nothing. Everything in it is touched by its own worker only.
 */
#ifndef MULLIGAN_HTTP_EXCHANGE_H
#define MULLIGAN_HTTP_EXCHANGE_H

#include "vm/vm.h"
#include "vm/vm_pool.h"

#include <stdatomic.h>

struct mg_connection;
struct exchange;
struct debug_console;

/** What all exchanges of a server share. */
struct exchange_shared {
  const struct vm_services *services;
  struct vm_pool *pool;
  struct debug_console *console; /* in debug mode; NULL otherwise */
  atomic_bool draining;          /* a stop is under way: new requests are answered 503 */
  atomic_int in_flight;          /* requests that were begun and not yet answered */
  atomic_int connections;        /* open, each of which holds a worker */
};

struct exchange *exchange_create(struct exchange_shared *shared);
void exchange_destroy(struct exchange *exchange);

/** Reads the request off the connection, answers it, whatever it is, and returns the status for civetweb. */
int exchange_handle(struct exchange *exchange, struct mg_connection *connection);

/** Answers a request that civetweb itself refused (its headers cannot be read); the connection closes. */
void exchange_refuse(struct exchange *exchange, struct mg_connection *connection, int status);

#endif
