/**
 * core.c - `mulligan.core`: what the standard library in Lua asks of the vm and scripts may not.
 *
 * Runs protected, on the thread that has the vm.
 */
#include "base/form.h"
#include "vm/bind.h"
#include "vm/request_value.h"
#include "vm/vm_internal.h"

#include <string.h>

#include <lauxlib.h>

/* The innermost function of a script on the stack; false if there is none. */
static bool find_script(lua_State *L, lua_Debug *ar) {
  for (int level = 1; lua_getstack(L, level, ar); level++)
    if (lua_getinfo(L, "Sl", ar) && ar->source[0] == '@' && strncmp(ar->source, "@mulligan/", 10) != 0)
      return true;
  return false;
}

static unsigned check_renderer(lua_State *L, const char *name) {
  unsigned renderer = name ? route_renderer_parse(name) : 0;
  if (!renderer)
    luaL_error(L, "renderers: '%s' is none of json, html, text, problem", name ? name : "(not a text)");
  return renderer;
}

static unsigned read_renderers(lua_State *L, int entry) {
  unsigned renderers = 0;
  if (lua_getfield(L, entry, "renderers") == LUA_TTABLE) {
    lua_Integer count = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
      lua_geti(L, -1, i);
      renderers |= check_renderer(L, lua_tostring(L, -1));
      lua_pop(L, 1);
    }
  } else {
    const struct settings_list *list = &vm_services(vm_of(L))->settings->renderers;
    for (size_t i = 0; i < list->count; i++)
      renderers |= check_renderer(L, list->items[i]);
  }
  lua_pop(L, 1);
  return renderers;
}

/* The option at `index`, within the bounds of the setting of this name; 0 for none. */
static double read_deadline(lua_State *L, int index, const lua_Debug *ar) {
  if (lua_isnil(L, index))
    return 0;
  const struct settings_entry *bounds = settings_find("deadline");
  double deadline = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : 0;
  if (!(deadline >= bounds->least && deadline <= bounds->most)) {
    lua_pushfstring(L, "%s:%d: a route's deadline must be seconds from %f to %d, not %s", ar->short_src,
                    ar->currentline, bounds->least, (int)bounds->most, luaL_tolstring(L, index, NULL));
    lua_error(L);
  }
  return deadline;
}

/* The number that the generation's first vm gave a route; 0 if it did not have it. */
static lua_Integer number_of(const struct route_table *table, const char *pattern, enum route_method method) {
  for (size_t i = route_table_count(table); i-- > 0;) {
    const struct route_path *path = route_table_at(table, i);
    if (strcmp(path->pattern, pattern) == 0 && method < ROUTE_METHOD_COUNT)
      return path->routes[method].entry;
  }
  return 0;
}

/***
 * Registers a route, while the route files load.
 * @function register
 * @tparam table entry method, pattern, handler, checks, renderers, deadline, log_bodies and what dispatch needs; kept
 */
static int core_register(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  struct vm *vm = vm_of(L);
  if (!vm->generation || vm->kind != VM_KIND_REQUEST || lua_getfield(L, LUA_REGISTRYINDEX, VM_ENTRIES) != LUA_TTABLE ||
      !vm->loading)
    return luaL_error(L, "routes are registered while the files in routes/ load, not later or elsewhere");
  lua_Integer number = (lua_Integer)lua_rawlen(L, 2) + 1;

  lua_Debug ar;
  if (!find_script(L, &ar))
    return luaL_error(L, "only a script can register a route");
  struct route route = {.entry = (int)number, .file = ar.short_src, .line = ar.currentline};
  lua_getfield(L, 1, "method");
  lua_getfield(L, 1, "pattern");
  lua_getfield(L, 1, "deadline");
  route.method = route_method_parse(luaL_checkstring(L, 3));
  const char *pattern = luaL_checkstring(L, 4);
  route.deadline = read_deadline(L, 5, &ar);
  route.renderers = read_renderers(L, 1);
  lua_getfield(L, 1, "log_bodies");
  if (!lua_isnoneornil(L, -1) && !lua_isboolean(L, -1))
    return luaL_error(L, "%s:%d: a route's log_bodies must be true or false, not %s", ar.short_src, ar.currentline,
                      luaL_tolstring(L, -1, NULL));
  route.log_bodies = lua_toboolean(L, -1);
  lua_pop(L, 1);

  /* The first vm of a generation fills the route table. The others run the same sources, but not in the same order
   * where a script goes by pairs(), which differs from state to state. */
  struct route_table *table = generation_open_routes(vm->generation);
  if (table) {
    struct fault fault;
    if (route_table_add(table, pattern, &route, &fault) != MULLIGAN_OK) {
      lua_pushfstring(L, "%s:%d: %s", ar.short_src, ar.currentline, fault.message);
      return lua_error(L);
    }
  } else {
    number = number_of(generation_routes(vm->generation), pattern, route.method);
    if (number == 0)
      return luaL_error(L, "%s:%d: route \"%s\" was not there when the scripts were first loaded", ar.short_src,
                        ar.currentline, pattern);
  }
  lua_pushvalue(L, 1);
  lua_rawseti(L, 2, number);
  /* Where there is nothing to ask before the handler, dispatch is not needed on the way to it. */
  bool direct = lua_getfield(L, 1, "checks") == LUA_TNIL;
  lua_getfield(L, LUA_REGISTRYINDEX, VM_HANDLERS);
  if (direct)
    lua_getfield(L, 1, "handler");
  else
    lua_pushboolean(L, 0); /* no hole in the list */
  lua_rawseti(L, -2, number);
  return 0;
}

