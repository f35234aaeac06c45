/**
 * test_table.c - tables and values as an operator's terminal shows them, whatever the locale.
 */
#include "operator/printable.h"
#include "operator/table.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_shown(const char *text, size_t length, int most, const char *expected, int width) {
  struct buf out;
  buf_init(&out, 4096);
  assert_int_equal(printable_add(&out, text, length, most), width);
  assert_string_equal(out.data, expected);
  buf_release(&out);
}

static void test_korean_takes_two_columns(void **state) {
  (void)state;
  assert_string_equal(setlocale(LC_ALL, "C"), "C");
  assert_shown("한글", 6, 80, "한글", 4);
  assert_shown("e\xCC\x81t\xC3\xA9", 6, 80, "e\xCC\x81t\xC3\xA9", 3); /* a combining accent takes none */
}

static void test_what_is_too_wide_is_cut_between_characters(void **state) {
  (void)state;
  assert_shown("abcdef", 6, 6, "abcdef", 6);
  assert_shown("abcdefg", 7, 6, "abcde…", 6);
  assert_shown("한글날", 9, 5, "한글…", 5);
  assert_shown("한글날", 9, 4, "한…", 3);
}

static void test_nothing_commands_the_terminal(void **state) {
  (void)state;
  assert_shown("a\nb\tc", 5, 80, "a b c", 5);
  assert_shown("\x1B[2J", 4, 80, "\\x1B[2J", 7);
  assert_shown("a\0b", 3, 80, "a\\x00b", 6);
  assert_shown("\xFF\xFE", 2, 80, "\xEF\xBF\xBD\xEF\xBF\xBD", 2);
  assert_shown("\xC2\x9B", 2, 80, "\\x9B", 4); /* the one-byte form of ESC [ */
}

static json_t *rows(const char *text) {
  json_t *list = json_loads(text, 0, NULL);
  assert_non_null(list);
  return list;
}

static void assert_table(const char *columns_text, const char *rows_text, int width, const char *expected) {
  json_t *columns = rows(columns_text), *list = rows(rows_text);
  struct buf out;
  buf_init(&out, 1 << 16);
  table_add(&out, columns, list, width);
  assert_string_equal(out.data, expected);
  buf_release(&out);
  json_decref(columns);
  json_decref(list);
}

static void test_columns_are_aligned_and_numbers_stand_to_the_right(void **state) {
  (void)state;
  assert_table("[\"n\", \"이름\", \"x\"]",
               "[{\"n\": 7, \"이름\": \"종이\", \"x\": null}, {\"n\": 1200, \"이름\": \"pencil\", \"x\": true}]", 80,
               "  n     이름    x\n"
               "     7  종이    (none)\n"
               "  1200  pencil  true\n");
}

static void test_wide_rows_become_blocks(void **state) {
  (void)state;
  assert_table("[\"id\", \"text\"]", "[{\"id\": 1, \"text\": \"0123456789\"}, {\"id\": 2, \"text\": \"x\"}]", 12,
               "  id    1\n"
               "  text  0123456789\n"
               "\n"
               "  id    2\n"
               "  text  x\n");
}

static void test_an_absent_column_is_shown_as_none(void **state) {
  (void)state;
  assert_table("[\"a\", \"b\"]", "[{\"a\": 0.5}]", 80, "  a    b\n  0.5  (none)\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_korean_takes_two_columns),
      cmocka_unit_test(test_what_is_too_wide_is_cut_between_characters),
      cmocka_unit_test(test_nothing_commands_the_terminal),
      cmocka_unit_test(test_columns_are_aligned_and_numbers_stand_to_the_right),
      cmocka_unit_test(test_wide_rows_become_blocks),
      cmocka_unit_test(test_an_absent_column_is_shown_as_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
