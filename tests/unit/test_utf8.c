/**
 * test_utf8.c - the checker against a decoder that is written the other way round.
 */
#include "base/utf8.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/** Decodes by arithmetic and only then judges the code point: slow and plain, the reference. */
static size_t reference_character(const unsigned char *bytes, size_t length) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t size = bytes[0] < 0x80             ? 1
                : (bytes[0] & 0xE0) == 0xC0 ? 2
                : (bytes[0] & 0xF0) == 0xE0 ? 3
                : (bytes[0] & 0xF8) == 0xF0 ? 4
                                            : 0;
  if (size == 0 || size > length)
    return 0;
  uint32_t code = size == 1 ? bytes[0] : bytes[0] & (0x7F >> size);
  for (size_t i = 1; i < size; i++) {
    if ((bytes[i] & 0xC0) != 0x80)
      return 0;
    code = code << 6 | (bytes[i] & 0x3F);
  }
  bool good = code >= least[size] && code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
  return good ? size : 0;
}

static void every_run_of_up_to_three_bytes_is_judged_like_the_reference(void **state) {
  (void)state;
  for (uint32_t n = 0; n < 1u << 24; n++) {
    unsigned char bytes[3] = {(unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n};
    size_t size = reference_character(bytes, 3);
    size_t prefix = utf8_valid_prefix((const char *)bytes, size == 0 ? 3 : size);
    if (prefix != size)
      fail_msg("%02x %02x %02x", bytes[0], bytes[1], bytes[2]);
  }
}

static void known_texts_are_judged(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t prefix;
    bool valid;
  } cases[] = {
      {"", 0, true},
      {"plain", 5, true},
      {"한글 \xF0\x9F\xA6\x80", 11, true},
      {"a\xC0\x80", 1, false},
      {"ab\xED\xA0\x80", 2, false},
      {"\xF4\x90\x80\x80", 0, false},
      {"\xF4\x8F\xBF\xBF", 4, true},
      {"abc\xF0\x9F\xA6", 3, false},
      {"abc\xFF", 3, false},
      {"\x80", 0, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t length = strlen(cases[i].text);
    assert_int_equal(utf8_valid(cases[i].text, length), cases[i].valid);
    assert_int_equal(utf8_valid_prefix(cases[i].text, length), cases[i].prefix);
  }
  assert_true(utf8_valid("a\0b", 3));
}

static void a_cut_never_splits_a_character(void **state) {
  (void)state;
  static const char text[] = "a\xC3\xA9한\xF0\x9F\xA6\x80z";
  static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (size_t most = 0; most < sizeof expected / sizeof *expected; most++)
    assert_int_equal(utf8_cut(text, sizeof text - 1, most), expected[most]);
  assert_int_equal(utf8_cut("", 0, 5), 0);
}

static void repair_makes_valid_text_and_keeps_good_text(void **state) {
  (void)state;
  struct buf out;
  buf_init(&out, 1000);
  assert_true(utf8_add_repaired(&out, "ok \xC3\xA9 \xFFx\xE2\x82", 10));
  assert_string_equal(out.data, "ok \xC3\xA9 \xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD");
  buf_release(&out);

  struct dice dice = {3};
  char bytes[40];
  for (int i = 0; i < 20000; i++) {
    size_t length = dice_roll(&dice, sizeof bytes);
    dice_fill(&dice, bytes, length, "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\xFF\xED\xA0", 12);
    buf_init(&out, 1000);
    assert_true(utf8_add_repaired(&out, bytes, length));
    assert_true(utf8_valid(out.data, out.length));
    if (utf8_valid(bytes, length)) {
      assert_int_equal(out.length, length);
      assert_memory_equal(out.data, bytes, length);
    }
    buf_release(&out);
  }
}

static void repair_says_when_there_is_no_room(void **state) {
  (void)state;
  struct buf out;
  buf_init(&out, 4);
  assert_false(utf8_add_repaired(&out, "a\xFF\xFF", 3));
  buf_release(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_run_of_up_to_three_bytes_is_judged_like_the_reference),
      cmocka_unit_test(known_texts_are_judged),
      cmocka_unit_test(a_cut_never_splits_a_character),
      cmocka_unit_test(repair_makes_valid_text_and_keeps_good_text),
      cmocka_unit_test(repair_says_when_there_is_no_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
