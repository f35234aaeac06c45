/**
 * bind.h - the modules that C gives to Lua, and what their functions share.
 *
 * A module `mulligan.NAME` is opened by bind_NAME_open(), which works as every lua_CFunction opener: it leaves the
 * module's table. All run inside a protected call, on the thread that has the vm.
 */
#ifndef MULLIGAN_VM_BIND_H
#define MULLIGAN_VM_BIND_H

#include "base/buf.h"
#include "base/fault.h"

#include <lua.h>

int bind_crypto_open(lua_State *L);
int bind_db_open(lua_State *L);
int bind_errorlog_open(lua_State *L);
int bind_form_open(lua_State *L);
int bind_json_open(lua_State *L);
int bind_log_open(lua_State *L);
int bind_rate_open(lua_State *L);
int bind_settings_open(lua_State *L);
int bind_time_open(lua_State *L);

/** The failure triple: pushes nil, "NAME: text", "NAME" (fault_status_name()) and returns 3. */
int bind_failure(lua_State *L, const struct fault *fault);

/**
 * A buffer that a Lua error cannot leak: pushes a userdata (one stack slot) that owns it and frees it when closed or
 * collected; keep it on the stack while the buffer is used. buf_release() may be called early.
 */
struct buf *bind_buffer(lua_State *L, size_t cap);

/* ---- JSON, shared by mulligan.json and the response writer ---- */

/** The light userdata that stands for null, as json.null. */
void bind_json_push_null(lua_State *L);
/**
 * Appends the value at `index` as JSON. Never raises: false leaves one sentence in `fault` that names the place in the
 * value
 * (".seminars[3].time: a function is not JSON"), and the buffer as it was. Tables: json.array ones and those whose keys
 * are exactly 1..n (n > 0) are lists, all others, and json.object ones, objects with text keys (an integer key is
 * written as text), in the order of a metatable's `__order`, then of their bytes. NaN, infinities, invalid UTF-8,
 * functions, threads, cycles, lists with holes and depth over 600 are refused. Metamethods are not called.
 */
bool bind_json_encode(lua_State *L, int index, struct buf *out, struct fault *fault);
/**
 * Pushes the value of a JSON text (strict RFC 8259; at most 512 levels); on failure pushes nothing, returns false, and
 * `fault` says why with line and column. `text` needs no NUL behind it. Raises only when Lua's memory is out.
 */
bool bind_json_decode(lua_State *L, const char *text, size_t length, struct fault *fault);

#endif
