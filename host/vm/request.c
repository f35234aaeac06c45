/**
 * request.c - a request's way through Lua, and the way back of what it answered or raised.
 *
 * Called by the workers, each with a vm of its own. Two calls at most: the handler's and, if that raised, the exception
 * handler's. Both write the response from inside the call, so that a value that cannot be sent is an error like any
 * other.
 */
#include "vm/request.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "vm/generation.h"
#include "vm/request_secrets.h"
#include "vm/vm_internal.h"

#include <string.h>
#include <strings.h>

#include <lauxlib.h>

enum { FAIL_SECONDS = 2, MOST_BODY_EXCERPT = 4096, MOST_TEXT = 2048, RAW_PARTS = 4 };

static const char request_key = 0; /* registry: the request under way */

struct call {
  const struct vm_request *request;
  struct vm_response *response;
  struct vm *vm;
  int64_t user_id;
  char user_email[256];
};

/* ---- the request, in Lua ---- */

static void push_params(lua_State *L, const struct route_match *match) {
  const struct route_path *path = match->path;
  lua_createtable(L, 0, path ? path->parameter_count : 0);
  if (!path)
    return;
  for (int i = 0; i < path->parameter_count; i++) {
    if (path->integers[i])
      lua_pushinteger(L, match->numbers[i]);
    else
      lua_pushlstring(L, match->values[i], match->lengths[i]);
    lua_setfield(L, -2, path->parameters[i]);
  }
}

/* The headers as one text, "name\0value\0…": one copy now, taken apart only if a script looks. */
static void push_headers(lua_State *L, const struct vm_request *request) {
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (int i = 0; i < request->header_count; i++) {
    luaL_addlstring(&text, request->headers[i].name, strlen(request->headers[i].name) + 1);
    luaL_addlstring(&text, request->headers[i].value, strlen(request->headers[i].value) + 1);
  }
  luaL_pushresult(&text);
}

/*
 * The raw parts, by number, for mulligan.request: headers, query, body, the route's entry. They are a closure's and not
 * the table's, so that a traceback which shows the table does not show what was sent in confidence.
 */
static int raw_part(lua_State *L) {
  lua_Integer part = luaL_checkinteger(L, 1);
  luaL_argcheck(L, part >= 1 && part <= RAW_PARTS, 1, "there is no such part");
  lua_pushvalue(L, lua_upvalueindex((int)part));
  return 1;
}

/* Pushes the request's table; the dispatch module is at `dispatch`, the route's entry (or nil) at `entry`. */
static void push_request(lua_State *L, const struct vm_request *request, int dispatch, int entry) {
  lua_createtable(L, 1, 10);
  push_headers(L, request);
  lua_pushstring(L, request->query);
  lua_pushlstring(L, request->body, request->body_length);
  lua_pushvalue(L, entry);
  lua_pushcclosure(L, raw_part, RAW_PARTS);
  lua_rawseti(L, -2, 1);
  lua_pushstring(L, request->method);
  lua_setfield(L, -2, "method");
  lua_pushlstring(L, request->path, request->path_length);
  lua_setfield(L, -2, "path");
  if (request->match->path) {
    lua_pushstring(L, request->match->path->pattern);
    lua_setfield(L, -2, "route");
  }
  push_params(L, request->match);
  lua_setfield(L, -2, "params");
  lua_pushstring(L, request->id);
  lua_setfield(L, -2, "id");
  lua_pushstring(L, request->remote_addr);
  lua_setfield(L, -2, "remote_addr");
  lua_pushstring(L, request->language);
  lua_setfield(L, -2, "language");
  lua_getfield(L, dispatch, "request_type");
  lua_setmetatable(L, -2);
}

/* The route that answers: the one asked for, or, for a method that the path has not, the one whose options hold. */
static const struct route *route_of(const struct vm_request *request) {
  const struct route_path *path = request->match->path;
  if (!path)
    return NULL;
  if (request->kind < ROUTE_METHOD_COUNT && path->routes[request->kind].entry)
    return &path->routes[request->kind];
  return &path->routes[path->first];
}

static const char *refusal_of(const struct vm_request *request) {
  const struct route_path *path = request->match->path;
  if (!path)
    return "route";
  if (!request->acceptable)
    return "accept";
  if (request->kind >= ROUTE_METHOD_COUNT || !path->routes[request->kind].entry)
    return "method";
  return NULL;
}

