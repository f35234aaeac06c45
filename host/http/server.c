/**
 * server.c - civetweb's settings, its callbacks, and a stop that loses no answer.
 *
 * server_start() and server_stop() are called by the main thread; the callbacks by civetweb's workers. What a worker
 * needs is its exchange, kept as civetweb's pointer of the thread.
 */
#include "http/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/debug_console.h"
#include "http/exchange.h"
#include "http/listener.h"
#include "http/stack.h"
#include "vm/watchdog.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <civetweb.h>

enum { WORKER_THREAD = 1, STOP_SECONDS = 5 };

struct server {
  struct exchange_shared shared;
  struct mg_context *context;
  int port;
  atomic_bool stack_too_small;
};

static struct server *server_of(const struct mg_connection *connection) {
  return mg_get_user_data(mg_get_context(connection));
}

/* ---- callbacks ---- */

static void *on_thread_start(const struct mg_context *context, int kind) {
  if (kind != WORKER_THREAD)
    return NULL;
  struct server *server = mg_get_user_data(context);
  struct fault fault;
  if (stack_check(&fault) != MULLIGAN_OK && !atomic_exchange(&server->stack_too_small, true))
    log_error("%s", fault.message);
  return exchange_create(&server->shared);
}

static void on_thread_end(const struct mg_context *context, int kind, void *exchange) {
  (void)context;
  if (kind == WORKER_THREAD)
    exchange_destroy(exchange);
}

static int on_connect(const struct mg_connection *connection, void **data) {
  (void)data;
  atomic_fetch_add(&server_of(connection)->shared.connections, 1);
  return 0;
}

static int on_request(struct mg_connection *connection) {
  struct server *server = server_of(connection);
  atomic_fetch_add(&server->shared.in_flight, 1);
  struct exchange *exchange = mg_get_thread_pointer(connection);
  int status = 500;
  if (exchange)
    status = exchange_handle(exchange, connection);
  atomic_fetch_sub(&server->shared.in_flight, 1);
  return status;
}

/* Refuses what civetweb could not make a request of, once for each connection, which then closes. */
static void refuse_unread(struct mg_connection *connection, int status) {
  struct exchange *exchange = mg_get_thread_pointer(connection);
  if (exchange && !mg_get_user_connection_data(connection))
    exchange_refuse(exchange, connection, status);
  mg_set_user_connection_data(connection, exchange);
}

/* civetweb refuses what it cannot read before any request is begun; it then closes the connection. */
static int on_error(struct mg_connection *connection, int status, const char *message) {
  (void)message;
  refuse_unread(connection, status);
  return 0;
}

/*
 * civetweb hangs up without a word on a target that is no path of this server: `*`, or another server's URL. Such a
 * request is one that was read but has no local path; before the connection is closed it can still be answered.
 */
static void on_close(const struct mg_connection *connection) {
  const struct mg_request_info *info = mg_get_request_info(connection);
  if (info && info->request_uri && !info->local_uri)
    refuse_unread((struct mg_connection *)connection, 400);
}

static void on_disconnect(const struct mg_connection *connection) {
  atomic_fetch_sub(&server_of(connection)->shared.connections, 1);
}

/* ---- life ---- */

static void milliseconds(char out[24], double seconds) {
  snprintf(out, 24, "%.0f", seconds * 1000);
}

/* What civetweb has to say is for its debugging; what a person needs to know is said by this program. */
static int on_message(const struct mg_connection *connection, const char *message) {
  (void)connection;
  log_debug("civetweb: %s", message);
  return 1;
}

static enum mulligan_status describe_failure(const struct settings *settings, const struct mg_error_data *error,
                                             struct fault *fault) {
  if (strstr(error->text, "listening") || strstr(error->text, "port") || strstr(error->text, "bind"))
    return fault_set(fault, MULLIGAN_BUSY, "cannot listen on %s port %lld: %s", settings->host,
                     (long long)settings->port,
                     errno == EADDRINUSE || errno == 0 ? "the port is in use by another program" : strerror(errno));
  return fault_set(fault, MULLIGAN_ERROR, "the web server does not start: %s", error->text);
}

