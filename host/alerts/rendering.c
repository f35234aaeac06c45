/**
 * rendering.c - takes a vm, runs the template, puts a failure on record.
 *
 * Called by a channel while it composes a message, on the carrier's thread, or on the main one by `mulligan alerts
 * test`.
 */
#include "alerts/rendering.h"

#include "base/log.h"
#include "vm/alert_template.h"

/* A pool that is so busy for so long has other troubles than the looks of a message. */
static const double POOL_WAIT_SECONDS = 0.5;
static const double MOST_TEMPLATE_SECONDS = 5;

void rendering_init(struct rendering *rendering, struct vm_pool *pool, struct error_log *errors) {
  *rendering = (struct rendering){.pool = pool, .errors = errors};
  pthread_mutex_init(&rendering->lock, NULL);
}

void rendering_release(struct rendering *rendering) {
  pthread_mutex_destroy(&rendering->lock);
}

void rendering_stop(struct rendering *rendering) {
  pthread_mutex_lock(&rendering->lock);
  rendering->stopping = true;
  if (rendering->vm)
    vm_interrupt(rendering->vm);
  pthread_mutex_unlock(&rendering->lock);
}

/* From now on this vm is at work; false if there is to be no more work. */
static bool enter(struct rendering *rendering, struct vm *vm) {
  pthread_mutex_lock(&rendering->lock);
  bool allowed = !rendering->stopping;
  if (allowed)
    rendering->vm = vm;
  pthread_mutex_unlock(&rendering->lock);
  return allowed;
}

/* It no longer is; false if it was stopped. */
static bool leave(struct rendering *rendering) {
  pthread_mutex_lock(&rendering->lock);
  rendering->vm = NULL;
  bool whole = !rendering->stopping;
  pthread_mutex_unlock(&rendering->lock);
  return whole;
}

static bool has_template(struct vm_pool *pool, const char *name) {
  struct generation *generation = vm_pool_generation(pool);
  bool exists = !generation_is_void(generation) && alert_template_exists(generation, name);
  generation_drop(generation);
  return exists;
}

static void put_on_record(struct rendering *rendering, struct vm *vm) {
  struct error_record *record = vm_take_error(vm);
  if (!record)
    return;
  record->source = ERROR_SOURCE_ALERT;
  if (rendering->errors)
    error_log_record(rendering->errors, record, false, NULL);
  else
    error_record_destroy(record);
}

static enum mulligan_status run_in(struct rendering *rendering, struct vm *vm, const char *name, const json_t *alert,
                                   json_t **out, struct fault *fault) {
  if (!enter(rendering, vm))
    return fault_set(fault, MULLIGAN_INTERRUPTED, "the program stops");
  double seconds = vm_services(vm)->settings->deadline; /* no handler has more */
  if (seconds > MOST_TEMPLATE_SECONDS)
    seconds = MOST_TEMPLATE_SECONDS;
  enum mulligan_status status = alert_template_run(vm, name, alert, seconds, out, fault);
  bool whole = leave(rendering);
  if (status != MULLIGAN_OK && status != MULLIGAN_MISSING && whole)
    put_on_record(rendering, vm);
  return status;
}

enum mulligan_status rendering_run(void *context, const char *name, const json_t *alert, json_t **out,
                                   struct fault *fault) {
  struct rendering *rendering = context;
  struct fault reason = {.status = MULLIGAN_OK};
  *out = NULL;
  rendering->failed = false;
  if (!rendering->pool || !has_template(rendering->pool, name))
    return fault_set(fault, MULLIGAN_MISSING, "there is no template scripts/alerts/%s.lua", name);
  struct vm *vm;
  enum mulligan_status status = vm_pool_take(rendering->pool, rendering, POOL_WAIT_SECONDS, &vm, &reason);
  if (status == MULLIGAN_OK) {
    status = run_in(rendering, vm, name, alert, out, &reason);
    vm_pool_give(rendering->pool, vm);
  }
  if (status == MULLIGAN_OK)
    return status;
  if (status != MULLIGAN_MISSING) {
    rendering->failed = true;
    rendering->fault = reason;
    log_warning("an alert goes to %s as plain text: %s", name, reason.message);
  }
  return fault_set(fault, status, "%s", reason.message);
}
