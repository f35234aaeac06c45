/**
 * test_scrub.c - secrets go, by name and by looks; ordinary ids, times and sentences stay.
 *
 * All keys and numbers here are made up or the card networks' published test numbers.
 */
#include "base/giveaway.h"
#include "base/scrub.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

static struct scrub *scrub;

static int set_up(void **state) {
  (void)state;
  static const char *const names[] = {"Resident-Number", "pinCode"};
  scrub = scrub_create(names, 2);
  return scrub == NULL;
}

static int tear_down(void **state) {
  (void)state;
  scrub_destroy(scrub);
  scrub_destroy(NULL);
  return 0;
}

static void names_are_told_apart(void **state) {
  (void)state;
  static const char *const secret[] = {
      "password",
      "Password",
      "PASSWORD",
      "passwd",
      "pw",
      "secret",
      "token",
      "api_key",
      "apikey",
      "apiKey",
      "APIKey",
      "API-KEY",
      "auth",
      "Authorization",
      "Proxy-Authorization",
      "cookie",
      "Set-Cookie",
      "set_cookie",
      "session",
      "sessionid",
      "session_id",
      "csrf",
      "X-CSRF-Token",
      "csrfmiddlewaretoken",
      "credentials",
      "private_key",
      "privateKey",
      "x_api_key",
      "X-Api-Key",
      "otp",
      "ssn",
      "cvv",
      "card",
      "card_number",
      "new_password",
      "password_hash",
      "password2",
      "passwordConfirmation",
      "user[password]",
      "user.password",
      "user[otp]",
      "a.b.ssn",
      "accessToken",
      "refresh_token",
      "clientSecret",
      "secrets",
      "passwords",
      "cookies",
      "tokens",
      "AWS_SECRET_KEY",
      "db password",
      "resident_number",
      "residentNumber",
      "RESIDENT-NUMBER",
      "pin_code",
      "pinCode",
      "비밀번호",
  };
  static const char *const plain[] = {
      "",
      "author",
      "authors",
      "authority",
      "authenticated",
      "tokens_used",
      "max_tokens",
      "tokenizer",
      "secretary",
      "secretariat",
      "id",
      "email",
      "name",
      "username",
      "passenger",
      "compass",
      "discard",
      "cardinal",
      "cards",
      "keyboard",
      "key",
      "sessions_attended",
      "obsession",
      "pwm",
      "otpional",
      "cookiecutter",
      "is_active",
      "number",
      "pin",
      "postcode",
      "_",
      "-",
      "[]",
      ".",
      "session.user",
      "비밀",
      "passwor",
      "api",
      "private",
  };
  for (size_t i = 0; i < sizeof secret / sizeof *secret; i++) {
    if (!scrub_is_secret_name(scrub, secret[i], strlen(secret[i])))
      fail_msg("\"%s\" was not taken for a secret's name", secret[i]);
  }
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    if (scrub_is_secret_name(scrub, plain[i], strlen(plain[i])))
      fail_msg("\"%s\" was taken for a secret's name", plain[i]);
  }
  char endless[5000];
  memset(endless, 'a', sizeof endless);
  assert_true(scrub_is_secret_name(scrub, endless, sizeof endless));
}

struct text_case {
  const char *text, *scrubbed;
  int count;
};

static void check_text(const struct text_case *cases, size_t number) {
  for (size_t i = 0; i < number; i++) {
    struct buf out;
    struct scrub_tally tally = {0};
    buf_init(&out, 10000);
    assert_true(scrub_text(scrub, cases[i].text, strlen(cases[i].text), &out, &tally));
    const char *expected = cases[i].scrubbed == NULL ? cases[i].text : cases[i].scrubbed;
    if (strcmp(out.data, expected) != 0 || tally.count != cases[i].count)
      fail_msg("\"%s\" became \"%s\" (%d)", cases[i].text, out.data, tally.count);
    struct buf again;
    buf_init(&again, 10000);
    assert_true(scrub_text(scrub, out.data, out.length, &again, &tally));
    assert_string_equal(again.data, out.data);
    assert_int_equal(tally.count, cases[i].count);
    buf_release(&again);
    buf_release(&out);
  }
}