static void push_entry(lua_State *L, const struct vm_request *request) {
  const struct route *route = route_of(request);
  if (!route) {
    lua_pushnil(L);
    return;
  }
  lua_getfield(L, LUA_REGISTRYINDEX, VM_ENTRIES);
  lua_rawgeti(L, -1, route->entry);
  lua_remove(L, -2);
}

/* Notes who asked, for the error's record. */
static void read_user(lua_State *L, struct call *call, int request) {
  lua_pushliteral(L, "user");
  if (lua_rawget(L, request) == LUA_TTABLE) {
    if (lua_getfield(L, -1, "id") == LUA_TNUMBER)
      call->user_id = lua_tointeger(L, -1);
    if (lua_getfield(L, -2, "email") == LUA_TSTRING)
      strncat(call->user_email, lua_tostring(L, -1), sizeof call->user_email - 1);
  }
}

/* ---- the two calls ---- */

static int run_body(lua_State *L) {
  struct call *call = vm_context(vm_of(L));
  const char *refusal = refusal_of(call->request);
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &request_key); /* the last user's request is never this one's */
  lua_getfield(L, LUA_REGISTRYINDEX, VM_DISPATCH); /* 1 */
  push_entry(L, call->request);                    /* 2 */
  push_request(L, call->request, 1, 2);            /* 3 */
  lua_pushvalue(L, 3);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &request_key);
  lua_getfield(L, 1, "run");
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 2);
  lua_pushstring(L, refusal);
  lua_call(L, 3, 3);
  vm_response_write(L, call->response, 4);
  if (call->response->status >= 400)
    read_user(L, call, 3);
  return 0;
}

static int fail_body(lua_State *L) {
  struct vm *vm = vm_of(L);
  struct call *call = vm_context(vm);
  struct vm_response *response = call->response;
  lua_getfield(L, LUA_REGISTRYINDEX, VM_DISPATCH); /* 1 */
  push_entry(L, call->request);                    /* 2 */
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &request_key) == LUA_TNIL) {
    lua_pop(L, 1);
    push_request(L, call->request, 1, 2); /* the raise came before there was one */
  }
  read_user(L, call, 3);
  lua_settop(L, 3);
  lua_getfield(L, 1, "fail");
  vm_push_error(vm, L);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 2);
  lua_call(L, 3, 5);
  if (lua_isnil(L, 4)) {
    response->own = true;
    response->status = 500;
    return 0;
  }
  vm_response_write(L, call->response, 4);
  if (lua_type(L, 7) == LUA_TSTRING)
    strncat(response->code, lua_tostring(L, 7), sizeof response->code - 1);
  response->app_code = lua_tointeger(L, 8);
  return 0;
}

/* ---- the record ---- */

static void set_text(struct error_record *record, char **member, const char *text, size_t length) {
  if (text)
    error_record_set(record, member, text, length, MOST_TEXT);
}

/* Everything that is known of the request. */
static void describe_request(struct error_record *record, const struct vm_request *request) {
  const struct route_path *path = request->match ? request->match->path : NULL;
  set_text(record, &record->method, request->method, strlen(request->method));
  set_text(record, &record->path, request->path, request->path_length);
  set_text(record, &record->query, request->query, strlen(request->query));
  set_text(record, &record->request_id, request->id, strlen(request->id));
  set_text(record, &record->remote_addr, request->remote_addr, strlen(request->remote_addr));
  if (path)
    set_text(record, &record->route, path->pattern, strlen(path->pattern));
  if (request->body_length > 0) {
    error_record_set(record, &record->body, request->body, request->body_length, MOST_BODY_EXCERPT);
    record->body_length = (int64_t)request->body_length;
  }
  record->headers = json_object();
  for (int i = 0; i < request->header_count; i++) {
    const char *name = request->headers[i].name, *value = request->headers[i].value;
    json_t *text = json_stringn(value, utf8_valid_prefix(value, strlen(value)));
    if (utf8_valid(name, strlen(name)))
      json_object_set_new(record->headers, name, text);
    else
      json_decref(text);
    if (strcasecmp(name, "user-agent") == 0)
      set_text(record, &record->user_agent, value, strlen(value));
  }
}

