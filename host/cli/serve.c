/**
 * serve.c - `mulligan serve`: the host, from its start to its stop.
 *
 * The main thread opens everything, then waits for signals: TERM and INT stop it gracefully (a second one at once), HUP
 * opens the log files anew and loads the scripts, as does saving one of them, and `mulligan reload` through the control
 * socket.
 */
#include "alerts/channel.h"
#include "alerts/dispatcher.h"
#include "base/control.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/debug_mode.h"
#include "cli/demo.h"
#include "cli/desk.h"
#include "cli/host.h"
#include "cli/reloader.h"
#include "data/request_log.h"
#include "http/server.h"
#include "vm/vm_pool.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

/* From here on the log is a file, too: in the data folder, which is made if need be. */
static enum mulligan_status open_log(const struct settings *settings, struct fault *fault) {
  enum mulligan_status status = file_make_folder(settings->data, fault);
  if (status != MULLIGAN_OK)
    return status;
  char *folder = file_join(settings->data, "logs");
  log_set_format(strcmp(settings->log_format, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_PLAIN);
  status = folder ? log_open(folder, settings->log_size, (int)settings->log_files, fault)
                  : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  free(folder);
  return status;
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

/* Waits for what ends the program; a second signal does not wait for what is in flight. */
static void wait_for_stop(struct reloader *reloader, struct request_log *requests, const sigset_t *signals) {
  int number = 0;
  while (sigwait(signals, &number) == 0 && number == SIGHUP) {
    log_reopen();
    request_log_reopen(requests);
    log_info("the log files are opened anew, as the signal HUP asks");
    reloader_ask(reloader);
  }
  log_info("stopping: finishing what is in flight");
  sigset_t stop = *signals;
  sigdelset(&stop, SIGHUP);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
}

/* Their threads may use all there is, so nothing is closed or freed; but what is to be on record is. */
static void leave_stuck_calls(struct host *host, int count) {
  struct error_record *record = error_record_create(ERROR_SOURCE_HOST);
  char message[120];
  snprintf(message, sizeof message, "the host ended while %d call%s could not be stopped", count,
           count == 1 ? "" : "s");
  if (!record) {
    log_error("%s", message);
  } else {
    error_record_set(record, &record->exc_type, "StuckCall", 9, 16);
    error_record_set(record, &record->message, message, strlen(message), sizeof message);
    error_log_record(host->services.errors, record, true, NULL); /* and all that was queued before it */
  }
  if (host->requests)
    request_log_flush(host->requests);
  fflush(NULL);
  _exit(COMMAND_FAILED);
}

/* To `mulligan alerts`: each channel as this host has it set up; and at a `retry` the dispatcher is woken. */
static json_t *answer_alerts(void *dispatcher, const json_t *question) {
  const char *what = json_string_value(json_object_get(question, "what"));
  if (what && strcmp(what, "retry") == 0)
    dispatcher_retry(dispatcher);
  return dispatcher_channels(dispatcher);
}

/* Serves until it is told to stop. Without the control socket it serves all the same: only commands miss it. */
static int serve_on(struct host *host, struct vm_pool *pool, struct server *server, struct reloader *reloader,
                    struct dispatcher *dispatcher, const sigset_t *signals) {
  const struct settings *settings = host->services.settings;
  const struct control_command questions[] = {
      {"reload", reloader_answer, reloader}, {"alerts", answer_alerts, dispatcher}, {NULL, NULL, NULL}};
  struct control *control;
  struct fault fault;
  if (control_open(&control, settings->data, questions, &fault) != MULLIGAN_OK)
    log_warning("%s; commands such as `mulligan reload` do not reach this one", fault.message);
  struct generation *generation = vm_pool_generation(pool);
  error_log_on_alert(host->errors, dispatcher_wake, dispatcher);
  log_info("mulligan %s (%s) serves %s, generation %" PRId64 ", on %s port %d, data in %s", MULLIGAN_VERSION,
           settings->environment, settings->scripts, generation_number(generation), settings->host, server_port(server),
           settings->data);
  generation_drop(generation);
  /* Not a line of the log, which others may read. */
  if (server_debug_pin(server))
    fprintf(stderr, "mulligan: debug mode: the PIN of the debug page's console is %s\n", server_debug_pin(server));
  printf("mulligan: listening on http://%s:%d\n", settings->host, server_port(server));
  fflush(stdout);
  wait_for_stop(reloader, host->requests, signals);
  int stuck = server_stop(server);
  stuck += !reloader_stop(reloader);
  control_close(control);
  error_log_on_alert(host->errors, NULL, NULL);
  if (!dispatcher_stop(dispatcher) && stuck == 0)
    stuck = 1; /* a template in a vm of the pool: the server has counted it if its time was over by then */
  if (stuck > 0)
    leave_stuck_calls(host, stuck);
  return COMMAND_DONE;
}

static int serve(struct command_context *context, struct host *host, struct reloader *reloader,
                 const sigset_t *signals) {
  struct fault fault;
  struct vm_pool *pool;
  struct server *server = NULL;
  struct dispatcher *dispatcher;
  struct generation *first = host->generation;
  host->generation = NULL; /* the pool's now */
  if (vm_pool_create(&pool, &host->services, first, pool_size(context->settings), &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  int status = COMMAND_FAILED;
  if (server_start(&server, &host->services, pool, &fault) != MULLIGAN_OK)
    command_fault(context, &fault);
  else if (reloader_start(reloader, pool, &fault) == MULLIGAN_OK &&
           dispatcher_start(&dispatcher, channels, &host->services, pool, &fault) == MULLIGAN_OK)
    status = serve_on(host, pool, server, reloader, dispatcher, signals);
  else {
    command_fault(context, &fault);
    server_stop(server);
    reloader_stop(reloader);
  }
  vm_pool_destroy(pool);
  return status;
}

/* Opens all, loads the scripts, serves, and closes all. */
static int run_host(struct command_context *context, bool demo, bool keep_going, const sigset_t *signals) {
  struct host host;
  struct fault fault;
  struct reloader *reloader = NULL;
  if (host_open(&host, context, HOST_DATA, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  desk_settle(&host);
  int status = COMMAND_FAILED;
  if (host_open_requests(&host, &fault) != MULLIGAN_OK || reloader_create(&reloader, &host, &fault) != MULLIGAN_OK)
    command_fault(context, &fault);
  else if ((host.generation = reloader_load_first(reloader, keep_going)) != NULL)
    status = demo && !generation_is_void(host.generation) ? demo_load(context, &host) : COMMAND_DONE;
  if (status == COMMAND_DONE)
    status = serve(context, &host, reloader, signals);
  reloader_destroy(reloader);
  host_close(&host);
  return status;
}

int command_serve(struct command_context *context, int argc, char **argv) {
  bool demo = false, debug = false, debug_anyone = false, keep_going = false;
  const struct command_option options[] = {
      {"port", "N", "the port to listen on; 0 takes any free one (default: 8080)", NULL, NULL, "port"},
      {"host", "A", "the address to listen on (default: 127.0.0.1)", NULL, NULL, "host"},
      {"demo", NULL, "load demo data into an empty database first", NULL, &demo, NULL},
      {"debug", NULL, "debug mode: errors show source, values and SQL", NULL, &debug, NULL},
      {"debug-anyone", NULL, "with --debug: also on an address that other machines reach", NULL, &debug_anyone, NULL},
      {"keep-going", NULL, "answer 503 while the scripts are broken, instead of not starting", NULL, &keep_going, NULL},
  };
  int status;
  context->keep_going = &keep_going;
  if (!command_parse(context, options, sizeof options / sizeof *options, argc, argv, &status))
    return status;
  if (context->argument_count > 0)
    return command_fail(context, COMMAND_USAGE, "'%s' is not expected here", context->arguments[0]);
  if (!debug_mode_settle(context, debug, debug_anyone, &status))
    return status;
  sigset_t signals;
  block_signals(&signals);
  struct fault fault;
  if (open_log(context->settings, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  status = run_host(context, demo, keep_going, &signals);
  log_close();
  return status;
}
