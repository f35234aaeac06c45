/**
 * json_decode.c - JSON texts read into Lua values.
 *
 * jansson does the reading: it is strict (RFC 8259, valid UTF-8 only) and keeps 64-bit integers apart from reals. Its
 * tree is then copied into Lua tables, lists with json.array's metatable, null as json.null. Called from mulligan.json
 * and from the request's body, inside a protected call. Invariants: the tree lives in a userdata that is on the stack
 * before jansson runs, because each push into Lua may raise; nesting is counted before jansson sees the text, so that
 * no body makes its recursion deep.
 */
#include "base/utf8.h"
#include "vm/bind.h"
#include "vm/bind_json.h"

#include <assert.h>
#include <jansson.h>
#include <lauxlib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int bind_json_release_tree(lua_State *L) {
  json_t **tree = lua_touserdata(L, 1);
  json_decref(*tree);
  *tree = NULL;
  return 0;
}

/** The failure with its place: "words: line L column C (char P)", columns counted in characters as an editor does. */
static bool refuse(struct fault *fault, const char *words, const char *text, size_t offset) {
  size_t line = 1, start = 0;
  for (size_t i = 0; i < offset; i++)
    if (text[i] == '\n') {
      line++;
      start = i + 1;
    }
  size_t column = 1;
  for (size_t i = start; i < offset; i++)
    if (((unsigned char)text[i] & 0xC0) != 0x80)
      column++;
  fault_set(fault, MULLIGAN_INVALID, "%s: line %zu column %zu (char %zu)", words, line, column, offset);
  return false;
}

/** The offset of the bracket that opens one level too many, or `length`. Strings are passed over. */
static size_t find_too_deep(const char *text, size_t length) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if (in_string) {
      if (c == '\\')
        i++;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > BIND_JSON_READ_DEPTH)
        return i;
    } else if (c == ']' || c == '}') {
      depth--;
    }
  }
  return length;
}

static bool is_blank(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
      return false;
  return true;
}

