/**
 * test_file.c - whole files and folders, in a temporary folder of the test's own.
 */
#include "base/file.h"
#include "remove_tree.h"

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

static char folder[] = "/tmp/mulligan-file-XXXXXX";

static int enter(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int leave(void **state) {
  (void)state;
  return remove_tree(folder);
}

static void put(const char *path, const char *text) {
  struct fault fault;
  if (file_replace(path, text, strlen(text), 0644, &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
}

static void a_replaced_file_is_whole_and_private_if_asked(void **state) {
  (void)state;
  struct buf text;
  buf_init(&text, 100);
  assert_int_equal(file_replace("note", "one", 3, 0600, NULL), MULLIGAN_OK);
  assert_int_equal(file_replace("note", "a\0b", 3, 0600, NULL), MULLIGAN_OK);
  assert_int_equal(file_read("note", &text, NULL), MULLIGAN_OK);
  assert_int_equal(text.length, 3);
  assert_memory_equal(text.data, "a\0b", 3);
  struct stat about;
  assert_int_equal(stat("note", &about), 0);
  assert_int_equal(about.st_mode & 07777, 0600);
  buf_release(&text);
}

static void reading_appends_and_a_failure_takes_nothing_away(void **state) {
  (void)state;
  struct buf text;
  struct fault fault;
  put("ten", "0123456789");
  buf_init(&text, 14);
  buf_add_text(&text, "old:");
  assert_int_equal(file_read("ten", &text, &fault), MULLIGAN_OK);
  assert_string_equal(text.data, "old:0123456789");
  assert_int_equal(file_read("ten", &text, &fault), MULLIGAN_FULL);
  assert_non_null(strstr(fault.message, "ten"));
  assert_string_equal(text.data, "old:0123456789");
  buf_release(&text);
}

static void what_cannot_be_read_says_why_and_which(void **state) {
  (void)state;
  struct buf text;
  struct fault fault;
  buf_init(&text, 100);
  put("plain", "x");
  assert_int_equal(mkdir("dir", 0700), 0);
  assert_int_equal(mkfifo("pipe", 0600), 0);
  static const struct {
    const char *path;
    enum mulligan_status status;
  } cases[] = {{"absent", MULLIGAN_MISSING},
               {"plain/below", MULLIGAN_MISSING},
               {"dir", MULLIGAN_INVALID},
               {"pipe", MULLIGAN_INVALID}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(file_read(cases[i].path, &text, &fault), cases[i].status);
    assert_non_null(strstr(fault.message, cases[i].path));
    assert_int_equal(text.length, 0);
  }
  buf_release(&text);
}

static void files_without_a_known_size_are_read_too(void **state) {
  (void)state;
  struct buf text;
  buf_init(&text, 1 << 20);
  assert_int_equal(file_read("/proc/self/status", &text, NULL), MULLIGAN_OK);
  assert_memory_equal(text.data, "Name:", 5);
  buf_release(&text);
  buf_init(&text, 10);
  assert_int_equal(file_read("/proc/self/status", &text, NULL), MULLIGAN_FULL);
  assert_int_equal(text.length, 0);
  buf_release(&text);
}

static void a_failed_replacement_leaves_no_litter(void **state) {
  (void)state;
  struct fault fault;
  assert_int_equal(mkdir("target", 0700), 0);
  assert_int_not_equal(file_replace("target", "x", 1, 0644, &fault), MULLIGAN_OK);
  assert_non_null(strstr(fault.message, "target"));
  assert_int_equal(file_replace("absent/file", "x", 1, 0644, &fault), MULLIGAN_MISSING);
  const char *listing = "for f in .[!.]*; do [ -e \"$f\" ] && exit 1; done; exit 0";
  assert_int_equal(system(listing), 0);
}

static void folders_are_made_with_their_parents(void **state) {
  (void)state;
  struct fault fault;
  assert_int_equal(file_make_folder("a/b//c/", &fault), MULLIGAN_OK);
  assert_int_equal(file_make_folder("a/b/c", &fault), MULLIGAN_OK);
  assert_true(file_exists("a/b/c"));
  struct stat about;
  assert_int_equal(stat("a/b/c", &about), 0);
  assert_int_equal(about.st_mode & 0777, 0700);
  put("a/file", "x");
  assert_int_equal(file_make_folder("a/file", &fault), MULLIGAN_INVALID);
  assert_int_not_equal(file_make_folder("a/file/below", &fault), MULLIGAN_OK);
  assert_int_equal(file_make_folder("/", &fault), MULLIGAN_OK);
  assert_false(file_exists("nowhere"));
}

static void paths_are_joined_with_one_slash(void **state) {
  (void)state;
  static const char *const cases[][3] = {
      {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a//", "/b", "a/b"},        {"/", "b", "/b"},
      {"", "b", "b"},    {"a", "", "a/"},    {"/x/y", "z/w", "/x/y/z/w"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *path = file_join(cases[i][0], cases[i][1]);
    assert_string_equal(path, cases[i][2]);
    free(path);
  }
}

static void a_walk_lists_files_sorted_and_relative(void **state) {
  (void)state;
  struct file_list list;
  struct fault fault;
  file_make_folder("tree/sub/deep", NULL);
  file_make_folder("tree/.hidden", NULL);
  file_make_folder("tree/name.lua", NULL);
  put("tree/b.lua", "");
  put("tree/a.lua", "");
  put("tree/Z.lua", "");
  put("tree/a.txt", "");
  put("tree/.c.lua", "");
  put("tree/.hidden/d.lua", "");
  put("tree/sub/deep/e.lua", "");
  put("tree/name.lua/f.lua", "");
  assert_int_equal(symlink("../a.lua", "tree/sub/link.lua"), 0);
  assert_int_equal(file_walk("tree", ".lua", &list, &fault), MULLIGAN_OK);
  static const char *const expected[] = {"Z.lua", "a.lua", "b.lua", "name.lua/f.lua", "sub/deep/e.lua", "sub/link.lua"};
  assert_int_equal(list.count, 6);
  for (size_t i = 0; i < 6; i++)
    assert_string_equal(list.paths[i], expected[i]);
  file_list_release(&list);
  assert_int_equal(list.count, 0);
  file_list_release(&list);
  file_list_release(NULL);
}

static void a_walk_that_cannot_end_well_says_where(void **state) {
  (void)state;
  struct file_list list;
  struct fault fault;
  assert_int_equal(file_walk("no-folder", ".lua", &list, &fault), MULLIGAN_MISSING);
  assert_int_equal(list.count, 0);
  file_make_folder("loop/inner", NULL);
  put("loop/a.lua", "");
  assert_int_equal(symlink("..", "loop/inner/back"), 0);
  assert_int_equal(file_walk("loop", ".lua", &list, &fault), MULLIGAN_INVALID);
  assert_non_null(strstr(fault.message, "loop/inner/back"));
  assert_int_equal(list.count, 0);
  file_make_folder("dangling", NULL);
  assert_int_equal(symlink("gone.lua", "dangling/x.lua"), 0);
  assert_int_equal(file_walk("dangling", ".lua", &list, &fault), MULLIGAN_MISSING);
  assert_non_null(strstr(fault.message, "dangling/x.lua"));
  file_make_folder("empty", NULL);
  assert_int_equal(file_walk("empty", ".lua", &list, &fault), MULLIGAN_OK);
  assert_int_equal(list.count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_replaced_file_is_whole_and_private_if_asked),
      cmocka_unit_test(reading_appends_and_a_failure_takes_nothing_away),
      cmocka_unit_test(what_cannot_be_read_says_why_and_which),
      cmocka_unit_test(files_without_a_known_size_are_read_too),
      cmocka_unit_test(a_failed_replacement_leaves_no_litter),
      cmocka_unit_test(folders_are_made_with_their_parents),
      cmocka_unit_test(paths_are_joined_with_one_slash),
      cmocka_unit_test(a_walk_lists_files_sorted_and_relative),
      cmocka_unit_test(a_walk_that_cannot_end_well_says_where),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
