/**
 * lua_walk.c - a recursive descent through a Lua source, as the reference manual (5.4, section 9) has its grammar.
 *
 * Called by `mulligan check`. Bytecode would tell of globals too, but its format is Lua's own business and changes from
 * one patch release to the next; the language does not.
 *
 * Invariants: after a failure the word is LUA_WORD_END, which ends every loop; no recursion is deeper than Lua's own
 * compiler goes. What is known of expressions is kept until the
 * end.
 */
#include "vm/lua_walk.h"

#include "vm/lua_scope.h"
#include "vm/lua_source.h"
#include "vm/lua_value.h"

#include <string.h>

enum {
  MOST_DEPTH = 200, /* of blocks, tables and expressions in one another, as in Lua */
  UNARY_PRIORITY = 12
};

static const struct lua_value unknown = {.kind = LUA_VALUE_OTHER};

struct walk {
  struct lua_source source;
  const struct lua_listener *listener;
  struct lua_scope scope;
  struct lua_memory memory;
  int depth;       /* of the recursion */
  int table_depth; /* tables and functions around what is being read */
  bool failed;
  int failed_line;
};

/* A name or something longer that may stand left of `=`. */
struct operand {
  struct lua_value value;
  bool bare; /* a name alone, of which nothing has been told yet */
  const char *name;
  size_t length;
  int line;
};

static struct lua_value read_expression(struct walk *walk, int limit);
static void read_statement(struct walk *walk);
static void read_block(struct walk *walk);
static void read_body(struct walk *walk, bool method);

/* ---- means ---- */

static void fail(struct walk *walk) {
  if (!walk->failed)
    walk->failed_line = walk->source.word.line;
  walk->failed = true;
  lua_source_fail(&walk->source);
}

static bool enter(struct walk *walk) {
  if (++walk->depth <= MOST_DEPTH)
    return true;
  fail(walk);
  return false;
}

static bool at(const struct walk *walk, const char *text) {
  return lua_source_at(&walk->source, text);
}

static bool accept(struct walk *walk, const char *text) {
  if (!at(walk, text))
    return false;
  lua_source_next(&walk->source);
  return true;
}

static void expect(struct walk *walk, const char *text) {
  if (!accept(walk, text))
    fail(walk);
}

static bool same(const char *name, size_t length, const char *text) {
  return strlen(text) == length && memcmp(name, text, length) == 0;
}

/* ---- values ---- */

static struct lua_value tell_texts(const struct walk *walk, struct lua_value value) {
  for (const struct lua_text *text = value.texts; text && walk->listener->text; text = text->next)
    walk->listener->text(walk->listener->context, text);
  return value;
}

/* ---- names ---- */

/* Where a script has an _ENV of its own, what is no local is a field of that. */
static void tell_global(struct walk *walk, const struct operand *name, bool written) {
  if (!walk->listener->global || same(name->name, name->length, "_ENV") || lua_scope_find(&walk->scope, "_ENV", 4))
    return;
  const char *copy = lua_memory_copy(&walk->memory, name->name, name->length);
  if (copy)
    walk->listener->global(walk->listener->context, &walk->scope, copy, name->line, written);
}

static struct lua_value use(struct walk *walk, struct operand *operand) {
  if (!operand->bare)
    return operand->value;
  operand->bare = false;
  const struct lua_local *local = lua_scope_find(&walk->scope, operand->name, operand->length);
  if (local)
    return operand->value = local->value;
  tell_global(walk, operand, false);
  if (same(operand->name, operand->length, "require") && !lua_scope_find(&walk->scope, "_ENV", 4))
    operand->value.kind = LUA_VALUE_REQUIRE;
  return operand->value;
}

static void assign(struct walk *walk, const struct operand *operand) {
  if (!operand->bare)
    return;
  struct lua_local *local = lua_scope_find(&walk->scope, operand->name, operand->length);
  if (local)
    local->value = unknown; /* from now on it may be anything */
  else
    tell_global(walk, operand, true);
}

/* Takes a name; the word behind it is then the current one. */
static struct operand read_name(struct walk *walk) {
  const struct lua_word *word = &walk->source.word;
  struct operand name = {.bare = true, .name = word->text, .length = word->length, .line = word->line};
  if (word->type != LUA_WORD_NAME)
    fail(walk);
  else
    lua_source_next(&walk->source);
  return name;
}

