/**
 * stuck_call.c - finds out where a stuck call is, puts it on record, and gives its vm up.
 *
 * Nobody walks another thread's stack. The place is looked up in the call's own thread, by the handler of the
 * watchdog's signal, with lua_getstack() and lua_getinfo(), which allocate nothing and change nothing. A handler may
 * interrupt Lua in the middle of a change all the same. What it would meet half done is the stack's move to a larger
 * block: everything else that the two read (the chain of calls, a call's saved instruction, the function's code) is
 * written before it is linked in, and stays. Such a move begins with an allocation and then copies a million slots at
 * most, milliseconds of work. So the place is looked up only when the vm has allocated nothing for a long stretch of
 * its thread's own processor time: then the move is either over or has not begun. A call that waits in the kernel
 * spends none, and one that goes on allocating is never still; of these the route is known and where it was registered.
 *
 * Invariants: a vm's request and pool, which the watchdog's thread reads, stay as they are while a call is under way.
 */
#include "vm/stuck_call.h"

#include "base/clock.h"
#include "base/log.h"
#include "vm/request.h"
#include "vm/vm_internal.h"
#include "vm/vm_pool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { STILL_NS = 50 * 1000 * 1000, MOST_LEVELS = 50, CONTEXT_LINES = 3, TEXT_SIZE = 600 };

/* ---- in the call's own thread, in the signal's handler ---- */

static int64_t processor_ns(void) {
  struct timespec spent;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return (int64_t)spent.tv_sec * 1000000000 + spent.tv_nsec;
}

static void copy(char *out, size_t size, const char *text) {
  size_t length = strnlen(text, size - 1);
  memcpy(out, text, length);
  out[length] = '\0';
}

/* The innermost line of a script's, and the name by which it called what does not return. */
static bool find_place(struct stuck_call *stuck, lua_State *L) {
  lua_Debug ar;
  for (int level = 0; level < MOST_LEVELS && lua_getstack(L, level, &ar) && lua_getinfo(L, "nSl", &ar); level++) {
    if (level == 0 && ar.what[0] == 'C' && ar.name)
      copy(stuck->name, sizeof stuck->name, ar.name);
    if (ar.source[0] == '@' && strncmp(ar.source, "@mulligan/", 10) != 0 && ar.currentline > 0) {
      copy(stuck->chunk, sizeof stuck->chunk, ar.source);
      copy(stuck->function, sizeof stuck->function, ar.name ? ar.name : "(anonymous)");
      stuck->line = ar.currentline;
      return true;
    }
  }
  return false;
}

void stuck_call_look(struct vm *vm) {
  struct stuck_call *stuck = &vm->stuck;
  lua_State *running = atomic_load_explicit(&vm->running, memory_order_relaxed);
  if (!running || atomic_load_explicit(&stuck->placed, memory_order_relaxed))
    return;
  int64_t spent = processor_ns();
  if (!stuck->looked || stuck->allocations != vm->allocations) {
    stuck->looked = true;
    stuck->allocations = vm->allocations;
    stuck->cpu_ns = spent;
    return;
  }
  if (spent - stuck->cpu_ns >= STILL_NS && find_place(stuck, running))
    atomic_store_explicit(&stuck->placed, true, memory_order_release);
}

/* ---- in the watchdog's thread, while the call is held ---- */

static const struct route *route_of(const struct vm_request *request) {
  const struct route_path *path = request && request->match ? request->match->path : NULL;
  return path ? route_path_route(path, request->kind) : NULL;
}

/* A script's line as traceback_take() would have it, without its locals. */
static json_t *frame_at(const struct vm *vm, const char *chunk, int line, const char *function) {
  json_t *source = json_object();
  for (int n = line - CONTEXT_LINES; n <= line + CONTEXT_LINES; n++) {
    size_t length = 0;
    const char *text = vm->generation && n > 0 ? generation_line(vm->generation, chunk, n, &length) : NULL;
    char number[16];
    snprintf(number, sizeof number, "%d", n);
    if (text)
      json_object_set_new(source, number, json_stringn(text, length));
  }
  return json_pack("{s:s, s:i, s:s, s:n, s:b, s:o}", "file", chunk + 1, "line", line, "function", function, "defined",
                   "in_app", 1, "source", source);
}

