/**
 * bind_errorlog.c - the module mulligan.errorlog: errors recorded and looked up by scripts.
 *
 * Called from scripts, inside a protected call, on the thread that has the vm. A record and a list of rows live in
 * boxes on the Lua stack while Lua may raise; both are empty before what they hold is made.
 */
#include "base/clock.h"
#include "data/error_group.h"
#include "data/error_log.h"
#include "vm/bind.h"
#include "vm/frame_console.h"
#include "vm/generation.h"
#include "vm/record_fields.h"
#include "vm/traceback.h"
#include "vm/vm.h"

#include <lauxlib.h>
#include <string.h>

enum { ROWS_MOST = 256 << 20, LIMIT = 50, LIMIT_MOST = 1000 };

/* ---- boxes ---- */

/** What a box owns; either may be NULL. */
struct box {
  struct error_record *record;
  json_t *json;
};

static const char box_type;

static int release_box(lua_State *L) {
  struct box *box = lua_touserdata(L, 1);
  error_record_destroy(box->record);
  json_decref(box->json);
  *box = (struct box){NULL, NULL};
  return 0;
}

static struct box *push_box(lua_State *L) {
  luaL_checkstack(L, 4, "no room for a record");
  struct box *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (struct box){NULL, NULL};
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &box_type) != LUA_TTABLE) {
    lua_pop(L, 1);
    static const luaL_Reg methods[] = {{"__gc", release_box}, {"__close", release_box}, {NULL, NULL}};
    luaL_newlib(L, methods);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &box_type);
  }
  lua_setmetatable(L, -2);
  return box;
}

/** The log of this process; raises where there is none. */
static struct error_log *log_of(lua_State *L) {
  frame_console_refuse(L, "reach ErrorLog, which has other requests' errors too");
  struct error_log *log = vm_services(vm_of(L))->errors;
  if (log == NULL)
    luaL_error(L, "errorlog: nothing is recorded while the scripts are only being checked");
  return log;
}

/* ---- record ---- */

/***
 * Record an error, or a warning, that was not raised.
 * @function record
 * @tparam string|table fields a message, or a table of: message, type, level ("error" or "warning"), status, code,
 * app_code, handled, value (anything), fingerprint (what makes it the same error as others), request (the handler's
 * `req`) or method, route, path, query, headers, body, remote_addr, user_agent, request_id; user (with id and email) or
 * user_id, user_email; script, args, operator, source; wait (false: do not wait until it is on the disk: the reference
 * is then no promise, since a storm may count it with others or drop it)
 * @treturn string the reference, such as ERR-7K3F-9QXA; in a storm that of an earlier one of the same
 * @treturn[2] nil where it could not be kept
 * @treturn[2] string why
 * @treturn[2] string the reason's name
 */
static int errorlog_record(lua_State *L) {
  struct vm *vm = vm_of(L);
  struct error_log *log = log_of(L);
  if (lua_type(L, 1) == LUA_TSTRING) {
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "message");
    lua_replace(L, 1);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  struct box *box = push_box(L);
  enum vm_kind kind = vm_kind(vm);
  box->record = error_record_create(kind == VM_KIND_REQUEST    ? ERROR_SOURCE_REQUEST
                                    : kind == VM_KIND_OPERATOR ? ERROR_SOURCE_OPERATOR
                                                               : ERROR_SOURCE_HOST);
  if (box->record == NULL)
    return luaL_error(L, "errorlog.record: out of memory");
  struct error_record *record = box->record;
  record_fields_read(L, 1, record);
  lua_getfield(L, 1, "wait");
  bool wait = lua_isnil(L, -1) || lua_toboolean(L, -1);

  if (record->exc_type == NULL)
    error_record_set(record, &record->exc_type, "Recorded", 8, 8);
  if (record->request_id == NULL && vm_request_id(vm) != NULL)
    error_record_set(record, &record->request_id, vm_request_id(vm), strlen(vm_request_id(vm)), 64);
  record->lua_bytes = (int64_t)vm_memory(vm);
  if (vm_generation(vm) != NULL) {
    record->generation = generation_number(vm_generation(vm));
    record->frames =
        traceback_take(L, vm_generation(vm), vm_services(vm)->scrub, true, vm_taint(vm), &record->truncated);
  }
  if (!vm_note_secrets(vm, record))
    return luaL_error(L, "errorlog.record: out of memory");
  record->breadcrumbs = vm_breadcrumbs(vm);
  char reference[MULLIGAN_REFERENCE_SIZE];
  memcpy(reference, record->reference, sizeof reference);
  box->record = NULL; /* the log takes it in any case, and nothing raises before it has */
  struct fault fault;
  enum mulligan_status status =
      wait ? error_log_refer(log, record, reference, &fault) : error_log_record(log, record, false, &fault);
  if (status != MULLIGAN_OK)
    return bind_failure(L, &fault);
  lua_pushstring(L, reference);
  return 1;
}

