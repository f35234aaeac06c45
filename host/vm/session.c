/**
 * session.c - inputs: compiled, run, and what came of them.
 *
 * Called by the console, on the thread that has the vm. An input runs in a coroutine of its own inside vm_call(), so
 * that what it raises or what interrupts it ends there and leaves the vm as it was.
 *
 * An input that is no expression gets a variable of the host's before its first word, on the same line, and calls it
 * behind its last line: there the coroutine yields, never to be resumed, with all its variables where they are and with
 * the functions that captured them. The variable is also a to-be-closed one, so that an input that ends by `return` is
 * seen as well; Lua has then cut its variables off from those functions, so they are copied. The same goes for an input
 * with to-be-closed variables of its own, which must be closed at its end. Invariants: a coroutine that was stopped is
 * neither resumed nor reset; JSON is handed to the outcome as soon as it is made.
 */
#include "vm/session_internal.h"

#include "base/utf8.h"
#include "vm/bind.h"
#include "vm/code_word.h"
#include "vm/error_chain.h"
#include "vm/inspect.h"
#include "vm/operator_call.h"
#include "vm/traceback.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

enum {
  CODE_MOST = 16 << 20,
  SECONDS_MOST = 7 * 24 * 3600,
  OPEN_SECONDS = 30,
  MOST_FRAMES = 50,
  MESSAGE_MOST = 64 * 1024
};

#define GUARD_NAME "_MULLIGAN_INPUT"

static const char guard_key = 0; /* registry: the guard that is each input's first variable */

/* ---- opening ---- */

/* `__close` and `__call` of the guard; upvalue 1 is the session. */
static int close_guard(lua_State *L) {
  const struct session *session = lua_touserdata(L, lua_upvalueindex(1));
  lua_Debug ar;
  if (L == session->co && lua_isnoneornil(L, 2) && lua_getstack(L, 1, &ar))
    session_copy_locals(L, L, &ar);
  return 0;
}

static int call_guard(lua_State *L) {
  struct session *session = lua_touserdata(L, lua_upvalueindex(1));
  if (L != session->co)
    return 0;
  session->suspended = true;
  return lua_yield(L, 0);
}

static void make_guard(lua_State *L, struct session *session) {
  static const luaL_Reg functions[] = {{"__close", close_guard}, {"__call", call_guard}, {NULL, NULL}};
  lua_newuserdatauv(L, 0, 0);
  lua_createtable(L, 0, 3);
  lua_pushlightuserdata(L, session);
  luaL_setfuncs(L, functions, 1);
  lua_pushliteral(L, "input");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &guard_key);
}

static int open_session(lua_State *L) {
  struct session *session = vm_context(vm_of(L));
  operator_set_language(L, session->options.language);
  if (session->options.frozen)
    operator_seed_random(L, session->vm->frozen_us);
  make_guard(L, session);
  session_names_open(L, session);
  return 0;
}

enum mulligan_status session_open(struct session **out, struct vm *vm, const struct session_options *options,
                                  struct fault *fault) {
  *out = NULL;
  struct session *session = calloc(1, sizeof *session);
  if (!session)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  session->vm = vm;
  session->options = *options;
  session->op = (struct op_session){.listener = options->listener, .operator_name = options->operator_name};
  enum mulligan_status status = vm_call(vm, open_session, session, OPEN_SECONDS, fault);
  if (status != MULLIGAN_OK) {
    session_close(session);
    return status;
  }
  *out = session;
  return MULLIGAN_OK;
}

void session_close(struct session *session) {
  if (!session)
    return;
  op_session_end(&session->op);
  free(session);
}

/* ---- compiling ---- */

struct execution {
  struct session *session;
  const struct session_input *input;
  struct session_outcome *out;
};

/* Pushes the chunk of `before`, the code and `after`, whose first line is the input's; or the message, returning false.
 * `*closes` (may be NULL) tells whether the code has to-be-closed variables. */
static bool compile(lua_State *L, const struct session_input *input, const char *before, const char *after,
                    bool *closes) {
  struct buf *text = bind_buffer(L, CODE_MOST);
  int box = lua_gettop(L);
  for (int line = 1; line < input->line; line++)
    buf_add_char(text, '\n');
  buf_add_text(text, before);
  size_t start = text->length;
  buf_add(text, input->code, input->length);
  if (text->failed)
    return luaL_error(L, "the input is too long");
  bool other = *before && code_word_blank_constants(text->data + start, input->length);
  if (closes)
    *closes = other;
  buf_add_text(text, after);
  bool good = !text->failed && luaL_loadbufferx(L, text->data, text->length, input->name, "t") == LUA_OK;
  if (good) {
    session_push_environment(L);
    lua_setupvalue(L, -2, 1);
  }
  buf_release(text);
  lua_remove(L, box);
  return good;
}

