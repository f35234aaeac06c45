/**
 * response.c - what a handler returned, taken out of Lua and checked.
 *
 * Called by request.c on the worker's thread. The writing functions run protected inside a vm_call(): a value that
 * cannot be sent raises, and so is an error of the route like any other.
 */
#include "vm/response.h"

#include "base/taint.h"
#include "base/token.h"
#include "base/utf8.h"
#include "vm/bind.h"

#include <string.h>
#include <strings.h>

#include <lauxlib.h>

enum { MOST_HEADER_BYTES = 16 * 1024, MOST_DETAIL = 2000 };

/* ---- the response's life ---- */

void vm_response_init(struct vm_response *response, size_t body_cap) {
  memset(response, 0, sizeof *response);
  buf_init(&response->headers, MOST_HEADER_BYTES);
  buf_init(&response->body, body_cap);
  buf_init(&response->detail, MOST_DETAIL + 8);
}

void vm_response_release(struct vm_response *response) {
  buf_release(&response->headers);
  buf_release(&response->body);
  buf_release(&response->detail);
  error_record_destroy(response->error);
  response->error = NULL;
  taint_destroy(response->taint);
  response->taint = NULL;
}

/* What one answer may leave behind is kept; what a large one took is given back. */
enum { KEPT_HEADERS = 1024, KEPT_BODY = 64 * 1024, KEPT_DETAIL = 256 };

void vm_response_clear(struct vm_response *response) {
  response->status = 0;
  response->content_type = NULL;
  buf_clear(&response->headers, KEPT_HEADERS);
  buf_clear(&response->body, KEPT_BODY);
  buf_clear(&response->detail, KEPT_DETAIL);
  response->json_object = response->has_code = response->has_app_code = response->own = false;
  response->code[0] = '\0';
  response->app_code = 0;
}

void vm_response_reset(struct vm_response *response) {
  vm_response_clear(response);
  error_record_destroy(response->error);
  response->error = NULL;
  taint_destroy(response->taint);
  response->taint = NULL;
  response->user_id = 0;
  response->user_email[0] = '\0';
}

/* ---- the response, out of Lua ---- */

static bool is_hosts_own(const char *name) {
  static const char *const names[] = {"content-length", "connection", "transfer-encoding", "date", "keep-alive", NULL};
  for (const char *const *own = names; *own; own++)
    if (strcasecmp(name, *own) == 0)
      return true;
  return false;
}

/* Adds one header line; name and value at these indexes. Raises where they cannot be sent. */
static void add_header(lua_State *L, struct vm_response *response, int name_index, int value_index) {
  if (lua_type(L, name_index) != LUA_TSTRING)
    luaL_error(L, "a response header's name must be a text, not a %s", luaL_typename(L, name_index));
  size_t name_length, length;
  const char *name = lua_tolstring(L, name_index, &name_length);
  if (!token_is(name, name_length))
    luaL_error(L, "response header '%s' has a name that HTTP does not allow", name);
  if (is_hosts_own(name))
    luaL_error(L, "response header '%s' is the host's business", name);
  if (!lua_isstring(L, value_index))
    luaL_error(L, "response header '%s' must be a text or a number, not a %s", name, luaL_typename(L, value_index));
  lua_pushvalue(L, value_index);
  const char *value = lua_tolstring(L, -1, &length);
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)value[i] < ' ' && value[i] != '\t')
      luaL_error(L, "response header '%s' has a control character in its value", name);
  if (strcasecmp(name, "content-type") == 0)
    response->content_type = ""; /* the script's own line stands among the headers */
  buf_add(&response->headers, name, name_length);
  buf_add(&response->headers, ": ", 2);
  buf_add(&response->headers, value, length);
  buf_add(&response->headers, "\r\n", 2);
  if (response->headers.failed)
    luaL_error(L, "the response headers exceed %d bytes", MOST_HEADER_BYTES);
  lua_pop(L, 1);
}

static void write_headers(lua_State *L, struct vm_response *response, int index) {
  if (lua_isnil(L, index))
    return;
  if (lua_type(L, index) != LUA_TTABLE)
    luaL_error(L, "a handler's third result, the headers, must be a table, not a %s", luaL_typename(L, index));
  lua_pushnil(L);
  while (lua_next(L, index)) {
    int value = lua_gettop(L);
    if (lua_type(L, value) == LUA_TTABLE) {
      lua_Integer count = (lua_Integer)lua_rawlen(L, value);
      for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, value, i);
        add_header(L, response, value - 1, value + 1);
        lua_settop(L, value);
      }
    } else {
      add_header(L, response, value - 1, value);
    }
    lua_settop(L, value - 1);
  }
}

static bool has_field(lua_State *L, int table, const char *name) {
  bool has = lua_getfield(L, table, name) != LUA_TNIL;
  lua_pop(L, 1);
  return has;
}

/* What the host needs to know of an error's body, to complete it or to show it as a page. */
static void read_error_body(lua_State *L, struct vm_response *response, int body) {
  size_t length = 0;
  const char *text = NULL;
  int top = lua_gettop(L);
  if (lua_type(L, body) == LUA_TTABLE) {
    response->json_object = response->body.length > 0 && response->body.data[0] == '{';
    response->has_code = has_field(L, body, "code");
    response->has_app_code = has_field(L, body, "app_code");
    if (lua_getfield(L, body, "detail") == LUA_TSTRING)
      text = lua_tolstring(L, -1, &length);
  } else if (lua_type(L, body) == LUA_TSTRING && strncmp(response->content_type, "text/plain", 10) == 0) {
    text = lua_tolstring(L, body, &length);
  }
  if (text)
    buf_add(&response->detail, text, utf8_cut(text, utf8_valid_prefix(text, length), MOST_DETAIL));
  lua_settop(L, top);
}

static void write_body(lua_State *L, struct vm_response *response, int index) {
  const char *type = NULL;
  struct fault fault;
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    return;
  case LUA_TSTRING: {
    size_t length;
    const char *text = lua_tolstring(L, index, &length);
    type = text[0] == '<' ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
    buf_add(&response->body, text, length);
    break;
  }
  case LUA_TTABLE:
  case LUA_TLIGHTUSERDATA:
    type = "application/json";
    if (!bind_json_encode(L, index, &response->body, &fault) && !response->body.failed)
      luaL_error(L, "the body cannot be sent as JSON: %s", fault.message);
    break;
  default:
    luaL_error(L, "a handler's second result, the body, must be a table, a text or nil, not a %s",
               luaL_typename(L, index));
  }
  if (response->body.failed)
    luaL_error(L, "the response's body exceeds %I bytes", (LUAI_UACINT)response->body.cap);
  if (!response->content_type)
    response->content_type = type;
}

/* Writes the three results at `first` and what follows. */
void vm_response_write(lua_State *L, struct vm_response *response, int first) {
  int is_integer = 0;
  lua_Integer status = lua_tointegerx(L, first, &is_integer);
  if (!is_integer || status < 200 || status > 599)
    luaL_error(L, "a handler's first result must be a status from 200 to 599, not %s", luaL_tolstring(L, first, NULL));
  response->status = (int)status;
  write_headers(L, response, first + 2);
  write_body(L, response, first + 1);
  if (status >= 400)
    read_error_body(L, response, first + 1);
}
