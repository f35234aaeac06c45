/**
 * vm_internal.h - the inside of a vm, for the files that make one up: vm.c, limits.c, stuck_call.c, sandbox.c,
 * coroutine.c, module.c and vm_pool.c.
 */
#ifndef MULLIGAN_VM_VM_INTERNAL_H
#define MULLIGAN_VM_VM_INTERNAL_H

#include "base/random_source.h"
#include "base/taint.h"
#include "vm/generation.h"
#include "vm/inner_stack.h"
#include "vm/stuck_call.h"
#include "vm/vm.h"
#include "vm/vm_heap.h"
#include "vm/warning.h"
#include "vm/watchdog.h"

#include <signal.h>
#include <stdatomic.h>

#include <lua.h>

enum {
  VM_BREADCRUMBS = 100,        /* kept of one call */
  VM_BREADCRUMB_LENGTH = 400,  /* bytes of one */
  VM_MEMORY_RESERVE = 1 << 20, /* beyond the cap, to take down the error that met it */
  VM_REQUEST_ID_SIZE = 40,
  VM_MOST_SPARE = 16 << 20,      /* bytes that a request needed once and the vm still holds: */
  VM_MOST_REQUESTS = 1000 * 1000 /* as after so many, it makes room for a fresh one */
};

#define VM_ENTRIES "mulligan.entries" /* registry: the routes' entries, by number */
#define VM_HANDLERS                                                                                                    \
  "mulligan.handlers"                   /* registry: by the same number, the handlers that nothing is checked before   \
                                         */
#define VM_DISPATCH "mulligan.dispatch" /* registry: the module of this name */
#define VM_SETTINGS "mulligan.settings.lua" /* registry: what settings.lua returned */

struct vm_breadcrumb {
  int64_t at_us;
  int64_t duration_ns; /* -1: not timed */
  const char *kind;    /* static text */
  size_t length;       /* of the whole text; what is beyond VM_BREADCRUMB_LENGTH is not kept */
  char text[VM_BREADCRUMB_LENGTH];
};

/** Of a vm of a pool: does its call not end, and has the pool given it up for that? */
enum vm_loss { VM_NOT_STUCK, VM_STUCK, VM_LOST };

/** Adds the secrets that came with a request or run; `context` is vm_call()'s. */
typedef void vm_name_secrets(void *context, struct taint *taint);

struct vm {
  struct watch watch; /* first: the signal handler finds the vm by it */
  const struct vm_services *services;
  struct generation *generation;
  enum vm_kind kind;
  lua_State *L;  /* the main thread: runs nothing of a script's */
  lua_State *co; /* the coroutine in which calls run; anchored in the registry */
  struct store *store;
  vm_write_hook *write_hook; /* NULL for none */
  void *write_hook_context;
  int64_t frozen_us;  /* what the scripts' wall clock shows (wall_clock.h); 0 while it runs */
  bool frozen_random; /* crypto draws from frozen_seed (random_bytes.h) */
  unsigned char frozen_seed[RANDOM_SOURCE_SEED_BYTES];
  uint64_t frozen_draws;

  /* limits */
  _Atomic(lua_State *) running; /* the coroutine that runs now; the signal handler sets its hook */
  volatile sig_atomic_t stop;   /* enum vm_stop */
  atomic_bool interrupted;      /* vm_interrupt() was called in this call */
  bool condemned;
  bool loading;     /* the route files load */
  int64_t requests; /* served in its life */
  size_t memory;    /* bytes in use */
  size_t memory_cap;
  struct vm_heap heap;           /* where it lies */
  volatile unsigned allocations; /* ever, and around again: that it stands still is what counts */
  struct stuck_call stuck;

  /* who has it */
  struct vm_pool *pool;     /* NULL for one that belongs to none */
  struct vm *next_disposed; /* in the disposal's queue */
  const void *route;        /* which holds the pool's place; the pool's, like the next */
  enum vm_loss loss;