/* ---- expressions ---- */

/* Takes expressions up to the one that no comma follows; the first values go to `out`. */
static void read_list(struct walk *walk, struct lua_value *out, size_t most) {
  size_t count = 0;
  do {
    struct lua_value value = read_expression(walk, 0);
    if (count < most)
      out[count] = value;
    count++;
  } while (accept(walk, ","));
}

static void tell_field(struct walk *walk, struct lua_value name, struct lua_value value, int line) {
  if (walk->listener->field)
    for (const struct lua_text *text = name.texts; text; text = text->next)
      walk->listener->field(walk->listener->context, text, value.texts, walk->table_depth, line);
}

static void read_table(struct walk *walk) {
  expect(walk, "{");
  walk->table_depth++;
  while (!at(walk, "}") && walk->source.word.type != LUA_WORD_END) {
    int line = walk->source.word.line;
    struct lua_value name = unknown;
    if (accept(walk, "[")) {
      name = read_expression(walk, 0);
      expect(walk, "]");
      expect(walk, "=");
    } else if (walk->source.word.type == LUA_WORD_NAME && lua_source_before(&walk->source, "=")) {
      struct operand word = read_name(walk);
      name = tell_texts(walk, lua_value_text(&walk->memory, word.name, word.length));
      expect(walk, "=");
    }
    tell_field(walk, name, read_expression(walk, 0), line);
    if (!accept(walk, ",") && !accept(walk, ";"))
      break;
  }
  walk->table_depth--;
  expect(walk, "}");
}

static struct lua_value read_string(struct walk *walk) {
  const struct lua_word *word = &walk->source.word;
  struct lua_value value = tell_texts(walk, lua_value_text(&walk->memory, word->text, word->length));
  lua_source_next(&walk->source);
  return value;
}

/* Takes a call's arguments; the result is what is known of the first. */
static struct lua_value read_arguments(struct walk *walk) {
  struct lua_value first = unknown;
  if (walk->source.word.type == LUA_WORD_STRING)
    return read_string(walk);
  if (at(walk, "{")) {
    read_table(walk);
    return first;
  }
  expect(walk, "(");
  if (!at(walk, ")"))
    read_list(walk, &first, 1);
  expect(walk, ")");
  return first;
}

static struct lua_value call(struct walk *walk, struct lua_value function) {
  const struct lua_listener *listener = walk->listener;
  int line = walk->source.word.line;
  struct lua_value first = read_arguments(walk);
  struct lua_value result = unknown;
  if (function.kind == LUA_VALUE_REQUIRE) {
    for (const struct lua_text *text = first.texts; text; text = text->next) {
      if (listener->require)
        listener->require(listener->context, text->bytes, line);
      result = (struct lua_value){.kind = LUA_VALUE_MODULE, .module = text->bytes};
    }
  } else if (function.kind == LUA_VALUE_MEMBER && listener->call) {
    listener->call(listener->context, function.module, function.member, first.texts, line);
  }
  return result;
}

static struct lua_value member(struct walk *walk, struct lua_value object) {
  struct operand name = read_name(walk);
  if (object.kind != LUA_VALUE_MODULE)
    return unknown;
  return (struct lua_value){.kind = LUA_VALUE_MEMBER,
                            .module = object.module,
                            .member = lua_memory_copy(&walk->memory, name.name, name.length)};
}

static struct operand read_suffixed(struct walk *walk) {
  struct operand operand = {.line = walk->source.word.line};
  if (accept(walk, "(")) {
    operand.value = read_expression(walk, 0);
    expect(walk, ")");
  } else {
    operand = read_name(walk);
  }
  for (;;) {
    if (at(walk, ".")) {
      struct lua_value object = use(walk, &operand);
      lua_source_next(&walk->source);
      operand.value = member(walk, object);
    } else if (at(walk, "[")) {
      use(walk, &operand);
      lua_source_next(&walk->source);
      read_expression(walk, 0);
      expect(walk, "]");
      operand.value = unknown;
    } else if (at(walk, ":")) {
      use(walk, &operand);
      lua_source_next(&walk->source);
      read_name(walk);
      read_arguments(walk);
      operand.value = unknown;
    } else if (at(walk, "(") || at(walk, "{") || walk->source.word.type == LUA_WORD_STRING) {
      operand.value = call(walk, use(walk, &operand));
    } else {
      return operand;
    }
  }
}

