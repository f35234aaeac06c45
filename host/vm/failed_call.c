/**
 * failed_call.c - the coroutines that a vm keeps of its failed requests.
 *
 * Called by vm.c where a call failed, by inner_stack.c and coroutine.c where a coroutine failed inside one, and by the
 * console; always on the thread that has the vm. The coroutines are anchored in one table of the registry: by the
 * call's key a table with the coroutines by their number, and at -1 the console's variables. Integer keys, so that
 * looking up and taking away can be done outside of any protected call.
 *
 * Invariants: a call is in the index exactly while it is `kept` and nobody has let go of it; a coroutine among `own`
 * was the vm's and is reset when dropped, any other is the script's and is only forgotten.
 */
#include "vm/failed_call.h"

#include "base/clock.h"
#include "vm/failed_index.h"
#include "vm/traceback.h"
#include "vm/vm_internal.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

enum {
  MOST_COROUTINES = 30, /* of one call: bits of `own` */
  NAMES = -1,           /* where the console's variables are */
  PLACE_UNIT = 1 << 30, /* a place is its coroutine's number, in these, and the level */
  MOST_LEVELS = 200,    /* of a coroutine that is looked through for what it has to close */
  SMALLEST_BUG = 500
};
static const int64_t closing_ns = INT64_C(1000000000); /* for all that one call has to close */

static const char calls_key = 0; /* registry: the table of the kept calls */

struct failed_call {
  char id[VM_REQUEST_ID_SIZE];
  lua_Integer key; /* in the registry's table */
  int coroutines;  /* numbers in use: 0 and those of inner ones */
  unsigned own;    /* the numbers of the vm's own coroutines, as bits */
  bool kept;       /* false while the request goes on without having failed */
  struct taint *taint;
  struct failed_call *older;
};

static struct failed_index *index_of(const struct vm *vm) {
  return vm->services->failed_index;
}

/* Is a request under way, in debug mode? */
static bool is_wanted(const struct vm *vm) {
  return index_of(vm) && vm->request_id[0] && vm->generation;
}

struct failed_call *failed_call_find(struct vm *vm, const char *id) {
  for (struct failed_call *call = vm->failed; call; call = call->older)
    if (strcmp(call->id, id) == 0)
      return call;
  return NULL;
}

struct taint *failed_call_taint(struct failed_call *call) {
  return call->taint;
}

/* ---- making one ---- */

/* The call of the request under way, made with the first coroutine that fails in it; NULL when out of memory. */
static struct failed_call *current(struct vm *vm) {
  struct failed_call *call = failed_call_find(vm, vm->request_id);
  if (call)
    return call;
  call = calloc(1, sizeof *call);
  if (!call)
    return NULL;
  memcpy(call->id, vm->request_id, sizeof call->id);
  call->key = ++vm->failed_keys;
  call->coroutines = 1;
  call->older = vm->failed;
  vm->failed = call;
  return call;
}

/* Pushes the call's table, which it makes if there is none. May raise. */
static void push_table(lua_State *L, const struct failed_call *call) {
  luaL_checkstack(L, 4, NULL);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &calls_key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &calls_key);
  }
  if (lua_rawgeti(L, -1, call->key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_newtable(L);
    lua_rawseti(L, -2, NAMES);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, call->key);
  }
  lua_remove(L, -2);
}

int failed_call_note_inner(struct vm *vm, lua_State *L, lua_State *co) {
  struct failed_call *call = is_wanted(vm) ? current(vm) : NULL;
  if (!call || call->coroutines == MOST_COROUTINES)
    return 0;
  push_table(L, call);
  lua_pushthread(co);
  lua_xmove(co, L, 1);
  lua_rawseti(L, -2, call->coroutines);
  lua_pop(L, 1);
  return call->coroutines++;
}

