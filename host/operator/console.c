/**
 * console.c - a console's life, and its requests taken one by one.
 *
 * Called by a front end, on its thread; only console_interrupt() comes from elsewhere. Invariants: the vm holds the
 * live store or the plan's copy and owns neither; the request under way is the parent of whatever is published.
 */
#include "operator/console_internal.h"

#include "base/clock.h"
#include "operator/words.h"
#include "vm/random_bytes.h"
#include "vm/wall_clock.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A slip of the pen must not take the machine down, and the plan with it. */
enum { MEMORY_BYTES_MOST = 1 << 30 };

/* ---- life ---- */

static enum mulligan_status open_stores(struct console *console, struct fault *fault) {
  const struct vm_services *services = console->options.services;
  enum mulligan_status status =
      store_open(&console->live, services->app_path, STORE_READ_ONLY, services->app_lock, fault);
  console->vm_services = *services;
  console->vm_services.app_path = NULL;
  console->vm_services.app_lock = NULL;
  return status;
}

static void drop_vm(struct console *console) {
  session_close(console->session);
  console->session = NULL;
  if (console->vm)
    vm_swap_store(console->vm, NULL);
  vm_destroy(console->vm);
  console->vm = NULL;
}

enum mulligan_status console_make_vm(struct console *console, struct fault *fault) {
  drop_vm(console);
  enum mulligan_status status =
      vm_create(&console->vm, &console->vm_services, console->options.generation, VM_KIND_OPERATOR, NULL, fault);
  if (status != MULLIGAN_OK)
    return status;
  vm_limit_memory(console->vm, MEMORY_BYTES_MOST);
  vm_swap_store(console->vm, console_store(console));
  vm_set_write_hook(console->vm, console_before_write, console);
  if (console->plan) {
    wall_clock_freeze(console->vm, plan_made_at(console->plan));
    random_bytes_freeze(console->vm, plan_seed(console->plan));
  }
  const struct session_options options = {.listener = &console->listener,
                                          .operator_name = console->options.operator_name,
                                          .language = words_language(),
                                          .print = console_print,
                                          .context = console,
                                          .rows_most = CONSOLE_ROWS_MOST,
                                          .frozen = console->plan != NULL};
  return session_open(&console->session, console->vm, &options, fault);
}

enum mulligan_status console_open(struct console **out, const struct console_options *options, struct fault *fault) {
  *out = NULL;
  struct console *console = calloc(1, sizeof *console);
  if (!console)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  console->options = *options;
  console->plan = options->plan;
  console->owns_plan = !options->plan;
  console->listener = console_listener(console);
  console->sources = json_array();
  console->pending = json_array();
  console->output = json_array();
  unsigned char bytes[16];
  randombytes_buf(bytes, sizeof bytes);
  sodium_bin2hex(console->name, sizeof console->name, bytes, sizeof bytes);
  enum mulligan_status status = open_stores(console, fault);
  if (status == MULLIGAN_OK)
    status = console_make_vm(console, fault);
  if (status != MULLIGAN_OK) {
    console_close(console);
    return status;
  }
  *out = console;
  return MULLIGAN_OK;
}

void console_close(struct console *console) {
  if (!console)
    return;
  if (console->plan && console->owns_plan)
    console_drop_plan(console, AUDIT_NOT_CONFIRMED, "left without applying it");
  drop_vm(console);
  store_close(console->live);
  store_close(console->writer);
  json_decref(console->sources);
  json_decref(console->pending);
  json_decref(console->output);
  json_decref(console->tables);
  error_record_destroy(console->error);
  free(console);
}

/* ---- what front ends ask ---- */

void console_interrupt(struct console *console) {
  if (atomic_load(&console->busy))
    vm_interrupt(console->vm);
}

bool console_is_busy(const struct console *console) {
  return atomic_load(&console->busy);
}

int console_next_count(const struct console *console) {
  return console->count + 1;
}

void console_set_width(struct console *console, int width) {
  console->options.width = width;
}

struct store *console_store(struct console *console) {
  return console->plan ? plan_store(console->plan) : console->live;
}

struct vm *console_vm(struct console *console) {
  return console->vm;
}

json_t *console_content(const json_t *message) {
  return json_object_get(message, "content");
}

