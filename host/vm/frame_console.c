/**
 * frame_console.c - one evaluation, from its code to its answer.
 *
 * Called by the worker that has taken the vm, outside of any call. Results and prints are collected as raw bytes inside
 * the call, and scrubbed and repaired after it, when all that turned up to be secret is known. What is known of a kept
 * call's secrets is the vm's taint meanwhile and goes back to the kept call at the end.
 *
 * Invariant: vm->console is set, and writing refused, exactly while the code runs.
 */
#include "vm/frame_console.h"

#include "base/utf8.h"
#include "vm/failed_call.h"
#include "vm/frame_scope.h"
#include "vm/inspect.h"
#include "vm/traceback.h"
#include "vm/vm_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

enum {
  MOST_SECONDS = 5,
  MOST_SHOWN = 64 * 1024, /* bytes printed, and of all values */
  MOST_VALUES = 50,
  MOST_NOTED = 64, /* names whose secrets are known, in one evaluation */
  MOST_MESSAGE = 8 * 1024
};

/* The name of the code in messages, "console:3: …". */
#define CHUNK "@console"

struct frame_console {
  struct failed_call *call;
  lua_Integer place;
  const char *code;
  size_t length;

  struct buf printed;
  bool print_cut;
  struct buf values[MOST_VALUES];
  int value_count;
  size_t shown; /* bytes of values */
  bool value_cut;
  bool frame_missing;
  bool syntax_error;
  const char *noted[MOST_NOTED]; /* names are unique texts of Lua's, so their addresses tell */
  int noted_count;
};

/* ---- what the bindings ask ---- */

void frame_console_refuse(lua_State *L, const char *what) {
  if (vm_of(L)->console)
    luaL_error(L, "the console cannot %s", what);
}

/* The value is looked through below its name, as one in a table is, which says what is secret in it. */
static void note(lua_State *L, struct vm *vm, const char *name) {
  luaL_checkstack(L, 4, NULL);
  lua_pushvalue(L, -1);
  if (name) {
    lua_createtable(L, 0, 1);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
  }
  traceback_note_secrets(L, vm->services->scrub, vm_taint(vm));
  lua_pop(L, 1);
}

void frame_console_note(lua_State *L, const char *name) {
  struct vm *vm = vm_of(L);
  struct frame_console *console = vm->console;
  if (!console)
    return;
  for (int i = 0; name && i < console->noted_count; i++)
    if (console->noted[i] == name)
      return;
  if (name && console->noted_count < MOST_NOTED)
    console->noted[console->noted_count++] = name;
  note(L, vm, name);
}

/* ---- inside the call ---- */

/* print, for the code itself; one that a script kept prints nowhere. */
static int console_print(lua_State *L) {
  struct frame_console *console = vm_of(L)->console;
  int count = lua_gettop(L);
  for (int i = 1; i <= count && console; i++) {
    size_t length;
    lua_pushvalue(L, i);
    frame_console_note(L, NULL);
    const char *text = luaL_tolstring(L, -1, &length);
    size_t room = MOST_SHOWN - console->printed.length;
    console->print_cut = console->print_cut || length + 1 > room;
    if (!console->print_cut) {
      buf_add(&console->printed, text, length);
      buf_add_char(&console->printed, i < count ? '\t' : '\n');
    }
    lua_pop(L, 2);
  }
  if (console && count == 0)
    buf_add_char(&console->printed, '\n');
  return 0;
}

/* Pushes the code as a function: `return CODE` if that can be read, or else as it stands. False with its message on
 * top.
 */
static bool compile(lua_State *L, const struct frame_console *console) {
  lua_pushliteral(L, "return ");
  lua_pushlstring(L, console->code, console->length);
  lua_concat(L, 2);
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  if (luaL_loadbufferx(L, text, length, CHUNK, "t") == LUA_OK) {
    lua_remove(L, -2);
    return true;
  }
  lua_pop(L, 2);
  return luaL_loadbufferx(L, console->code, console->length, CHUNK, "t") == LUA_OK;
}