static struct lua_value read_simple(struct walk *walk) {
  static const char *const constants[] = {"nil", "true", "false", "..."};
  if (walk->source.word.type == LUA_WORD_STRING)
    return read_string(walk);
  if (walk->source.word.type == LUA_WORD_NUMBER) {
    lua_source_next(&walk->source);
    return unknown;
  }
  for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
    if (accept(walk, constants[i]))
      return unknown;
  if (at(walk, "{")) {
    read_table(walk);
    return unknown;
  }
  if (accept(walk, "function")) {
    read_body(walk, false);
    return unknown;
  }
  struct operand operand = read_suffixed(walk);
  return use(walk, &operand);
}

static const struct infix {
  const char *text;
  int left, right;
} infixes[] = {
    {"or", 1, 1},  {"and", 2, 2}, {"<", 3, 3},   {">", 3, 3},   {"<=", 3, 3},   {">=", 3, 3},  {"~=", 3, 3},
    {"==", 3, 3},  {"|", 4, 4},   {"~", 5, 5},   {"&", 6, 6},   {"<<", 7, 7},   {">>", 7, 7},  {"..", 9, 8},
    {"+", 10, 10}, {"-", 10, 10}, {"*", 11, 11}, {"/", 11, 11}, {"//", 11, 11}, {"%", 11, 11}, {"^", 14, 13},
};

static const struct infix *find_infix(const struct walk *walk) {
  for (size_t i = 0; i < sizeof infixes / sizeof *infixes; i++)
    if (at(walk, infixes[i].text))
      return &infixes[i];
  return NULL;
}

static struct lua_value combine(struct walk *walk, const struct infix *infix, struct lua_value left,
                                struct lua_value right) {
  if (strcmp(infix->text, "..") == 0)
    return tell_texts(walk, lua_value_join(&walk->memory, left, right));
  if (strcmp(infix->text, "or") == 0)
    return lua_value_either(&walk->memory, left, right);
  return strcmp(infix->text, "and") == 0 ? right : unknown;
}

/* Takes an expression whose operators bind tighter than `limit`. */
static struct lua_value read_expression(struct walk *walk, int limit) {
  struct lua_value value = unknown;
  if (!enter(walk))
    return value;
  if (accept(walk, "not") || accept(walk, "-") || accept(walk, "#") || accept(walk, "~"))
    read_expression(walk, UNARY_PRIORITY);
  else
    value = read_simple(walk);
  const struct infix *infix;
  while ((infix = find_infix(walk)) != NULL && infix->left > limit) {
    lua_source_next(&walk->source);
    struct lua_value right = read_expression(walk, infix->right);
    value = combine(walk, infix, value, right);
  }
  walk->depth--;
  return value;
}

/* ---- statements ---- */

/* Takes a function from its parameters to its `end`. */
static void read_body(struct walk *walk, bool method) {
  size_t outside = walk->scope.count;
  walk->table_depth++;
  if (method)
    lua_scope_add(&walk->scope, "self", 4, false);
  expect(walk, "(");
  while (walk->source.word.type == LUA_WORD_NAME) {
    struct operand name = read_name(walk);
    lua_scope_add(&walk->scope, name.name, name.length, false);
    if (!accept(walk, ","))
      break;
  }
  accept(walk, "...");
  expect(walk, ")");
  read_block(walk);
  expect(walk, "end");
  walk->table_depth--;
  walk->scope.count = outside;
}

static void read_local(struct walk *walk) {
  if (accept(walk, "function")) {
    struct operand name = read_name(walk);
    lua_scope_add(&walk->scope, name.name, name.length, false);
    read_body(walk, false);
    return;
  }
  enum { MOST_VALUES = 8 };
  struct lua_value values[MOST_VALUES] = {{.kind = LUA_VALUE_OTHER}};
  size_t first = walk->scope.count;
  do {
    struct operand name = read_name(walk);
    lua_scope_add(&walk->scope, name.name, name.length, true);
    if (accept(walk, "<")) {
      read_name(walk);
      expect(walk, ">");
    }
  } while (accept(walk, ","));
  if (accept(walk, "="))
    read_list(walk, values, MOST_VALUES);
  lua_scope_reveal(&walk->scope, first, values, MOST_VALUES);
}