json_t *console_request(const struct console *console, const char *type, json_t *content) {
  char date[MULLIGAN_RFC3339_SIZE];
  return json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:s}, s:{}, s:{}, s:o}", "header", "msg_id", "request", "msg_type",
                   type, "session", console->name, "username", console->options.operator_name, "date",
                   clock_rfc3339(clock_wall_us(), date), "version", "5.3", "parent_header", "metadata", "content",
                   content);
}

/* ---- requests ---- */

static const char *text_of(const json_t *content, const char *key) {
  const char *text = json_string_value(json_object_get(content, key));
  return text ? text : "";
}

static json_t *take_execute(struct console *console, const json_t *content, json_t *metadata) {
  return console_execute(console, content, metadata);
}

static json_t *take_is_complete(struct console *console, const json_t *content, json_t *metadata) {
  (void)metadata;
  static const char *const names[] = {
      [SESSION_COMPLETE] = "complete", [SESSION_INCOMPLETE] = "incomplete", [SESSION_WRONG] = "invalid"};
  const char *code = text_of(content, "code");
  enum session_completeness found = session_check(console->session, code, strlen(code));
  return json_pack("{s:s, s:s}", "status", names[found], "indent", "");
}

static json_t *take_complete(struct console *console, const json_t *content, json_t *metadata) {
  (void)metadata;
  return console_complete(console, content);
}

static json_t *take_inspect(struct console *console, const json_t *content, json_t *metadata) {
  (void)metadata;
  return console_inspect(console, content);
}

static json_t *take_interrupt(struct console *console, const json_t *content, json_t *metadata) {
  (void)content;
  (void)metadata;
  console_interrupt(console);
  return json_pack("{s:s}", "status", "ok");
}

static json_t *take_kernel_info(struct console *console, const json_t *content, json_t *metadata) {
  (void)console;
  (void)content;
  (void)metadata;
  return json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s}, s:s}", "status", "ok", "protocol_version", "5.3",
                   "implementation", "mulligan", "implementation_version", MULLIGAN_VERSION, "language_info", "name",
                   "lua", "version", "5.4", "mimetype", "text/x-lua", "file_extension", ".lua", "banner",
                   "Mulligan " MULLIGAN_VERSION);
}

static json_t *take_plan(struct console *console, const json_t *content, json_t *metadata) {
  (void)content;
  (void)metadata;
  return console_show_plan(console);
}

static json_t *take_apply(struct console *console, const json_t *content, json_t *metadata) {
  (void)metadata;
  return console_apply_plan(console, content);
}

static json_t *take_discard(struct console *console, const json_t *content, json_t *metadata) {
  (void)metadata;
  return console_discard_plan(console, content);
}

static const struct {
  const char *request, *reply;
  json_t *(*take)(struct console *console, const json_t *content, json_t *metadata);
} requests[] = {
    {"execute_request", "execute_reply", take_execute},
    {"is_complete_request", "is_complete_reply", take_is_complete},
    {"complete_request", "complete_reply", take_complete},
    {"inspect_request", "inspect_reply", take_inspect},
    {"interrupt_request", "interrupt_reply", take_interrupt},
    {"kernel_info_request", "kernel_info_reply", take_kernel_info},
    {"plan_request", "plan_reply", take_plan},
    {"apply_request", "apply_reply", take_apply},
    {"discard_request", "discard_reply", take_discard},
};

json_t *console_handle(struct console *console, const json_t *request) {
  json_t *header = json_object_get(request, "header");
  const char *type = text_of(header, "msg_type");
  const json_t *content = console_content(request);
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    if (strcmp(requests[i].request, type) != 0 || !json_is_object(content))
      continue;
    console->parent = header;
    console_publish(console, "status", json_pack("{s:s}", "execution_state", "busy"));
    json_t *metadata = json_object();
    json_t *answer = requests[i].take(console, content, metadata);
    json_t *reply = answer ? console_message(console, requests[i].reply, answer) : NULL;
    json_object_set_new(reply, "metadata", metadata);
    console_publish(console, "status", json_pack("{s:s}", "execution_state", "idle"));
    console->parent = NULL;
    return reply;
  }
  console->parent = header;
  json_t *reply =
      console_message(console, "error_reply",
                      json_pack("{s:s, s:s, s:s+, s:[]}", "status", "error", "ename", "BadRequest", "evalue",
                                json_is_object(content) ? "there is no request of the type "
                                                        : "a request without content, of the type ",
                                *type ? type : "(none)", "traceback"));
  console->parent = NULL;
  return reply;
}
