/**
 * secret_key.c - loading or making the signing key.
 *
 * Called once at start-up, before other threads. Invariants: a key file is
 * whole or absent (it is made beside and renamed), only its owner can read it,
 * and no copy of the key stays behind in freed memory.
 */
#include "base/secret_key.h"

#include "base/buf.h"
#include "base/file.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
  LEAST_CHARACTERS = 32, /* of MULLIGAN_SECRET_KEY */
  FILE_MOST = 4096       /* a key file is 65 bytes; anything this large is something else */
};

/** The key from the environment: a text of any form, so it is hashed to the length. */
static enum mulligan_status key_from_text(const char *text, unsigned char key[MULLIGAN_SECRET_KEY_BYTES],
                                          struct fault *fault) {
  size_t length = strlen(text);
  if (length < LEAST_CHARACTERS)
    return fault_set(fault, MULLIGAN_INVALID, "MULLIGAN_SECRET_KEY must have at least %d characters, not %zu",
                     LEAST_CHARACTERS, length);
  crypto_generichash(key, MULLIGAN_SECRET_KEY_BYTES, (const unsigned char *)text, length, NULL, 0);
  return MULLIGAN_OK;
}

/** Refuses a key that others on this machine may have read already. */
static enum mulligan_status check_private(const char *path, struct fault *fault) {
  struct stat about;
  if (stat(path, &about) == 0 && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fault_set(fault, MULLIGAN_DENIED, "%s can be read by others: make it private (chmod 600) or replace it",
                     path);
  return MULLIGAN_OK;
}

/** Reads the file's line of hexadecimal digits. */
static enum mulligan_status key_from_file(const char *path, unsigned char key[MULLIGAN_SECRET_KEY_BYTES],
                                          struct fault *fault) {
  struct buf text;
  buf_init(&text, FILE_MOST);
  enum mulligan_status status = file_read(path, &text, fault);
  if (status == MULLIGAN_OK)
    status = check_private(path, fault);
  if (status == MULLIGAN_OK) {
    size_t length = 0;
    if (sodium_hex2bin(key, MULLIGAN_SECRET_KEY_BYTES, text.data, text.length, " \r\n", &length, NULL) != 0 ||
        length != MULLIGAN_SECRET_KEY_BYTES || strspn(text.data, "0123456789abcdefABCDEF \r\n") != text.length)
      status = fault_set(fault, MULLIGAN_CORRUPT, "%s does not hold a key of %d hexadecimal digits", path,
                         2 * MULLIGAN_SECRET_KEY_BYTES);
  }
  sodium_memzero(text.data, text.capacity);
  buf_release(&text);
  return status;
}

static enum mulligan_status make_key(const char *path, unsigned char key[MULLIGAN_SECRET_KEY_BYTES],
                                     struct fault *fault) {
  char text[2 * MULLIGAN_SECRET_KEY_BYTES + 1];
  randombytes_buf(key, MULLIGAN_SECRET_KEY_BYTES);
  sodium_bin2hex(text, sizeof text, key, MULLIGAN_SECRET_KEY_BYTES);
  text[sizeof text - 1] = '\n';
  enum mulligan_status status = file_replace(path, text, sizeof text, 0600, fault);
  sodium_memzero(text, sizeof text);
  return status;
}

enum mulligan_status secret_key_load(const char *folder, unsigned char key[MULLIGAN_SECRET_KEY_BYTES],
                                     struct fault *fault) {
  if (sodium_init() < 0)
    return fault_set(fault, MULLIGAN_ERROR, "libsodium cannot be used on this machine");
  const char *given = getenv("MULLIGAN_SECRET_KEY");
  if (given != NULL)
    return key_from_text(given, key, fault);

  char *path = file_join(folder, "secret.key");
  if (path == NULL)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  /* Asked first and not told by the status: a file that is there but cannot be read must never be replaced. */
  enum mulligan_status status = file_exists(path) ? key_from_file(path, key, fault) : make_key(path, key, fault);
  free(path);
  return status;
}
