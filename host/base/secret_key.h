/**
 * secret_key.h - the key that signs tokens: DATA/secret.key, or MULLIGAN_SECRET_KEY.
 */
#ifndef MULLIGAN_BASE_SECRET_KEY_H
#define MULLIGAN_BASE_SECRET_KEY_H

#include "base/fault.h"

enum { MULLIGAN_SECRET_KEY_BYTES = 32 };

/**
 * Reads the key, making `folder`/secret.key (0600, random) if it is absent. A MULLIGAN_SECRET_KEY of at least 32
 * characters is hashed to the key's length and no file is made; a shorter one is refused.
 */
enum mulligan_status secret_key_load(const char *folder, unsigned char key[MULLIGAN_SECRET_KEY_BYTES],
                                     struct fault *fault);

#endif
