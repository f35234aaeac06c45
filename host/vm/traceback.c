/**
 * traceback.c - a failed coroutine's stack as JSON: frames, their source lines, their locals.
 *
 * Called by vm.c on the thread that has the vm, and by the deadline's hook in the middle of a script. Only functions of
 * Lua's API that allocate nothing and run no metamethod are used, so nothing here can raise; the JSON is made with
 * malloc.
 *
 * Invariant: what is spent is counted in `budget`; when it is used up, the rest is left out and `truncated` set.
 */
#include "vm/traceback.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MOST_FRAMES = 64, /* half from the top, half from the bottom */
  MOST_DEPTH = 5,
  MOST_ENTRIES = 10,
  MOST_TEXT = 200,
  MOST_LOCALS = 50, /* of one frame */
  MOST_BYTES = 64 * 1024,
  CONTEXT_LINES = 3 /* source lines on each side */
};

struct walk {
  lua_State *co;
  const struct generation *generation;
  const struct scrub *scrub;
  size_t budget;
  bool truncated;
  const void *path[MOST_DEPTH]; /* the tables around the one being walked */
};

static bool spend(struct walk *walk, size_t bytes) {
  if (walk->budget < bytes) {
    walk->budget = 0;
    walk->truncated = true;
    return false;
  }
  walk->budget -= bytes;
  return true;
}

static json_t *text_value(struct walk *walk, const char *text, size_t length) {
  size_t kept = length > MOST_TEXT ? MOST_TEXT : length;
  if (!spend(walk, kept + 16))
    return json_string("…");
  struct buf shown;
  buf_init(&shown, 8 * MOST_TEXT + 64);
  utf8_add_repaired(&shown, text, utf8_valid_prefix(text, kept) + 4 >= kept ? utf8_cut(text, kept, kept) : kept);
  if (kept < length) {
    walk->truncated = true;
    buf_addf(&shown, "… (%zu bytes)", length);
  }
  json_t *value = shown.failed ? json_string("…") : json_stringn(shown.data, shown.length);
  buf_release(&shown);
  return value;
}

/* A value that JSON has no form for, by its kind; the address tells two of them apart. */
static json_t *opaque_value(struct walk *walk, int index, const char *kind) {
  char text[64];
  snprintf(text, sizeof text, "<%s %p>", kind, lua_topointer(walk->co, index));
  spend(walk, strlen(text));
  return json_string(text);
}

static json_t *value_at(struct walk *walk, int index, int depth);

/* A key as text, without converting it in place (which would break the traversal). */
static void key_text(lua_State *co, int index, char out[MOST_TEXT]) {
  switch (lua_type(co, index)) {
  case LUA_TSTRING: {
    size_t length;
    const char *text = lua_tolstring(co, index, &length);
    size_t kept = utf8_cut(text, utf8_valid_prefix(text, length), MOST_TEXT - 1);
    memcpy(out, text, kept);
    out[kept] = '\0';
    break;
  }
  case LUA_TNUMBER:
    if (lua_isinteger(co, index))
      snprintf(out, MOST_TEXT, "%lld", (long long)lua_tointeger(co, index));
    else
      snprintf(out, MOST_TEXT, "%.14g", lua_tonumber(co, index));
    break;
  case LUA_TBOOLEAN:
    snprintf(out, MOST_TEXT, "%s", lua_toboolean(co, index) ? "true" : "false");
    break;
  default:
    snprintf(out, MOST_TEXT, "<%s %p>", lua_typename(co, lua_type(co, index)), lua_topointer(co, index));
  }
}

static json_t *table_value(struct walk *walk, int index, int depth) {
  lua_State *co = walk->co;
  const void *self = lua_topointer(co, index);
  for (int i = 0; i < depth; i++)
    if (walk->path[i] == self)
      return json_string("<cycle>");
  if (depth >= MOST_DEPTH || !lua_checkstack(co, 4)) {
    walk->truncated = true;
    return json_string("{…}");
  }
  walk->path[depth] = self;
  json_t *object = json_object();
  int count = 0;
  lua_pushnil(co);
  while (lua_next(co, index)) {
    if (++count > MOST_ENTRIES || walk->budget == 0) {
      walk->truncated = true;
      json_object_set_new(object, "…", json_string("more"));
      lua_pop(co, 2);
      break;
    }
    char key[MOST_TEXT];
    key_text(co, -2, key);
    spend(walk, strlen(key) + 8);
    bool secret = scrub_is_secret_name(walk->scrub, key, strlen(key));
    json_object_set_new(object, key,
                        secret ? json_string(MULLIGAN_SCRUBBED) : value_at(walk, lua_gettop(co), depth + 1));
    lua_pop(co, 1);
  }
  return object;
}

