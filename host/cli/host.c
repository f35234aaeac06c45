/**
 * host.c - opens what a command works with, in order, and closes it in the opposite one.
 *
 * Runs on the main thread.
 */
#include "cli/host.h"

#include "alerts/channel.h"
#include "base/file.h"
#include "base/last_save.h"
#include "base/log.h"
#include "base/secret_key.h"
#include "data/outbox.h"
#include "data/request_log.h"
#include "vm/failed_index.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum mulligan_status open_data(struct host *host, const struct settings *settings, struct fault *fault) {
  enum mulligan_status status = file_make_folder(settings->data, fault);
  if (status == MULLIGAN_OK)
    status = secret_key_load(settings->data, host->services.key, fault);
  if (status != MULLIGAN_OK)
    return status;
  char *lock = file_join(settings->data, "write.lock");
  host->app_path = file_join(settings->data, "app.db");
  status = lock && host->app_path ? write_lock_open(&host->app_lock, lock, fault)
                                  : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  free(lock);
  if (status != MULLIGAN_OK)
    return status;
  host->services.app_lock = host->app_lock;
  host->services.app_path = host->app_path;
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  struct error_log_options options = {
      .folder = settings->data,
      .scrub = host->scrub,
      .release = MULLIGAN_VERSION,
      .host = name,
      .storm_limit = settings->error_storm_limit,
      .keep_us = (int64_t)(settings->error_keep * 1e6),
      .alerts = settings->alerts,
      /* An operator's shell need not know what the running host has in its environment. */
      .alert_channels = channels_configured(settings) | outbox_delivering(settings->data),
  };
  status = error_log_open(&host->errors, &options, fault);
  host->services.errors = host->errors;
  return status;
}

void host_set_alerts(const struct host *host, const struct settings *settings) {
  struct fault fault;
  if (error_log_set_alerts(host->errors, settings->alerts, channels_configured(settings), &fault) != MULLIGAN_OK)
    log_warning("alerts go by the rules from before: %s", fault.message);
}

void host_record_load_failure(const struct host *host, const struct fault *fault) {
  struct error_record *record = host->errors ? error_record_create(ERROR_SOURCE_RELOAD) : NULL;
  if (!record)
    return;
  error_record_set(record, &record->exc_type, "LoadError", 9, 32);
  error_record_set(record, &record->message, fault->message, strlen(fault->message), sizeof fault->message);
  error_log_record(host->errors, record, true, NULL);
}

enum mulligan_status host_open(struct host *host, struct command_context *context, int parts, struct fault *fault) {
  memset(host, 0, sizeof *host);
  const struct settings *settings = context->settings;
  host->services.settings = settings;
  host->scrub = scrub_create((const char *const *)settings->scrub_names.items, settings->scrub_names.count);
  host->services.scrub = host->scrub;
  host->services.last_save = last_save_create();
  if (settings->debug && (parts & HOST_DATA))
    host->services.failed_index = failed_index_create();
  enum mulligan_status status = host->scrub ? MULLIGAN_OK : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (status == MULLIGAN_OK && (parts & HOST_DATA))
    status = open_data(host, settings, fault);
  bool opened = status == MULLIGAN_OK;
  if (status == MULLIGAN_OK && (parts & HOST_MIGRATED))
    status = host_migrate(host, NULL, fault);
  if (status == MULLIGAN_OK && (parts & HOST_GENERATION))
    status = generation_load(&host->generation, &host->services, 1, true, fault);
  if (opened && status != MULLIGAN_OK)
    host_record_load_failure(host, fault);
  if (status != MULLIGAN_OK)
    host_close(host);
  return status;
}

enum mulligan_status host_open_requests(struct host *host, struct fault *fault) {
  const struct settings *settings = host->services.settings;
  const struct request_log_options options = {
      .folder = settings->data,
      .scrub = host->scrub,
      .lines = settings->access_log,
      .rows = settings->request_log,
      .file_bytes = settings->log_size,
      .old_files = (int)settings->log_files,
      .rate = settings->request_log_rate,
      .most_rows = settings->request_log_rows,
      .keep_us = (int64_t)(settings->request_log_keep * 1e6),
  };
  if (!options.lines && !options.rows)
    return MULLIGAN_OK;
  enum mulligan_status status = request_log_open(&host->requests, &options, fault);
  host->services.requests = host->requests;
  return status;
}

void host_close(struct host *host) {
  request_log_close(host->requests);
  generation_drop(host->generation);
  error_log_close(host->errors);
  write_lock_close(host->app_lock);
  free(host->app_path);
  scrub_destroy(host->scrub);
  failed_index_destroy(host->services.failed_index);
  last_save_destroy(host->services.last_save);
  memset(host, 0, sizeof *host);
}

enum mulligan_status host_open_store(const struct host *host, struct store **out, struct fault *fault) {
  return store_open(out, host->app_path, STORE_READ_WRITE, host->app_lock, fault);
}

enum mulligan_status host_migrations(const struct host *host, struct migrate_plan *out, struct fault *fault) {
  return migrate_plan_read_scripts(out, host->services.settings->scripts, fault);
}

enum mulligan_status host_migrate(const struct host *host, int *applied, struct fault *fault) {
  struct migrate_plan plan;
  enum mulligan_status status = host_migrations(host, &plan, fault);
  if (status != MULLIGAN_OK)
    return status;
  struct store *store;
  status = host_open_store(host, &store, fault);
  if (status == MULLIGAN_OK) {
    status = migrate_apply(store, plan.steps, plan.count, applied, fault);
    store_close(store);
  }
  migrate_plan_release(&plan);
  return status;
}
