/**
 * desk.c - what the operators' commands open.
 *
 * Runs on the main thread. An operator's command never creates or migrates a database: what it is asked to show is the
 * state of what is there.
 */
#include "cli/desk.h"

#include "base/file.h"
#include "base/log.h"
#include "operator/command_line.h"
#include "operator/terminal.h"

#include <stdlib.h>

enum { PLAIN_WIDTH = 160, LINE_CAP = 64 * 1024 };

static bool has_database(const struct command_context *context) {
  char *path = file_join(context->settings->data, "app.db");
  bool has = path && file_exists(path);
  free(path);
  return has;
}

/* Are migrations pending? The scripts may then expect tables that are not there. */
static enum mulligan_status check_schema(const struct host *host, struct fault *fault) {
  struct migrate_plan plan;
  struct store *store = NULL;
  enum mulligan_status status = host_migrations(host, &plan, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = host_open_store(host, &store, fault);
  if (status == MULLIGAN_OK)
    status = migrate_check(store, plan.steps, plan.count, fault);
  if (status == MULLIGAN_MISSING)
    fault_set(fault, status, "the database is behind the scripts: run `mulligan migrate` first");
  store_close(store);
  migrate_plan_release(&plan);
  return status;
}

enum mulligan_status desk_open(struct host *host, struct command_context *context, bool scripts, struct fault *fault) {
  if (!has_database(context))
    return fault_set(fault, MULLIGAN_MISSING, "there is no database in %s: `mulligan migrate` makes one",
                     context->settings->data);
  enum mulligan_status status = host_open(host, context, HOST_DATA, fault);
  if (status != MULLIGAN_OK || !scripts)
    return status;
  status = check_schema(host, fault);
  if (status == MULLIGAN_OK) {
    status = generation_load(&host->generation, &host->services, 1, false, fault);
    if (status != MULLIGAN_OK)
      host_record_load_failure(host, fault);
  }
  if (status != MULLIGAN_OK)
    host_close(host);
  return status;
}

struct audit_options desk_audit(const struct host *host) {
  return (struct audit_options){.folder = host->services.settings->data,
                                .app_path = host->services.app_path,
                                .app_lock = host->services.app_lock};
}

void desk_settle(const struct host *host) {
  const struct audit_options options = desk_audit(host);
  struct fault fault;
  if (audit_settle(&options, &fault) != MULLIGAN_OK)
    log_warning("operators' runs that ended without a word cannot be settled: %s", fault.message);
}

int desk_width(FILE *out) {
  int width = terminal_width(out);
  return width > 0 ? width : PLAIN_WIDTH;
}

char *desk_command_line(int argc, char *const *argv) {
  struct buf line;
  buf_init(&line, LINE_CAP);
  buf_add_text(&line, "mulligan");
  for (int i = 0; i < argc; i++)
    command_line_add_word(&line, argv[i]);
  return buf_detach(&line);
}
