/**
 * json_encode.c - Lua values written as JSON.
 *
 * Straight from the Lua stack into a buffer: every response passes here, and jansson, which reads for us, would have us
 * build a second tree of each answer first. Called from mulligan.json and the response writer, on the thread that has
 * the vm. Invariants: nothing here raises or allocates in Lua (raw access only, no conversions, stack slots asked for),
 * so plain memory may be held; on failure the buffer is as long as it was.
 *
 * The text is the same for equal values, whatever order Lua keeps a table in: keys are sorted by their bytes, behind
 * those that a metatable's `__order` lists. The sort is cheap beside what surrounds it: about 100 ns of the 800 ns that
 * an object of eight keys takes.
 */
#include "base/utf8.h"
#include "vm/bind.h"
#include "vm/bind_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** One member of an object that waits to be written; its value stays on the Lua stack at `slot`. */
struct member {
  const char *key; /* the table's own bytes, which live as long as it does; NULL for an integer key */
  size_t length;
  lua_Integer integer;
  int slot;
};

/** Where in the value the writer is: a chain through the C stack, read when something is refused. */
struct place {
  const struct place *outer;
  const void *table;
  const char *key; /* of the member being written; NULL in lists and for integer keys */
  size_t key_length;
  lua_Integer index;
  int depth;
};

struct encoder {
  lua_State *L;
  struct buf *out;
  int indent;
  bool has_types; /* the next two were looked up */
  const void *list_type, *object_type;
  struct member *members; /* a stack, shared by all levels; starts as `few` */
  size_t member_count, member_capacity;
  struct member few[64];
  struct fault *fault;
};

static bool encode_value(struct encoder *e, int index, struct place *at);

/* ---- refusals ---- */

static void add_step(struct buf *path, const struct place *at) {
  if (at->outer != NULL)
    add_step(path, at->outer);
  if (at->key == NULL) {
    buf_addf(path, "[%" PRId64 "]", (int64_t)at->index);
    return;
  }
  bool plain = at->key_length > 0;
  for (size_t i = 0; i < at->key_length && plain; i++) {
    char c = at->key[i];
    plain = c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (i > 0 && c >= '0' && c <= '9');
  }
  size_t shown = utf8_valid_prefix(at->key, at->key_length < 60 ? at->key_length : 60);
  buf_addf(path, plain ? ".%.*s" : "[\"%.*s\"]", (int)shown, at->key);
}

/** Refuses the value at `at` (NULL: the outermost) in the words of `reason`. */
static bool refuse(struct encoder *e, const struct place *at, enum mulligan_status status, const char *reason) {
  struct buf path;
  buf_init(&path, 300);
  if (at != NULL)
    add_step(&path, at);
  /* The cap cuts a path nobody would read to its end; what fitted is still a beginning. */
  fault_set(e->fault, status, "%s%s%s%s", path.data, path.failed ? "…" : "", path.length > 0 ? ": " : "", reason);
  buf_release(&path);
  return false;
}

static bool refuse_size(struct encoder *e, const struct place *at) {
  return refuse(e, at, MULLIGAN_FULL, "the JSON text is too large");
}

static bool refuse_stack(struct encoder *e, const struct place *at) {
  return refuse(e, at, MULLIGAN_NOMEM, "too many values for Lua's stack");
}

/* ---- bytes ---- */

/** buf_add() without its call: most pieces are a few bytes long. The NUL behind the text is set once, at the end. */
static inline bool put(struct encoder *e, const char *bytes, size_t length) {
  struct buf *out = e->out;
  if (out->capacity - out->length < length && !buf_reserve(out, length))
    return false;
  memcpy(out->data + out->length, bytes, length);
  out->length += length;
  return true;
}

static inline bool put_char(struct encoder *e, char c) {
  return put(e, &c, 1);
}

static bool put_line(struct encoder *e, int depth) {
  size_t blanks = (size_t)depth * (size_t)e->indent;
  if (!put_char(e, '\n') || !buf_reserve(e->out, blanks))
    return false;
  memset(e->out->data + e->out->length, ' ', blanks);
  e->out->length += blanks;
  return true;
}

static bool put_integer(struct encoder *e, lua_Integer value) {
  char digits[24];
  char *start = digits + sizeof digits;
  /* Unsigned, because the least integer has no positive counterpart. */
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do
    *--start = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (value < 0)
    *--start = '-';
  return put(e, start, (size_t)(digits + sizeof digits - start));
}