/* Pushes the console's own variables, `print` among them. */
static void push_names(lua_State *L, const struct frame_console *console) {
  failed_call_push_names(console->call, L);
  lua_pushcfunction(L, console_print);
  lua_setfield(L, -2, "print");
}

static void take_value(lua_State *L, struct vm *vm, struct frame_console *console, int index) {
  if (console->value_count == MOST_VALUES || console->shown >= MOST_SHOWN) {
    console->value_cut = true;
    return;
  }
  lua_pushvalue(L, index);
  frame_console_note(L, NULL);
  lua_pop(L, 1);
  struct buf *out = &console->values[console->value_count++];
  buf_init(out, MOST_SHOWN - console->shown);
  inspect_add_scrubbed(L, index, vm->services->scrub, out);
  console->value_cut = console->value_cut || out->failed;
  console->shown += out->length;
}

/* Stack: 1 the console's variables, 2 the environment of the code, then what it returned. */
static int evaluate(lua_State *L) {
  struct vm *vm = vm_of(L);
  struct frame_console *console = vm_context(vm);
  int level;
  push_names(L, console);
  lua_pushvalue(L, 1);
  lua_State *co = failed_call_push_frame(console->call, L, console->place, &level);
  if (!co) {
    console->frame_missing = true;
    return 0;
  }
  frame_scope_push(L, level);
  if (!compile(L, console)) {
    console->syntax_error = true;
    return lua_error(L);
  }
  lua_pushvalue(L, 2);
  lua_setupvalue(L, -2, 1);
  int arguments = frame_scope_push_varargs(L, co, level);
  lua_call(L, arguments, LUA_MULTRET);
  int count = lua_gettop(L) - 2;
  for (int i = 1; i <= count; i++)
    take_value(L, vm, console, 2 + i);
  if (count > 0 && !lua_isnil(L, 3)) {
    lua_pushvalue(L, 3);
    lua_setfield(L, 1, "_");
  }
  return 0;
}

/* ---- after the call ---- */

/* A copy without secrets and malformed bytes, to be freed; NULL when out of memory. */
static char *clean(struct vm *vm, const char *text, size_t length) {
  struct buf whole, scrubbed;
  char *copy = NULL;
  buf_init(&whole, 4 * length + 16);
  buf_init(&scrubbed, 16 * length + 1024);
  if (utf8_add_repaired(&whole, text, length) && vm_scrub_text(vm, whole.data, whole.length, &scrubbed))
    copy = buf_detach(&scrubbed);
  buf_release(&whole);
  buf_release(&scrubbed);
  return copy;
}

/* A text of the answer that could not be cleaned is not shown. */
static json_t *clean_json(struct vm *vm, const char *text, size_t length) {
  char *copy = clean(vm, text, length);
  json_t *value = json_string(copy ? copy : MULLIGAN_SCRUBBED);
  free(copy);
  return value;
}

/* The line of the code that a message of Lua's begins with; 0 for none. */
static int line_of(const char *message) {
  int line = 0;
  return message && sscanf(message, "console:%d:", &line) == 1 ? line : 0;
}

/* The functions that were running, from the innermost to the code; nothing where the code itself raised. */
static void take_trace(const struct error_record *record, struct frame_answer *answer) {
  size_t index;
  json_t *frame;
  json_array_foreach(record->frames, index, frame) {
    const char *file = json_string_value(json_object_get(frame, "file"));
    const char *function = json_string_value(json_object_get(frame, "function"));
    json_int_t line = json_integer_value(json_object_get(frame, "line"));
    if (!file || strcmp(file, "[C]") == 0)
      continue;
    bool code = strcmp(file, &CHUNK[1]) == 0;
    if (!code || json_array_size(answer->trace) > 0)
      json_array_append_new(answer->trace, json_sprintf("%s:%d: in %s", file, (int)line, function));
    if (code && answer->error_line == 0)
      answer->error_line = (int)line;
    if (code)
      return;
  }
}

