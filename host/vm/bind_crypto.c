/**
 * bind_crypto.c - the module mulligan.crypto: passwords, tokens, random bytes, digests.
 *
 * Called from scripts, inside a protected call, on the thread that has the vm; libsodium does the work. Invariants: the
 * host's key is used here and handed to nobody; no Lua function is called between entering the gate and leaving it; a
 * password is checked at the same cost whether or not there is a hash to check it against.
 */
#include "base/clock.h"
#include "vm/bind.h"
#include "vm/hash_gate.h"
#include "vm/jwt.h"
#include "vm/random_bytes.h"
#include "vm/vm.h"

#include <errno.h>
#include <lauxlib.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum {
  PASSES = 2,                /* argon2id's time cost */
  MEMORY = 19456 * 1024,     /* and its memory, 19 MiB */
  RANDOM_MOST = 1 << 20,     /* bytes of crypto.random() */
  TOKEN_BYTES_MOST = 1024,   /* random bytes in a crypto.token() */
  CLAIMS_MOST = 4096,        /* bytes of a token's claims as JSON; browsers and proxies cap headers at 8 KiB */
  ANSWER_MARGIN = 500000000, /* nanoseconds before the deadline at which waiting ends */
};

/** The hash of a random password nobody kept: the work that stands in for an unknown user's. */
static const char nobody[] =
    "$argon2id$v=19$m=19456,t=2,p=1$mvjc0Kp0bAByi/PxHbhU9w$tetoAi2JEqtYWRk1gNJGLuY5YlVilkKdnaAV5IvnL6o";

static struct hash_gate gate = HASH_GATE_INITIALIZER;

/** nil, a sentence, a code: what crypto's functions return when something expected went wrong. */
static int failure(lua_State *L, const char *message, const char *code) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  lua_pushstring(L, code);
  return 3;
}

/* ---- passwords ---- */

/**
 * How many may wait: half of the bundles, and so few that one is always left for the other routes while as many as may
 * compute do.
 */
static int64_t queue_length(const struct settings *settings) {
  int64_t cores = sysconf(_SC_NPROCESSORS_ONLN);
  int64_t bundles = settings->bundles > 0 ? settings->bundles : 4 * (cores > 0 ? cores : 1);
  int64_t rest = bundles - settings->hash_concurrency - 1;
  int64_t queue = bundles / 2 < rest ? bundles / 2 : rest;
  return queue > 0 ? queue : 0;
}

/**
 * Waits for a place at the gate. It gives up before the call's own deadline, so that the script can still say so: at
 * the deadline itself it would be stopped, and its vm with it.
 */
static enum mulligan_status enter_gate(lua_State *L, struct fault *fault) {
  struct vm *vm = vm_of(L);
  const struct settings *settings = vm_services(vm)->settings;
  int64_t deadline = vm_deadline_ns(vm);
  if (deadline != INT64_MAX) {
    int64_t half = (deadline - clock_monotonic_ns()) / 2;
    deadline -= half < ANSWER_MARGIN ? half : ANSWER_MARGIN;
  }
  return hash_gate_enter(&gate, settings->hash_concurrency, queue_length(settings), deadline, fault);
}

/***
 * Hashes a password with argon2id.
 * @function hash_password
 * @tparam string password
 * @treturn string the hash with its salt and costs, as verify_password takes it; or nil, a message, "busy"
 */
static int hash_password(lua_State *L) {
  size_t length;
  const char *password = luaL_checklstring(L, 1, &length);
  struct fault fault;
  if (enter_gate(L, &fault) != MULLIGAN_OK)
    return failure(L, fault.message, "busy");
  char hash[crypto_pwhash_STRBYTES];
  random_bytes_enter(vm_of(L)); /* the salt */
  int problem = crypto_pwhash_str_alg(hash, password, length, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13);
  random_bytes_leave();
  hash_gate_leave(&gate);
  if (problem != 0)
    return failure(L, "no memory to hash a password", "busy");
  lua_pushstring(L, hash);
  return 1;
}

/** Is it a hash that libsodium can check? */
static bool is_hash(const char *hash, size_t length) {
  return hash != NULL && strlen(hash) == length && length < crypto_pwhash_STRBYTES &&
         crypto_pwhash_str_needs_rehash(hash, PASSES, MEMORY) != -1;
}

/***
 * Checks a password. Takes as long for a nil hash, or one that is none, as for a wrong password.
 * @function verify_password
 * @tparam string password
 * @tparam ?string hash
 * @treturn boolean whether they belong together; or nil, a message, "busy"
 */
static int verify_password(lua_State *L) {
  size_t length, hash_length = 0;
  const char *password = luaL_checklstring(L, 1, &length);
  const char *hash = lua_tolstring(L, 2, &hash_length);
  bool known = is_hash(hash, hash_length);
  struct fault fault;
  if (enter_gate(L, &fault) != MULLIGAN_OK)
    return failure(L, fault.message, "busy");
  errno = 0;
  int problem = crypto_pwhash_str_verify(known ? hash : nobody, password, length);
  /* libsodium says EINVAL for a mismatch; anything else is its own trouble, and not the password's. */
  bool trouble = problem != 0 && errno == ENOMEM;
  hash_gate_leave(&gate);
  if (trouble)
    return failure(L, "no memory to check a password", "busy");
  lua_pushboolean(L, known && problem == 0);
  return 1;
}

/* ---- tokens ---- */