/** What must be escaped in a JSON string: the two marks and the control characters. DEL and U+2028 may stand. */
static inline bool is_plain(unsigned char c) {
  return c >= 0x20 && c != '"' && c != '\\';
}

/** Are these eight bytes plain ASCII? Looked at all at once: most of an answer is. */
static inline bool are_plain(const char *text) {
  const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
  uint64_t bytes;
  memcpy(&bytes, text, sizeof bytes);
  /* Less than a blank, a quotation mark or a backslash sets a top bit by its borrow, and a byte beyond ASCII has one.
   */
  uint64_t marks = (bytes - ones * ' ') | ((bytes ^ ones * '"') - ones) | ((bytes ^ ones * '\\') - ones);
  return ((marks | bytes) & tops) == 0;
}

static bool put_escape(struct encoder *e, unsigned char c) {
  static const char letters[32] = {[8] = 'b', [9] = 't', [10] = 'n', [12] = 'f', [13] = 'r'};
  static const char hex[] = "0123456789abcdef";
  if (c >= 0x20)
    return put(e, (const char[]){'\\', (char)c}, 2);
  if (letters[c] != 0)
    return put(e, (const char[]){'\\', letters[c]}, 2);
  return put(e, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

static bool encode_text(struct encoder *e, const char *text, size_t length, const struct place *at) {
  size_t done = 0, i = 0;
  bool checked = false;
  if (!put_char(e, '"'))
    return refuse_size(e, at);
  for (;; i++) {
    /* Whole runs are copied at once; the first byte beyond ASCII has the rest of the text checked. */
    while (length - i >= 8 && are_plain(text + i))
      i += 8;
    while (i < length && is_plain((unsigned char)text[i]) && (checked || (unsigned char)text[i] < 0x80))
      i++;
    if (i < length && !checked && (unsigned char)text[i] >= 0x80) {
      if (!utf8_valid(text + i, length - i))
        return refuse(e, at, MULLIGAN_INVALID, "the text is not valid UTF-8");
      checked = true;
      continue;
    }
    if (!put(e, text + done, i - done))
      return refuse_size(e, at);
    if (i == length)
      break;
    if (!put_escape(e, (unsigned char)text[i]))
      return refuse_size(e, at);
    done = i + 1;
  }
  return put_char(e, '"') || refuse_size(e, at);
}

static bool encode_real(struct encoder *e, lua_Number value, const struct place *at) {
  if (isnan(value))
    return refuse(e, at, MULLIGAN_INVALID, "NaN is not JSON");
  if (isinf(value))
    return refuse(e, at, MULLIGAN_INVALID, "an infinity is not JSON");
  /* Whole numbers of a common size need no search for the shortest form. */
  if (value == floor(value) && fabs(value) < 1e15 && !(value == 0 && signbit(value)))
    return (put_integer(e, (lua_Integer)value) && put(e, ".0", 2)) || refuse_size(e, at);

  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value)
      break;
  }
  /* The decimal point is the locale's and may be any bytes at all; JSON's is a point. */
  size_t whole = strspn(text, "-0123456789");
  size_t point = strcspn(text + whole, "0123456789e");
  bool plain = text[whole] == '\0';
  bool fits = put(e, text, whole);
  if (plain || point > 0)
    fits = fits && put_char(e, '.');
  const char *rest = plain ? "0" : text + whole + point;
  return (fits && put(e, rest, strlen(rest))) || refuse_size(e, at);
}

/* ---- lists and objects ---- */

static bool is_list(lua_State *L, int index, lua_Unsigned count) {
  lua_Unsigned seen = 0;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    if (!lua_isinteger(L, -1) || (lua_Unsigned)lua_tointeger(L, -1) - 1 >= count) {
      lua_pop(L, 1);
      return false;
    }
    seen++;
  }
  return seen == count;
}

/** The address of a type's metatable; NULL if the module was never opened, which no table's metatable equals. */
static const void *type_of(lua_State *L, const char *key) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, key);
  const void *type = lua_topointer(L, -1);
  lua_pop(L, 1);
  return type;
}

