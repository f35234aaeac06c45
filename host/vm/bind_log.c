/**
 * bind_log.c - the module mulligan.log: a script's own lines in the log file.
 *
 * Called from scripts, inside a protected call, on the thread that has the vm. Invariants: what reaches the log went
 * through the scrubber; each line also becomes a breadcrumb, even one below the log's level, because a later error's
 * reader wants to know what went before.
 */
#include "base/log.h"
#include "vm/bind.h"
#include "vm/vm.h"

#include <lauxlib.h>
#include <string.h>

enum { LINE_MOST = 16384 }; /* bytes of one message; the rest is cut */

/** The file and line of the innermost Lua function: `log.info` itself may have been called through pcall. */
static bool find_caller(lua_State *L, lua_Debug *ar) {
  for (int level = 1; lua_getstack(L, level, ar); level++)
    if (lua_getinfo(L, "Sl", ar) && ar->currentline > 0)
      return true;
  return false;
}

/** The whole path: `short_src` drops the beginning of a long one. */
static const char *file_of(const lua_Debug *ar) {
  return ar->source[0] == '@' ? ar->source + 1 : ar->short_src;
}

/** Pushes the arguments as one text, a blank between them. */
static const char *join_arguments(lua_State *L, size_t *length) {
  luaL_checkany(L, 1);
  int count = lua_gettop(L);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (int i = 1; i <= count; i++) {
    if (i > 1)
      luaL_addchar(&text, ' ');
    luaL_tolstring(L, i, NULL);
    luaL_addvalue(&text);
  }
  luaL_pushresult(&text);
  return lua_tolstring(L, -1, length);
}

static int write_line(lua_State *L, enum log_level level) {
  struct vm *vm = vm_of(L);
  size_t length;
  const char *message = join_arguments(L, &length);
  vm_breadcrumb(vm, "log", message, length, -1);
  if (!log_enabled(level))
    return 0;

  /* Cut before it is scrubbed, with room for what the scrubber puts in. A cut line is still written. */
  struct buf *line = bind_buffer(L, 4 * LINE_MOST);
  if (!vm_scrub_text(vm, message, length < LINE_MOST ? length : LINE_MOST, line))
    return luaL_error(L, "log: out of memory");
  /* The log takes a C text, which a NUL would end. */
  for (char *nul = memchr(line->data, '\0', line->length); nul != NULL;
       nul = memchr(nul, '\0', line->length - (size_t)(nul - line->data)))
    *nul = ' ';
  lua_Debug ar;
  bool found = find_caller(L, &ar);
  log_line(level, found ? file_of(&ar) : NULL, found ? ar.currentline : 0, vm_request_id(vm), line->data);
  buf_release(line);
  return 0;
}

/***
 * Write a line at a level, with the caller's file and line and the request's id.
 * @function debug, info, warning, error
 * @param ... at least one value; all are written as tostring() shows them, a blank between
 */
static int log_write_debug(lua_State *L) {
  return write_line(L, LOG_LEVEL_DEBUG);
}

static int log_write_info(lua_State *L) {
  return write_line(L, LOG_LEVEL_INFO);
}

static int log_write_warning(lua_State *L) {
  return write_line(L, LOG_LEVEL_WARNING);
}

static int log_write_error(lua_State *L) {
  return write_line(L, LOG_LEVEL_ERROR);
}

int bind_log_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"debug", log_write_debug},
                                       {"info", log_write_info},
                                       {"warning", log_write_warning},
                                       {"error", log_write_error},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
