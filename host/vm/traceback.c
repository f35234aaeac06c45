/**
 * traceback.c - a failed coroutine's stack as JSON: frames, their source lines, their locals and upvalues.
 *
 * Called by vm.c on the thread that has the vm, and by the deadline's hook in the middle of a script. Only functions of
 * Lua's API that allocate nothing and run no metamethod are used, so nothing here can raise; the JSON is made with
 * malloc.
 *
 * Invariant: what is spent is counted in `budget`; when it is used up, the rest is left out and `truncated` set.
 */
#include "vm/traceback.h"

#include "base/utf8.h"
#include "vm/request_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MOST_FRAMES = 64, /* half from the top, half from the bottom */
  MOST_DEPTH = 5,
  MOST_ENTRIES = 10,
  MOST_TEXT = 200,
  MOST_LOCALS = 50, /* of one frame; of upvalues as many */
  MOST_KEYS = 2000, /* looked at in all, beyond the entries that are taken down, for secrets alone */
  MOST_BYTES = 48 * 1024,
  MOST_UPVALUE_BYTES = 16 * 1024, /* of their own, so that they never take the room of the outer frames' locals */
  MOST_MODULES = 32,
  MODULE_DEPTH = MOST_DEPTH - 3, /* so that three levels of a module are looked through */
  CONTEXT_LINES = 3              /* source lines on each side */
};