static void take_error(struct vm *vm, const struct frame_console *console, enum mulligan_status status,
                       struct frame_answer *answer) {
  struct error_record *record = vm_take_error(vm);
  const char *message = record && record->message ? record->message : "out of memory";
  size_t length = strlen(message);
  answer->end = status == MULLIGAN_INTERRUPTED ? FRAME_DEADLINE
                : status == MULLIGAN_NOMEM     ? FRAME_MEMORY
                                               : FRAME_FAILED;
  answer->error = clean(vm, message, length < MOST_MESSAGE ? length : utf8_cut(message, length, MOST_MESSAGE));
  answer->error_line = line_of(message);
  if (record && !console->syntax_error)
    take_trace(record, answer);
  error_record_destroy(record);
}

static void take_answer(struct vm *vm, const struct frame_console *console, struct frame_answer *answer) {
  if (console->printed.length > 0)
    answer->printed = clean(vm, console->printed.data, console->printed.length);
  for (int i = 0; i < console->value_count; i++)
    json_array_append_new(answer->values, clean_json(vm, console->values[i].data, console->values[i].length));
  answer->truncated = console->print_cut || console->value_cut;
}

/* ---- the whole ---- */

static enum mulligan_status refuse_write(void *context, struct fault *fault) {
  (void)context;
  return fault_set(fault, MULLIGAN_READONLY, "the console only reads: it does not change the database");
}

double frame_console_deadline(const struct settings *settings) {
  return settings->deadline < MOST_SECONDS ? settings->deadline : MOST_SECONDS;
}

/* The secrets of the kept call become the vm's. */
static bool begin_secrets(struct vm *vm, struct failed_call *call) {
  vm_begin_secrets(vm, NULL);
  vm->taint = taint_create();
  taint_add_all(vm->taint, failed_call_taint(call));
  return vm->taint && !taint_failed(vm->taint);
}

/* Runs the code with everything closed to it that it must not touch. */
static enum mulligan_status run(struct vm *vm, struct frame_console *console) {
  vm_set_write_hook(vm, refuse_write, NULL);
  vm->console = console;
  enum mulligan_status status = vm_call(vm, evaluate, console, frame_console_deadline(vm->services->settings), NULL);
  vm->console = NULL;
  vm_set_write_hook(vm, NULL, NULL);
  if (vm_store(vm))
    store_rollback(vm_store(vm));
  return status;
}

enum mulligan_status frame_console_evaluate(struct vm *vm, const char *id, lua_Integer place, const char *code,
                                            size_t length, struct frame_answer *answer, struct fault *fault) {
  *answer = (struct frame_answer){.end = FRAME_DONE};
  struct failed_call *call = failed_call_find(vm, id);
  if (!call)
    return fault_set(fault, MULLIGAN_MISSING, "this failed call is not kept");
  struct frame_console *console = calloc(1, sizeof *console);
  if (!console || !begin_secrets(vm, call)) {
    free(console);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for the console");
  }
  *console = (struct frame_console){.call = call, .place = place, .code = code, .length = length};
  buf_init(&console->printed, MOST_SHOWN);
  answer->values = json_array();
  answer->trace = json_array();

  enum mulligan_status status = run(vm, console);
  bool missing = console->frame_missing;
  take_answer(vm, console, answer);
  if (status != MULLIGAN_OK)
    take_error(vm, console, status, answer);
  taint_add_all(failed_call_taint(call), vm->taint);
  buf_release(&console->printed);
  for (int i = 0; i < console->value_count; i++)
    buf_release(&console->values[i]);
  free(console);
  vm_end_request(vm);
  if (missing) {
    frame_answer_release(answer);
    return fault_set(fault, MULLIGAN_MISSING, "there is no such frame");
  }
  return MULLIGAN_OK;
}

void frame_answer_release(struct frame_answer *answer) {
  free(answer->printed);
  free(answer->error);
  json_decref(answer->values);
  json_decref(answer->trace);
  *answer = (struct frame_answer){.end = FRAME_DONE};
}
