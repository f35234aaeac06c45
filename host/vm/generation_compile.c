/**
 * generation_compile.c - every script of a snapshot, compiled, whether anything requires it or not.
 *
 * Called by the thread that loads a generation, in a Lua state of its own that runs nothing. What compiles is kept in
 * compiled form for the vms to come.
 */
#include "vm/generation.h"

#include "base/utf8.h"
#include "vm/problem.h"
#include "vm/vm_internal.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

static int line_of(const char *text, size_t position) {
  int line = 1;
  for (size_t i = 0; i < position; i++)
    line += text[i] == '\n';
  return line;
}

/* A text that is not UTF-8 would reach clients and rows as it is. */
static bool check_bytes(const struct generation *generation, const char *file, const char *text, size_t length,
                        struct problem_list *problems) {
  size_t valid = utf8_valid_prefix(text, length);
  if (valid == length)
    return true;
  char sentence[1024];
  snprintf(sentence, sizeof sentence, "%s:%d: not a text in UTF-8: the byte 0x%02X", file, line_of(text, valid),
           (unsigned char)text[valid]);
  problem_add(problems, generation, sentence);
  return false;
}

void generation_compile(const struct generation *generation, struct problem_list *problems) {
  lua_State *L = luaL_newstate();
  if (!L) {
    problem_add(problems, generation, "out of memory");
    return;
  }
  const struct generation_script *script;
  for (size_t i = 0; (script = generation_script_at(generation, "", i)) != NULL; i++) {
    bool binary = script->length > 0 && script->source[0] == LUA_SIGNATURE[0];
    if ((binary || check_bytes(generation, script->chunk + 1, script->source, script->length, problems)) &&
        !module_compile(L, script))
      problem_add(problems, generation, lua_tostring(L, -1));
    lua_settop(L, 0);
  }
  lua_close(L);
  const char *page, *text;
  size_t length;
  for (size_t i = 0; (page = generation_page_at(generation, i, &text, &length)) != NULL; i++) {
    char file[512];
    snprintf(file, sizeof file, "scripts/pages/%s", page);
    check_bytes(generation, file, text, length, problems);
  }
}
