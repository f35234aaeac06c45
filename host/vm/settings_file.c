/**
 * settings_file.c - evaluates settings.lua before anything else is there.
 *
 * A small Lua state of its own, with no library that reaches outside and a bound on its work, is made and thrown away:
 * the vms that come later need the settings to be made. Called by commands at their start, on the main thread, and by
 * the reloader on its own.
 */
#include "vm/settings_file.h"

#include "base/buf.h"
#include "base/file.h"
#include "vm/bind.h"
#include "vm/bind_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

enum { MOST_INSTRUCTIONS = 10 * 1000 * 1000, MOST_BYTES = 1 << 20, MOST_ITEMS = 1000 };

struct evaluation {
  struct settings *settings;
  const char *source;
  size_t length;
  struct fault *fault;
  enum mulligan_status status;
  settings_file_refused *refused; /* NULL: the first setting that is refused ends it */
  void *context;
};

static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  luaL_where(L, 0);
  lua_pushliteral(L, "settings.lua runs too long");
  lua_concat(L, 2);
  lua_error(L);
}

/* The text or number on top of the stack; raises where a NUL would cut it short. */
static const char *whole_text(lua_State *L) {
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  if (strlen(text) != length)
    luaL_error(L, "scripts/settings.lua: a text holds a NUL");
  return text;
}

static enum mulligan_status set_list(struct evaluation *evaluation, lua_State *L, const char *name) {
  lua_Integer count = luaL_len(L, -1);
  if (count > MOST_ITEMS)
    return fault_set(evaluation->fault, MULLIGAN_INVALID, "scripts/settings.lua: %s has more than %d items", name,
                     MOST_ITEMS);
  const char **items = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *items, 0);
  luaL_checkstack(L, (int)count + 1, NULL);
  for (lua_Integer i = 0; i < count; i++) {
    if (lua_geti(L, -2 - (int)i, i + 1) != LUA_TSTRING)
      return fault_set(evaluation->fault, MULLIGAN_INVALID,
                       "scripts/settings.lua: %s is a list of texts; item %d is a %s", name, (int)i + 1,
                       luaL_typename(L, -1));
    items[i] = whole_text(L);
  }
  return settings_set_list(evaluation->settings, name, items, (size_t)count, "scripts/settings.lua", evaluation->fault);
}

static enum mulligan_status set_table(struct evaluation *evaluation, lua_State *L, const char *name) {
  struct buf *text = bind_buffer(L, MOST_BYTES);
  if (!bind_json_encode(L, -2, text, evaluation->fault))
    return fault_set(evaluation->fault, MULLIGAN_INVALID, "scripts/settings.lua: %s%s", name,
                     evaluation->fault->message);
  return settings_set(evaluation->settings, name, text->data, "scripts/settings.lua", evaluation->fault);
}

/* Sets the setting `name` to the value on top of the stack. */
static enum mulligan_status set_one(struct evaluation *evaluation, lua_State *L, const char *name) {
  const struct settings_entry *entry = settings_find(name);
  if (!entry) {
    const char *near = settings_nearest(name);
    return fault_set(evaluation->fault, MULLIGAN_INVALID, "scripts/settings.lua: there is no setting '%s'%s%s%s", name,
                     near ? "; is '" : "", near ? near : "", near ? "' meant?" : "");
  }
  if (entry->type == SETTINGS_LUA)
    return MULLIGAN_OK; /* read again, as a table, by every vm */
  if (entry->type == SETTINGS_LIST && lua_type(L, -1) == LUA_TTABLE)
    return set_list(evaluation, L, name);
  if (entry->type == SETTINGS_TABLE && lua_type(L, -1) == LUA_TTABLE)
    return set_table(evaluation, L, name);
  const char *text = NULL;
  switch (lua_type(L, -1)) {
  case LUA_TBOOLEAN:
    text = lua_toboolean(L, -1) ? "true" : "false";
    break;
  case LUA_TNUMBER:
  case LUA_TSTRING:
    text = whole_text(L);
    break;
  default:
    return fault_set(evaluation->fault, MULLIGAN_INVALID, "scripts/settings.lua: %s cannot be a %s", name,
                     luaL_typename(L, -1));
  }
  return settings_set(evaluation->settings, name, text, "scripts/settings.lua", evaluation->fault);
}

static int evaluate(lua_State *L) {
  struct evaluation *evaluation = lua_touserdata(L, 1);
  luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
  luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
  luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
  luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
  bind_json_make_types(L);
  static const char *const removed[] = {"dofile", "loadfile", "load", "print", "collectgarbage", NULL};
  for (const char *const *name = removed; *name; name++) {
    lua_pushnil(L);
    lua_setglobal(L, *name);
  }
  lua_settop(L, 0);
  if (luaL_loadbufferx(L, evaluation->source, evaluation->length, "@scripts/settings.lua", "t") != LUA_OK)
    return lua_error(L);
  lua_call(L, 0, 1);
  if (lua_type(L, 1) != LUA_TTABLE)
    return luaL_error(L, "scripts/settings.lua must return a table, not a %s", luaL_typename(L, 1));
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    if (lua_type(L, 2) != LUA_TSTRING)
      return luaL_error(L, "scripts/settings.lua: a setting's name must be a text, not a %s", luaL_typename(L, 2));
    evaluation->status = set_one(evaluation, L, lua_tostring(L, 2));
    if (evaluation->status != MULLIGAN_OK && !evaluation->refused)
      return 0;
    if (evaluation->status != MULLIGAN_OK)
      evaluation->refused(evaluation->context, lua_tostring(L, 2), evaluation->fault);
    evaluation->status = MULLIGAN_OK;
    lua_settop(L, 2);
  }
  return 0;
}

static enum mulligan_status run_file(struct evaluation *evaluation) {
  lua_State *L = luaL_newstate();
  if (!L)
    return fault_set(evaluation->fault, MULLIGAN_NOMEM, "out of memory for settings.lua");
  lua_sethook(L, stop, LUA_MASKCOUNT, MOST_INSTRUCTIONS);
  lua_pushcfunction(L, evaluate);
  lua_pushlightuserdata(L, evaluation);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    const char *message = lua_tostring(L, -1);
    evaluation->status =
        fault_set(evaluation->fault, MULLIGAN_INVALID, "%s", message ? message : "scripts/settings.lua raised no text");
  }
  lua_close(L);
  return evaluation->status;
}

enum mulligan_status settings_file_apply_source(struct settings *settings, const char *source, size_t length,
                                                struct fault *fault) {
  struct evaluation evaluation = {.settings = settings, .source = source, .length = length, .fault = fault};
  return run_file(&evaluation);
}

enum mulligan_status settings_file_judge(const char *source, size_t length, settings_file_refused *refused,
                                         void *context, struct fault *fault) {
  struct settings *settings = settings_create();
  if (!settings)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for settings.lua");
  struct evaluation evaluation = {
      .settings = settings, .source = source, .length = length, .fault = fault, .refused = refused, .context = context};
  enum mulligan_status status = run_file(&evaluation);
  settings_destroy(settings);
  return status;
}

enum mulligan_status settings_file_apply(struct settings *settings, const char *path, struct fault *fault) {
  if (!file_exists(path))
    return MULLIGAN_OK;
  struct buf source;
  buf_init(&source, MOST_BYTES);
  enum mulligan_status status = file_read(path, &source, fault);
  if (status == MULLIGAN_OK)
    status = settings_file_apply_source(settings, source.data, source.length, fault);
  buf_release(&source);
  return status;
}
