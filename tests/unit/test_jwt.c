/**
 * test_jwt.c - tokens: a vector made by another program, and every way in which a token can be none of ours.
 */
#include "vm/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

/* Made by Python's hmac and base64 with a key of 32 bytes of 7. */
static const char vector[] =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJlbWFpbCI6IndhZmZsZUBleGFtcGxlLmNvbSIsImV4cCI6NDEwMjQ0NDgwMCwiaWF0IjoxNjM2ODE1NTQwLCJ1c2"
    "VyX2lkIjoxN30.dxq_Njd6oESvGJ7_RAXBKWOPIwd_9ki4kX1dr0AHULw";
static const char vector_claims[] =
    "{\"email\":\"waffle@example.com\",\"exp\":4102444800,\"iat\":1636815540,\"user_id\":17}";

static const char right_header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
static const int64_t now = 1700000000;
static unsigned char key[MULLIGAN_SECRET_KEY_BYTES];

static int set_up(void **state) {
  (void)state;
  memset(key, 7, sizeof key);
  return sodium_init() < 0 ? -1 : 0;
}

static void add_base64(struct buf *out, const void *bytes, size_t length) {
  char text[4096];
  sodium_bin2base64(text, sizeof text, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  buf_add_text(out, text);
}

/** A token of any header and claims, rightly signed. */
static enum jwt_verdict verdict_on(const char *header, const char *claims) {
  struct buf token, read;
  buf_init(&token, SIZE_MAX);
  buf_init(&read, SIZE_MAX);
  add_base64(&token, header, strlen(header));
  buf_add_char(&token, '.');
  add_base64(&token, claims, strlen(claims));
  unsigned char signature[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256(signature, (const unsigned char *)token.data, token.length, key);
  buf_add_char(&token, '.');
  add_base64(&token, signature, sizeof signature);
  enum jwt_verdict verdict = jwt_verify(key, token.data, token.length, now, &read);
  if (verdict == JWT_GOOD)
    assert_string_equal(read.data, claims);
  else
    assert_int_equal(read.length, 0);
  buf_release(&token);
  buf_release(&read);
  return verdict;
}

static void agrees_with_another_program(void **state) {
  (void)state;
  struct buf out;
  buf_init(&out, 4096);
  assert_true(jwt_sign(key, vector_claims, strlen(vector_claims), &out));
  assert_string_equal(out.data, vector);
  buf_clear(&out, 0);
  assert_int_equal(jwt_verify(key, vector, strlen(vector), now, &out), JWT_GOOD);
  assert_string_equal(out.data, vector_claims);
  buf_release(&out);
}

static void needs_the_same_key(void **state) {
  (void)state;
  struct buf out;
  buf_init(&out, 4096);
  key[31] ^= 1;
  assert_int_equal(jwt_verify(key, vector, strlen(vector), now, &out), JWT_BAD);
  key[31] ^= 1;
  assert_int_equal(out.length, 0);
  buf_release(&out);
}

static void takes_no_other_header(void **state) {
  (void)state;
  static const char claims[] = "{\"exp\":4102444800}";
  assert_int_equal(verdict_on(right_header, claims), JWT_GOOD);
  assert_int_equal(verdict_on("{\"alg\":\"HS256\"}", claims), JWT_GOOD);
  assert_int_equal(verdict_on("{\"typ\":\"jwt\",\"alg\":\"HS256\",\"kid\":\"1\"}", claims), JWT_GOOD);
  static const char *const others[] = {
      "{\"alg\":\"none\"}",
      "{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
      "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
      "{\"alg\":\"hs256\",\"typ\":\"JWT\"}",
      "{\"alg\":\"HS256 \",\"typ\":\"JWT\"}",
      "{\"alg\":null,\"typ\":\"JWT\"}",
      "{\"alg\":[\"HS256\"]}",
      "{\"alg\":\"HS256\",\"typ\":\"JWE\"}",
      "{\"alg\":\"HS256\",\"typ\":1}",
      "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
      "{\"alg\":\"none\",\"alg\":\"HS256\"}",
      "{\"typ\":\"JWT\"}",
      "{}",
      "[\"HS256\"]",
      "\"HS256\"",
      "HS256",
      "",
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_int_equal(verdict_on(others[i], claims), JWT_BAD);
}

static void judges_the_claims(void **state) {
  (void)state;
  static const struct {
    const char *claims;
    enum jwt_verdict verdict;
  } cases[] = {
      {"{\"exp\":1700000001}", JWT_GOOD},
      {"{\"exp\":1700000000}", JWT_EXPIRED},
      {"{\"exp\":1699999999.9}", JWT_EXPIRED},
      {"{\"exp\":1700000000.5}", JWT_GOOD},
      {"{\"exp\":0}", JWT_EXPIRED},
      {"{\"exp\":-1}", JWT_EXPIRED},
      {"{\"exp\":1e300}", JWT_GOOD},
      {"{\"exp\":9223372036854775807}", JWT_GOOD},
      {"{\"exp\":\"1700000001\"}", JWT_BAD},
      {"{\"exp\":true}", JWT_BAD},
      {"{\"exp\":null}", JWT_BAD},
      {"{\"exp\":NaN}", JWT_BAD},
      {"{\"exp\":1,\"exp\":4102444800}", JWT_BAD},
      {"{\"user_id\":1}", JWT_BAD},
      {"{}", JWT_BAD},
      {"[4102444800]", JWT_BAD},
      {"4102444800", JWT_BAD},
      {"", JWT_BAD},
      {"{\"exp\":4102444800", JWT_BAD},
      {"{\"exp\":4102444800,\"iat\":1700000060}", JWT_GOOD},
      {"{\"exp\":4102444800,\"iat\":1700000061}", JWT_BAD},
      {"{\"exp\":4102444800,\"iat\":\"now\"}", JWT_BAD},
      {"{\"exp\":4102444800,\"nbf\":1700000061}", JWT_BAD},
      {"{\"exp\":4102444800,\"nbf\":1600000000}", JWT_GOOD},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(verdict_on(right_header, cases[i].claims), cases[i].verdict);
}

static void refuses_every_prefix_and_flipped_bit(void **state) {
  (void)state;
  struct buf out;
  buf_init(&out, 4096);
  size_t length = strlen(vector);
  for (size_t cut = 0; cut < length; cut++)
    assert_int_equal(jwt_verify(key, vector, cut, now, &out), JWT_BAD);
  char changed[sizeof vector];
  for (size_t at = 0; at < length; at++) {
    for (int bit = 0; bit < 8; bit++) {
      memcpy(changed, vector, sizeof vector);
      changed[at] = (char)(changed[at] ^ (1 << bit));
      assert_int_equal(jwt_verify(key, changed, length, now, &out), JWT_BAD);
    }
  }
  assert_int_equal(out.length, 0);
  buf_release(&out);
}

static void says_when_there_is_no_room(void **state) {
  (void)state;
  struct buf out;
  buf_init(&out, 50);
  assert_false(jwt_sign(key, vector_claims, strlen(vector_claims), &out));
  buf_release(&out);
  buf_init(&out, 10);
  assert_int_equal(jwt_verify(key, vector, strlen(vector), now, &out), JWT_NOMEM);
  buf_release(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agrees_with_another_program),
      cmocka_unit_test(needs_the_same_key),
      cmocka_unit_test(takes_no_other_header),
      cmocka_unit_test(judges_the_claims),
      cmocka_unit_test(refuses_every_prefix_and_flipped_bit),
      cmocka_unit_test(says_when_there_is_no_room),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
