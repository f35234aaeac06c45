/**
 * lua_value.c - the texts that an expression may have, as far as they are certain.
 *
 * Called by lua_walk.c. Invariant: a value has at most MOST_TEXTS texts, so that a source cannot make the work explode.
 */
#include "vm/lua_value.h"

#include <stdlib.h>
#include <string.h>

enum {
  MOST_TEXTS = 16,         /* beyond that nothing is known */
  MOST_TEXT_LENGTH = 65536 /* of a text that is put together */
};

struct lua_block {
  struct lua_block *before;
  char bytes[];
};

void *lua_memory_keep(struct lua_memory *memory, size_t size) {
  struct lua_block *block = malloc(sizeof *block + size);
  if (!block) {
    memory->failed = true;
    return NULL;
  }
  block->before = memory->last;
  memory->last = block;
  return block->bytes;
}

char *lua_memory_copy(struct lua_memory *memory, const char *bytes, size_t length) {
  char *copy = lua_memory_keep(memory, length + 1);
  if (!copy)
    return NULL;
  memcpy(copy, bytes, length);
  copy[length] = '\0';
  return copy;
}

void lua_memory_release(struct lua_memory *memory) {
  while (memory->last) {
    struct lua_block *before = memory->last->before;
    free(memory->last);
    memory->last = before;
  }
}

/* Puts a text before a list; the list as it is when out of memory. */
static const struct lua_text *add_text(struct lua_memory *memory, const char *bytes, size_t length,
                                       const struct lua_text *list) {
  struct lua_text *text = bytes ? lua_memory_keep(memory, sizeof *text) : NULL;
  if (!text)
    return list;
  *text = (struct lua_text){bytes, length, list};
  return text;
}

static size_t count_texts(const struct lua_text *text) {
  size_t count = 0;
  for (; text; text = text->next)
    count++;
  return count;
}

static struct lua_value value_of(const struct lua_text *texts) {
  return (struct lua_value){.kind = texts ? LUA_VALUE_TEXTS : LUA_VALUE_OTHER, .texts = texts};
}

struct lua_value lua_value_text(struct lua_memory *memory, const char *bytes, size_t length) {
  return value_of(add_text(memory, lua_memory_copy(memory, bytes, length), length, NULL));
}

static const struct lua_text *join(struct lua_memory *memory, const struct lua_text *left, const struct lua_text *right,
                                   const struct lua_text *list) {
  size_t length = left->length + right->length;
  char *bytes = lua_memory_keep(memory, length + 1);
  if (!bytes)
    return list;
  memcpy(bytes, left->bytes, left->length);
  memcpy(bytes + left->length, right->bytes, right->length + 1);
  return add_text(memory, bytes, length, list);
}

struct lua_value lua_value_join(struct lua_memory *memory, struct lua_value left, struct lua_value right) {
  const struct lua_text *joined = NULL;
  if (count_texts(left.texts) * count_texts(right.texts) > MOST_TEXTS)
    return value_of(NULL);
  for (const struct lua_text *a = left.texts; a; a = a->next)
    for (const struct lua_text *b = right.texts; b; b = b->next) {
      if (a->length + b->length > MOST_TEXT_LENGTH)
        return value_of(NULL);
      joined = join(memory, a, b, joined);
    }
  return value_of(joined);
}

struct lua_value lua_value_either(struct lua_memory *memory, struct lua_value left, struct lua_value right) {
  if (!left.texts)
    return right;
  if (count_texts(left.texts) + count_texts(right.texts) > MOST_TEXTS)
    return value_of(NULL);
  const struct lua_text *all = right.texts;
  for (const struct lua_text *text = left.texts; text; text = text->next)
    all = add_text(memory, text->bytes, text->length, all);
  return value_of(all);
}