/* Is there a value on the stack of `co` that may have to be closed? More are taken for one than are. May raise. */
static bool may_close(lua_State *L, lua_State *co) {
  lua_Debug ar;
  luaL_checkstack(L, 2, NULL);
  for (int level = 0; lua_getstack(co, level, &ar); level++) {
    if (level == MOST_LEVELS || !lua_checkstack(co, 1))
      return true;
    for (int n = 1; lua_getlocal(co, &ar, n); n++) {
      lua_xmove(co, L, 1);
      bool found = luaL_getmetafield(L, -1, "__close") != LUA_TNIL;
      lua_pop(L, found ? 2 : 1);
      if (found)
        return true;
    }
  }
  return false;
}

bool failed_call_spares(struct vm *vm, lua_State *L, lua_State *co) {
  struct failed_call *call = is_wanted(vm) ? failed_call_find(vm, vm->request_id) : NULL;
  if (!call)
    return false;
  push_table(L, call);
  bool noted = false;
  for (int i = 1; i < call->coroutines && !noted; i++) {
    lua_rawgeti(L, -1, i);
    noted = lua_tothread(L, -1) == co;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return noted && !may_close(L, co);
}

/* ---- places ---- */

void failed_call_place(json_t *frames, lua_State *co, int number) {
  traceback_number(frames, co, (json_int_t)number * PLACE_UNIT);
}

void failed_call_begin(struct vm *vm, json_t *frames, int status) {
  vm->failed_number = -1;
  struct failed_call *call = is_wanted(vm) && status >= SMALLEST_BUG ? current(vm) : NULL;
  if (!call || call->coroutines == MOST_COROUTINES)
    return;
  /* The handler's coroutine is number 0; that of an exception handler that failed after it has one of its own. */
  vm->failed_number = call->own ? call->coroutines++ : 0;
  failed_call_place(frames, vm->co, vm->failed_number);
}

lua_State *failed_call_push_frame(const struct failed_call *call, lua_State *L, lua_Integer place, int *level) {
  lua_Integer number = place / PLACE_UNIT, at = place % PLACE_UNIT;
  lua_Debug ar;
  if (place < 0 || number >= call->coroutines || !lua_checkstack(L, 3))
    return NULL;
  lua_State *co = NULL;
  int top = lua_gettop(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &calls_key) == LUA_TTABLE && lua_rawgeti(L, -1, call->key) == LUA_TTABLE &&
      lua_rawgeti(L, -1, number) == LUA_TTHREAD)
    co = lua_tothread(L, -1);
  if (!co || lua_status(co) == LUA_OK || !lua_getstack(co, (int)at, &ar)) {
    lua_settop(L, top);
    return NULL;
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  *level = (int)at;
  return co;
}

void failed_call_push_names(const struct failed_call *call, lua_State *L) {
  push_table(L, call);
  lua_rawgeti(L, -1, NAMES);
  lua_remove(L, -2);
}

/* ---- keeping ---- */

/* Runs protected on the main thread: 1: the vm, 2: the call. */
static int anchor(lua_State *L) {
  struct vm *vm = lua_touserdata(L, 1);
  push_table(L, lua_touserdata(L, 2));
  lua_pushthread(vm->co);
  lua_xmove(vm->co, L, 1);
  lua_rawseti(L, 3, vm->failed_number);
  vm_renew_coroutine(L);
  return 0;
}

/* Takes the places from frames whose coroutine has been reset since. */
static void take_lost_places(struct vm *vm, const struct failed_call *call) {
  size_t position;
  json_t *frame;
  json_array_foreach(vm->error->frames, position, frame) {
    const json_t *place = json_object_get(frame, "level");
    int level;
    if (place && failed_call_push_frame(call, vm->L, json_integer_value(place), &level))
      lua_pop(vm->L, 1);
    else
      json_object_del(frame, "level");
  }
}

bool failed_call_keep(struct vm *vm) {
  struct failed_call *call = vm->failed_number >= 0 ? failed_call_find(vm, vm->request_id) : NULL;
  if (!call || !vm->error)
    return false;
  if (!call->taint)
    call->taint = taint_create();
  taint_add_all(call->taint, vm_taint(vm));
  if (!call->taint || taint_failed(call->taint) || !vm->taint || !lua_checkstack(vm->L, 5))
    return false; /* its secrets could not be told from the rest */
  int top = lua_gettop(vm->L);
  lua_pushcfunction(vm->L, anchor);
  lua_pushlightuserdata(vm->L, vm);
  lua_pushlightuserdata(vm->L, call);
  bool done = lua_pcall(vm->L, 2, 0, 0) == LUA_OK;
  lua_settop(vm->L, top);
  if (!done)
    return false;
  call->own |= 1u << vm->failed_number;
  call->kept = true;
  take_lost_places(vm, call);
  failed_index_add(index_of(vm), call->id, vm);
  return true;
}

/* ---- dropping ---- */

/* Closes what a coroutine has to close, within the time that its call has for all. */
static void close_coroutine(struct vm *vm, lua_State *co, int64_t deadline_ns) {
  atomic_store_explicit(&vm->running, co, memory_order_relaxed);
  watch_enter(&vm->watch, deadline_ns);
  limits_arm(vm, co);
  if (lua_resetthread(co) == LUA_ERRMEM)
    limits_meet_memory(vm);
  watch_leave(&vm->watch);
  atomic_store_explicit(&vm->running, NULL, memory_order_relaxed);
  if (vm->stop != VM_STOP_NONE)
    vm->condemned = true;
}

/* The call is in the list no more. A vm that met a limit is never reset: its coroutines go with it. */
static void drop(struct vm *vm, struct failed_call *call) {
  lua_State *L = vm->L;
  int64_t deadline_ns = clock_monotonic_ns() + closing_ns;
  int top = lua_gettop(L);
  if (lua_checkstack(L, 4) && lua_rawgetp(L, LUA_REGISTRYINDEX, &calls_key) == LUA_TTABLE &&
      lua_rawgeti(L, -1, call->key) == LUA_TTABLE) {
    for (int number = 0; number < call->coroutines; number++) {
      if (!(call->own & 1u << number) || vm->condemned)
        continue;
      lua_rawgeti(L, top + 2, number);
      close_coroutine(vm, lua_tothread(L, -1), deadline_ns);
      lua_pop(L, 1);
    }
    lua_pushnil(L);
    lua_rawseti(L, top + 1, call->key);
  }
  lua_settop(L, top);
  taint_destroy(call->taint);
  free(call);
}

/* Drops the call behind `link`. */
static void drop_at(struct vm *vm, struct failed_call **link) {
  struct failed_call *call = *link;
  *link = call->older;
  drop(vm, call);
}

static bool is_tight(const struct vm *vm) {
  return vm->memory > vm->memory_cap / 2;
}

static void make_room(struct vm *vm) {
  while (vm->failed && is_tight(vm)) {
    lua_gc(vm->L, LUA_GCCOLLECT);
    if (!is_tight(vm))
      return;
    struct failed_call **oldest = &vm->failed;
    while ((*oldest)->older)
      oldest = &(*oldest)->older;
    failed_index_remove(index_of(vm), (*oldest)->id, FAILED_TOO_LARGE);
    drop_at(vm, oldest);
  }
}

void failed_call_tidy(struct vm *vm) {
  if (vm->condemned)
    return; /* they go with it */
  for (struct failed_call **link = &vm->failed; *link;) {
    if ((*link)->kept && failed_index_has(index_of(vm), (*link)->id))
      link = &(*link)->older;
    else
      drop_at(vm, link);
  }
  make_room(vm);
}

void failed_call_drop_all(struct vm *vm) {
  enum failed_end why = vm->condemned ? FAILED_RETIRED : FAILED_RELOADED;
  while (vm->failed) {
    failed_index_remove(index_of(vm), vm->failed->id, why);
    drop_at(vm, &vm->failed);
  }
}
