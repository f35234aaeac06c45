/**
 * lua_scope.c - a stack of local names.
 *
 * Called by lua_walk.c, and through lua_scope_local() by those whom it tells.
 */
#include "vm/lua_scope.h"

#include <stdlib.h>
#include <string.h>

void lua_scope_release(struct lua_scope *scope) {
  free(scope->locals);
}

void lua_scope_add(struct lua_scope *scope, const char *name, size_t length, bool hidden) {
  if (scope->count == scope->room) {
    size_t room = scope->room == 0 ? 64 : scope->room * 2;
    struct lua_local *grown = realloc(scope->locals, room * sizeof *grown);
    if (!grown) {
      scope->failed = true;
      return;
    }
    scope->locals = grown;
    scope->room = room;
  }
  scope->locals[scope->count++] = (struct lua_local){.name = name, .length = length, .hidden = hidden};
}

void lua_scope_reveal(struct lua_scope *scope, size_t first, const struct lua_value *values, size_t count) {
  for (size_t i = first; i < scope->count; i++) {
    scope->locals[i].hidden = false;
    if (i - first < count)
      scope->locals[i].value = values[i - first];
  }
}

struct lua_local *lua_scope_find(const struct lua_scope *scope, const char *name, size_t length) {
  for (size_t i = scope->count; i-- > 0;) {
    struct lua_local *local = &scope->locals[i];
    if (!local->hidden && local->length == length && memcmp(local->name, name, length) == 0)
      return local;
  }
  return NULL;
}

const char *lua_scope_local(const struct lua_scope *scope, size_t index, size_t *length) {
  for (size_t i = scope->count; i-- > 0;)
    if (!scope->locals[i].hidden && index-- == 0) {
      *length = scope->locals[i].length;
      return scope->locals[i].name;
    }
  return NULL;
}