/* ---- looking up ---- */

/** Takes members that are null out of an object: in Lua they are nil, as in a row of mulligan.db. */
static void drop_nulls(json_t *object) {
  const char *key;
  json_t *value;
  void *next;
  json_object_foreach_safe(object, next, key, value) {
    if (json_is_null(value))
      json_object_del(object, key);
  }
}

static int add_bytes(const char *bytes, size_t length, void *out) {
  return buf_add(out, bytes, length) ? 0 : -1;
}

/** Pushes what a box holds as Lua values. */
static int push_json(lua_State *L, struct box *box) {
  size_t index;
  json_t *row;
  drop_nulls(box->json);
  json_array_foreach(box->json, index, row) {
    drop_nulls(row);
  }
  struct buf *text = bind_buffer(L, ROWS_MOST);
  int result = json_dump_callback(box->json, add_bytes, text, JSON_COMPACT);
  json_decref(box->json);
  box->json = NULL;
  struct fault fault = {.message = "out of memory"};
  if (result != 0 || !bind_json_decode(L, text->data, text->length, &fault))
    return luaL_error(L, "errorlog: %s", fault.message);
  buf_release(text);
  return 1;
}

/** A field of the filter at 1, as an integer. */
static int64_t filter_integer(lua_State *L, const char *name, int64_t otherwise) {
  if (lua_getfield(L, 1, name) == LUA_TNIL) {
    lua_pop(L, 1);
    return otherwise;
  }
  int whole;
  lua_Integer value = lua_tointegerx(L, -1, &whole);
  if (!whole || value < 0)
    luaL_error(L, "errorlog: '%s' must be a whole number", name);
  lua_pop(L, 1);
  return value;
}

/** A moment: microseconds, a time, or a span before now. */
static int64_t filter_moment(lua_State *L, const char *name) {
  int64_t moment = 0;
  size_t length;
  if (lua_getfield(L, 1, name) == LUA_TSTRING) {
    const char *text = lua_tolstring(L, -1, &length);
    int64_t span;
    if (!clock_parse_rfc3339(text, length, &moment)) {
      if (!clock_parse_span(text, &span))
        luaL_error(L, "errorlog: '%s' must be microseconds, a time, or a span such as \"1h\"", name);
      moment = clock_wall_us() - span;
    }
    lua_pop(L, 1);
    return moment;
  }
  lua_pop(L, 1);
  return filter_integer(L, name, 0);
}

/** A text of the filter; the field stays on the stack, so that the text lives as long as the call. */
static const char *filter_text(lua_State *L, const char *name) {
  int type = lua_getfield(L, 1, name);
  if (type == LUA_TNIL)
    return NULL;
  if (type != LUA_TSTRING && type != LUA_TNUMBER)
    luaL_error(L, "errorlog: '%s' must be a text", name);
  return lua_tostring(L, -1);
}

static int filter_limit(lua_State *L) {
  int64_t limit = filter_integer(L, "limit", LIMIT);
  return (int)(limit < LIMIT_MOST ? limit : LIMIT_MOST);
}