  /* the call under way */
  void *context;
  const struct vm_request *request; /* that it is made for; NULL for none */
  bool has_error;                   /* the last failed call's error value is at index 1 of L */
  struct error_record *error;       /* and what was taken down of it */
  json_t *stop_frames;              /* the stack at the moment the deadline struck */
  bool stop_truncated;
  struct inner_stack inner; /* of a coroutine that failed in it */
  struct warning warning;   /* being put together */
  char request_id[VM_REQUEST_ID_SIZE];
  struct vm_breadcrumb *breadcrumbs; /* a ring of VM_BREADCRUMBS, made with the first */
  unsigned breadcrumb_count;         /* ever, in this call */

  /* the failed calls that are kept, in debug mode only (failed_call.h) */
  struct failed_call *failed;    /* the latest first */
  lua_Integer failed_keys;       /* ever given to one */
  int failed_number;             /* of the coroutine that has just failed, in its call; -1: it is not kept */
  struct frame_console *console; /* the evaluation under way in one; NULL for none */

  /* the request or run under way */
  const char *language;          /* its texts': static, "en" or "ko" */
  vm_name_secrets *name_secrets; /* what it knows to be secret from its beginning; NULL for nothing */
  struct taint *taint;           /* what has been found to be secret; NULL until somebody asks */
};

/* vm.c */

/** Gives the vm a fresh coroutine in place of the one it has. May raise. */
void vm_renew_coroutine(lua_State *L);

/** Puts the place before what went wrong while scripts loaded in the last vm_call(), where the words do not begin with
 * one. */
void vm_place_fault(const struct vm *vm, struct fault *fault);

/** After a request: forgets its error, its id and its secrets, and condemns a vm that has served its million. */
void vm_end_request(struct vm *vm);

/* vm_taint.c */

/** From now on the secrets of the calls are those that `name_secrets` names (NULL: none) and what turns up. */
void vm_begin_secrets(struct vm *vm, vm_name_secrets *name_secrets);
/** What has been found to be secret, which is the caller's from now on; NULL if nobody has asked. */
struct taint *vm_detach_taint(struct vm *vm);

/* limits.c */

/** The allocator: `ud` is the vm. */
void *limits_allocate(void *ud, void *block, size_t old_size, size_t new_size);
/** Called in the call's thread by the watchdog's signal. */
void limits_expire(struct watch *watch);
/** At a call's start and at its end: what a person interrupted may go on. */
void limits_forgive(struct vm *vm);
/** Notes that the memory cap was met (a LUA_ERRMEM was seen). */
void limits_meet_memory(struct vm *vm);
/** After a protected call inside Lua ended with `status`: passes the sticky error on if the vm expired; returns
 * otherwise. */
void limits_check(lua_State *L, int status);
/** Sets the hook on `co` if the vm expired while another coroutine ran. */
void limits_arm(struct vm *vm, lua_State *co);

/* sandbox.c: all raise on failure and run protected */

/** Builds the read-only base that every script sees, in the registry. */
void sandbox_open(lua_State *L);
/** Pushes a fresh environment over the base for one script. */
void sandbox_push_environment(lua_State *L);
/** Puts a read-only face before the table on top of the stack and replaces it; `name` stands in the message of a
 * refusal. */
void sandbox_protect(lua_State *L, const char *name);

/* coroutine.c */
int coroutine_open(lua_State *L);
int coroutine_pcall(lua_State *L);
int coroutine_xpcall(lua_State *L);

/* module.c */
int module_require(lua_State *L);
/** The names of the library's modules in C, "crypto" and so on, by index from 0; NULL past the last. */
const char *module_native(size_t index);
/** Compiles a script, in any state: pushes its chunk, or false with the message, which names file and line. */
bool module_compile(lua_State *L, const struct generation_script *script);
/** Loads a script of the generation and pushes its compiled chunk, with a fresh environment; raises a syntax error as
 * it is. */
void module_load_script(lua_State *L, const struct generation_script *script);

/* core.c: mulligan.core, what the standard library may ask and scripts may not */
int core_open(lua_State *L);

#endif