enum mulligan_status server_start(struct server **out, const struct vm_services *services, struct vm_pool *pool,
                                  struct fault *fault) {
  *out = NULL;
  const struct settings *settings = services->settings;
  struct server *server = calloc(1, sizeof *server);
  if (!server)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for the web server");
  server->shared.services = services;
  server->shared.pool = pool;
  if (services->failed_index)
    server->shared.console = debug_console_create(services, pool);

  char port[128], threads[24], keep_alive[24], timeout[24];
  bool ipv6 = strchr(settings->host, ':') != NULL;
  snprintf(port, sizeof port, ipv6 ? "[%s]:%lld" : "%s:%lld", settings->host, (long long)settings->port);
  snprintf(threads, sizeof threads, "%lld", (long long)settings->threads);
  milliseconds(keep_alive, settings->keep_alive_timeout);
  milliseconds(timeout, settings->request_timeout);
  const char *options[] = {
      "listening_ports",
      port,
      "num_threads",
      threads,
      "tcp_nodelay",
      "1",
      "enable_keep_alive",
      "yes",
      "keep_alive_timeout_ms",
      keep_alive,
      "request_timeout_ms",
      timeout,
      "decode_url",
      "no",
      "connection_queue",
      "256",
      "listen_backlog",
      "1024",
      "enable_directory_listing",
      "no",
      "enable_auth_domain_check",
      "no",
      "allow_sendfile_call",
      "no",
      "cgi_pattern",
      "",
      "ssi_pattern",
      "",
      "access_control_allow_origin",
      "",
      "access_control_allow_methods",
      "",
      "access_control_allow_headers",
      "",
      NULL,
  };
  struct mg_callbacks callbacks;
  memset(&callbacks, 0, sizeof callbacks);
  callbacks.begin_request = on_request;
  callbacks.http_error = on_error;
  callbacks.log_message = on_message;
  callbacks.init_thread = on_thread_start;
  callbacks.exit_thread = on_thread_end;
  callbacks.init_connection = on_connect;
  callbacks.connection_close = on_close;
  callbacks.connection_closed = on_disconnect;
  struct mg_init_data init = {&callbacks, server, options};
  char text[256] = "";
  unsigned code = 0;
  struct mg_error_data error = {&code, text, sizeof text};
  mg_init_library(MG_FEATURES_DEFAULT);
  errno = 0;
  server->context = mg_start2(&init, &error);
  if (!server->context) {
    enum mulligan_status status = describe_failure(settings, &error, fault);
    mg_exit_library();
    debug_console_destroy(server->shared.console);
    free(server);
    return status;
  }
  struct mg_server_port ports[4];
  if (mg_get_server_ports(server->context, 4, ports) > 0)
    server->port = ports[0].port;
  if (atomic_load(&server->stack_too_small)) {
    server_stop(server);
    return fault_set(fault, MULLIGAN_ERROR, "the workers' stacks are too small for Lua");
  }
  *out = server;
  return MULLIGAN_OK;
}

int server_port(const struct server *server) {
  return server->port;
}

const char *server_debug_pin(const struct server *server) {
  return server->shared.console ? debug_console_pin(server->shared.console) : NULL;
}

static void pause_ms(long ms) {
  struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&pause, NULL);
}

/* Waits until no request is in flight but those whose calls do not end. */
static bool wait_for_idle(struct server *server, double seconds) {
  int64_t until = clock_monotonic_ns() + (int64_t)(seconds * 1e9);
  while (atomic_load(&server->shared.in_flight) > vm_pool_stuck(server->shared.pool)) {
    if (clock_monotonic_ns() >= until)
      return false;
    pause_ms(5);
  }
  return true;
}

int server_stop(struct server *server) {
  if (!server)
    return 0;
  const struct settings *settings = server->shared.services->settings;
  atomic_store(&server->shared.draining, true);
  if (!wait_for_idle(server, settings->drain_timeout)) {
    log_warning("%d requests are still running after %g s; they are stopped", atomic_load(&server->shared.in_flight),
                settings->drain_timeout);
    watch_expire_all();
    wait_for_idle(server, STOP_SECONDS + 2 * settings->stuck_grace);
  }
  int stuck = vm_pool_stuck(server->shared.pool);
  if (stuck > 0)
    return stuck; /* civetweb would wait for their threads without end */
  listener_end(server->port);
  mg_stop(server->context);
  mg_exit_library();
  debug_console_destroy(server->shared.console);
  free(server);
  return 0;
}