static void read_function(struct walk *walk) {
  struct operand name = read_name(walk);
  bool method = false;
  if (!at(walk, ".") && !at(walk, ":"))
    assign(walk, &name);
  else
    use(walk, &name);
  while (!method && (at(walk, ".") || at(walk, ":"))) {
    method = at(walk, ":");
    lua_source_next(&walk->source);
    read_name(walk);
  }
  read_body(walk, method);
}

static void read_for(struct walk *walk) {
  size_t outside = walk->scope.count;
  do {
    struct operand name = read_name(walk);
    lua_scope_add(&walk->scope, name.name, name.length, true);
  } while (accept(walk, ","));
  if (!accept(walk, "="))
    expect(walk, "in");
  read_list(walk, NULL, 0);
  lua_scope_reveal(&walk->scope, outside, NULL, 0);
  expect(walk, "do");
  read_block(walk);
  expect(walk, "end");
  walk->scope.count = outside;
}

static void read_if(struct walk *walk) {
  do {
    read_expression(walk, 0);
    expect(walk, "then");
    read_block(walk);
  } while (accept(walk, "elseif"));
  if (accept(walk, "else"))
    read_block(walk);
  expect(walk, "end");
}

static void read_assignment_or_call(struct walk *walk) {
  struct operand operand = read_suffixed(walk);
  if (!at(walk, "=") && !at(walk, ",")) {
    use(walk, &operand);
    return;
  }
  assign(walk, &operand);
  while (accept(walk, ",")) {
    operand = read_suffixed(walk);
    assign(walk, &operand);
  }
  expect(walk, "=");
  read_list(walk, NULL, 0);
}

static bool at_block_end(const struct walk *walk) {
  return walk->source.word.type == LUA_WORD_END || at(walk, "end") || at(walk, "else") || at(walk, "elseif") ||
         at(walk, "until");
}

static void read_return(struct walk *walk) {
  if (!at_block_end(walk) && !at(walk, ";"))
    read_list(walk, NULL, 0);
  accept(walk, ";");
}

/* The condition sees the block's own names. */
static void read_repeat(struct walk *walk) {
  size_t outside = walk->scope.count;
  while (!at_block_end(walk))
    read_statement(walk);
  expect(walk, "until");
  read_expression(walk, 0);
  walk->scope.count = outside;
}

static void read_statement(struct walk *walk) {
  if (!enter(walk))
    return;
  if (accept(walk, ";") || accept(walk, "break")) {
    /* nothing in it */
  } else if (accept(walk, "if")) {
    read_if(walk);
  } else if (accept(walk, "while")) {
    read_expression(walk, 0);
    expect(walk, "do");
    read_block(walk);
    expect(walk, "end");
  } else if (accept(walk, "do")) {
    read_block(walk);
    expect(walk, "end");
  } else if (accept(walk, "for")) {
    read_for(walk);
  } else if (accept(walk, "repeat")) {
    read_repeat(walk);
  } else if (accept(walk, "function")) {
    read_function(walk);
  } else if (accept(walk, "local")) {
    read_local(walk);
  } else if (accept(walk, "::")) {
    read_name(walk);
    expect(walk, "::");
  } else if (accept(walk, "return")) {
    read_return(walk);
  } else if (accept(walk, "goto")) {
    read_name(walk);
  } else {
    read_assignment_or_call(walk);
  }
  walk->depth--;
}

static void read_block(struct walk *walk) {
  size_t outside = walk->scope.count;
  while (!at_block_end(walk))
    read_statement(walk);
  walk->scope.count = outside;
}

bool lua_walk(const char *source, size_t length, const struct lua_listener *listener, int *line) {
  struct walk walk = {.listener = listener};
  lua_source_init(&walk.source, source, length);
  read_block(&walk);
  if (walk.source.word.type != LUA_WORD_END || walk.source.failed || walk.memory.failed || walk.scope.failed)
    fail(&walk);
  *line = walk.failed_line;
  lua_memory_release(&walk.memory);
  lua_scope_release(&walk.scope);
  lua_source_release(&walk.source);
  return !walk.failed;
}