/** Makes argument 1 a table; no filter lets everything through. */
static void check_filter(lua_State *L) {
  lua_settop(L, 1);
  if (lua_isnil(L, 1)) {
    lua_newtable(L);
    lua_replace(L, 1);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
}

static struct error_log_filter read_filter(lua_State *L) {
  check_filter(L);
  struct error_log_filter filter = {
      .since = filter_moment(L, "since"),
      .status = (int)filter_integer(L, "status", 0),
      .group = filter_integer(L, "group", 0),
      .after = filter_integer(L, "after", 0),
      .limit = filter_limit(L),
  };
  filter.path = filter_text(L, "path");
  filter.user = filter_text(L, "user");
  return filter;
}

/***
 * Look an error up.
 * @function get
 * @tparam string reference as a person types it
 * @treturn table its row, keyed by the columns of error_log; absent values are nil
 * @treturn[2] nil
 * @treturn[2] string why
 * @treturn[2] string "missing" for an unknown reference, "invalid" for what is none
 */
static int errorlog_get(lua_State *L) {
  const char *reference = luaL_checkstring(L, 1);
  struct error_log *log = log_of(L);
  struct box *box = push_box(L);
  struct fault fault;
  if (error_log_get(error_log_folder(log), reference, &box->json, &fault) != MULLIGAN_OK)
    return bind_failure(L, &fault);
  return push_json(L, box);
}

/***
 * The newest errors first.
 * @function list
 * @tparam[opt] table filter since (microseconds, a time, or a span such as "1h"), status, path, user (e-mail or id),
 * group, limit (50, at most 1000), after (the id that the last page ended with)
 * @treturn {table,...} rows, as get() gives them
 */
static int errorlog_list(lua_State *L) {
  struct error_log *log = log_of(L);
  struct error_log_filter filter = read_filter(L);
  struct box *box = push_box(L);
  struct fault fault;
  if (error_log_list(error_log_folder(log), &filter, &box->json, &fault) != MULLIGAN_OK)
    return bind_failure(L, &fault);
  return push_json(L, box);
}

/***
 * How many errors there are.
 * @function count
 * @tparam[opt] table filter as list() takes it; its limit does not count
 * @treturn integer
 */
static int errorlog_count(lua_State *L) {
  struct error_log *log = log_of(L);
  struct error_log_filter filter = read_filter(L);
  struct fault fault;
  int64_t count;
  if (error_log_count(error_log_folder(log), &filter, &count, &fault) != MULLIGAN_OK)
    return bind_failure(L, &fault);
  lua_pushinteger(L, count);
  return 1;
}

/***
 * Note what happened, for the reader of an error that may come later in this call.
 * @function breadcrumb
 * @tparam string text
 */
static int errorlog_breadcrumb(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  vm_breadcrumb(vm_of(L), "note", text, length, -1);
  return 0;
}

/* ---- groups ---- */

/***
 * The same errors, together; the last seen first.
 * @function groups
 * @tparam[opt] table filter state ("open", "resolved", "muted"), since, id, limit
 * @treturn {table,...} rows, keyed by the columns of error_group
 */
static int errorlog_groups(lua_State *L) {
  struct error_log *log = log_of(L);
  check_filter(L);
  struct error_group_filter filter = {
      .since = filter_moment(L, "since"), .id = filter_integer(L, "id", 0), .limit = filter_limit(L)};
  filter.state = filter_text(L, "state");
  struct box *box = push_box(L);
  struct fault fault;
  if (error_group_list(error_log_folder(log), &filter, &box->json, &fault) != MULLIGAN_OK)
    return bind_failure(L, &fault);
  return push_json(L, box);
}

static int set_state(lua_State *L, const char *state) {
  lua_Integer id = luaL_checkinteger(L, 1);
  const char *note = luaL_optstring(L, 2, NULL), *by = luaL_optstring(L, 3, NULL);
  struct fault fault;
  if (error_group_set_state(error_log_folder(log_of(L)), id, state, by, note, &fault) != MULLIGAN_OK)
    return bind_failure(L, &fault);
  lua_pushboolean(L, 1);
  return 1;
}

/***
 * Change what is to be done about a group: resolved (reopened if it happens again), muted (never alerts), or open.
 * @function resolve, mute, reopen
 * @tparam integer group its id
 * @tparam[opt] string note for whoever looks at it next
 * @tparam[opt] string by who does it
 * @treturn boolean true
 * @treturn[2] nil
 * @treturn[2] string why
 * @treturn[2] string "missing" for an unknown group
 */
static int errorlog_resolve(lua_State *L) {
  return set_state(L, "resolved");
}

static int errorlog_mute(lua_State *L) {
  return set_state(L, "muted");
}

static int errorlog_reopen(lua_State *L) {
  return set_state(L, "open");
}

int bind_errorlog_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"record", errorlog_record},
                                       {"get", errorlog_get},
                                       {"list", errorlog_list},
                                       {"count", errorlog_count},
                                       {"breadcrumb", errorlog_breadcrumb},
                                       {"groups", errorlog_groups},
                                       {"resolve", errorlog_resolve},
                                       {"mute", errorlog_mute},
                                       {"reopen", errorlog_reopen},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