static bool is_unfinished(lua_State *L) {
  size_t length;
  const char *message = lua_tolstring(L, -1, &length);
  return message && length >= 5 && strcmp(message + length - 5, "<eof>") == 0;
}

/* Pushes the input's chunk as it stands, for an expression or for statements; false with the message on top. */
static bool compile_plain(lua_State *L, const struct session_input *input, bool *is_expression) {
  *is_expression = compile(L, input, "return ", "\n", NULL);
  if (*is_expression)
    return true;
  bool good = compile(L, input, "", "\n", NULL);
  if (!good && !is_unfinished(L)) { /* "1 +": of an unfinished expression the better message is the first */
    lua_pushvalue(L, -2);
    if (!is_unfinished(L))
      lua_pop(L, 1);
  }
  return good;
}

/* Leaves the function of the input on top and, above it, its arguments, of which it returns the number; -1 with the
 * message on top. */
static int push_input(lua_State *L, const struct session_input *input) {
  static const char guarded[] = "local " GUARD_NAME " <close> = ...; ", call[] = "\n;" GUARD_NAME "()";
  bool is_expression, closes;
  if (!input->code) {
    session_push_script(L, input->script);
    operator_push_parameters(L, input->parameters);
    return 1;
  }
  if (!compile_plain(L, input, &is_expression))
    return -1;
  if (is_expression)
    return 0;
  /* Where the call is in the way, as behind a `return`, or the guard, the input goes without. */
  if (!(compile(L, input, guarded, call, &closes) && !closes) && !compile(L, input, guarded, "\n", NULL)) {
    compile_plain(L, input, &is_expression);
    return 0;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &guard_key);
  return 1;
}

static int check_code(lua_State *L) {
  struct execution *run = vm_context(vm_of(L));
  bool is_expression;
  bool good = compile_plain(L, run->input, &is_expression);
  run->out->end = good ? SESSION_DONE : is_unfinished(L) ? SESSION_ABORTED : SESSION_INVALID;
  return 0;
}

enum session_completeness session_check(struct session *session, const char *code, size_t length) {
  struct session_input input = {.code = code, .length = length, .name = "=input"};
  struct session_outcome outcome = {.end = SESSION_INVALID};
  struct execution run = {.session = session, .input = &input, .out = &outcome};
  struct fault fault;
  vm_call(session->vm, check_code, &run, OPEN_SECONDS, &fault);
  return outcome.end == SESSION_DONE      ? SESSION_COMPLETE
         : outcome.end == SESSION_ABORTED ? SESSION_INCOMPLETE
                                          : SESSION_WRONG;
}

/* ---- what failed ---- */

static char *copy_text(const char *text, size_t length) {
  struct buf copy;
  buf_init(&copy, MESSAGE_MOST);
  size_t kept = length < MESSAGE_MOST / 3 ? length : MESSAGE_MOST / 3;
  utf8_add_repaired(&copy, text, kept);
  return buf_detach(&copy);
}

static void take_frames(lua_State *co, struct session_outcome *out) {
  json_decref(out->frames);
  out->frames = json_array();
  lua_Debug ar;
  for (int level = 0; json_array_size(out->frames) < MOST_FRAMES && lua_getstack(co, level, &ar); level++) {
    lua_getinfo(co, "Sln", &ar);
    if (ar.currentline > 0)
      json_array_append_new(out->frames, json_pack("{s:s, s:i, s:s*}", "file", ar.short_src, "line", ar.currentline,
                                                   "function", ar.name));
  }
}

/* The place that Lua put before a message ("[3]:2: ") is among the frames already. */
static const char *skip_place(const char *message, const json_t *frames) {
  size_t index;
  json_t *frame;
  json_array_foreach(frames, index, frame) {
    const char *file = json_string_value(json_object_get(frame, "file"));
    size_t length = strlen(file);
    if (strncmp(message, file, length) != 0 || message[length] != ':')
      continue;
    const char *rest = message + length + 1 + strspn(message + length + 1, "0123456789");
    if (rest[0] == ':' && rest[1] == ' ')
      return rest + 2;
  }
  return message;
}

/* The error is at index 1; the execution's outcome behind it. */
static int describe_error(lua_State *L) {
  struct session_outcome *out = lua_touserdata(L, 2);
  const char *type = "Error";
  if (lua_type(L, 1) != LUA_TSTRING && luaL_getmetafield(L, 1, "__name") == LUA_TSTRING)
    type = lua_tostring(L, -1);
  out->type = copy_text(type, strlen(type));
  if (lua_type(L, 1) == LUA_TTABLE && luaL_getmetafield(L, 1, "__tostring") == LUA_TNIL) {
    struct buf *text = bind_buffer(L, INSPECT_BYTES_MOST);
    inspect_add(L, 1, text);
    out->message = copy_text(text->data, text->length);
    return 0;
  }
  size_t length;
  const char *message = luaL_tolstring(L, 1, &length);
  const char *bare = skip_place(message, out->frames);
  out->message = copy_text(bare, length - (size_t)(bare - message));
  return 0;
}