struct walk {
  lua_State *co;
  const struct generation *generation;
  const struct scrub *scrub;
  struct taint *taint;
  size_t budget, upvalue_budget;
  int keys; /* left of MOST_KEYS */
  bool truncated;
  const void *path[MOST_DEPTH];      /* the tables around the one being walked */
  const void *modules[MOST_MODULES]; /* that were looked through */
  int module_count;
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

static bool is_secret(const struct walk *walk, const char *name) {
  return scrub_is_secret_name(walk->scrub, name, strlen(name));
}

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

/*
 * Remembers the value on top of the stack, which stands under a secret name, `direct`ly or somewhere in a table there,
 * where not everything is a secret.
 */
static void remember(struct walk *walk, bool direct, int depth) {
  lua_State *co = walk->co;
  int type = lua_type(co, -1);
  char key[MOST_TEXT];
  size_t length;
  if (!walk->taint || walk->keys <= 0)
    return;
  if (type == LUA_TSTRING) {
    const char *text = lua_tolstring(co, -1, &length);
    (direct ? taint_add : taint_add_likely)(walk->taint, text, length);
  } else if (type == LUA_TNUMBER && direct) {
    lua_pushvalue(co, -1);
    key_text(co, -1, key);
    lua_pop(co, 1);
    taint_add(walk->taint, key, strlen(key));
  } else if (type == LUA_TTABLE && depth < MOST_DEPTH && lua_checkstack(co, 4)) {
    lua_pushnil(co);
    while (lua_next(co, -2)) {
      if (--walk->keys <= 0) {
        lua_pop(co, 2);
        return;
      }
      key_text(co, -2, key);
      bool numbered = lua_type(co, -2) == LUA_TNUMBER;
      if (!numbered)
        taint_add_likely(walk->taint, key, strlen(key));
      remember(walk, numbered ? direct : is_secret(walk, key), depth + 1);
      lua_pop(co, 1);
    }
  }
}

/* The value on top of the stack, by its name. */
static json_t *named_value(struct walk *walk, const char *name, int depth) {
  if (!is_secret(walk, name))
    return value_at(walk, lua_gettop(walk->co), depth);
  remember(walk, true, 0);
  return json_string(MULLIGAN_SCRUBBED);
}

/* Looks through the entries of a table that are not taken down; the last key is on top of the stack, which is left
 * without it. */
static void look_through(struct walk *walk, int index) {
  lua_State *co = walk->co;
  char key[MOST_TEXT];
  while (lua_next(co, index)) {
    if (--walk->keys <= 0) {
      lua_pop(co, 2);
      return;
    }
    if (lua_type(co, -2) == LUA_TSTRING) {
      key_text(co, -2, key);
      if (is_secret(walk, key))
        remember(walk, true, 0);
    }
    lua_pop(co, 1);
  }
}

/* The same for a whole table, on top of the stack, that is not taken down at all. */
static void look_into(struct walk *walk, int depth) {
  lua_State *co = walk->co;
  char key[MOST_TEXT];
  if (!lua_istable(co, -1) || depth == MOST_DEPTH || !lua_checkstack(co, 4))
    return;
  lua_pushnil(co);
  while (lua_next(co, -2)) {
    if (--walk->keys <= 0) {
      lua_pop(co, 2);
      return;
    }
    key_text(co, -2, key);
    if (is_secret(walk, key))
      remember(walk, true, 0);
    else
      look_into(walk, depth + 1);
    lua_pop(co, 1);
  }
}

/* What a request's table would show had all its fields been read: they are worked out only when somebody asks. */
static void add_request(struct walk *walk, const struct request_value *request, json_t *object) {
  json_object_set_new(object, "method", text_value(walk, request->method.bytes, request->method.length));
  json_object_set_new(object, "path", text_value(walk, request->path.bytes, request->path.length));
  if (!request->over)
    return;
  const struct route_path *path = request->over;
  json_t *params = json_object();
  for (int i = 0; i < path->parameter_count; i++) {
    const struct request_text *text = &request->parameters[i];
    bool secret = is_secret(walk, path->parameters[i]);
    if (secret && walk->taint)
      taint_add(walk->taint, text->bytes, text->length);
    json_object_set_new(params, path->parameters[i],
                        secret              ? json_string(MULLIGAN_SCRUBBED)
                        : path->integers[i] ? json_integer(request->numbers[i])
                                            : text_value(walk, text->bytes, text->length));
  }
  json_object_set_new(object, "params", params);
  json_object_set_new(object, "route", text_value(walk, path->pattern, strlen(path->pattern)));
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
  const struct request_value *request = request_value_at(co, index);
  if (request)
    add_request(walk, request, object);
  lua_pushnil(co);
  for (int count = 0; lua_next(co, index); count++) {
    char key[MOST_TEXT];
    if (request && lua_islightuserdata(co, -2)) { /* what it was made of */
      lua_pop(co, 1);
      continue;
    }
    key_text(co, -2, key);
    if (count == MOST_ENTRIES || walk->budget == 0) {
      walk->truncated = true;
      json_object_set_new(object, "…", json_string("more"));
      if (is_secret(walk, key))
        remember(walk, true, 0);
      lua_pop(co, 1);
      look_through(walk, index);
      break;
    }
    spend(walk, strlen(key) + 8);
    json_object_set_new(object, key, named_value(walk, key, depth + 1));
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
    if (name[0] != '(')
      json_object_set_new(locals, name, named_value(walk, name, 0));
    lua_pop(walk->co, 1);
  }
  walk->truncated = true;
  return locals;
}

/* Is the table on top of the stack a module: one of functions, or a protected face of one, which has no entry? */
static bool is_module(struct walk *walk) {
  lua_State *co = walk->co;
  int count = 0;
  lua_pushnil(co);
  while (lua_next(co, -2)) {
    bool is_function = lua_isfunction(co, -1);
    lua_pop(co, 1);
    if (is_function || ++count == MOST_ENTRIES) {
      lua_pop(co, 1);
      return is_function;
    }
  }
  return count == 0;
}

/* The functions of a file share its modules; each is looked through once. */
static bool is_new_module(struct walk *walk) {
  const void *module = lua_topointer(walk->co, -1);
  for (int i = 0; i < walk->module_count; i++)
    if (walk->modules[i] == module)
      return false;
  if (walk->module_count < MOST_MODULES)
    walk->modules[walk->module_count++] = module;
  return true;
}

/*
 * What the frame's function holds from around it, in a new object; NULL for nothing. Functions and modules are left
 * out: they are the program, not its state. A module may hold secrets all the same.
 */
static json_t *upvalues_of(struct walk *walk, lua_Debug *ar) {
  lua_State *co = walk->co;
  json_t *upvalues = NULL;
  if (!lua_checkstack(co, 6) || !lua_getinfo(co, "f", ar))
    return NULL;
  int function = lua_gettop(co);
  for (int n = 1; n <= MOST_LOCALS; n++) {
    const char *name = lua_getupvalue(co, function, n);
    if (!name)
      break;
    if (lua_istable(co, -1) && strcmp(name, "_ENV") != 0 && is_module(walk)) {
      if (is_new_module(walk))
        look_into(walk, MODULE_DEPTH);
    } else if (!lua_isfunction(co, -1) && strcmp(name, "_ENV") != 0) {
      if (!upvalues)
        upvalues = json_object();
      json_object_set_new(upvalues, name, named_value(walk, name, 0));
    }
    lua_pop(co, 1);
  }
  lua_pop(co, 1);
  return upvalues;
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
    if (locals) {
      json_object_set_new(frame, "locals", locals_of(walk, ar));
      size_t rest = walk->budget;
      walk->budget = walk->upvalue_budget;
      json_t *upvalues = upvalues_of(walk, ar);
      walk->upvalue_budget = walk->budget;
      walk->budget = rest;
      if (upvalues)
        json_object_set_new(frame, "upvalues", upvalues);
    }
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
                       struct taint *taint, bool *truncated) {
  struct walk walk = {
      .co = co, .generation = generation, .scrub = scrub, .taint = taint, .budget = MOST_BYTES, .keys = MOST_KEYS};
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

void traceback_number(json_t *frames, lua_State *co, json_int_t first) {
  json_int_t left_out = depth_of(co) - (json_int_t)json_array_size(frames);
  size_t index;
  json_t *frame;
  json_array_foreach(frames, index, frame) {
    json_int_t level = (json_int_t)index + (index < MOST_FRAMES / 2 ? 0 : left_out);
    json_object_set_new(frame, "level", json_integer(first + level));
  }
}

void traceback_note_secrets(lua_State *L, const struct scrub *scrub, struct taint *taint) {
  struct walk walk = {.co = L, .scrub = scrub, .taint = taint, .keys = MOST_KEYS};
  look_into(&walk, 0);
}
