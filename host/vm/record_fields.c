/**
 * record_fields.c - an error record, filled from the table that a script gives to ErrorLog.record().
 *
 * Called by bind_errorlog.c, inside a protected call, on the thread that has the vm. Any of these functions may raise;
 * the record is safe in its box then.
 */
#include "vm/record_fields.h"

#include "vm/bind.h"

#include <lauxlib.h>
#include <string.h>

enum { TEXT_MOST = 2048, JSON_MOST = 1 << 20 };

/** Copies the text of a field at `index` on the stack. Numbers are taken as texts too. */
static void take_text(lua_State *L, int index, const char *name, struct error_record *record, char **member,
                      size_t most) {
  size_t length;
  if (lua_isnoneornil(L, index))
    return;
  if (!lua_isstring(L, index))
    luaL_error(L, "errorlog.record: '%s' must be a text, not a %s", name, luaL_typename(L, index));
  lua_pushvalue(L, index); /* lua_tolstring() changes a number where it stands */
  const char *text = lua_tolstring(L, -1, &length);
  error_record_set(record, member, text, length, most);
  lua_pop(L, 1);
}

static int64_t take_integer(lua_State *L, int index, const char *name) {
  int whole;
  lua_Integer value = lua_tointegerx(L, index, &whole);
  if (!whole && !lua_isnoneornil(L, index))
    luaL_error(L, "errorlog.record: '%s' must be a whole number, not a %s", name, luaL_typename(L, index));
  return value;
}

/** Turns a table into JSON. */
static void take_json(lua_State *L, int index, const char *name, json_t **member) {
  if (lua_isnoneornil(L, index))
    return;
  if (!lua_istable(L, index))
    luaL_error(L, "errorlog.record: '%s' must be a table, not a %s", name, luaL_typename(L, index));
  struct fault fault;
  struct buf *text = bind_buffer(L, JSON_MOST);
  if (!bind_json_encode(L, index, text, &fault))
    luaL_error(L, "errorlog.record: '%s' cannot be written: %s", name, fault.message);
  json_t *value = json_loadb(text->data, text->length, JSON_ALLOW_NUL, NULL);
  json_decref(*member);
  *member = value;
  buf_release(text);
  lua_pop(L, 1);
}

/** Any value, written out. */
static void take_value(lua_State *L, int index, struct error_record *record) {
  if (lua_isnoneornil(L, index))
    return;
  struct buf *json = bind_buffer(L, JSON_MOST);
  if (lua_istable(L, index) && bind_json_encode(L, index, json, NULL)) {
    error_record_set(record, &record->value, json->data, json->length, MULLIGAN_ERROR_MESSAGE_MOST);
  } else {
    size_t length;
    const char *text = luaL_tolstring(L, index, &length);
    error_record_set(record, &record->value, text, length, MULLIGAN_ERROR_MESSAGE_MOST);
    lua_pop(L, 1);
  }
  buf_release(json);
  lua_pop(L, 1);
}

static void take_user(lua_State *L, int index, struct error_record *record) {
  if (!lua_istable(L, index))
    return;
  lua_getfield(L, index, "id");
  if (lua_isinteger(L, -1))
    record->user_id = lua_tointeger(L, -1);
  lua_getfield(L, index, "email");
  if (lua_type(L, -1) == LUA_TSTRING)
    take_text(L, lua_gettop(L), "email", record, &record->user_email, TEXT_MOST);
  lua_pop(L, 2);
}

/** What a handler's `req` says of its request. */
static void take_request(lua_State *L, int index, struct error_record *record) {
  const struct {
    const char *name;
    char **member;
  } texts[] = {
      {"method", &record->method},
      {"path", &record->path},
      {"route", &record->route},
      {"id", &record->request_id},
      {"remote_addr", &record->remote_addr},
  };
  if (lua_isnoneornil(L, index))
    return;
  if (!lua_istable(L, index))
    luaL_error(L, "errorlog.record: 'request' must be the handler's request, not a %s", luaL_typename(L, index));
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    lua_getfield(L, index, texts[i].name);
    take_text(L, lua_gettop(L), texts[i].name, record, texts[i].member, TEXT_MOST);
    lua_pop(L, 1);
  }
  lua_getfield(L, index, "headers");
  take_json(L, lua_gettop(L), "headers", &record->headers);
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "user-agent");
    take_text(L, lua_gettop(L), "user-agent", record, &record->user_agent, TEXT_MOST);
    lua_pop(L, 1);
  }
  lua_getfield(L, index, "user");
  take_user(L, lua_gettop(L), record);
  lua_pop(L, 2);
}

