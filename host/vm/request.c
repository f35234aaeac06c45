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
#include "vm/request_value.h"
#include "vm/vm_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <lauxlib.h>

enum { FAIL_SECONDS = 2, MOST_BODY_EXCERPT = 4096, MOST_TEXT = 2048 };

static const char request_key = 0; /* registry: the request under way */

struct call {
  const struct vm_request *request;
  struct vm_response *response;
  struct vm *vm;
  bool has_table; /* the registry has this request's */
};

/* ---- the request, in Lua ---- */

static const struct route *route_of(const struct vm_request *request) {
  const struct route_path *path = request->match->path;
  return path ? route_path_route(path, request->kind) : NULL;
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

/* Notes who asked, for the request log and the error's record: where nobody has asked for the user yet, nobody. An
 * answer is made by now, and must not become a failure because of it: so no metamethod of the user's is called. */
static void read_user(lua_State *L, struct vm_response *response, int request) {
  lua_pushliteral(L, "user");
  if (lua_rawget(L, request) != LUA_TTABLE)
    return;
  lua_pushliteral(L, "id");
  if (lua_rawget(L, -2) == LUA_TNUMBER)
    response->user_id = lua_tointeger(L, -1);
  lua_pushliteral(L, "email");
  if (lua_rawget(L, -3) == LUA_TSTRING)
    snprintf(response->user_email, sizeof response->user_email, "%s", lua_tostring(L, -1));
}

/* ---- the two calls ---- */

/* Pushes the request's table and keeps it for the exception handler. */
static void push_request(lua_State *L, struct call *call) {
  request_value_push(L, call->request);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &request_key);
  call->has_table = true;
}

/* Calls what answers the request, with as many results as a handler has. */
static void call_handler(lua_State *L, struct call *call, int request) {
  const struct route *route = route_of(call->request);
  const char *refusal = refusal_of(call->request);
  if (!refusal) {
    lua_getfield(L, LUA_REGISTRYINDEX, VM_HANDLERS);
    if (lua_rawgeti(L, -1, route->entry) == LUA_TFUNCTION) {
      lua_pushvalue(L, request);
      lua_call(L, 1, 3);
      return;
    }
  }
  lua_getfield(L, LUA_REGISTRYINDEX, VM_DISPATCH);
  lua_getfield(L, -1, "run");
  lua_pushvalue(L, request);
  push_entry(L, call->request);
  lua_pushstring(L, refusal);
  lua_call(L, 3, 3);
}

static int run_body(lua_State *L) {
  struct call *call = vm_context(vm_of(L));
  push_request(L, call); /* 1 */
  call_handler(L, call, 1);
  vm_response_write(L, call->response, lua_gettop(L) - 2);
  read_user(L, call->response, 1);
  return 0;
}

static int fail_body(lua_State *L) {
  struct vm *vm = vm_of(L);
  struct call *call = vm_context(vm);
  struct vm_response *response = call->response;
  lua_getfield(L, LUA_REGISTRYINDEX, VM_DISPATCH); /* 1 */
  push_entry(L, call->request);                    /* 2 */
  if (call->has_table)
    lua_rawgetp(L, LUA_REGISTRYINDEX, &request_key);
  else
    push_request(L, call); /* the raise came before there was one */
  read_user(L, response, 3);
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
  record->user_id = response->user_id;
  if (response->user_email[0])
    set_text(record, &record->user_email, response->user_email, strlen(response->user_email));
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
  error_record_add_cause(second, record);
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
  vm->request = request;
  vm->language = request->language;
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
  response->taint = vm_detach_taint(vm);
  vm_end_request(vm);
}
