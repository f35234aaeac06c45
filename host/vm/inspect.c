/**
 * inspect.c - a Lua value as a person reads it.
 *
 * Called by the session, protected, on the thread that has the vm. Only raw access, so that looking at a value never
 * runs its code. Invariant: a table is written on one line if it fits there, else one line an entry; what does not fit
 * is written twice, which the depth bounds.
 */
#include "vm/inspect.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

enum { MOST_DEPTH = 5, MOST_ENTRIES = 100, MOST_TEXT = 8 * 1024, NAMES_MOST = 4096 };

struct look {
  struct buf *out;
  const struct scrub *scrub; /* NULL: everything is shown */
  int depth;
  bool one_line;
  const void *path[MOST_DEPTH]; /* the tables around this one */
};

static void add_value(lua_State *L, struct look *look);

static void add_text(struct buf *out, const char *text, size_t length) {
  size_t kept = length > MOST_TEXT ? utf8_cut(text, utf8_valid_prefix(text, MOST_TEXT), MOST_TEXT) : length;
  buf_add_char(out, '"');
  for (size_t i = 0; i < kept; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '"' || c == '\\')
      buf_addf(out, "\\%c", c);
    else if (c == '\n')
      buf_add_text(out, "\\n");
    else if (c < 0x20 || c == 0x7f)
      buf_addf(out, "\\x%02X", c);
    else
      buf_add_char(out, (char)c);
  }
  buf_add_char(out, '"');
  if (kept < length)
    buf_addf(out, "… (%zu bytes)", length);
}

static void add_function(lua_State *L, struct buf *out) {
  lua_Debug ar;
  lua_pushvalue(L, -1);
  lua_getinfo(L, ">S", &ar);
  if (ar.what[0] == 'C')
    buf_add_text(out, "function (built in)");
  else
    buf_addf(out, "function (%s:%d)", ar.short_src, ar.linedefined);
}

static bool is_name(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(i > 0 && c >= '0' && c <= '9'))
      return false;
  }
  return length > 0;
}

/* ---- tables ---- */

static void start_entry(struct look *look, int number) {
  if (number > 0)
    buf_add_char(look->out, ',');
  if (look->one_line) {
    buf_add_char(look->out, ' ');
    return;
  }
  buf_add_char(look->out, '\n');
  for (int i = 0; i < look->depth; i++)
    buf_add_text(look->out, "  ");
}

static void add_key(lua_State *L, struct look *look) {
  size_t length;
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
  if (text && is_name(text, length)) {
    buf_add(look->out, text, length);
  } else {
    struct look inside = {.out = look->out, .depth = MOST_DEPTH, .one_line = true};
    buf_add_char(look->out, '[');
    add_value(L, &inside);
    buf_add_char(look->out, ']');
  }
  buf_add_text(look->out, " = ");
}

