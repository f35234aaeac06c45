/**
 * lua_value.h - what is known of a Lua expression that was not run.
 *
 * A value is plain data; what it points to lives in a lua_memory until that is released. Needs no Lua state; belongs to
 * one thread.
 */
#ifndef MULLIGAN_VM_LUA_VALUE_H
#define MULLIGAN_VM_LUA_VALUE_H

#include "vm/lua_walk.h"

#include <stdbool.h>
#include <stddef.h>

/** All zero is empty. */
struct lua_memory {
  struct lua_block *last;
  bool failed; /* it was out of memory at some time */
};

enum lua_value_kind {
  LUA_VALUE_OTHER, /* nothing is known */
  LUA_VALUE_TEXTS, /* one of `texts` */
  LUA_VALUE_REQUIRE,
  LUA_VALUE_MODULE, /* what require gave for `module` */
  LUA_VALUE_MEMBER  /* its field `member` */
};

struct lua_value {
  enum lua_value_kind kind;
  const struct lua_text *texts;
  const char *module, *member;
};

/** NULL when out of memory. */
void *lua_memory_keep(struct lua_memory *memory, size_t size);
char *lua_memory_copy(struct lua_memory *memory, const char *bytes, size_t length);
void lua_memory_release(struct lua_memory *memory);

/** A value that is this text. */
struct lua_value lua_value_text(struct lua_memory *memory, const char *bytes, size_t length);
/** `left .. right`, `left or right`. */
struct lua_value lua_value_join(struct lua_memory *memory, struct lua_value left, struct lua_value right);
struct lua_value lua_value_either(struct lua_memory *memory, struct lua_value left, struct lua_value right);

#endif
