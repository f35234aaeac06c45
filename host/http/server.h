/**
 * server.h - civetweb, set up with every one of its traps closed, and its life.
 */
#ifndef MULLIGAN_HTTP_SERVER_H
#define MULLIGAN_HTTP_SERVER_H

#include "base/fault.h"
#include "vm/vm.h"
#include "vm/vm_pool.h"

struct server;

/**
 * Listens on settings->host and settings->port (0: any free one) and serves with the pool's vms, which must outlive it.
 * Call it with SIGINT, SIGTERM and SIGHUP blocked, so that its threads do not take them. MULLIGAN_BUSY when the port is
 * in use.
 */
enum mulligan_status server_start(struct server **out, const struct vm_services *services, struct vm_pool *pool,
                                  struct fault *fault);
/** The port it listens on. */
int server_port(const struct server *server);
/** The PIN of the debug page's console; NULL unless in debug mode. */
const char *server_debug_pin(const struct server *server);
/**
 * Refuses new requests (503), waits up to settings->drain_timeout for those in flight, stops the scripts that still
 * run, and closes. Blocks until all threads have ended and returns 0; unless calls are left that cannot be stopped
 * (vm_pool_stuck()), whose number it returns: their threads may go on at any moment, so that nothing they use may be
 * freed, and the process is to end.
 */
int server_stop(struct server *server);

#endif