static int compare_names(const void *left, const void *right) {
  return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The table is on top. Adds the entries under texts, in order, then the others; `*number` counts. May leave a key. */
static void add_named(lua_State *L, struct look *look, lua_Integer listed, int *number) {
  const char **names = lua_newuserdatauv(L, NAMES_MOST * sizeof *names, 0);
  int count = 0;
  for (lua_pushnil(L); lua_next(L, -3); lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING && count < NAMES_MOST)
      names[count++] = lua_tostring(L, -2); /* the table keeps it */
  qsort(names, (size_t)count, sizeof *names, compare_names);
  for (int i = 0; i < count && *number < MOST_ENTRIES; i++) {
    start_entry(look, (*number)++);
    lua_pushstring(L, names[i]);
    add_key(L, look);
    lua_rawget(L, -3);
    if (look->scrub && scrub_is_secret_name(look->scrub, names[i], strlen(names[i])))
      buf_add_text(look->out, MULLIGAN_SCRUBBED);
    else
      add_value(L, look);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  for (lua_pushnil(L); *number < MOST_ENTRIES && lua_next(L, -2); lua_pop(L, 1)) {
    int isinteger = lua_isinteger(L, -2);
    if (lua_type(L, -2) == LUA_TSTRING || (isinteger && lua_tointeger(L, -2) >= 1 && lua_tointeger(L, -2) <= listed))
      continue;
    start_entry(look, (*number)++);
    lua_pushvalue(L, -2);
    add_key(L, look);
    lua_pop(L, 1);
    add_value(L, look);
  }
}

static void add_entries(lua_State *L, struct look *look) {
  int table = lua_gettop(L), number = 0;
  lua_Integer length = (lua_Integer)lua_rawlen(L, table);
  look->depth++;
  buf_add_char(look->out, '{');
  for (lua_Integer i = 1; i <= length && number < MOST_ENTRIES; i++) {
    start_entry(look, number++);
    lua_rawgeti(L, table, i);
    add_value(L, look);
    lua_pop(L, 1);
  }
  if (number < MOST_ENTRIES)
    add_named(L, look, length, &number);
  lua_settop(L, table);
  if (number >= MOST_ENTRIES) {
    start_entry(look, number);
    buf_add_text(look->out, "…");
  }
  look->depth--;
  if (number > 0)
    start_entry(look, 0);
  buf_add_char(look->out, '}');
}

/* A table with the field `message` and a metatable that names it is an error object. */
static bool add_error(lua_State *L, struct buf *out) {
  int top = lua_gettop(L);
  bool is = false;
  if (luaL_getmetafield(L, -1, "__name") == LUA_TSTRING) {
    lua_pushliteral(L, "message");
    lua_rawget(L, top);
    is = lua_type(L, -1) == LUA_TSTRING;
    if (is)
      buf_addf(out, "%s: %s", lua_tostring(L, -2), lua_tostring(L, -1));
  }
  lua_settop(L, top);
  return is;
}

static void add_table(lua_State *L, struct look *look) {
  const void *self = lua_topointer(L, -1);
  luaL_checkstack(L, 8, NULL);
  if (add_error(L, look->out))
    return;
  for (int i = 0; i < look->depth && look->depth <= MOST_DEPTH; i++)
    if (look->path[i] == self) {
      buf_add_text(look->out, "{ (as above) }");
      return;
    }
  if (look->depth >= MOST_DEPTH) {
    buf_add_text(look->out, "{…}");
    return;
  }
  look->path[look->depth] = self;
  size_t before = look->out->length;
  bool one_line = look->one_line;
  look->one_line = true;
  inspect_push_fields(L, -1);
  add_entries(L, look);
  look->one_line = one_line;
  if (!one_line && look->out->length - before > (size_t)(INSPECT_WIDTH - 2 * look->depth) && !look->out->failed) {
    look->out->length = before;
    look->out->data[before] = '\0';
    add_entries(L, look);
  }
  lua_pop(L, 1);
}

bool inspect_push_fields(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TTABLE)
    return false;
  lua_pushvalue(L, index);
  lua_pushnil(L);
  if (lua_next(L, -2)) { /* a face has no fields of its own */
    lua_pop(L, 2);
    return true;
  }
  if (!lua_getmetatable(L, -1))
    return true;
  lua_pushliteral(L, "__metatable");
  bool face = lua_rawget(L, -2) == LUA_TSTRING;
  lua_pushliteral(L, "__index");
  face = lua_rawget(L, -3) == LUA_TTABLE && face;
  if (face)
    lua_replace(L, -4);
  lua_pop(L, face ? 2 : 3);
  return true;
}

/* ---- any value ---- */

/* The value is on top of the stack and stays there. */
static void add_value(lua_State *L, struct look *look) {
  size_t length;
  const char *text;
  int top;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    text = lua_tolstring(L, -1, &length);
    add_text(look->out, text, length);
    break;
  case LUA_TTABLE:
    add_table(L, look);
    break;
  case LUA_TFUNCTION:
    add_function(L, look->out);
    break;
  case LUA_TLIGHTUSERDATA:
    buf_add_text(look->out, lua_touserdata(L, -1) ? "(userdata)" : "null");
    break;
  case LUA_TUSERDATA:
    top = lua_gettop(L);
    text = luaL_getmetafield(L, -1, "__name") == LUA_TSTRING ? lua_tostring(L, -1) : "userdata";
    buf_addf(look->out, "(%s)", text);
    lua_settop(L, top);
    break;
  case LUA_TTHREAD:
    buf_add_text(look->out, "(coroutine)");
    break;
  default: /* nil, booleans and numbers */
    buf_add_text(look->out, luaL_tolstring(L, -1, NULL));
    lua_pop(L, 1);
  }
}

void inspect_add(lua_State *L, int index, struct buf *out) {
  inspect_add_scrubbed(L, index, NULL, out);
}

void inspect_add_scrubbed(lua_State *L, int index, const struct scrub *scrub, struct buf *out) {
  luaL_checkstack(L, 16, NULL);
  struct look look = {.out = out, .scrub = scrub};
  lua_pushvalue(L, index);
  add_value(L, &look);
  lua_pop(L, 1);
}