/* The place that a message of the compiler begins with is its only frame. */
static void take_syntax_error(lua_State *L, const struct session_input *input, struct session_outcome *out) {
  size_t length;
  const char *message = luaL_tolstring(L, -1, &length);
  const char *place = strchr(message + strlen(input->name) - 1, ':');
  int line = place ? (int)strtol(place + 1, NULL, 10) : 1;
  out->end = SESSION_INVALID;
  out->type = copy_text("SyntaxError", 11);
  out->frames = json_pack("[{s:s, s:i}]", "file", input->name + 1, "line", line);
  const char *bare = skip_place(message, out->frames);
  out->message = copy_text(bare, strlen(bare));
}

/* ---- running ---- */

static void set_running(struct session *session, lua_State *co) {
  atomic_store_explicit(&session->vm->running, co, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
}

static bool is_stopped(const struct session *session) {
  return session->vm->stop != VM_STOP_NONE;
}

/* The outermost function of the coroutine's stack. */
static bool find_chunk(lua_State *co, lua_Debug *ar) {
  int level = 0;
  while (lua_getstack(co, level, ar))
    level++;
  return level > 0 && lua_getstack(co, level - 1, ar);
}

/* Closes what the failed coroutine has to close. */
static void reset(struct session *session, lua_State *L, lua_State *co) {
  set_running(session, co);
  limits_arm(session->vm, co);
  lua_resetthread(co);
  set_running(session, L);
}

/* What ErrorLog would have of it: the error is on top of L, the coroutine still as it failed. */
static struct error_record *take_record(struct session *session, lua_State *L, lua_State *co) {
  struct vm *vm = session->vm;
  struct error_record *record = error_record_create(ERROR_SOURCE_OPERATOR);
  if (!record)
    return NULL;
  record->lua_bytes = (int64_t)vm_memory(vm);
  record->generation = generation_number(vm->generation);
  record->breadcrumbs = vm_breadcrumbs(vm);
  record->frames = traceback_take(co, vm->generation, vm->services->scrub, true, vm_taint(vm), &record->truncated);
  lua_pushcfunction(L, error_chain_describe);
  lua_pushvalue(L, -2);
  lua_pushlightuserdata(L, record);
  if (!is_stopped(session) && lua_pcall(L, 2, 0, 0) != LUA_OK)
    lua_pop(L, 1);
  error_chain_complete(record);
  return record;
}

/* The coroutine `co` has failed with the error on its top. */
static void take_failure(lua_State *L, struct execution *run, lua_State *co) {
  struct session *session = run->session;
  struct session_outcome *out = run->out;
  lua_Debug ar;
  out->end = session->op.aborted ? SESSION_ABORTED : SESSION_FAILED;
  take_frames(co, out);
  lua_pushcfunction(L, describe_error);
  lua_xmove(co, L, 1);
  if (out->end == SESSION_FAILED && !is_stopped(session))
    out->error = take_record(session, L, co);
  if (find_chunk(co, &ar))
    session_copy_locals(L, co, &ar);
  lua_pushlightuserdata(L, out);
  if (!is_stopped(session) && lua_pcall(L, 2, 0, 0) != LUA_OK)
    lua_pop(L, 1);
  if (!is_stopped(session))
    reset(session, L, co);
}

/* Is the value on top a list of rows, to be shown as a table? */
static bool is_rows(lua_State *L) {
  if (lua_type(L, -1) != LUA_TTABLE)
    return false;
  int top = lua_gettop(L);
  bool is = false;
  if (lua_getmetatable(L, -1)) { /* of db.query() */
    lua_pushliteral(L, "columns");
    is = lua_rawget(L, -2) == LUA_TTABLE;
  } else if (lua_rawlen(L, -1) > 0) {
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    is = true;
    for (lua_Integer i = 1; is && i <= count && i <= 20; i++) {
      is = lua_rawgeti(L, top, i) == LUA_TTABLE && lua_rawlen(L, -1) == 0 && !lua_getmetatable(L, -1);
      for (lua_pushnil(L); is && lua_next(L, top + 1); lua_pop(L, 1))
        is = lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) != LUA_TTABLE;
      lua_settop(L, top);
    }
  }
  lua_settop(L, top);
  return is;
}

