/**
 * lua_source.h - a Lua source, word by word: each with its line, strings with their values.
 *
 * For sources that Lua itself has compiled: what could be wrong with them is not looked for again. Needs no Lua state;
 * any thread.
 */
#ifndef MULLIGAN_VM_LUA_SOURCE_H
#define MULLIGAN_VM_LUA_SOURCE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum lua_word_type {
  LUA_WORD_END,
  LUA_WORD_NAME,
  LUA_WORD_KEYWORD,
  LUA_WORD_NUMBER,
  LUA_WORD_STRING,
  LUA_WORD_SYMBOL /* "..", "(", "::" */
};

struct lua_word {
  enum lua_word_type type;
  int line;         /* where it begins, from 1 */
  const char *text; /* of a string, its value; else as it stands in the source */
  size_t length;
};

struct lua_source {
  const char *text;
  size_t length;
  size_t at;      /* behind the word */
  size_t counted; /* `line` is the line of this byte */
  int line;
  bool failed; /* out of memory, or a string without end: the words end there */
  struct lua_word word;
  struct buf value; /* the word's, if it is a string */
};

/** Stands at the first word. `text` must outlive the source, which is ended with lua_source_release(). */
void lua_source_init(struct lua_source *source, const char *text, size_t length);
void lua_source_release(struct lua_source *source);
/** Goes to the next word, which is then `source->word`; its text is there until the next call. */
void lua_source_next(struct lua_source *source);
/** Ends the words here, for good. */
void lua_source_fail(struct lua_source *source);
/** Is the word this keyword or symbol? */
bool lua_source_at(const struct lua_source *source, const char *text);
/** Is the word after this one that symbol? */
bool lua_source_before(const struct lua_source *source, const char *symbol);

#endif