static json_t *frame_in_c(const char *name) {
  return json_pack("{s:s, s:n, s:s, s:n, s:b}", "file", "[C]", "line", "function", name, "defined", "in_app", 0);
}

/* What became of the vm, in words. */
static void describe_loss(char *out, size_t size, const struct vm *vm, const struct vm_pool_loss *loss) {
  if (!vm->pool)
    snprintf(out, size, "it belongs to no pool");
  else if (loss->replaced)
    snprintf(out, size, "a fresh Lua state may take its place (%d of at most %d are lost)", loss->lost, loss->most);
  else
    snprintf(out, size, "no fresh Lua state takes its place, since %d are lost already (lost_bundles)", loss->lost);
}

static struct error_record *make_record(const struct vm *vm, const char *message) {
  const struct vm_request *request = vm->request;
  struct error_record *record;
  if (request) {
    record = request_error_record(request, vm->services->scrub, 503, "stuck_call", message);
  } else {
    record = error_record_create(ERROR_SOURCE_HOST);
    if (record)
      error_record_set(record, &record->message, message, strlen(message), TEXT_SIZE);
  }
  if (!record)
    return NULL;
  error_record_set(record, &record->exc_type, "StuckCall", 9, 16);
  record->generation = vm->generation ? generation_number(vm->generation) : 0;
  return record;
}

/* Says it in ErrorLog, at the line it was last seen at or, if that is not known, the route's own. */
static void tell(struct vm *vm, const struct vm_pool_loss *loss, double late) {
  const struct stuck_call *stuck = &vm->stuck;
  const struct route *route = route_of(vm->request);
  bool placed = atomic_load_explicit(&vm->stuck.placed, memory_order_acquire);
  const char *name = placed && stuck->name[0] ? stuck->name : NULL;
  char fate[120], place[STUCK_CHUNK_SIZE + 64] = "", message[TEXT_SIZE], chunk[STUCK_CHUNK_SIZE] = "";
  int line = 0;
  if (placed) {
    copy(chunk, sizeof chunk, stuck->chunk);
    line = stuck->line;
  } else if (route) {
    snprintf(chunk, sizeof chunk, "@%s", route->file);
    line = route->line;
  }
  if (chunk[0])
    snprintf(place, sizeof place, "%s %s:%d", placed ? ", at" : "; its line is not known, the route is at", chunk + 1,
             line);
  describe_loss(fate, sizeof fate, vm, loss);
  snprintf(message, sizeof message, "a call of %s is %.1f s past its deadline and cannot be stopped%s%s%s; %s",
           route ? vm->request->match->path->pattern : "a script", late, place, name ? " in " : "", name ? name : "",
           fate);

  struct error_log *errors = vm->services->errors;
  struct error_record *record = errors ? make_record(vm, message) : NULL;
  if (!record) {
    log_error("%s", message);
    return;
  }
  record->frames = json_array();
  if (name)
    json_array_append_new(record->frames, frame_in_c(name));
  if (chunk[0])
    json_array_append_new(record->frames, frame_at(vm, chunk, line, placed ? stuck->function : "(the route)"));
  struct fault fault;
  if (error_log_record(errors, record, false, &fault) != MULLIGAN_OK)
    log_error("%s: %s", message, fault.message);
}

void stuck_call_late(struct watch *watch, int64_t late_ns) {
  struct vm *vm = (struct vm *)(void *)watch;
  double late = (double)late_ns / 1e9, grace = vm->services->settings->stuck_grace;
  bool placed = atomic_load_explicit(&vm->stuck.placed, memory_order_acquire);
  /* Its place may need a little longer to be certain. */
  if (atomic_load_explicit(&vm->interrupted, memory_order_relaxed))
    return; /* who pressed Ctrl-C knows */
  if (vm->stuck.told || late < (placed ? grace : 2 * grace))
    return;
  vm->stuck.told = true;
  struct vm_pool_loss loss = {0};
  if (vm->pool)
    vm_pool_lose(vm->pool, vm, &loss);
  tell(vm, &loss, late);
}

void stuck_call_forget(struct vm *vm) {
  vm->stuck.looked = vm->stuck.told = false;
  atomic_store_explicit(&vm->stuck.placed, false, memory_order_relaxed);
}