/** Is the metatable on top that of lists, or of tables of another kind that are lists as well? */
static bool is_list_type(lua_State *L, const void *list_type) {
  if (lua_topointer(L, -1) == list_type)
    return true;
  bool is_list_too = lua_rawgetp(L, -1, &bind_json_list_type) != LUA_TNIL;
  lua_pop(L, 1);
  return is_list_too;
}

bool bind_json_is_list(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (lua_getmetatable(L, index)) {
    bool is_marked = is_list_type(L, type_of(L, &bind_json_list_type));
    bool is_object = lua_topointer(L, -1) == type_of(L, &bind_json_object_type);
    lua_pop(L, 1);
    if (is_marked || is_object)
      return is_marked;
  }
  lua_Unsigned count = lua_rawlen(L, index);
  return count > 0 && is_list(L, index, count);
}

static bool encode_list(struct encoder *e, int index, lua_Unsigned count, struct place *at) {
  if (count == 0)
    return put(e, "[]", 2) || refuse_size(e, at->outer);
  for (lua_Unsigned i = 1; i <= count; i++) {
    at->index = (lua_Integer)i;
    if (!put_char(e, i == 1 ? '[' : ',') || (e->indent > 0 && !put_line(e, at->depth)))
      return refuse_size(e, at);
    lua_rawgeti(e->L, index, (lua_Integer)i);
    if (!encode_value(e, lua_gettop(e->L), at))
      return false;
    lua_pop(e->L, 1);
  }
  if (e->indent > 0 && !put_line(e, at->depth - 1))
    return refuse_size(e, at);
  return put_char(e, ']') || refuse_size(e, at);
}

/** Integer keys first, by their value; then texts, by their bytes. */
static int compare_members(const void *left, const void *right) {
  const struct member *a = left, *b = right;
  if (a->key == NULL || b->key == NULL) {
    if (a->key != NULL || b->key != NULL)
      return a->key == NULL ? -1 : 1;
    return (a->integer > b->integer) - (a->integer < b->integer);
  }
  int order = memcmp(a->key, b->key, a->length < b->length ? a->length : b->length);
  return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/** Few members are the rule, and qsort() calls its comparison through a pointer. */
static void sort_members(struct member *members, size_t count) {
  if (count > 24) {
    qsort(members, count, sizeof *members, compare_members);
    return;
  }
  for (size_t i = 1; i < count; i++) {
    struct member moved = members[i];
    size_t j = i;
    for (; j > 0 && compare_members(&members[j - 1], &moved) > 0; j--)
      members[j] = members[j - 1];
    members[j] = moved;
  }
}

static bool add_member(struct encoder *e, const struct member *member) {
  if (e->member_count == e->member_capacity) {
    size_t capacity = e->member_capacity * 2;
    struct member *members = realloc(e->members == e->few ? NULL : e->members, capacity * sizeof *members);
    if (members == NULL)
      return false;
    if (e->members == e->few)
      memcpy(members, e->few, sizeof e->few);
    e->members = members;
    e->member_capacity = capacity;
  }
  e->members[e->member_count++] = *member;
  return true;
}

/** Is this key among the members `from` up to, not including, `to`? */
static bool is_among(const struct encoder *e, size_t from, size_t to, const char *key, size_t length) {
  for (size_t i = from; i < to; i++) {
    const struct member *member = &e->members[i];
    /* Short texts are one object in Lua, so that equal ones have one address. */
    if (member->key != NULL && member->length == length &&
        (member->key == key || memcmp(member->key, key, length) == 0))
      return true;
  }
  return false;
}

/** Writes one member whose value is at the stack index `slot`. */
static bool encode_member(struct encoder *e, const struct member *member, bool first, struct place *at) {
  at->key = member->key;
  at->key_length = member->length;
  at->index = member->integer;
  if (!put_char(e, first ? '{' : ',') || (e->indent > 0 && !put_line(e, at->depth)))
    return refuse_size(e, at);
  if (member->key != NULL) {
    if (!encode_text(e, member->key, member->length, at))
      return false;
  } else if (!put_char(e, '"') || !put_integer(e, member->integer) || !put_char(e, '"')) {
    return refuse_size(e, at);
  }
  if (!put(e, ": ", e->indent > 0 ? 2 : 1))
    return refuse_size(e, at);
  return encode_value(e, member->slot, at);
}

/**
 * Pushes the values of the table's members and notes each as a member, save those named by the members from `named` up
 * to the count at the call. The values stay on the Lua stack, so that writing needs no second look-up.
 */
static bool collect_members(struct encoder *e, int index, size_t named, const struct place *at) {
  lua_State *L = e->L;
  size_t named_end = e->member_count;
  int room = 0;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    struct member member = {.slot = lua_gettop(L) - 1};
    if (lua_type(L, -2) == LUA_TSTRING)
      member.key = lua_tolstring(L, -2, &member.length);
    else if (lua_isinteger(L, -2))
      member.integer = lua_tointeger(L, -2);
    else
      return refuse(e, at->outer, MULLIGAN_INVALID,
                    lua_type(L, -2) == LUA_TNUMBER ? "a key that is no whole number is not JSON"
                                                   : "a key that is neither text nor integer is not JSON");
    if (member.key != NULL && is_among(e, named, named_end, member.key, member.length)) {
      lua_pop(L, 1);
      continue;
    }
    lua_rotate(L, -2, 1); /* the value stays below, the key goes on top for the next step */
    if (--room < 0) {
      if (!lua_checkstack(L, 16 + 4))
        return refuse_stack(e, at->outer);
      room = 15;
    }
    if (!add_member(e, &member))
      return refuse(e, at->outer, MULLIGAN_NOMEM, "out of memory");
  }
  return true;
}