/* Takes the value on top and adds it to the outcome. */
static void take_value(lua_State *L, struct execution *run) {
  struct buf *text = bind_buffer(L, INSPECT_BYTES_MOST);
  lua_insert(L, -2);
  bool rows = is_rows(L);
  json_t *value = json_object();
  json_array_append_new(run->out->values, value);
  if (rows) {
    json_t *columns = NULL, *list = NULL;
    bind_op_read_rows(L, -1, run->session->options.rows_most, &columns, &list);
    json_object_set_new(value, "columns", columns);
    json_object_set_new(value, "rows", list);
    json_object_set_new(value, "total", json_integer((json_int_t)lua_rawlen(L, -1)));
  }
  inspect_add(L, -1, text);
  struct buf good;
  buf_init(&good, 3 * INSPECT_BYTES_MOST);
  utf8_add_repaired(&good, text->data, text->length);
  json_object_set_new(value, "text", json_sprintf("%s%s", good.data, text->failed ? "…" : ""));
  buf_release(&good);
  lua_pop(L, 1);
  buf_release(text);
  lua_pop(L, 1);
}

/* The `count` values on top are the input's results. */
static void take_values(lua_State *L, struct execution *run, int count) {
  int first = lua_gettop(L) - count + 1;
  if (count > 0 && !lua_isnil(L, first)) {
    session_push_environment(L);
    lua_pushvalue(L, first);
    lua_setfield(L, -2, "_");
    lua_pop(L, 1);
  }
  for (int i = 0; i < count; i++) {
    lua_pushvalue(L, first + i);
    take_value(L, run);
  }
}

static void set_variables(lua_State *L, const json_t *variables) {
  if (!variables)
    return;
  operator_push_parameters(L, variables);
  session_push_environment(L);
  for (lua_pushnil(L); lua_next(L, -3);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_settable(L, -4);
  }
  lua_pop(L, 2);
}

static int execute(lua_State *L) {
  struct execution *run = vm_context(vm_of(L));
  struct session *session = run->session;
  luaL_checkstack(L, 20, NULL);
  set_variables(L, run->input->variables);
  lua_State *co = lua_newthread(L);
  int arguments = push_input(L, run->input);
  if (arguments < 0) {
    take_syntax_error(L, run->input, run->out);
    return 0;
  }
  lua_xmove(L, co, arguments + 1);
  session->co = co;
  session->suspended = false;
  set_running(session, co);
  limits_arm(session->vm, co);
  int results = 0;
  int status = lua_resume(co, L, arguments, &results);
  set_running(session, L);
  session->co = NULL;

  if (status == LUA_YIELD && !session->suspended && !is_stopped(session)) {
    lua_settop(co, 0);
    lua_pushliteral(co, "attempt to yield from outside a coroutine");
    status = LUA_ERRRUN;
  }
  if (status == LUA_ERRMEM)
    limits_meet_memory(session->vm);
  if (status != LUA_OK && status != LUA_YIELD)
    take_failure(L, run, co);
  else if (session->suspended)
    session_share_locals(L, co);
  if (status == LUA_OK && !is_stopped(session) && lua_checkstack(L, results + 10)) {
    lua_xmove(co, L, results);
    take_values(L, run, results);
  }
  if (is_stopped(session))
    run->out->end = session->vm->stop == VM_STOP_INTERRUPT ? SESSION_INTERRUPTED : SESSION_LOST;
  return 0;
}

/* A script that went on after op.abort(), or was left by it: the reason is the outcome. */
static void settle_abort(struct session *session, struct session_outcome *out) {
  if (!session->op.aborted)
    return;
  if (out->end == SESSION_DONE || out->end == SESSION_FAILED || out->end == SESSION_ABORTED) {
    out->end = SESSION_ABORTED;
    free(out->message);
    out->message = strdup(session->op.reason ? session->op.reason : "");
  }
  free(session->op.reason);
  session->op.reason = NULL;
  session->op.aborted = false;
}

enum mulligan_status session_execute(struct session *session, const struct session_input *input,
                                     struct session_outcome *out, struct fault *fault) {
  *out = (struct session_outcome){.end = SESSION_DONE, .values = json_array()};
  struct execution run = {.session = session, .input = input, .out = out};
  enum mulligan_status status = vm_call(session->vm, execute, &run, SECONDS_MOST, fault);
  settle_abort(session, out);
  if (vm_condemned(session->vm))
    out->end = SESSION_LOST;
  else if (status != MULLIGAN_OK && out->end == SESSION_DONE) {
    /* What the host itself raised on the input's behalf: a script that does not load, a value without end. */
    out->end = SESSION_FAILED;
    out->type = copy_text("Error", 5);
    out->message = copy_text(fault->message, strlen(fault->message));
    out->frames = json_array();
  }
  if (!out->values || (out->end != SESSION_DONE && !out->message))
    out->message = out->message ? out->message : copy_text("", 0);
  return MULLIGAN_OK;
}

void session_outcome_release(struct session_outcome *outcome) {
  json_decref(outcome->values);
  json_decref(outcome->frames);
  error_record_destroy(outcome->error);
  free(outcome->type);
  free(outcome->message);
  *outcome = (struct session_outcome){0};
}
