/**
 * vm.h - one Lua state with its database connection, its limits and its life: a bundle.
 *
 * A vm belongs to one thread at a time. C enters Lua through vm_call() only; whatever happens in there comes
 * back as an outcome, never as a longjmp. The code that runs is stopped at its deadline and at its memory cap; both
 * stick, so that neither `pcall` nor a coroutine swallows them, and a vm that met one is condemned: its owner destroys
 * it.
 */
#ifndef MULLIGAN_VM_VM_H
#define MULLIGAN_VM_VM_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/scrub.h"
#include "base/secret_key.h"
#include "base/settings.h"
#include "data/error_log.h"
#include "data/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

struct vm;
struct generation;
struct last_save;
struct taint;
struct failed_index;
struct request_log;

/** What every vm of this process shares; filled once by the command, outlives them all, read-only. */
struct vm_services {
  const struct settings *settings;
  const struct scrub *scrub;
  struct failed_index *failed_index; /* in debug mode: of the failed calls that vms keep; NULL otherwise */
  struct last_save *last_save;       /* what became of the scripts that were saved last; may be NULL */
  struct error_log *errors;          /* NULL where nothing is recorded (`mulligan check`) */
  struct request_log *requests;      /* NULL where nothing is served, or no request is logged */
  struct write_lock *app_lock;       /* the write lock of app.db; NULL without a database */
  const char *app_path;              /* the path of app.db; NULL without a database */
  unsigned char key[MULLIGAN_SECRET_KEY_BYTES];
};

enum vm_kind {
  VM_KIND_REQUEST,  /* loads the routes; one of the pool */
  VM_KIND_OPERATOR, /* runs operator scripts; its store is given by the caller */
  VM_KIND_TEST      /* all of Lua's own libraries and no sandbox: the runner of the Lua tests */
};

/** Why the code that ran did not end by itself. */
enum vm_stop {
  VM_STOP_NONE,
  VM_STOP_DEADLINE,
  VM_STOP_MEMORY,
  VM_STOP_INTERRUPT /* by a person: it lasts for the call; one that ends by itself leaves the vm as good as new */
};

/**
 * Makes a vm: a fresh Lua state over `generation` (may be NULL for VM_KIND_TEST), of which it keeps a
 * reference. `store` becomes the vm's own; NULL opens services->app_path, if that is not NULL.
 */
enum mulligan_status vm_create(struct vm **out, const struct vm_services *services, struct generation *generation,
                               enum vm_kind kind, struct store *store, struct fault *fault);
void vm_destroy(struct vm *vm);

/**
 * Runs `body(L)` as a C function inside the vm's coroutine, under a deadline (seconds from now). `context` is reached
 * by vm_context(). What the body leaves on the stack is dropped: it hands its results out through the context.
 *
 * MULLIGAN_OK, or MULLIGAN_ERROR with the error taken down in vm_error() (MULLIGAN_INTERRUPTED at the deadline,
 * MULLIGAN_NOMEM at the memory cap, both of which condemn the vm).
 */
enum mulligan_status vm_call(struct vm *vm, lua_CFunction body, void *context, double seconds, struct fault *fault);

/**
 * After a failed vm_call(): the record of what happened (frames, locals, message, type), which the caller now owns;
 * NULL when out of memory, or when it was taken before.
 */
struct error_record *vm_take_error(struct vm *vm);

/** Inside the next vm_call(), pushes the value of the error of the last one that failed (nil if none did). */
void vm_push_error(struct vm *vm, lua_State *L);

/** Stops the call under way, if there is one, as its deadline would. Any thread, any signal handler. */
void vm_interrupt(struct vm *vm);

/** True once the vm must not be used again. */
bool vm_condemned(const struct vm *vm);
enum vm_stop vm_stopped(const struct vm *vm);

/* ---- for the bindings: what a C function called from Lua may ask ---- */

/** The vm that a state or coroutine belongs to; never NULL. */
struct vm *vm_of(lua_State *L);
void *vm_context(struct vm *vm);
const struct vm_services *vm_services(const struct vm *vm);
struct generation *vm_generation(const struct vm *vm);
enum vm_kind vm_kind(const struct vm *vm);
/** The database connection, or NULL if this vm has none. */
struct store *vm_store(struct vm *vm);
/** Gives the vm another store, which it then owns; returns the old one to the caller. */
struct store *vm_swap_store(struct vm *vm, struct store *store);
/**
 * From now on `hook` is asked before each write outside a transaction and before each transaction, outside of Lua's
 * knowledge: it may swap the store, and a failure is the statement's. NULL takes it away.
 */
typedef enum mulligan_status vm_write_hook(void *context, struct fault *fault);
void vm_set_write_hook(struct vm *vm, vm_write_hook *hook, void *context);
/** For the binding: asks the hook, if there is one. */
enum mulligan_status vm_before_write(struct vm *vm, struct fault *fault);
/** Has the deadline passed or the memory cap been met? A binding that loops or waits asks, and then calls
 * vm_raise_stop(). */
bool vm_expired(struct vm *vm);
/** clock_monotonic_ns() of the deadline; INT64_MAX without one. */
int64_t vm_deadline_ns(const struct vm *vm);
/** Raises the sticky error of an expired vm. Never returns. */
int vm_raise_stop(lua_State *L);
/** Notes what happened before an error that may come: kind "sql", "log" or "note". Keeps the last 100 of a call. */
void vm_breadcrumb(struct vm *vm, const char *kind, const char *text, size_t length, int64_t duration_ns);
/** What was noted in this call so far, the oldest first, for an error_record's `breadcrumbs`; the caller owns it. Needs
 * nothing of Lua. NULL when out of memory. */
json_t *vm_breadcrumbs(const struct vm *vm);
/** The request id that log lines carry; NULL outside a request. Copied. */
void vm_set_request_id(struct vm *vm, const char *request_id);
const char *vm_request_id(const struct vm *vm);
/**
 * What is known to be secret in the request or run under way: what came with it under secret names, and what has turned
 * up since. Worked out when first asked for. Belongs to the vm; NULL when out of memory.
 */
struct taint *vm_taint(struct vm *vm);
/** Gives a record a copy of it; false when out of memory. */
bool vm_note_secrets(struct vm *vm, struct error_record *record);
/** Appends a text without secrets: those that give themselves away and those of vm_taint(). False when out of memory or
 * past the buffer's cap; the buffer is then not to be used. */
bool vm_scrub_text(struct vm *vm, const char *text, size_t length, struct buf *out);
/** Bytes of Lua memory in use. */
size_t vm_memory(const struct vm *vm);
/** From now on it may use so many; the kind says at first. */
void vm_limit_memory(struct vm *vm, size_t bytes);

#endif
