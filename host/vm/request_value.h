/**
 * request_value.h - the request as scripts hold it: a table whose fields are worked out when they are first read.
 *
 * The table carries a copy of all that was sent, as one block, so that an ordinary request costs one allocation and
 * what nobody reads costs nothing. The copy outlives the connection and goes with its vm. Functions that push run
 * protected, on the thread that has the vm.
 */
#ifndef MULLIGAN_VM_REQUEST_VALUE_H
#define MULLIGAN_VM_REQUEST_VALUE_H

#include "vm/request.h"

#include <lua.h>

struct request_text {
  const char *bytes;
  size_t length;
};

/** What was sent. The bytes are the block's own; `route` belongs to the vm's generation. */
struct request_value {
  struct request_text method, path, query, headers, body, id, remote_addr; /* headers: "name\0value\0…" */
  const char *language;
  const struct route *route;     /* whose options hold; NULL for no path */
  const struct route_path *over; /* its path */
  struct request_text parameters[ROUTE_MOST_PARAMETERS];
  int64_t numbers[ROUTE_MOST_PARAMETERS];
};

/** Makes what request_value_push() needs, in the registry; `type` is the index of the requests' metatable. Once in a
 * vm. */
void request_value_prepare(lua_State *L, int type);
/** Pushes the table of a request. Its parameters must lie in its path. */
void request_value_push(lua_State *L, const struct vm_request *request);
/** What the table at `index` carries; NULL if it is no request's. Raises nothing and needs three free stack slots. */
const struct request_value *request_value_at(lua_State *L, int index);

/* ---- for mulligan.core ---- */

/**
 * core.request_index(compute): the `__index` of requests. A field is the host's own (method, path, route, params, text,
 * id, remote_addr, language) or what `compute[name](req)` returns, and is kept in the table.
 */
int request_value_index(lua_State *L);
/** core.request_part(req, name): the raw "query", "headers" ("name\0value\0…") or "body", or the "entry" of the route.
 */
int request_value_part(lua_State *L);

#endif
