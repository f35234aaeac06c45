/**
 * bind_json.h - what the halves of mulligan.json know of each other.
 *
 * bind_json.c is the module, json_encode.c writes, json_decode.c reads. The functions that others use stand in bind.h.
 */
#ifndef MULLIGAN_VM_BIND_JSON_H
#define MULLIGAN_VM_BIND_JSON_H

#include "base/buf.h"
#include "base/fault.h"

#include <lua.h>
#include <stdbool.h>

/**
 * How deep lists and objects may nest. Writing takes more than reading, so that whatever a client sent can be sent back
 * inside an answer's own tables.
 */
enum { BIND_JSON_READ_DEPTH = 512, BIND_JSON_WRITE_DEPTH = 600 };

/** Registry keys (their addresses), all set by bind_json_make_types(). */
extern const char
    bind_json_list_type; /* the metatable of json.array tables; as a key in another, marks its tables as lists too */
extern const char bind_json_object_type; /* the metatable of json.object tables */
extern const char bind_json_order_name;  /* the text "__order", kept so that writing allocates nothing in Lua */
extern const char bind_json_tree_type;   /* the metatable of the box that holds jansson's tree while it is read */

/** bind_json_encode() with `indent` blanks a level, each element on a line of its own; 0 writes no white space. */
bool bind_json_encode_indented(lua_State *L, int index, int indent, struct buf *out, struct fault *fault);
/** Would the table at `index` be written as a list? Never raises; needs three free stack slots. */
bool bind_json_is_list(lua_State *L, int index);
/** Fills the registry's entries, once in a state: a body may be read before any script asks for the module. Raises. */
void bind_json_make_types(lua_State *L);
/** `__gc` and `__close` of the tree's box. */
int bind_json_release_tree(lua_State *L);

#endif