/***
 * Where the calling script stands.
 * @function where
 * @treturn string "scripts/routes/users.lua:12: ", or "" outside a script
 */
static int core_where(lua_State *L) {
  lua_Debug ar;
  if (find_script(L, &ar))
    lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
  else
    lua_pushliteral(L, "");
  return 1;
}

/***
 * The header block of a request as a table: lower-case names; what is sent several times is joined by a comma.
 * @function parse_headers
 * @tparam string raw "name\0value\0…"
 * @treturn table
 */
static int core_parse_headers(lua_State *L) {
  size_t length;
  const char *raw = luaL_checklstring(L, 1, &length);
  const char *end = raw + length;
  lua_newtable(L);
  while (raw < end) {
    size_t name_length = strlen(raw);
    const char *value = raw + name_length + 1;
    luaL_Buffer name;
    char *lower = luaL_buffinitsize(L, &name, name_length);
    for (size_t i = 0; i < name_length; i++)
      lower[i] = raw[i] >= 'A' && raw[i] <= 'Z' ? (char)(raw[i] + 'a' - 'A') : raw[i];
    luaL_pushresultsize(&name, name_length);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 2) == LUA_TNIL) {
      lua_pop(L, 1);
      lua_pushstring(L, value);
    } else {
      lua_pushfstring(L, strcmp(lua_tostring(L, -2), "cookie") == 0 ? "; %s" : ", %s", value);
      lua_concat(L, 2);
    }
    lua_rawset(L, 2);
    raw = value + strlen(value) + 1;
  }
  return 1;
}

/* Collects a query's fields as lengths and bytes: nothing of Lua may be called while the parser runs. */
static bool collect_field(void *context, const struct form_field *field) {
  struct buf *fields = context;
  size_t lengths[2] = {field->name_length, field->value_length};
  return buf_add(fields, lengths, sizeof lengths) && buf_add(fields, field->name, field->name_length) &&
         buf_add(fields, field->value, field->value_length);
}

/***
 * A raw query as two tables.
 * @function parse_query
 * @tparam string raw
 * @treturn table name → first value; nil if it is malformed
 * @treturn table name → list of all values
 */
static int core_parse_query(lua_State *L) {
  size_t length;
  const char *raw = luaL_checklstring(L, 1, &length);
  lua_settop(L, 1);
  struct buf *fields = bind_buffer(L, 8 * length + 64 * 1024); /* 2 */
  if (length > 0 && form_urlencoded(raw, length, collect_field, fields, NULL) != MULLIGAN_OK) {
    lua_pushnil(L);
    return 1;
  }
  lua_newtable(L); /* 3: the first values */
  lua_newtable(L); /* 4: all values */
  for (const char *at = fields->data, *end = at + fields->length; at < end;) {
    size_t lengths[2];
    memcpy(lengths, at, sizeof lengths);
    const char *name = at + sizeof lengths, *value = name + lengths[0];
    at = value + lengths[1];
    lua_pushlstring(L, name, lengths[0]);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 4) == LUA_TNIL) {
      lua_pushvalue(L, -2);
      lua_pushlstring(L, value, lengths[1]);
      lua_rawset(L, 3);
      lua_newtable(L);
      lua_replace(L, -2);
      lua_pushvalue(L, -2);
      lua_pushvalue(L, -2);
      lua_rawset(L, 4);
    }
    lua_pushlstring(L, value, lengths[1]);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_settop(L, 4);
  }
  return 2;
}

/***
 * The language of the request or run under way.
 * @function language
 * @treturn string `en` or `ko`
 */
static int core_language(lua_State *L) {
  const char *language = vm_of(L)->language;
  lua_pushstring(L, language ? language : "en");
  return 1;
}

/***
 * Sets it, until the next request.
 * @function set_language
 * @tparam string language any other than `ko` is English
 */
static int core_set_language(lua_State *L) {
  vm_of(L)->language = strcmp(luaL_checkstring(L, 1), "ko") == 0 ? "ko" : "en";
  return 0;
}

static const luaL_Reg functions[] = {
    {"language", core_language},
    {"parse_headers", core_parse_headers},
    {"parse_query", core_parse_query},
    {"register", core_register},
    {"request_index", request_value_index},
    {"request_part", request_value_part},
    {"set_language", core_set_language},
    {"where", core_where},
    {NULL, NULL},
};

int core_open(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