/** `{[1]=…, ["1"]=…}` would write one key twice. `members` are sorted, integers first. */
static bool has_twin(const struct member *members, size_t count) {
  size_t integers = 0;
  while (integers < count && members[integers].key == NULL)
    integers++;
  if (integers == count)
    return false;
  for (size_t i = 0; i < integers; i++) {
    char digits[24];
    struct member twin = {.key = digits};
    twin.length = (size_t)snprintf(digits, sizeof digits, "%" PRId64, (int64_t)members[i].integer);
    if (bsearch(&twin, members + integers, count - integers, sizeof *members, compare_members) != NULL)
      return true;
  }
  return false;
}

/** Writes the members that the list at `order` names, in its order, and notes their names as members. */
static bool encode_ordered(struct encoder *e, int index, int order, bool *first, struct place *at) {
  lua_State *L = e->L;
  size_t names = e->member_count;
  lua_Unsigned count = lua_rawlen(L, order);
  for (lua_Unsigned i = 1; i <= count; i++) {
    struct member member = {.slot = lua_gettop(L) + 1};
    if (lua_rawgeti(L, order, (lua_Integer)i) != LUA_TSTRING)
      return refuse(e, at->outer, MULLIGAN_INVALID, "__order is not a list of texts");
    member.key = lua_tolstring(L, -1, &member.length);
    bool again = is_among(e, names, e->member_count, member.key, member.length);
    if (!again && lua_rawget(L, index) != LUA_TNIL) {
      if (!add_member(e, &member))
        return refuse(e, at->outer, MULLIGAN_NOMEM, "out of memory");
      if (!encode_member(e, &member, *first, at))
        return false;
      *first = false;
    }
    lua_pop(L, 1);
  }
  return true;
}

static bool encode_object(struct encoder *e, int index, int order, struct place *at) {
  size_t names = e->member_count;
  bool first = true;
  if (order != 0 && !encode_ordered(e, index, order, &first, at))
    return false;

  size_t from = e->member_count;
  if (!collect_members(e, index, names, at))
    return false;
  size_t count = e->member_count - from;
  sort_members(e->members + from, count);
  if (has_twin(e->members + from, count))
    return refuse(e, at->outer, MULLIGAN_INVALID, "an integer key and a text key are the same in JSON");
  for (size_t i = 0; i < count; i++) {
    /* A copy: writing the value may move the members. */
    struct member member = e->members[from + i];
    if (!encode_member(e, &member, first, at))
      return false;
    first = false;
  }
  e->member_count = names;
  if (first)
    return put(e, "{}", 2) || refuse_size(e, at->outer);
  if (e->indent > 0 && !put_line(e, at->depth - 1))
    return refuse_size(e, at->outer);
  return put_char(e, '}') || refuse_size(e, at->outer);
}

