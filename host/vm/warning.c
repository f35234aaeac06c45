/**
 * warning.c - what Lua has to say where it cannot raise, put on record.
 *
 * Called by Lua on the thread that has the vm, at any moment that collects garbage, and when a state is closed.
 */
#include "vm/warning.h"

#include "base/log.h"
#include "vm/vm_internal.h"

#include <string.h>

static void record(struct vm *vm, const char *text, size_t length) {
  struct error_log *log = vm->console ? NULL : vm->services->errors;
  struct error_record *record = log ? error_record_create(ERROR_SOURCE_WARNING) : NULL;
  if (!record) {
    log_warning("Lua warns: %s", text);
    return;
  }
  error_record_set(record, &record->exc_type, "Warning", 7, 16);
  error_record_set(record, &record->message, text, length, WARNING_SIZE);
  if (vm_request_id(vm))
    error_record_set(record, &record->request_id, vm_request_id(vm), strlen(vm_request_id(vm)), VM_REQUEST_ID_SIZE);
  record->generation = vm->generation ? generation_number(vm->generation) : 0;
  record->lua_bytes = (int64_t)vm->memory;
  record->breadcrumbs = vm_breadcrumbs(vm);
  struct fault fault;
  if (!vm_note_secrets(vm, record)) {
    error_record_destroy(record);
    log_warning("a warning of Lua's could not be recorded: out of memory");
    return;
  }
  if (error_log_record(log, record, false, &fault) != MULLIGAN_OK)
    log_warning("%s", fault.message);
}

void warning_take(void *context, const char *piece, int to_continue) {
  struct vm *vm = context;
  struct warning *warning = &vm->warning;
  /* "@on" and its like, in one piece, steer Lua's own printer of warnings, which is not there. */
  if (warning->length == 0 && !to_continue && piece[0] == '@')
    return;
  size_t room = sizeof warning->text - 1 - warning->length, length = strlen(piece);
  if (length > room)
    length = room;
  memcpy(warning->text + warning->length, piece, length);
  warning->length += length;
  warning->text[warning->length] = '\0';
  if (to_continue)
    return;
  length = warning->length;
  warning->length = 0;
  record(vm, warning->text, length);
}
