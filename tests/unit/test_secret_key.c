/**
 * test_secret_key.c - one key for good, private, and never silently replaced.
 */
#include "base/secret_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[96];

static int set_up(void **state) {
  (void)state;
  unsetenv("MULLIGAN_SECRET_KEY");
  snprintf(folder, sizeof folder, "/tmp/mulligan-key-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return 1;
  snprintf(path, sizeof path, "%s/secret.key", folder);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  unsetenv("MULLIGAN_SECRET_KEY");
  unlink(path);
  return rmdir(folder);
}

static void write_key_file(const char *text, mode_t mode) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  fclose(file);
  assert_int_equal(chmod(path, mode), 0);
}

static void the_first_start_makes_a_private_key_that_stays(void **state) {
  (void)state;
  unsigned char first[MULLIGAN_SECRET_KEY_BYTES] = {0}, second[MULLIGAN_SECRET_KEY_BYTES] = {0};
  struct fault fault;
  assert_int_equal(secret_key_load(folder, first, &fault), MULLIGAN_OK);
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  assert_int_equal(about.st_mode & 07777, 0600);
  assert_int_equal(secret_key_load(folder, second, &fault), MULLIGAN_OK);
  assert_memory_equal(first, second, sizeof first);
  unlink(path);
  assert_int_equal(secret_key_load(folder, second, &fault), MULLIGAN_OK);
  assert_memory_not_equal(first, second, sizeof first);
}

static void the_environment_wins_and_makes_no_file(void **state) {
  (void)state;
  unsigned char one[MULLIGAN_SECRET_KEY_BYTES], other[MULLIGAN_SECRET_KEY_BYTES];
  struct fault fault;
  setenv("MULLIGAN_SECRET_KEY", "thirty-two characters, no less..", 1);
  assert_int_equal(secret_key_load(folder, one, &fault), MULLIGAN_OK);
  setenv("MULLIGAN_SECRET_KEY", "thirty-two characters, no less...", 1);
  assert_int_equal(secret_key_load(folder, other, &fault), MULLIGAN_OK);
  assert_memory_not_equal(one, other, sizeof one);
  assert_int_not_equal(access(path, F_OK), 0);
  setenv("MULLIGAN_SECRET_KEY", "thirty-one characters, too few.", 1);
  assert_int_equal(secret_key_load(folder, one, &fault), MULLIGAN_INVALID);
  assert_non_null(strstr(fault.message, "at least 32"));
  assert_null(strstr(fault.message, "too few"));
}

static void a_damaged_key_file_is_refused_and_kept(void **state) {
  (void)state;
  static const char *const contents[] = {
      "",
      "\n",
      "abc\n",
      "not hexadecimal at all, but it is sixty-four characters long.....\n",
      "00112233445566778899aabbccddeeff00112233445566778899aabbccddee\n",
      "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00\n",
  };
  for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
    unsigned char key[MULLIGAN_SECRET_KEY_BYTES];
    struct fault fault;
    write_key_file(contents[i], 0600);
    assert_int_equal(secret_key_load(folder, key, &fault), MULLIGAN_CORRUPT);
    assert_non_null(strstr(fault.message, path));
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_size, strlen(contents[i]));
  }
}

static void a_key_that_others_can_read_is_refused(void **state) {
  (void)state;
  unsigned char key[MULLIGAN_SECRET_KEY_BYTES];
  struct fault fault;
  write_key_file("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0644);
  assert_int_equal(secret_key_load(folder, key, &fault), MULLIGAN_DENIED);
  assert_non_null(strstr(fault.message, "chmod 600"));
  assert_int_equal(chmod(path, 0400), 0);
  assert_int_equal(secret_key_load(folder, key, &fault), MULLIGAN_OK);
  assert_int_equal(key[1], 0x11);
}

static void a_missing_folder_says_so(void **state) {
  (void)state;
  unsigned char key[MULLIGAN_SECRET_KEY_BYTES];
  struct fault fault;
  assert_int_equal(secret_key_load("/nonexistent-folder", key, &fault), MULLIGAN_MISSING);
  assert_non_null(strstr(fault.message, "/nonexistent-folder/secret.key"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_first_start_makes_a_private_key_that_stays, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_environment_wins_and_makes_no_file, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_damaged_key_file_is_refused_and_kept, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_key_that_others_can_read_is_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_missing_folder_says_so, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
