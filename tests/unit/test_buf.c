/**
 * test_buf.c - a buffer grows up to its cap, and a failure leaves it as it was.
 */
#include "base/buf.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_buffer_reads_as_the_empty_text(void **state) {
  (void)state;
  struct buf buf;
  buf_init(&buf, 10);
  assert_string_equal(buf.data, "");
  assert_int_equal(buf.length, 0);
  assert_true(buf_add(&buf, NULL, 0));
  assert_string_equal(buf.data, "");
  buf_release(&buf);
  buf_release(&buf);
  buf_release(NULL);
}

static void all_kinds_of_appends_add_up(void **state) {
  (void)state;
  struct buf buf;
  buf_init(&buf, 1000);
  assert_true(buf_add(&buf, "a\0b", 3));
  assert_true(buf_add_text(&buf, "-text-"));
  assert_true(buf_add_char(&buf, 'c'));
  assert_true(buf_addf(&buf, " %d%s", 42, ""));
  assert_int_equal(buf.length, 13);
  assert_memory_equal(buf.data, "a\0b-text-c 42", 14);
  buf_release(&buf);
}

static void the_cap_is_exact_and_a_failure_sticks(void **state) {
  (void)state;
  struct buf buf;
  buf_init(&buf, 5);
  assert_true(buf_add_text(&buf, "12345"));
  assert_false(buf_add_char(&buf, '6'));
  assert_true(buf.failed);
  assert_string_equal(buf.data, "12345");
  assert_false(buf_add(&buf, "", 0));
  buf_clear(&buf, 1000);
  assert_false(buf.failed);
  assert_string_equal(buf.data, "");
  assert_false(buf_addf(&buf, "%06d", 1));
  assert_string_equal(buf.data, "");
  buf_release(&buf);
}

static void a_cap_of_nothing_and_of_everything_work(void **state) {
  (void)state;
  struct buf buf;
  buf_init(&buf, 0);
  assert_true(buf_add_text(&buf, ""));
  assert_false(buf_add_char(&buf, 'x'));
  buf_release(&buf);
  buf_init(&buf, SIZE_MAX);
  assert_true(buf_add_text(&buf, "x"));
  assert_false(buf_reserve(&buf, SIZE_MAX));
  assert_string_equal(buf.data, "x");
  buf_release(&buf);
}

static void clearing_gives_back_only_large_memory(void **state) {
  (void)state;
  struct buf buf;
  buf_init(&buf, 100000);
  assert_true(buf_reserve(&buf, 50000));
  buf_clear(&buf, 100000);
  assert_true(buf.capacity >= 50000);
  buf_clear(&buf, 100);
  assert_int_equal(buf.capacity, 0);
  assert_string_equal(buf.data, "");
  buf_release(&buf);
}

static void detached_bytes_belong_to_the_caller(void **state) {
  (void)state;
  struct buf buf;
  buf_init(&buf, 100);
  char *empty = buf_detach(&buf);
  assert_string_equal(empty, "");
  free(empty);
  buf_add_text(&buf, "kept");
  char *text = buf_detach(&buf);
  assert_string_equal(text, "kept");
  assert_string_equal(buf.data, "");
  free(text);
  buf_add_text(&buf, "again");
  assert_string_equal(buf.data, "again");
  buf_release(&buf);
}

static void many_random_appends_equal_one_long_text(void **state) {
  (void)state;
  struct dice dice = {11};
  char expected[4096], piece[64];
  for (int round = 0; round < 200; round++) {
    struct buf buf;
    size_t length = 0, cap = dice_roll(&dice, sizeof expected);
    buf_init(&buf, cap);
    for (;;) {
      size_t size = dice_roll(&dice, sizeof piece);
      dice_fill(&dice, piece, size, "abc\0xyz", 7);
      bool fits = length + size <= cap;
      assert_int_equal(buf_add(&buf, piece, size), fits);
      if (!fits)
        break;
      memcpy(expected + length, piece, size);
      length += size;
    }
    assert_int_equal(buf.length, length);
    assert_memory_equal(buf.data, expected, length);
    assert_int_equal(buf.data[length], '\0');
    buf_release(&buf);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_buffer_reads_as_the_empty_text),
      cmocka_unit_test(all_kinds_of_appends_add_up),
      cmocka_unit_test(the_cap_is_exact_and_a_failure_sticks),
      cmocka_unit_test(a_cap_of_nothing_and_of_everything_work),
      cmocka_unit_test(clearing_gives_back_only_large_memory),
      cmocka_unit_test(detached_bytes_belong_to_the_caller),
      cmocka_unit_test(many_random_appends_equal_one_long_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