static enum error_source source_of(lua_State *L, int index, enum error_source otherwise) {
  static const char *const names[] = {"request", "operator", "notebook", "reload", "alert", "warning", "host"};
  if (lua_isnoneornil(L, index))
    return otherwise;
  const char *name = lua_tostring(L, index);
  for (size_t i = 0; name != NULL && i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) == 0)
      return (enum error_source)i;
  }
  luaL_error(L, "errorlog.record: 'source' is none of request, operator, notebook, reload, alert, warning, host");
  return otherwise;
}

static const char *level_of(lua_State *L, int index, const char *otherwise) {
  const char *name = lua_tostring(L, index);
  if (lua_isnoneornil(L, index))
    return otherwise;
  if (name != NULL && strcmp(name, "error") == 0)
    return "error";
  if (name != NULL && strcmp(name, "warning") == 0)
    return "warning";
  luaL_error(L, "errorlog.record: 'level' must be \"error\" or \"warning\"");
  return otherwise;
}

/** One field of the table that record() takes; the value is at `index`. False for an unknown name. */
static bool take_field(lua_State *L, const char *name, int index, struct error_record *record) {
  const struct {
    const char *name;
    char **member;
    size_t most;
  } texts[] = {
      {"type", &record->exc_type, TEXT_MOST},
      {"message", &record->message, MULLIGAN_ERROR_MESSAGE_MOST},
      {"code", &record->code, TEXT_MOST},
      {"fingerprint", &record->fingerprint, TEXT_MOST},
      {"method", &record->method, TEXT_MOST},
      {"route", &record->route, TEXT_MOST},
      {"path", &record->path, TEXT_MOST},
      {"query", &record->query, MULLIGAN_ERROR_MESSAGE_MOST},
      {"body", &record->body, MULLIGAN_ERROR_BODY_MOST},
      {"user_email", &record->user_email, TEXT_MOST},
      {"remote_addr", &record->remote_addr, TEXT_MOST},
      {"user_agent", &record->user_agent, TEXT_MOST},
      {"request_id", &record->request_id, TEXT_MOST},
      {"script", &record->script, TEXT_MOST},
      {"operator", &record->operator_name, TEXT_MOST},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (strcmp(name, texts[i].name) == 0) {
      take_text(L, index, name, record, texts[i].member, texts[i].most);
      if (strcmp(name, "body") == 0 && lua_isstring(L, index))
        record->body_length = (int64_t)lua_rawlen(L, index);
      return true;
    }
  }
  if (strcmp(name, "status") == 0)
    record->status = (int)take_integer(L, index, name);
  else if (strcmp(name, "app_code") == 0)
    record->app_code = take_integer(L, index, name);
  else if (strcmp(name, "user_id") == 0)
    record->user_id = take_integer(L, index, name);
  else if (strcmp(name, "handled") == 0)
    record->handled = lua_toboolean(L, index);
  else if (strcmp(name, "value") == 0)
    take_value(L, index, record);
  else if (strcmp(name, "headers") == 0)
    take_json(L, index, name, &record->headers);
  else if (strcmp(name, "args") == 0)
    take_json(L, index, name, &record->args);
  else if (strcmp(name, "user") == 0)
    take_user(L, index, record);
  else
    return strcmp(name, "request") == 0 || strcmp(name, "source") == 0 || strcmp(name, "level") == 0 ||
           strcmp(name, "wait") == 0; /* read before the others */
  return true;
}

void record_fields_read(lua_State *L, int index, struct error_record *record) {
  luaL_checkstack(L, 8, "no room for a record");
  lua_getfield(L, index, "source");
  record->source = source_of(L, -1, record->source);
  lua_getfield(L, index, "level");
  record->level = level_of(L, -1, record->level);
  lua_getfield(L, index, "request"); /* first, so that what is said expressly wins */
  take_request(L, lua_gettop(L), record);
  lua_pop(L, 3);
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || !take_field(L, lua_tostring(L, -2), lua_gettop(L), record))
      luaL_error(L, "errorlog.record: there is no field '%s'", luaL_tolstring(L, -2, NULL));
  }
}
