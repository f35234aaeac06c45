/**
 * jwt.h - signed claims: JSON Web Tokens (RFC 7519) with HS256 and nothing else.
 *
 * Any thread; no function blocks or touches Lua.
 */
#ifndef MULLIGAN_VM_JWT_H
#define MULLIGAN_VM_JWT_H

#include "base/buf.h"
#include "base/secret_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum jwt_verdict {
  JWT_GOOD,
  JWT_BAD,     /* not a token of ours: any shape but the right one, another algorithm, another key */
  JWT_EXPIRED, /* ours, but its `exp` has come */
  JWT_NOMEM
};

/** Appends the token for `claims`, the JSON text of an object. False when `out` could not take it. */
bool jwt_sign(const unsigned char key[MULLIGAN_SECRET_KEY_BYTES], const char *claims, size_t length, struct buf *out);
/**
 * Checks a token at the time `now` (seconds since 1970) and, if it is good, appends its claims' JSON text to `claims`.
 * `exp` must be there; `iat` and `nbf`, if there, must not lie in the future by more than a minute.
 */
enum jwt_verdict jwt_verify(const unsigned char key[MULLIGAN_SECRET_KEY_BYTES], const char *token, size_t length,
                            int64_t now, struct buf *claims);

#endif
