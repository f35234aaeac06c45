/**
 * test_code_word.c - the words of a Lua text, whole or cut off.
 */
#include "vm/code_word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The words of a text, divided by blanks in `expected`, with `!` before one that the text's end cut off. */
static void assert_words(const char *text, const char *expected) {
  char found[400] = "";
  struct code_word word;
  for (size_t at = 0; code_word_next(text, strlen(text), &at, &word);) {
    if (*found)
      strncat(found, " ", 2);
    if (word.open)
      strncat(found, "!", 2);
    strncat(found, text + word.start, word.end - word.start);
  }
  assert_string_equal(found, expected);
}

static void test_words(void **state) {
  (void)state;
  assert_words("local x<const> =1", "local x < const > = 1");
  assert_words("a.b:c(0x1p-3,3e+2,.5)", "a . b : c ( 0x1p-3 , 3e+2 , .5 )");
  assert_words("a..b...c//d<=e", "a .. b ... c // d <= e");
  assert_words("t[ [[x]] ]", "t [ [[x]] ]");
  assert_words("x--y\nz", "x --y z");
  assert_words("--[[a\nb]]c", "--[[a\nb]] c");
}

static void test_strings(void **state) {
  (void)state;
  assert_words("'a\\'b'c", "'a\\'b' c");
  assert_words("[==[ ]] ]=] ]==]x", "[==[ ]] ]=] ]==] x");
  assert_words("f(\"abc", "f ( !\"abc");
  assert_words("f([[abc", "f ( ![[abc");
  assert_words("'line\nnext'", "'line next !'");
  assert_words("'\\", "!'\\");
}

static void test_ends_of_texts(void **state) {
  (void)state;
  static const char whole[] = "local a <const> = [==[x]==] .. 'y' --[=[z]=] 0x1e+5 ...";
  for (size_t length = 0; length <= strlen(whole); length++) {
    struct code_word word = {.end = 0};
    for (size_t at = 0; code_word_next(whole, length, &at, &word);)
      assert_true(word.start < word.end && word.end <= length);
  }
}

static void assert_blanked(const char *text, const char *expected) {
  char copy[200];
  strncpy(copy, text, sizeof copy - 1);
  copy[sizeof copy - 1] = '\0';
  code_word_blank_constants(copy, strlen(copy));
  assert_string_equal(copy, expected);
}

static void test_constants(void **state) {
  (void)state;
  assert_blanked("local x <const> = 1", "local x         = 1");
  assert_blanked("local x<const>,y <close>,z < const > = f()", "local x       ,y <close>,z           = f()");
  assert_blanked("local a, b = a < const, b > 1", "local a, b = a < const, b > 1");
  assert_blanked("return a < const > b", "return a < const > b");
  assert_blanked("local s = 'local x <const>'", "local s = 'local x <const>'");
  assert_blanked("local function f() end", "local function f() end");
  assert_blanked("local", "local");
  assert_blanked("local x <", "local x <");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_strings),
                                     cmocka_unit_test(test_ends_of_texts), cmocka_unit_test(test_constants)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