static void values_that_give_themselves_away_go(void **state) {
  (void)state;
  static const struct text_case cases[] = {
      {"Bearer abc123", "Bearer [scrubbed]", 1},
      {"got bearer  s3cr3t.", "got bearer  [scrubbed].", 1},
      {"JWT " JWT " was refused", "JWT [scrubbed] was refused", 1},
      {"\"Bearer mF_9.B5f-4.1JqM==\"", "\"Bearer [scrubbed]\"", 1},
      {"Bearer abcdefghijklmnopqrstuvwxyz", "Bearer [scrubbed]", 1},
      {"the token " JWT ".", "the token [scrubbed].", 1},
      {"(" JWT "," JWT ")", "([scrubbed],[scrubbed])", 2},
      {"cut eyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "cut [scrubbed]", 1},
      {"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "[scrubbed].", 1},
      {"a -----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\nb", "a [scrubbed]\nb", 1},
      {"-----BEGIN RSA PRIVATE KEY-----\\nMIIB\\n-----END RSA PRIVATE KEY-----", "[scrubbed]", 1},
      {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn", "[scrubbed]", 1},
      {"postgres://app:hunter2@db/x", "postgres://app:[scrubbed]@db/x", 1},
      {"redis://:p@ss@h:6379/0 and https://u:p@h", "redis://:[scrubbed]@h:6379/0 and https://u:[scrubbed]@h", 2},
      {"4111111111111111", "[scrubbed]", 1},
      {"card 4111 1111 1111 1111 12/26", "card [scrubbed] 12/26", 1},
      {"5500-0000-0000-0004,378282246310005", "[scrubbed],[scrubbed]", 2},
      {"3782 822463 10005 3056 930902 5904", "[scrubbed] [scrubbed]", 2},
      {"4222222222222 6011111111111117 3530111333300000", "[scrubbed] [scrubbed] [scrubbed]", 3},
      {"paid with 2223003122003222.", "paid with [scrubbed].", 1},
      {"한글4111111111111111한글", "한글[scrubbed]한글", 1},
  };
  check_text(cases, sizeof cases / sizeof *cases);
}

static void values_beside_a_secret_name_go(void **state) {
  (void)state;
  static const struct text_case cases[] = {
      {"{\"password\": \"a\\\"b\", \"x\": 1", "{\"password\": \"[scrubbed]\", \"x\": 1", 1},
      {"{'otp': 123456}", "{'otp': [scrubbed]}", 1},
      {"{\\\"token\\\": \\\"abc\\\", \\\"a\\\": 1}", "{\\\"token\\\": \\\"[scrubbed]\\\", \\\"a\\\": 1}", 1},
      {"{\"password\": \"cut off he", "{\"password\": \"[scrubbed]", 1},
      {"/login?token=abc&next=/", "/login?token=[scrubbed]&next=/", 1},
      {"host=db password=x user=y", "host=db password=[scrubbed] user=y", 1},
      {"token=Bearer  abc rest", "token=[scrubbed] rest", 1},
      {"private_key=-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\nx", "private_key=[scrubbed]\nx", 1},
      {"local api_key = \"k1\"", "local api_key = \"[scrubbed]\"", 1},
      {"WHERE password = 'x' AND id = 3", "WHERE password = '[scrubbed]' AND id = 3", 1},
      {"Authorization: Basic dTpw\nHost: h", "Authorization: [scrubbed]\nHost: h", 1},
      {"Cookie: a=1; b=2\r\nHost: h", "Cookie: [scrubbed]\r\nHost: h", 1},
      {"{\"password\": \"$x\", \"token\": \"?\"}", "{\"password\": \"[scrubbed]\", \"token\": \"[scrubbed]\"}", 2},
  };
  check_text(cases, sizeof cases / sizeof *cases);
}

static void ordinary_text_stays_as_it_is(void **state) {
  (void)state;
  static const struct text_case cases[] = {
      {"", NULL, 0},
      {"nothing here", NULL, 0},
      {"1636815540123", NULL, 0},        /* milliseconds */
      {"1636815540123456", NULL, 0},     /* microseconds */
      {"1636815540123456784", NULL, 0},  /* nanoseconds, with a right check digit */
      {"20211113145900123456", NULL, 0}, /* a date of digits */
      {"2021-11-13T14:59:00.123456Z", NULL, 0},
      {"2021-11-13 14:59:00,123", NULL, 0},
      {"4111111111111112", NULL, 0},     /* a wrong check digit */
      {"41111111111111111111", NULL, 0}, /* too long */
      {"id_4111111111111111", NULL, 0},
      {"a4111111111111111", NULL, 0},
      {"4111111111111111f", NULL, 0},
      {"0.4111111111111111", NULL, 0},
      {"4111111111111111.5", NULL, 0},
      {"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", NULL, 0},
      {"550e8400-e29b-41d4-a716-446655440000", NULL, 0},
      {"0x55d5c8a3b2a0 9223372036854775807 -9223372036854775808", NULL, 0},
      {"ERR-7K3F-9QXA", NULL, 0},
      {"+82 10-1234-5678", NULL, 0},
      {"Bearer tokens are short-lived.", NULL, 0},
      {"Bearer authentication failed", NULL, 0},
      {"WWW-Authenticate: Bearer realm=\"api\"", NULL, 0},
      {"JWT realm=\"api\"", NULL, 0},
      {"JWT expired.", NULL, 0},
      {"forbearer abc123", NULL, 0},
      {"JWT", NULL, 0},
      {"bearer ", NULL, 0},
      {"eyJ.eyJ.x", NULL, 0},
      {"keyJhbGciOiJIUzI1NiJ9", NULL, 0},
      {"-----BEGIN of the talk-----", NULL, 0},
      {"http://localhost:8080/a@b", NULL, 0},
      {"ssh://git@example.org:22/x", NULL, 0},
      {"mailto:a@example.org at 10:30@home", NULL, 0},
      {"http://h/?u=a:b@c", NULL, 0},
      {"token = session.token", NULL, 0},
      {"if password == other then", NULL, 0},
      {"WHERE password = ? AND token=?1 AND pw=:pw AND otp=nil", NULL, 0},
      {"author=kim tokens_used=3", NULL, 0},
      {"Field 'password' is required: see above", NULL, 0},
      {"password: required", NULL, 0},
      {"{\"password\": \"\", \"email\": \"a@b.c\"}", NULL, 0},
      {"a==b; c::d ::= e", NULL, 0},
  };
  check_text(cases, sizeof cases / sizeof *cases);
}

static void forms_lose_the_values_of_secret_names(void **state) {
  (void)state;
  static const struct text_case cases[] = {
      {"", NULL, 0},
      {"a=1&b=2", NULL, 0},
      {"a=1&password=x&b=2", "a=1&password=[scrubbed]&b=2", 1},
      {"pass%77ord=x", "pass%77ord=[scrubbed]", 1},
      {"user%5Bpassword%5D=x&user[otp]=1", "user%5Bpassword%5D=[scrubbed]&user[otp]=[scrubbed]", 2},
      {"password=&x=", NULL, 0},
      {"password&token", NULL, 0},
      {"q=Bearer+abc123", "q=[scrubbed]", 1},
      {"q=card%204111%201111%201111%201111", "q=[scrubbed]", 1},
      {"url=postgres%3A%2F%2Fu%3Ap%40h", "url=[scrubbed]", 1},
      {JWT, "[scrubbed]", 1},
      {"&&a=%zz&token=%zz&", "&&a=%zz&token=[scrubbed]&", 1},
      {"token=a=b&c=d", "token=[scrubbed]&c=d", 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct buf out;
    struct scrub_tally tally = {0};
    buf_init(&out, 10000);
    assert_true(scrub_form(scrub, cases[i].text, strlen(cases[i].text), &out, &tally));
    const char *expected = cases[i].scrubbed == NULL ? cases[i].text : cases[i].scrubbed;
    if (strcmp(out.data, expected) != 0 || tally.count != cases[i].count)
      fail_msg("\"%s\" became \"%s\" (%d)", cases[i].text, out.data, tally.count);
    buf_release(&out);
  }
}

static void json_is_scrubbed_at_every_depth(void **state) {
  (void)state;
  static const char before[] =
      "{\"id\": 9007199254740993, \"email\": \"a@b.c\", \"ok\": true, \"none\": null, \"f\": 1.5,"
      " \"password\": {\"old\": \"x\"}, \"Set-Cookie\": [1, 2], \"list\": [{\"token\": null}, \"Bearer abc123\"],"
      " \"pan\": 4111111111111111, \"at\": 1636815540123456, \"" JWT "\": 1, \"nul\": \"a\\u0000b\"}";
  static const char after[] =
      "{\"id\": 9007199254740993, \"email\": \"a@b.c\", \"ok\": true, \"none\": null, \"f\": 1.5,"
      " \"password\": \"[scrubbed]\", \"Set-Cookie\": \"[scrubbed]\","
      " \"list\": [{\"token\": \"[scrubbed]\"}, \"Bearer [scrubbed]\"],"
      " \"pan\": \"[scrubbed]\", \"at\": 1636815540123456, \"[scrubbed]\": 1, \"nul\": \"a\\u0000b\"}";
  json_t *value = json_loads(before, JSON_ALLOW_NUL, NULL);
  json_t *expected = json_loads(after, JSON_ALLOW_NUL, NULL);
  json_t *kept = json_deep_copy(value);
  assert_non_null(value);
  assert_non_null(expected);
  struct scrub_tally tally = {0};
  json_t *scrubbed = scrub_json(scrub, value, &tally);
  assert_true(json_equal(scrubbed, expected));
  assert_true(json_equal(value, kept));
  assert_int_equal(tally.count, 6);
  json_decref(scrubbed);
  json_decref(value);
  json_decref(expected);
  json_decref(kept);
}

static void a_full_buffer_is_reported(void **state) {
  (void)state;
  struct buf out;
  struct scrub_tally tally = {0};
  buf_init(&out, 8);
  assert_false(scrub_text(scrub, "Bearer abc123", 13, &out, &tally));
  buf_clear(&out, 0);
  assert_false(scrub_form(scrub, "a=123456789", 11, &out, &tally));
  buf_release(&out);
}

/** Whatever stands around it, even halves of other secrets, a secret on a line of its own goes. */
static void a_secret_never_survives_its_surroundings(void **state) {
  (void)state;
  static const char *const pieces[] = {
      "Bearer ",
      "JWT ",
      JWT,
      "eyJ",
      "-----BEGIN A-----",
      "-----END A-----",
      "-----",
      "://",
      "u:p@",
      "@",
      ":",
      "=",
      "\"",
      "'",
      "\\",
      "password",
      "token",
      " ",
      "\n",
      "4111",
      "4111111111111111",
      "-",
      ".",
      "&",
      "nil",
      "[scrubbed]",
      "Cookie: ",
      "abc",
      "1",
      "\xFF",
      "한",
  };
  /* What must be gone, and what it stands in. */
  static const char *const secrets[][2] = {
      {"Secret1", "Bearer Secret1"},
      {"U2VjcmV0", "eyJhIjoxfQ.eyJiIjoyfQ.U2VjcmV0"},
      {"4000056655665556", "4000056655665556"},
      {"Secret1", "ftp://me:Secret1@host"},
      {"Secret1", "token=Secret1&a=b"},
      {"Secret1", "\"password\": \"Secret1\""},
      {"Secret1", "-----BEGIN KEY-----\nSecret1\n-----END KEY-----"},
  };
  struct dice dice = {77};
  for (int round = 0; round < 30000; round++) {
    const char *const *secret = secrets[dice_roll(&dice, sizeof secrets / sizeof *secrets)];
    struct buf text, out;
    struct scrub_tally tally = {0};
    buf_init(&text, 10000);
    buf_init(&out, 10000);
    for (int side = 0; side < 2; side++) {
      for (size_t n = dice_roll(&dice, 12); n > 0; n--)
        buf_add_text(&text, pieces[dice_roll(&dice, sizeof pieces / sizeof *pieces)]);
      if (side == 0)
        buf_addf(&text, "\n%s\n", secret[1]);
    }
    assert_true(scrub_text(scrub, text.data, text.length, &out, &tally));
    if (strstr(out.data, secret[0]) != NULL)
      fail_msg("\"%s\" became \"%s\"", text.data, out.data);
    assert_true(tally.count > 0);
    buf_release(&text);
    buf_release(&out);
  }
}

/** The plainest way to compute it: from the right, every second digit doubled. */
static bool reference_luhn(const char *digits, size_t count) {
  int sum = 0;
  for (size_t i = 0; i < count; i++) {
    int digit = digits[count - 1 - i] - '0';
    sum += i % 2 == 0 ? digit : digit * 2 / 10 + digit * 2 % 10;
  }
  return sum % 10 == 0;
}

static void card_numbers_have_a_right_check_digit(void **state) {
  (void)state;
  struct dice dice = {9};
  int cards = 0;
  for (int i = 0; i < 50000; i++) {
    char digits[20];
    size_t count = 12 + dice_roll(&dice, 9);
    dice_fill(&dice, digits, count, "0123456789", 10);
    if (giveaway_is_card(digits, count)) {
      cards++;
      assert_true(count >= 13 && count <= 19);
      assert_true(reference_luhn(digits, count));
      assert_true(digits[0] >= '2' && digits[0] != '7' && digits[0] != '8');
    } else if (count == 16 && (digits[0] == '4' || digits[0] == '6')) {
      assert_false(reference_luhn(digits, count));
    }
  }
  assert_true(cards > 100);
}

/** Texts made to send a careless matcher back to the start again and again; a quadratic one would not end here. */
static void hostile_texts_take_linear_time(void **state) {
  (void)state;
  static const char *const patterns[] = {
      "Bearer ",  "eyJaaaaa.",    "-----BEGIN ", "://", "a:b@", "token=\"?", "token=", "\"token\":", "4111 ",
      "\\\\\\\"", "password=\\'", "= = : ",      "eyJ", "1",    "-",         "=",      "\"",         "token=nil "};
  size_t size = 1 << 21;
  char *text = malloc(size);
  assert_non_null(text);
  for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
    size_t width = strlen(patterns[p]);
    for (size_t i = 0; i < size; i++)
      text[i] = patterns[p][i % width];
    struct buf out;
    struct scrub_tally tally = {0};
    buf_init(&out, 16 * size);
    assert_true(scrub_text(scrub, text, size, &out, &tally));
    buf_release(&out);
  }
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_told_apart),
      cmocka_unit_test(values_that_give_themselves_away_go),
      cmocka_unit_test(values_beside_a_secret_name_go),
      cmocka_unit_test(ordinary_text_stays_as_it_is),
      cmocka_unit_test(forms_lose_the_values_of_secret_names),
      cmocka_unit_test(json_is_scrubbed_at_every_depth),
      cmocka_unit_test(a_full_buffer_is_reported),
      cmocka_unit_test(a_secret_never_survives_its_surroundings),
      cmocka_unit_test(card_numbers_have_a_right_check_digit),
      cmocka_unit_test(hostile_texts_take_linear_time),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