static json_t *value_at(struct walk *walk, int index, int depth) {
  lua_State *co = walk->co;
  switch (lua_type(co, index)) {
  case LUA_TNIL:
    return json_null();
  case LUA_TBOOLEAN:
    return json_boolean(lua_toboolean(co, index));
  case LUA_TNUMBER: {
    spend(walk, 8);
    if (lua_isinteger(co, index))
      return json_integer(lua_tointeger(co, index));
    json_t *number = json_real(lua_tonumber(co, index));
    return number ? number : json_string("<not a finite number>");
  }
  case LUA_TSTRING: {
    size_t length;
    const char *text = lua_tolstring(co, index, &length);
    return text_value(walk, text, length);
  }
  case LUA_TTABLE:
    return table_value(walk, index, depth);
  case LUA_TLIGHTUSERDATA:
    return lua_touserdata(co, index) ? opaque_value(walk, index, "userdata") : json_null();
  default:
    return opaque_value(walk, index, lua_typename(co, lua_type(co, index)));
  }
}

/* A frame's locals; of two with one name the later, which hides the other. */
static json_t *locals_of(struct walk *walk, const lua_Debug *ar) {
  json_t *locals = json_object();
  if (!lua_checkstack(walk->co, 4))
    return locals;
  for (int n = 1; n <= MOST_LOCALS; n++) {
    const char *name = lua_getlocal(walk->co, ar, n);
    if (!name)
      return locals;
    if (name[0] != '(') {
      bool secret = scrub_is_secret_name(walk->scrub, name, strlen(name));
      json_object_set_new(locals, name,
                          secret ? json_string(MULLIGAN_SCRUBBED) : value_at(walk, lua_gettop(walk->co), 0));
    }
    lua_pop(walk->co, 1);
  }
  walk->truncated = true;
  return locals;
}

static json_t *source_of(struct walk *walk, const char *chunk, int line) {
  json_t *lines = json_object();
  for (int n = line - CONTEXT_LINES; n <= line + CONTEXT_LINES; n++) {
    size_t length = 0;
    const char *text = n > 0 ? generation_line(walk->generation, chunk, n, &length) : NULL;
    if (!text)
      continue;
    char number[16];
    snprintf(number, sizeof number, "%d", n);
    json_object_set_new(lines, number, text_value(walk, text, length));
  }
  return lines;
}

static json_t *frame_of(struct walk *walk, lua_Debug *ar, bool locals) {
  bool is_lua = ar->source[0] == '@';
  bool in_app = is_lua && strncmp(ar->source, "@mulligan/", 10) != 0;
  const char *name = ar->name && ar->name[0] ? ar->name : ar->what[0] == 'm' ? "(main chunk)" : "(anonymous)";
  json_t *frame = json_object();
  json_object_set_new(frame, "file", json_string(is_lua ? ar->source + 1 : "[C]"));
  json_object_set_new(frame, "line", ar->currentline > 0 ? json_integer(ar->currentline) : json_null());
  json_object_set_new(frame, "function", json_string(name));
  json_object_set_new(frame, "defined", ar->linedefined > 0 ? json_integer(ar->linedefined) : json_null());
  json_object_set_new(frame, "in_app", json_boolean(in_app));
  if (in_app) {
    json_object_set_new(frame, "source", source_of(walk, ar->source, ar->currentline));
    if (locals)
      json_object_set_new(frame, "locals", locals_of(walk, ar));
  }
  return frame;
}

static int depth_of(lua_State *co) {
  lua_Debug ar;
  int low = 0, high = 1;
  while (lua_getstack(co, high, &ar)) {
    low = high;
    high *= 2;
  }
  while (low < high) {
    int middle = (low + high) / 2;
    if (lua_getstack(co, middle, &ar))
      low = middle + 1;
    else
      high = middle;
  }
  return high;
}

json_t *traceback_take(lua_State *co, const struct generation *generation, const struct scrub *scrub, bool locals,
                       bool *truncated) {
  struct walk walk = {.co = co, .generation = generation, .scrub = scrub, .budget = MOST_BYTES};
  json_t *frames = json_array();
  int depth = depth_of(co);
  for (int level = 0; level < depth; level++) {
    if (depth > MOST_FRAMES && level == MOST_FRAMES / 2) {
      level = depth - MOST_FRAMES / 2;
      walk.truncated = true;
    }
    lua_Debug ar;
    if (!lua_getstack(co, level, &ar) || !lua_getinfo(co, "nSl", &ar))
      break;
    json_array_append_new(frames, frame_of(&walk, &ar, locals));
  }
  if (walk.truncated)
    *truncated = true;
  return frames;
}
