/**
 * compiled.c - compiled chunks, kept for the next vm.
 *
 * Called on any thread that loads scripts. Debug information stays in, so that messages, tracebacks and locals are the
 * same whichever form was loaded. What is loaded here in binary form was dumped here: a script's own bytes are only
 * ever taken as text.
 */
#include "vm/compiled.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

struct compiled_code {
  size_t length;
  size_t room;
  char bytes[];
};

enum { FIRST_ROOM = 4096 };

/* lua_dump()'s writer; fails when out of memory. */
static int append(lua_State *L, const void *bytes, size_t length, void *context) {
  (void)L;
  struct compiled_code **place = context, *code = *place;
  if (length > code->room - code->length) {
    size_t room = 2 * code->room + length;
    code = realloc(code, sizeof *code + room);
    if (!code)
      return 1;
    code->room = room;
    *place = code;
  }
  memcpy(code->bytes + code->length, bytes, length);
  code->length += length;
  return 0;
}

/* Keeps the function on top of the stack, unless another thread was faster or memory is short. */
static void keep(struct compiled *compiled, lua_State *L) {
  struct compiled_code *code = malloc(sizeof *code + FIRST_ROOM), *none = NULL;
  if (!code)
    return;
  code->length = 0;
  code->room = FIRST_ROOM;
  if (lua_dump(L, append, &code, 0) != 0 || !atomic_compare_exchange_strong(&compiled->code, &none, code))
    free(code);
}

int compiled_load(struct compiled *compiled, lua_State *L, const char *source, size_t length, const char *chunk) {
  const struct compiled_code *code = atomic_load(&compiled->code);
  if (code)
    return luaL_loadbufferx(L, code->bytes, code->length, chunk, "b");
  int status = luaL_loadbufferx(L, source, length, chunk, "t");
  if (status == LUA_OK)
    keep(compiled, L);
  return status;
}

void compiled_release(struct compiled *compiled) {
  free(atomic_exchange(&compiled->code, NULL));
}
