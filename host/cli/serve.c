/**
 * serve.c - `mulligan serve`: the host, from its start to its stop.
 *
 * The main thread opens everything, then waits for signals: TERM and INT stop it gracefully (a second one at once), HUP
 * loads the scripts anew.
 */
#include "base/log.h"
#include "cli/demo.h"
#include "cli/host.h"
#include "http/server.h"
#include "vm/vm_pool.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BUNDLES_PER_CORE = 4, LEAST_BUNDLES = 4 };

static int pool_size(const struct settings *settings) {
  if (settings->bundles > 0)
    return (int)settings->bundles;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  int size = (int)(cores > 0 ? cores : 1) * BUNDLES_PER_CORE;
  return size < LEAST_BUNDLES ? LEAST_BUNDLES : size;
}

static void block_signals(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, set, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk, which a write reports */
}

/* Loads the scripts off to the side and publishes them if they are sound; if not, the last good ones serve on. */
static void reload(struct host *host, struct vm_pool *pool, int64_t *number) {
  struct generation *generation;
  struct fault fault;
  if (generation_load(&generation, &host->services, *number + 1, true, &fault) != MULLIGAN_OK ||
      vm_pool_publish(pool, generation, &fault) != MULLIGAN_OK) {
    log_error("reload failed, generation %lld serves on: %s", (long long)*number, fault.message);
    host_record_load_failure(host, &fault);
    return;
  }
  ++*number;
  log_info("reloaded: generation %lld", (long long)*number);
}

/* Waits for what ends the program; a second signal does not wait for what is in flight. */
static void wait_for_stop(struct host *host, struct vm_pool *pool, const sigset_t *signals) {
  int64_t generation = 1;
  int number = 0;
  while (sigwait(signals, &number) == 0 && number == SIGHUP)
    reload(host, pool, &generation);
  log_info("stopping: finishing what is in flight");
  sigset_t stop = *signals;
  sigdelset(&stop, SIGHUP);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
}

static int serve(struct command_context *context, struct host *host, const sigset_t *signals) {
  const struct settings *settings = context->settings;
  struct fault fault;
  struct vm_pool *pool;
  struct server *server;
  if (vm_pool_create(&pool, &host->services, host->generation, pool_size(settings), &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  host->generation = NULL; /* the pool's now */
  if (server_start(&server, &host->services, pool, &fault) != MULLIGAN_OK) {
    vm_pool_destroy(pool);
    return command_fault(context, &fault);
  }
  log_info("mulligan %s (%s) serves %s on %s port %d, data in %s", MULLIGAN_VERSION, settings->environment,
           settings->scripts, settings->host, server_port(server), settings->data);
  printf("mulligan: listening on http://%s:%d\n", settings->host, server_port(server));
  fflush(stdout);
  wait_for_stop(host, pool, signals);
  server_stop(server);
  vm_pool_destroy(pool);
  return COMMAND_DONE;
}

int command_serve(struct command_context *context, int argc, char **argv) {
  bool demo = false;
  const struct command_option options[] = {
      {"port", "N", "the port to listen on; 0 takes any free one (default: 8080)", NULL, NULL, "port"},
      {"host", "A", "the address to listen on (default: 127.0.0.1)", NULL, NULL, "host"},
      {"demo", NULL, "load demo data into an empty database first", NULL, &demo, NULL},
  };
  int status;
  if (!command_parse(context, options, sizeof options / sizeof *options, argc, argv, &status))
    return status;
  if (context->argument_count > 0)
    return command_fail(context, COMMAND_USAGE, "'%s' is not expected here", context->arguments[0]);
  sigset_t signals;
  block_signals(&signals);
  struct host host;
  struct fault fault;
  if (host_open(&host, context, HOST_DATA | HOST_MIGRATED | HOST_GENERATION, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  status = demo ? demo_load(context, &host) : COMMAND_DONE;
  if (status == COMMAND_DONE)
    status = serve(context, &host, &signals);
  host_close(&host);
  return status;
}
