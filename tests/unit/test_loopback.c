/**
 * test_loopback.c - which addresses and Host headers stay on this machine.
 */
#include "base/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void addresses_of_this_machine_are_told_from_others(void **state) {
  (void)state;
  static const char *const near[] = {"127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "localhost", "LocalHost"};
  static const char *const far[] = {"",           "0.0.0.0", "::",          "192.168.0.1",     "128.0.0.1",
                                    "127.0.0.1x", "127.1",   "localhost.x", "::ffff:10.0.0.1", "example.com",
                                    "2130706433", "[::1]",   " 127.0.0.1",  "localhost:80",    "0177.0.0.1"};
  for (size_t i = 0; i < sizeof near / sizeof *near; i++)
    if (!loopback_address(near[i]))
      fail_msg("%s is taken for another machine's", near[i]);
  for (size_t i = 0; i < sizeof far / sizeof *far; i++)
    if (loopback_address(far[i]))
      fail_msg("%s is taken for this machine's", far[i]);
}

static void a_host_header_counts_without_its_port(void **state) {
  (void)state;
  static const char *const near[] = {"localhost", "localhost:8080", "127.0.0.1:1", "[::1]", "[::1]:8080"};
  static const char *const far[] = {"evil.example:8080",
                                    "localhost:8080.evil.example",
                                    "localhost.evil.example",
                                    "127.0.0.1.evil.example",
                                    "[::1",
                                    "[::1]x",
                                    "[127.0.0.1]",
                                    "[localhost]:80",
                                    "::1",
                                    "localhost:",
                                    "localhost:80:80",
                                    "localhost:-1",
                                    ":80",
                                    "",
                                    "a-name-that-is-far-too-long-for-any-address-of-this-machine-whatever-it-may-be"};
  for (size_t i = 0; i < sizeof near / sizeof *near; i++)
    if (!loopback_host(near[i]))
      fail_msg("%s is taken for another machine's", near[i]);
  for (size_t i = 0; i < sizeof far / sizeof *far; i++)
    if (loopback_host(far[i]))
      fail_msg("%s is taken for this machine's", far[i]);
  assert_false(loopback_host(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(addresses_of_this_machine_are_told_from_others),
      cmocka_unit_test(a_host_header_counts_without_its_port),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
