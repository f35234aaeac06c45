/**
 * debug_console.h - the console of the debug page, as a browser reaches it: two addresses, a PIN and a cookie.
 *
 * POST /__mulligan__/debug/unlock with {"pin": "123-456-789"} gives a cookie for the right PIN. POST
 * /__mulligan__/debug/evaluate with {"request": ID, "level": N, "code": TEXT} and that cookie evaluates Lua in a frame
 * of the failed call of that request and answers {"printed", "values", "error", "line", "trace", "truncated"}. Every
 * refusal has `code`, for programs, and `detail`, for people, in their language.
 *
 * Both look at Host and Origin before anything else, so that no page of another site can reach them through the
 * developer's browser, whatever name that site has given this address.
 */
#ifndef MULLIGAN_HTTP_DEBUG_CONSOLE_H
#define MULLIGAN_HTTP_DEBUG_CONSOLE_H

#include "vm/request.h"
#include "vm/response.h"
#include "vm/vm.h"
#include "vm/vm_pool.h"

#include <stdbool.h>

struct debug_console;

/** Makes a console with a PIN of its own, over a pool that outlives it; NULL when out of memory. */
struct debug_console *debug_console_create(const struct vm_services *services, struct vm_pool *pool);
void debug_console_destroy(struct debug_console *console);
/** The PIN, as it is to be typed. */
const char *debug_console_pin(const struct debug_console *console);

/**
 * Fills `response` if the request is for one of the two addresses, and returns true; false leaves it alone. `port` is
 * the one that the request came in by. Any worker may call it; it takes a vm, and waits for it, only to evaluate.
 */
bool debug_console_answer(struct debug_console *console, const struct vm_request *request, int port,
                          struct vm_response *response);

#endif
