/**
 * request_value.c - the block behind a request's table, and the fields that are read from it.
 *
 * Called by request.c for each request, by traceback.c, and through mulligan.core by the standard library, on the
 * thread that has the vm.
 *
 * Invariant: the block has a metatable of its own that no script can reach, so that whatever a script puts into a table
 * of the requests' type is never taken for one.
 */
#include "vm/request_value.h"

#include "vm/vm_internal.h"

#include <string.h>

#include <lauxlib.h>

static const char block_key = 0; /* in the table: the block; in the registry: its metatable */
static const char type_key = 0;  /* in the registry: the metatable of the tables */
enum { EXPECTED_FIELDS = 8 };    /* what a handler and its checks commonly read and set */

enum field {
  FIELD_METHOD = 1,
  FIELD_PATH,
  FIELD_ROUTE,
  FIELD_PARAMS,
  FIELD_TEXT,
  FIELD_ID,
  FIELD_ADDRESS,
  FIELD_LANGUAGE
};

static const char *const field_names[] = {
    [FIELD_METHOD] = "method", [FIELD_PATH] = "path", [FIELD_ROUTE] = "route",         [FIELD_PARAMS] = "params",
    [FIELD_TEXT] = "text",     [FIELD_ID] = "id",     [FIELD_ADDRESS] = "remote_addr", [FIELD_LANGUAGE] = "language",
};

/* ---- making one ---- */

void request_value_prepare(lua_State *L, int type) {
  lua_pushvalue(L, type);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &type_key);
  lua_createtable(L, 0, 1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &block_key);
}

static struct request_text copy(char **to, const char *bytes, size_t length) {
  struct request_text text = {*to, length};
  memcpy(*to, bytes, length);
  *to += length;
  return text;
}

static struct request_text copy_headers(char **to, const struct vm_request *request) {
  char *start = *to;
  for (int i = 0; i < request->header_count; i++) {
    *to = stpcpy(*to, request->headers[i].name) + 1;
    *to = stpcpy(*to, request->headers[i].value) + 1;
  }
  return (struct request_text){start, (size_t)(*to - start)};
}

static size_t headers_length(const struct vm_request *request) {
  size_t length = 0;
  for (int i = 0; i < request->header_count; i++)
    length += strlen(request->headers[i].name) + strlen(request->headers[i].value) + 2;
  return length;
}

static void fill_parameters(struct request_value *value, const struct vm_request *request) {
  const struct route_match *match = request->match;
  for (int i = 0; value->over && i < value->over->parameter_count; i++) {
    value->parameters[i] =
        (struct request_text){value->path.bytes + (match->values[i] - request->path), match->lengths[i]};
    value->numbers[i] = match->numbers[i];
  }
}

void request_value_push(lua_State *L, const struct vm_request *request) {
  size_t method = strlen(request->method), query = strlen(request->query), id = strlen(request->id),
         address = strlen(request->remote_addr);
  size_t bytes = method + request->path_length + query + headers_length(request) + request->body_length + id + address;
  lua_createtable(L, 0, EXPECTED_FIELDS);
  struct request_value *value = lua_newuserdatauv(L, sizeof *value + bytes, 0);
  char *to = (char *)(value + 1);
  value->method = copy(&to, request->method, method);
  value->path = copy(&to, request->path, request->path_length);
  value->query = copy(&to, request->query, query);
  value->headers = copy_headers(&to, request);
  value->body = copy(&to, request->body_length ? request->body : "", request->body_length);
  value->id = copy(&to, request->id, id);
  value->remote_addr = copy(&to, request->remote_addr, address);
  value->language = request->language;
  value->over = request->match->path;
  value->route = value->over ? route_path_route(value->over, request->kind) : NULL;
  fill_parameters(value, request);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &block_key);
  lua_setmetatable(L, -2);
  lua_rawsetp(L, -2, &block_key);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &type_key);
  lua_setmetatable(L, -2);
}

const struct request_value *request_value_at(lua_State *L, int index) {
  const struct request_value *value = NULL;
  int top = lua_gettop(L);
  if (lua_type(L, index) == LUA_TTABLE && lua_rawgetp(L, index, &block_key) == LUA_TUSERDATA &&
      lua_getmetatable(L, -1)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &block_key);
    if (lua_rawequal(L, -1, -2))
      value = lua_touserdata(L, top + 1);
  }
  lua_settop(L, top);
  return value;
}

/* ---- its fields ---- */

static void push_text(lua_State *L, const struct request_text *text) {
  lua_pushlstring(L, text->bytes, text->length);
}

static void push_params(lua_State *L, const struct request_value *value) {
  const struct route_path *path = value->over;
  int count = path ? path->parameter_count : 0;
  lua_createtable(L, 0, count);
  for (int i = 0; i < count; i++) {
    if (path->integers[i])
      lua_pushinteger(L, value->numbers[i]);
    else
      push_text(L, &value->parameters[i]);
    lua_setfield(L, -2, path->parameters[i]);
  }
}

static void push_field(lua_State *L, const struct request_value *value, enum field field) {
  switch (field) {
  case FIELD_METHOD:
    push_text(L, &value->method);
    break;
  case FIELD_PATH:
    push_text(L, &value->path);
    break;
  case FIELD_ROUTE:
    lua_pushstring(L, value->over ? value->over->pattern : NULL);
    break;
  case FIELD_PARAMS:
    push_params(L, value);
    break;
  case FIELD_TEXT:
    push_text(L, &value->body);
    break;
  case FIELD_ID:
    push_text(L, &value->id);
    break;
  case FIELD_ADDRESS:
    push_text(L, &value->remote_addr);
    break;
  case FIELD_LANGUAGE:
    lua_pushstring(L, value->language);
    break;
  }
}

static const struct request_value *check_value(lua_State *L, int index) {
  const struct request_value *value = request_value_at(L, index);
  luaL_argexpected(L, value, index, "request");
  return value;
}

/* Upvalue 1: field name -> number of the host's own, or function of the request. */
static int index_field(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  int type = lua_rawget(L, lua_upvalueindex(1));
  if (type == LUA_TNIL)
    return 1;
  if (type == LUA_TNUMBER) {
    push_field(L, check_value(L, 1), (enum field)lua_tointeger(L, 3));
  } else {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
  }
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

int request_value_index(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_newtable(L);
  for (int field = FIELD_METHOD; field <= FIELD_LANGUAGE; field++) {
    lua_pushinteger(L, field);
    lua_setfield(L, 2, field_names[field]);
  }
  for (lua_pushnil(L); lua_next(L, 1);) {
    lua_pushvalue(L, -2);
    lua_rotate(L, -2, 1);
    lua_rawset(L, 2);
  }
  lua_pushcclosure(L, index_field, 1);
  return 1;
}

int request_value_part(lua_State *L) {
  static const char *const names[] = {"query", "headers", "body", "entry", NULL};
  const struct request_value *value = check_value(L, 1);
  switch (luaL_checkoption(L, 2, NULL, names)) {
  case 0:
    push_text(L, &value->query);
    break;
  case 1:
    push_text(L, &value->headers);
    break;
  case 2:
    push_text(L, &value->body);
    break;
  default:
    if (!value->route) {
      lua_pushnil(L);
      break;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, VM_ENTRIES);
    lua_rawgeti(L, -1, value->route->entry);
    break;
  }
  return 1;
}
