/**
 * vm_taint.c - what a vm knows to be secret in the request or run under way.
 *
 * Called by the bindings and by whoever takes an error down, on the thread that has the vm. What came with a request is
 * looked through only when an error or a line for the log makes somebody ask, so the ordinary request pays nothing.
 */
#include "base/scrub.h"
#include "base/taint.h"
#include "vm/vm_internal.h"

void vm_begin_secrets(struct vm *vm, vm_name_secrets *name_secrets) {
  taint_destroy(vm->taint);
  vm->taint = NULL;
  vm->name_secrets = name_secrets;
}

struct taint *vm_detach_taint(struct vm *vm) {
  struct taint *taint = vm->taint;
  vm->taint = NULL;
  return taint;
}

struct taint *vm_taint(struct vm *vm) {
  if (vm->taint)
    return vm->taint;
  vm->taint = taint_create();
  if (vm->taint && vm->name_secrets)
    vm->name_secrets(vm->context, vm->taint);
  return vm->taint;
}

bool vm_note_secrets(struct vm *vm, struct error_record *record) {
  const struct taint *taint = vm_taint(vm);
  if (!record->taint)
    record->taint = taint_create();
  taint_add_all(record->taint, taint);
  return taint && record->taint;
}

bool vm_scrub_text(struct vm *vm, const char *text, size_t length, struct buf *out) {
  struct taint *taint = vm_taint(vm);
  struct scrub_tally tally = {.taint = taint};
  struct buf named;
  int count = 0;
  buf_init(&named, out->cap);
  bool good = taint && scrub_text(vm->services->scrub, text, length, &named, &tally) &&
              taint_text(taint, named.data, named.length, out, &count) &&
              (count > 0 || buf_add(out, named.data, named.length));
  buf_release(&named);
  return good;
}
