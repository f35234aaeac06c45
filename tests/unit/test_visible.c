/**
 * test_visible.c - nothing that a text holds is obeyed by a terminal or a browser, and nothing in it hides.
 */
#include "http/visible.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect_text(const char *given, size_t length, const char *shown) {
  struct buf out;
  buf_init(&out, 4096);
  visible_add_text(&out, given, length, "> ");
  assert_string_equal(out.data, shown);
  buf_release(&out);
}

static void ordinary_text_stays_as_it_is(void **state) {
  (void)state;
  static const char *const texts[] = {"", "plain <b> & 'quoted'", "세미나 🎓 été", "tab\there", "— “quotes” …"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    expect_text(texts[i], strlen(texts[i]), texts[i]);
  expect_text("one\ntwo", 7, "one\n> two");
}

static void what_a_reader_would_not_see_is_written_out(void **state) {
  (void)state;
  static const struct {
    const char *given, *shown;
  } cases[] = {
      {"\x1B[31m", "\\x1B[31m"},
      {"\r\x7F", "\\x0D\\x7F"},
      {"\xC2\x9B", "\\x9B"},                              /* CSI in one character */
      {"a\xE2\x80\xAE", "a\\u{202E}"},                    /* right to left from here */
      {"\xE2\x81\xA6\xE2\x81\xA9", "\\u{2066}\\u{2069}"}, /* isolates */
      {"\xE2\x80\x8B", "\\u{200B}"},                      /* no width */
      {"\xE2\x80\xA8", "\\u{2028}"},                      /* a line end to JavaScript */
      {"\xEF\xBB\xBF", "\\u{FEFF}"},
      {"\xF3\xA0\x81\x81", "\\u{E0041}"},
      {"\xFF\xC3(", "\xEF\xBF\xBD\xEF\xBF\xBD("},
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* a surrogate */
      {"\xE2\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* cut off */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_text(cases[i].given, strlen(cases[i].given), cases[i].shown);
  expect_text("a\0b", 3, "a\\x00b");
}

static void markup_is_text(void **state) {
  (void)state;
  static const char given[] = "</script><img src=\"x\" onerror='y'>&amp;\x1B";
  struct buf out;
  buf_init(&out, 4096);
  visible_add_html(&out, given, sizeof given - 1);
  assert_string_equal(out.data,
                      "&lt;/script&gt;&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt;&amp;amp;<i>\\x1B</i>");
  buf_clear(&out, 0);
  visible_add_attribute(&out, given, sizeof given - 1);
  assert_string_equal(out.data, "&lt;/script&gt;&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt;&amp;amp;\\x1B");
  buf_release(&out);
}

/* Every pair of bytes: no markup character and no control character comes out. */
static void no_bytes_get_through(void **state) {
  (void)state;
  struct buf out;
  buf_init(&out, 4096);
  for (int pair = 0; pair < 0x10000; pair++) {
    char bytes[] = {(char)(pair >> 8), (char)pair};
    buf_clear(&out, 4096);
    visible_add_attribute(&out, bytes, 2);
    if (strpbrk(out.data, "<>\"'"))
      fail_msg("markup out of %04x: %s", (unsigned)pair, out.data);
    for (size_t i = 0; i < out.length; i++)
      if (((unsigned char)out.data[i] < ' ' && !strchr("\n\t", out.data[i])) || out.data[i] == 0x7F)
        fail_msg("a control character out of %04x", (unsigned)pair);
  }
  buf_release(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ordinary_text_stays_as_it_is),
      cmocka_unit_test(what_a_reader_would_not_see_is_written_out),
      cmocka_unit_test(markup_is_text),
      cmocka_unit_test(no_bytes_get_through),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