struct error_record *request_error_record(const struct vm_request *request, const struct scrub *scrub, int status,
                                          const char *code, const char *message) {
  struct error_record *record = error_record_create(ERROR_SOURCE_REQUEST);
  if (record)
    record->taint = taint_create();
  if (!record || !record->taint) {
    error_record_destroy(record);
    return NULL;
  }
  request_secrets_add(request, scrub, record->taint);
  record->status = status;
  set_text(record, &record->code, code, strlen(code));
  set_text(record, &record->message, message, strlen(message));
  describe_request(record, request);
  return record;
}

static void name_secrets(void *context, struct taint *taint) {
  const struct call *call = context;
  request_secrets_add(call->request, vm_services(call->vm)->scrub, taint);
}

/* The record of an error that was returned rather than raised; NULL when out of memory. */
static struct error_record *make_record(struct vm *vm) {
  struct error_record *record = error_record_create(ERROR_SOURCE_REQUEST);
  if (record && vm_note_secrets(vm, record))
    return record;
  error_record_destroy(record);
  return NULL;
}

/* Completes what was raised, or makes a record of what was returned. */
static void finish_record(struct call *call, struct error_record *record, int64_t started_ns) {
  struct vm_response *response = call->response;
  bool returned = !record;
  if (returned)
    record = make_record(call->vm);
  if (!record)
    return;
  describe_request(record, call->request);
  record->status = response->status;
  record->handled = !response->own;
  record->app_code = response->app_code;
  record->generation = generation_number(vm_generation(call->vm));
  record->duration_us = (clock_monotonic_ns() - started_ns) / 1000;
  record->lua_bytes = (int64_t)vm_memory(call->vm);
  record->user_id = call->user_id;
  if (call->user_email[0])
    set_text(record, &record->user_email, call->user_email, strlen(call->user_email));
  set_text(record, &record->code, response->code, strlen(response->code));
  if (returned) {
    set_text(record, &record->exc_type, "Response", 8);
    const struct buf *message = response->detail.length > 0 ? &response->detail : &response->body;
    set_text(record, &record->message, message->data, message->length);
  }
  response->error = record;
}

/* The host's own answer to what no handler answered for. */
static void answer_own(struct call *call, int status, const char *code) {
  struct vm_response *response = call->response;
  vm_response_clear(response);
  response->own = true;
  response->status = status;
  strncat(response->code, code, sizeof response->code - 1);
  response->app_code = vm_services(call->vm)->settings->unhandled_app_code;
}

/* Lets the exception handler answer for what `record` describes; returns the record to keep. */
static struct error_record *answer_failure(struct call *call, struct error_record *record) {
  if (vm_condemned(call->vm)) {
    answer_own(call, 500, "error"); /* its error's own text could not be had in time */
    return record;
  }
  vm_response_clear(call->response);
  if (vm_call(call->vm, fail_body, call, FAIL_SECONDS, NULL) == MULLIGAN_OK) {
    if (call->response->own)
      answer_own(call, 500, "error");
    return record;
  }
  struct error_record *second = vm_take_error(call->vm);
  answer_own(call, 500, "error");
  if (!second || !record)
    return second ? second : record;
  describe_request(record, call->request);
  record->status = 500;
  second->cause = record;
  return second;
}

static double deadline_of(const struct vm_request *request, const struct settings *settings) {
  const struct route *route = route_of(request);
  return route && route->deadline > 0 ? route->deadline : settings->deadline;
}

void request_run(struct vm *vm, const struct vm_request *request, struct vm_response *response) {
  int64_t started_ns = clock_monotonic_ns();
  struct call call = {.request = request, .response = response, .vm = vm};
  vm_set_request_id(vm, request->id);
  vm_begin_secrets(vm, name_secrets);
  vm_response_reset(response);
  struct error_record *record = NULL;
  enum mulligan_status status = vm_call(vm, run_body, &call, deadline_of(request, vm_services(vm)->settings), NULL);
  bool raised = status != MULLIGAN_OK;
  if (raised)
    record = vm_take_error(vm);
  if (vm_store(vm))
    store_rollback(vm_store(vm)); /* before anything else: others wait for the lock that an open transaction holds */
  if (status == MULLIGAN_INTERRUPTED)
    answer_own(&call, 503, "deadline_exceeded");
  else if (status == MULLIGAN_NOMEM)
    answer_own(&call, 500, "memory_exceeded");
  else if (raised)
    record = answer_failure(&call, record);
  if (vm_store(vm))
    store_rollback(vm_store(vm)); /* what the exception handler left */
  if (raised || response->status >= 400)
    finish_record(&call, record, started_ns);
  vm_end_request(vm);
}
