/**
 * jwt.c - making and checking tokens.
 *
 * Called from bind_crypto.c; pure work on bytes. Invariants: nothing of a token is parsed as JSON before its signature
 * was found right, compared in constant time; base64url is taken only in its one canonical form, so that a token has no
 * second spelling.
 */
#include "vm/jwt.h"

#include <jansson.h>
#include <math.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

enum {
  TOKEN_MOST = 8192, /* bytes; larger ones are none of ours and not worth a hash */
  CLOCK_SKEW = 60    /* seconds that another machine's clock may be ahead */
};

/** The base64url of {"alg":"HS256","typ":"JWT"}. */
static const char signed_header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

static void authenticate(const unsigned char key[MULLIGAN_SECRET_KEY_BYTES], const char *text, size_t length,
                         unsigned char out[crypto_auth_hmacsha256_BYTES]) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key, MULLIGAN_SECRET_KEY_BYTES);
  crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, length);
  crypto_auth_hmacsha256_final(&state, out);
  sodium_memzero(&state, sizeof state);
}

static bool add_base64(struct buf *out, const void *bytes, size_t length) {
  size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (!buf_reserve(out, size))
    return false;
  sodium_bin2base64(out->data + out->length, size, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out->length += size - 1; /* `size` counts the NUL */
  return true;
}

bool jwt_sign(const unsigned char key[MULLIGAN_SECRET_KEY_BYTES], const char *claims, size_t length, struct buf *out) {
  size_t start = out->length;
  if (!buf_add_text(out, signed_header) || !buf_add_char(out, '.') || !add_base64(out, claims, length))
    return false;
  unsigned char signature[crypto_auth_hmacsha256_BYTES];
  authenticate(key, out->data + start, out->length - start, signature);
  return buf_add_char(out, '.') && add_base64(out, signature, sizeof signature);
}

static bool is_base64_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/**
 * Decodes a canonical base64url text of at most TOKEN_MOST characters; returns false for any other. libsodium refuses
 * padding and spare bits, but its constant-time look-up also takes '-' and '_' with their top bit set.
 */
static bool decode(const char *text, size_t length, unsigned char *out, size_t size, size_t *out_length) {
  for (size_t i = 0; i < length; i++)
    if (!is_base64_character(text[i]))
      return false;
  const char *end;
  return sodium_base642bin(out, size, text, length, NULL, out_length, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
             0 &&
         end == text + length;
}

/** Is it, letter by letter, what jwt_sign() writes? Then there is nothing to decode. */
static bool is_own_header(const char *text, size_t length) {
  return length == sizeof signed_header - 1 && memcmp(text, signed_header, length) == 0;
}

static bool is_header_right(const unsigned char *text, size_t length) {
  json_t *header = json_loadb((const char *)text, length, JSON_REJECT_DUPLICATES, NULL);
  const char *algorithm = json_string_value(json_object_get(header, "alg"));
  const json_t *type = json_object_get(header, "typ");
  /* `crit` demands extensions be understood, and we know none (RFC 7515, 4.1.11). */
  bool right = algorithm != NULL && strcmp(algorithm, "HS256") == 0 && json_object_get(header, "crit") == NULL &&
               (type == NULL || (json_is_string(type) && strcasecmp(json_string_value(type), "JWT") == 0));
  json_decref(header);
  return right;
}

/** Is the claim absent, or a time no later than a minute from now? */
static bool has_begun(const json_t *claims, const char *name, int64_t now) {
  const json_t *time = json_object_get(claims, name);
  return time == NULL || (json_is_number(time) && json_number_value(time) <= (double)now + CLOCK_SKEW);
}

static enum jwt_verdict judge_claims(const unsigned char *text, size_t length, int64_t now) {
  json_t *claims = json_loadb((const char *)text, length, JSON_REJECT_DUPLICATES, NULL);
  const json_t *expiry = json_object_get(claims, "exp");
  enum jwt_verdict verdict = JWT_BAD;
  if (json_is_number(expiry) && has_begun(claims, "iat", now) && has_begun(claims, "nbf", now))
    verdict = json_number_value(expiry) > (double)now ? JWT_GOOD : JWT_EXPIRED;
  json_decref(claims);
  return verdict;
}

enum jwt_verdict jwt_verify(const unsigned char key[MULLIGAN_SECRET_KEY_BYTES], const char *token, size_t length,
                            int64_t now, struct buf *claims) {
  if (length > TOKEN_MOST)
    return JWT_BAD;
  const char *first = memchr(token, '.', length);
  const char *second = first == NULL ? NULL : memchr(first + 1, '.', length - (size_t)(first + 1 - token));
  if (second == NULL)
    return JWT_BAD;

  unsigned char bytes[TOKEN_MOST]; /* holds the signature, then the header, then the claims */
  size_t count;
  unsigned char expected[crypto_auth_hmacsha256_BYTES];
  authenticate(key, token, (size_t)(second - token), expected);
  /* A further point is no character of base64url, so a fourth part fails here. */
  if (!decode(second + 1, length - (size_t)(second + 1 - token), bytes, sizeof bytes, &count) ||
      count != sizeof expected || sodium_memcmp(bytes, expected, sizeof expected) != 0)
    return JWT_BAD;
  if (!is_own_header(token, (size_t)(first - token)) &&
      (!decode(token, (size_t)(first - token), bytes, sizeof bytes, &count) || !is_header_right(bytes, count)))
    return JWT_BAD;
  if (!decode(first + 1, (size_t)(second - first - 1), bytes, sizeof bytes, &count))
    return JWT_BAD;
  enum jwt_verdict verdict = judge_claims(bytes, count, now);
  if (verdict == JWT_GOOD && !buf_add(claims, bytes, count))
    return JWT_NOMEM;
  return verdict;
}