static bool begins(const char *text, size_t length, const char *word) {
  return length >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

/**
 * jansson's words end in "near 'TOKEN'" where the token is short; its position is behind the token, while a reader
 * looks for its beginning. Returns the offset of that beginning and cuts the token off the words.
 */
static size_t token_start(char *words, const char *text, size_t position) {
  static const char mark[] = " near '";
  char *near = strstr(words, mark);
  if (near == NULL) /* long tokens are not named, and neither is a NUL */
    return position > 0 && text[position - 1] == '\0' ? position - 1 : position;
  const char *token = near + strlen(mark);
  size_t length = strlen(token) - 1; /* without the closing quote */
  *near = '\0';
  return length <= position && memcmp(text + position - length, token, length) == 0 ? position - length : position;
}

/** jansson's words that a person who wrote the text would not understand, or whose place is inside the token. */
static const struct {
  const char *theirs, *ours;
  bool inside;
} phrases[] = {
    {"invalid token", "Expecting value", false},
    {"unexpected token", "Expecting value", false},
    {"string or '}' expected", "Expecting a name in double quotes", false},
    {"unexpected newline", "A line break in a string must be written \\n", true},
    {"invalid escape", "Invalid escape in a string", true},
};

/** Turns jansson's account of a failure into ours. */
static bool explain(const json_error_t *error, const char *text, size_t length, struct fault *fault) {
  size_t position = error->position > 0 ? (size_t)error->position : 0;
  if (position > length)
    position = length;
  char words[JSON_ERROR_TEXT_LENGTH];
  snprintf(words, sizeof words, "%s", error->text);
  size_t start = token_start(words, text, position);

  switch (json_error_code(error)) {
  case json_error_out_of_memory:
    fault_set(fault, MULLIGAN_NOMEM, "Out of memory while reading JSON");
    return false;
  case json_error_invalid_utf8:
    return refuse(fault, "Invalid UTF-8", text, utf8_valid_prefix(text, length));
  case json_error_premature_end_of_input:
    return refuse(fault, "Unexpected end of text", text, length);
  case json_error_end_of_input_expected:
    return refuse(fault, "Extra data", text, start);
  case json_error_null_byte_in_key:
    return refuse(fault, "A NUL character in a key is not supported", text, start);
  case json_error_numeric_overflow:
    return refuse(fault, strstr(words, "integer") != NULL ? "Integer does not fit in 64 bits" : "Number too large",
                  text, start);
  default:
    break;
  }
  if (begins(text + start, length - start, "NaN"))
    return refuse(fault, "NaN is not JSON", text, start);
  if (begins(text + start, length - start, "Infinity") || begins(text + start, length - start, "-Infinity"))
    return refuse(fault, "Infinity is not JSON", text, start);
  for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
    if (strcmp(words, phrases[i].theirs) == 0)
      return refuse(fault, phrases[i].ours, text, phrases[i].inside ? position : start);
  if (words[0] >= 'a' && words[0] <= 'z')
    words[0] = (char)(words[0] - 'a' + 'A');
  return refuse(fault, words, text, strncmp(words, "Control", 7) == 0 ? position : start);
}

static void push_tree(lua_State *L, const json_t *value);

static void push_list(lua_State *L, const json_t *list) {
  size_t count = json_array_size(list);
  lua_createtable(L, count > INT32_MAX ? 0 : (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    push_tree(L, json_array_get(list, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_json_list_type);
  lua_setmetatable(L, -2);
}

static void push_object(lua_State *L, const json_t *object) {
  lua_createtable(L, 0, (int)json_object_size(object));
  /* jansson's iteration takes a mutable object and changes nothing in it. */
  json_t *open = (json_t *)object;
  for (void *at = json_object_iter(open); at != NULL; at = json_object_iter_next(open, at)) {
    lua_pushlstring(L, json_object_iter_key(at), json_object_iter_key_len(at));
    push_tree(L, json_object_iter_value(at));
    lua_rawset(L, -3);
  }
}

/** Recursion ends at BIND_JSON_READ_DEPTH, which was checked on the text. */
static void push_tree(lua_State *L, const json_t *value) {
  luaL_checkstack(L, 4, "JSON nested too deeply");
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    push_object(L, value);
    break;
  case JSON_ARRAY:
    push_list(L, value);
    break;
  case JSON_STRING:
    lua_pushlstring(L, json_string_value(value), json_string_length(value));
    break;
  case JSON_INTEGER:
    lua_pushinteger(L, json_integer_value(value));
    break;
  case JSON_REAL:
    lua_pushnumber(L, json_real_value(value));
    break;
  case JSON_TRUE:
  case JSON_FALSE:
    lua_pushboolean(L, json_is_true(value));
    break;
  case JSON_NULL:
    bind_json_push_null(L);
    break;
  }
}

bool bind_json_decode(lua_State *L, const char *text, size_t length, struct fault *fault) {
  if (begins(text, length, "\xEF\xBB\xBF"))
    return refuse(fault, "Unexpected byte order mark", text, 0);
  if (is_blank(text, length))
    return refuse(fault, "Expecting value", text, length);
  size_t too_deep = find_too_deep(text, length);
  if (too_deep < length)
    return refuse(fault, "Nested more than 512 levels deep", text, too_deep);
  static_assert(BIND_JSON_READ_DEPTH == 512, "the sentence above names it");

  luaL_checkstack(L, 6, "no room to read JSON");
  bind_json_make_types(L);
  json_t **tree = lua_newuserdatauv(L, sizeof(json_t *), 0);
  *tree = NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_json_tree_type);
  lua_setmetatable(L, -2);

  json_error_t error;
  *tree = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
  if (*tree == NULL) {
    lua_pop(L, 1);
    return explain(&error, text, length, fault);
  }
  push_tree(L, *tree);
  json_decref(*tree);
  *tree = NULL;
  lua_remove(L, -2);
  return true;
}
