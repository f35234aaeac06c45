/**
 * host.h - what a command opens before it can work: the data folder, its keys and databases, the scripts.
 *
 * host_open() goes as far as it is asked and host_close() takes down whatever is there, in the opposite order.
 */
#ifndef MULLIGAN_CLI_HOST_H
#define MULLIGAN_CLI_HOST_H

#include "base/fault.h"
#include "cli/command.h"
#include "data/migrate.h"
#include "vm/generation.h"
#include "vm/vm.h"

enum host_part {
  HOST_DATA = 1,      /* the data folder, its secret key, ErrorLog, app.db's lock and path */
  HOST_MIGRATED = 2,  /* app.db brought to the scripts' newest migration (with HOST_DATA) */
  HOST_GENERATION = 4 /* the scripts, loaded */
};

struct host {
  struct vm_services services;
  struct scrub *scrub;
  struct error_log *errors;
  struct request_log *requests;
  struct write_lock *app_lock;
  char *app_path;
  struct generation *generation;
};

/** Opens the `parts` (a sum of enum host_part). On failure everything is closed again. */
enum mulligan_status host_open(struct host *host, struct command_context *context, int parts, struct fault *fault);
void host_close(struct host *host);

/** From now on errors alert as these settings say. Any thread. */
void host_set_alerts(const struct host *host, const struct settings *settings);

/** Opens the request log, for serving, if the settings want one. */
enum mulligan_status host_open_requests(struct host *host, struct fault *fault);

/** Puts on record, where there is an ErrorLog, that scripts or migrations could not be loaded, and waits for that. */
void host_record_load_failure(const struct host *host, const struct fault *fault);

/** Opens app.db once more, read-write, under the host's lock. */
enum mulligan_status host_open_store(const struct host *host, struct store **out, struct fault *fault);
/** Reads the scripts' migrations; ended with migrate_plan_release(). */
enum mulligan_status host_migrations(const struct host *host, struct migrate_plan *out, struct fault *fault);
/** Applies the scripts' migrations to app.db; `*applied` counts them. */
enum mulligan_status host_migrate(const struct host *host, int *applied, struct fault *fault);

#endif