/***
 * Signs claims as a JSON Web Token (HS256) with the host's key.
 * @function sign
 * @tparam table claims with `exp`, seconds since 1970
 * @treturn string the token
 */
static int sign_claims(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "exp");
  luaL_argcheck(L, lua_type(L, 2) == LUA_TNUMBER, 1, "claims need exp, a number of seconds since 1970");
  struct buf *claims = bind_buffer(L, CLAIMS_MOST);
  struct fault fault;
  if (!bind_json_encode(L, 1, claims, &fault))
    return luaL_error(L, "crypto.sign: %s", fault.message);
  struct buf *token = bind_buffer(L, 2 * CLAIMS_MOST);
  if (!jwt_sign(vm_services(vm_of(L))->key, claims->data, claims->length, token))
    return luaL_error(L, "crypto.sign: out of memory");
  lua_pushlstring(L, token->data, token->length);
  buf_release(claims);
  buf_release(token);
  return 1;
}

/***
 * Checks a token made by sign.
 * @function verify
 * @tparam string token
 * @treturn table the claims; or nil, a message, "invalid_signature" or "expired"
 */
static int check_token(lua_State *L) {
  size_t length;
  const char *token = luaL_checklstring(L, 1, &length);
  struct buf *claims = bind_buffer(L, 2 * CLAIMS_MOST);
  struct fault fault;
  switch (jwt_verify(vm_services(vm_of(L))->key, token, length, clock_wall_us() / 1000000, claims)) {
  case JWT_GOOD:
    if (bind_json_decode(L, claims->data, claims->length, &fault)) {
      buf_release(claims);
      return 1;
    }
    break;
  case JWT_EXPIRED:
    return failure(L, "Signature has expired.", "expired");
  case JWT_NOMEM:
    return luaL_error(L, "crypto.verify: out of memory");
  case JWT_BAD:
    break;
  }
  return failure(L, "Error decoding signature.", "invalid_signature");
}

/* ---- bytes ---- */

static int push_hex(lua_State *L, const unsigned char *bytes, size_t length) {
  char hex[2 * crypto_hash_sha256_BYTES + 1];
  sodium_bin2hex(hex, sizeof hex, bytes, length);
  lua_pushstring(L, hex);
  return 1;
}

/***
 * @function hmac
 * @tparam string key of any length
 * @tparam string text
 * @treturn string HMAC-SHA256 in hexadecimal
 */
static int make_hmac(lua_State *L) {
  size_t key_length, length;
  const char *key = luaL_checklstring(L, 1, &key_length);
  const char *text = luaL_checklstring(L, 2, &length);
  unsigned char digest[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, (const unsigned char *)key, key_length);
  crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, length);
  crypto_auth_hmacsha256_final(&state, digest);
  return push_hex(L, digest, sizeof digest);
}

/***
 * @function sha256
 * @tparam string text
 * @treturn string its SHA-256 in hexadecimal
 */
static int make_sha256(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, (const unsigned char *)text, length);
  return push_hex(L, digest, sizeof digest);
}

/***
 * @function random
 * @tparam integer count 0 to 1,048,576
 * @treturn string so many random bytes
 */
static int make_random(lua_State *L) {
  lua_Integer count = luaL_checkinteger(L, 1);
  luaL_argcheck(L, count >= 0 && count <= RANDOM_MOST, 1, "must be 0 to 1048576");
  luaL_Buffer bytes;
  char *out = luaL_buffinitsize(L, &bytes, (size_t)count);
  random_bytes_enter(vm_of(L));
  randombytes_buf(out, (size_t)count);
  random_bytes_leave();
  luaL_pushresultsize(&bytes, (size_t)count);
  return 1;
}

/***
 * A text nobody can guess, fit for an address.
 * @function token
 * @tparam[opt=32] integer count how many random bytes are in it, 1 to 1024
 * @treturn string base64url without padding
 */
static int make_token(lua_State *L) {
  lua_Integer count = luaL_optinteger(L, 1, 32);
  luaL_argcheck(L, count >= 1 && count <= TOKEN_BYTES_MOST, 1, "must be 1 to 1024");
  unsigned char bytes[TOKEN_BYTES_MOST];
  char text[sodium_base64_ENCODED_LEN(TOKEN_BYTES_MOST, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
  random_bytes_enter(vm_of(L));
  randombytes_buf(bytes, (size_t)count);
  random_bytes_leave();
  sodium_bin2base64(text, sizeof text, bytes, (size_t)count, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  lua_pushstring(L, text);
  return 1;
}

/***
 * Compares two texts; for those of one length, in a time that does not tell where they differ.
 * @function equal
 * @tparam string a
 * @tparam string b
 * @treturn boolean
 */
static int are_equal(lua_State *L) {
  size_t a_length, b_length;
  const char *a = luaL_checklstring(L, 1, &a_length);
  const char *b = luaL_checklstring(L, 2, &b_length);
  lua_pushboolean(L, a_length == b_length && sodium_memcmp(a, b, a_length) == 0);
  return 1;
}

int bind_crypto_open(lua_State *L) {
  if (sodium_init() < 0)
    return luaL_error(L, "libsodium could not be initialised");
  static const luaL_Reg functions[] = {
      {"hash_password", hash_password},
      {"verify_password", verify_password},
      {"sign", sign_claims},
      {"verify", check_token},
      {"hmac", make_hmac},
      {"sha256", make_sha256},
      {"random", make_random},
      {"token", make_token},
      {"equal", are_equal},
      {NULL, NULL},
  };
  luaL_newlib(L, functions);
  return 1;
}