/** Once a value that has a metatable is met: a plain answer has none. */
static void find_types(struct encoder *e) {
  if (e->has_types)
    return;
  e->list_type = type_of(e->L, &bind_json_list_type);
  e->object_type = type_of(e->L, &bind_json_object_type);
  e->has_types = true;
}

static bool encode_table(struct encoder *e, int index, struct place *outer) {
  lua_State *L = e->L;
  struct place at = {.outer = outer, .table = lua_topointer(L, index), .depth = outer == NULL ? 1 : outer->depth + 1};
  for (const struct place *above = outer; above != NULL; above = above->outer)
    if (above->table == at.table)
      return refuse(e, outer, MULLIGAN_INVALID, "the table contains itself");
  if (at.depth > BIND_JSON_WRITE_DEPTH)
    return refuse(e, outer, MULLIGAN_INVALID, "tables nest too deeply");
  if (!lua_checkstack(L, 16 + 4))
    return refuse_stack(e, outer);

  int top = lua_gettop(L);
  int order = 0;
  bool is_marked = false, is_object = false;
  if (lua_getmetatable(L, index)) {
    const void *type = lua_topointer(L, -1);
    find_types(e);
    is_marked = is_list_type(L, e->list_type);
    is_object = type == e->object_type;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_json_order_name);
    if (!is_marked && !is_object && !lua_isnil(L, -1) && lua_rawget(L, -2) == LUA_TTABLE) {
      is_object = true;
      order = lua_gettop(L);
    }
  }
  lua_Unsigned count = is_object ? 0 : lua_rawlen(L, index);
  bool is_whole = (is_marked || count > 0) && is_list(L, index, count);
  if (is_marked && !is_whole)
    return refuse(e, outer, MULLIGAN_INVALID, "a list with holes, or with keys other than 1 to n, is not JSON");
  bool done = is_whole ? encode_list(e, index, count, &at) : encode_object(e, index, order, &at);
  lua_settop(L, top);
  return done;
}

/** Apart from encode_value(), whose stack frame is one of every level's. */
static bool refuse_type(struct encoder *e, int index, const struct place *at) {
  char words[64];
  snprintf(words, sizeof words, "a %s is not JSON", lua_typename(e->L, lua_type(e->L, index)));
  return refuse(e, at, MULLIGAN_INVALID, words);
}

static bool encode_value(struct encoder *e, int index, struct place *at) {
  lua_State *L = e->L;
  size_t length;
  const char *text;
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    return put(e, "null", 4) || refuse_size(e, at);
  case LUA_TBOOLEAN:
    text = lua_toboolean(L, index) ? "true" : "false";
    return put(e, text, strlen(text)) || refuse_size(e, at);
  case LUA_TNUMBER:
    if (lua_isinteger(L, index))
      return put_integer(e, lua_tointeger(L, index)) || refuse_size(e, at);
    return encode_real(e, lua_tonumber(L, index), at);
  case LUA_TSTRING:
    text = lua_tolstring(L, index, &length);
    return encode_text(e, text, length, at);
  case LUA_TTABLE:
    return encode_table(e, index, at);
  case LUA_TLIGHTUSERDATA:
    if (lua_touserdata(L, index) == NULL)
      return put(e, "null", 4) || refuse_size(e, at);
    break;
  default:
    break;
  }
  return refuse_type(e, index, at);
}

bool bind_json_encode_indented(lua_State *L, int index, int indent, struct buf *out, struct fault *fault) {
  struct encoder e; /* field by field: clearing the members would cost as much as writing a small answer */
  e.L = L;
  e.out = out;
  e.indent = indent;
  e.members = e.few;
  e.member_count = 0;
  e.member_capacity = sizeof e.few / sizeof e.few[0];
  e.fault = fault;
  if (!lua_checkstack(L, 4))
    return refuse_stack(&e, NULL);
  e.has_types = false;

  int top = lua_gettop(L);
  size_t start = out->length;
  bool done = encode_value(&e, lua_absindex(L, index), NULL);
  lua_settop(L, top);
  if (e.members != e.few)
    free(e.members);
  if (!done)
    out->length = start;
  if (out->capacity > 0)
    out->data[out->length] = '\0';
  return done;
}

bool bind_json_encode(lua_State *L, int index, struct buf *out, struct fault *fault) {
  return bind_json_encode_indented(L, index, 0, out, fault);
}
