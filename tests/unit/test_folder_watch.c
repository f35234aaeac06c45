/**
 * test_folder_watch.c - what is told as a change of a folder, in a temporary folder of the test's own.
 *
 * No limit in time decides: what must be told is waited for generously, and what must not be told is followed by a
 * change that is, so that a wait that ended too early shows.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/folder_watch.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { GENEROUS_MS = 600000, MOMENT_MS = 120 };

static char folder[] = "/tmp/mulligan-watch-XXXXXX";

static int enter(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int leave(void **state) {
  (void)state;
  char command[64];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static void shell(const char *command) {
  if (system(command) != 0)
    fail_msg("%s failed", command);
}

/* A fresh tree and a watch on it. */
static struct folder_watch *watch_tree(void) {
  shell("rm -rf tree elsewhere && mkdir -p tree/routes elsewhere && echo 'return 1' >tree/routes/a.lua");
  struct folder_watch *watch;
  struct fault fault;
  if (folder_watch_open(&watch, "tree", &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  return watch;
}

static void put(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void assert_told(struct folder_watch *watch) {
  struct fault fault = {.message = ""};
  if (folder_watch_wait(watch, GENEROUS_MS, &fault) != MULLIGAN_OK)
    fail_msg("not told: %s", fault.message);
}

static void assert_quiet(struct folder_watch *watch) {
  assert_int_equal(folder_watch_wait(watch, MOMENT_MS, NULL), MULLIGAN_BUSY);
}

static void nothing_changes_by_itself(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  assert_int_equal(folder_watch_wait(watch, 0, NULL), MULLIGAN_BUSY);
  assert_quiet(watch);
  folder_watch_close(watch);
}

static void each_way_of_saving_is_told_once(void **state) {
  (void)state;
  static const char *const saves[] = {
      "echo 'return 2' >tree/routes/a.lua",
      "echo 'return 3' >>tree/routes/a.lua",
      "echo 'return 4' >tree/routes/.a.lua.new && mv tree/routes/.a.lua.new tree/routes/a.lua",
      "cp tree/routes/a.lua tree/routes/a.lua~ && echo 'return 5' >tree/routes/a.lua",
      "mv tree/routes/a.lua tree/routes/a.lua~ && echo 'return 6' >tree/routes/a.lua && rm tree/routes/a.lua~",
      "mkdir -p tree/pages && echo '<p>' >tree/pages/404.html",
      "mkdir -p tree/migrations && echo 'SELECT 1;' >tree/migrations/0001_a.sql",
      "rm tree/pages/404.html",
      "mv tree/routes tree/paths",
      "mv tree/paths elsewhere/",
      "mv elsewhere/paths tree/routes",
      "chmod 000 tree/routes/a.lua",
      "rm -r tree/routes",
  };
  struct folder_watch *watch = watch_tree();
  for (size_t i = 0; i < sizeof saves / sizeof *saves; i++) {
    shell(saves[i]);
    assert_told(watch);
    assert_quiet(watch);
  }
  folder_watch_close(watch);
}

static void what_editors_leave_beside_a_file_is_no_change(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  shell("cd tree/routes && touch .a.lua.swp .a.lua.swx && touch 4913 && rm 4913 && touch 'a.lua~' '#a.lua#' .#a.lua && "
        "rm .a.lua.swp && mkdir ../.git && touch ../.git/index");
  shell("cd tree/routes && echo x >notes.tmp && echo y >>notes.tmp && mv notes.tmp .notes");
  assert_quiet(watch);
  shell("echo 'return 2' >tree/routes/a.lua");
  assert_told(watch);
  folder_watch_close(watch);
}

static void a_new_folder_is_watched_with_all_below_it(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  shell("mkdir -p tree/lib/deep/deeper");
  assert_told(watch);
  put("tree/lib/deep/deeper/b.lua", "return 1");
  assert_told(watch);
  shell("mkdir -p elsewhere/moved/below && mv elsewhere/moved tree/lib/");
  assert_told(watch);
  put("tree/lib/moved/below/c.lua", "return 1");
  assert_told(watch);
  assert_quiet(watch);
  folder_watch_close(watch);
}

static void many_files_at_once_are_one_change(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  for (int i = 0; i < 500; i++) {
    char path[64];
    snprintf(path, sizeof path, "tree/folder%d", i % 20);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "tree/folder%d/file%d.lua", i % 20, i);
    put(path, "return 1");
  }
  assert_told(watch);
  assert_quiet(watch);
  put("tree/folder19/file499.lua", "return 2");
  assert_told(watch);
  folder_watch_close(watch);
}

static void the_whole_folder_may_go_and_come_back(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  for (int i = 0; i < 2; i++) {
    shell("rm -r tree");
    assert_told(watch);
    shell("mkdir -p tree/routes");
    assert_told(watch);
    put("tree/routes/a.lua", "return 1");
    assert_told(watch);
    shell("mv tree elsewhere/");
    assert_told(watch);
    shell("mv elsewhere/tree .");
    assert_told(watch);
    put("tree/routes/a.lua", "return 2");
    assert_told(watch);
  }
  folder_watch_close(watch);
}

static void a_folder_that_is_not_there_yet_is_waited_for(void **state) {
  (void)state;
  struct folder_watch *watch;
  shell("rm -rf later");
  assert_int_equal(folder_watch_open(&watch, "later/scripts/", NULL), MULLIGAN_OK);
  assert_quiet(watch);
  shell("mkdir -p later/scripts/routes");
  assert_told(watch);
  put("later/scripts/routes/a.lua", "return 1");
  assert_told(watch);
  folder_watch_close(watch);
}

static void links_are_followed(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  shell("mkdir -p elsewhere/lib && echo 'return 1' >elsewhere/lib/b.lua && echo 'return 1' >elsewhere/c.lua");
  shell("ln -s ../elsewhere/lib tree/lib && ln -s ../../elsewhere/c.lua tree/routes/c.lua");
  assert_told(watch);
  put("elsewhere/lib/b.lua", "return 2");
  assert_told(watch);
  put("elsewhere/c.lua", "return 2");
  assert_told(watch);
  shell("echo 'return 3' >elsewhere/c.new && mv elsewhere/c.new elsewhere/c.lua");
  assert_told(watch);
  shell("rm tree/lib");
  assert_told(watch);
  put("elsewhere/lib/b.lua", "return 3");
  assert_quiet(watch);
  folder_watch_close(watch);
}

static void a_loop_of_links_ends(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  shell("ln -s .. tree/routes/up && ln -s loop tree/loop");
  assert_told(watch);
  put("tree/routes/a.lua", "return 2");
  assert_told(watch);
  folder_watch_close(watch);
}

static void a_deployment_may_turn_a_link_on_the_way(void **state) {
  (void)state;
  struct folder_watch *watch;
  shell("rm -rf site && mkdir -p site/one/scripts site/two/scripts && ln -s one site/current");
  assert_int_equal(folder_watch_open(&watch, "site/current/scripts", NULL), MULLIGAN_OK);
  put("site/one/scripts/a.lua", "return 1");
  assert_told(watch);
  shell("ln -s two site/next && mv -T site/next site/current");
  assert_told(watch);
  put("site/one/scripts/a.lua", "return 2");
  assert_quiet(watch);
  put("site/two/scripts/a.lua", "return 2");
  assert_told(watch);
  folder_watch_close(watch);
}

static void a_flood_of_events_loses_no_change(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  /* More than the system's queue holds (16,384 unless somebody has set fs.inotify.max_queued_events). */
  for (int i = 0; i < 7000; i++) {
    put("tree/routes/x.lua", "");
    assert_int_equal(unlink("tree/routes/x.lua"), 0);
  }
  shell("mkdir tree/late");
  assert_told(watch);
  put("tree/late/b.lua", "return 1");
  assert_told(watch);
  folder_watch_close(watch);
}

static void a_file_that_is_being_written_is_waited_for(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  int64_t begun_ns = clock_monotonic_ns();
  int file = open("tree/routes/slow.lua", O_WRONLY | O_CREAT, 0600);
  assert_int_equal(write(file, "return", 6), 6);
  enum mulligan_status status = folder_watch_wait(watch, MOMENT_MS, NULL);
  /* On a machine so slow that the most a change may wait is over, it is told all the same. */
  if (clock_monotonic_ns() - begun_ns < FOLDER_WATCH_MOST_MS * INT64_C(1000000))
    assert_int_equal(status, MULLIGAN_BUSY);
  assert_int_equal(write(file, " 1", 2), 2);
  close(file);
  assert_told(watch);
  assert_quiet(watch);
  folder_watch_close(watch);
}

static atomic_bool streaming;

static void *save_without_end(void *unused) {
  (void)unused;
  while (atomic_load(&streaming)) {
    put("tree/routes/a.lua", "return 1");
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
  return NULL;
}

static void a_stream_of_saves_postpones_nothing_for_ever(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  pthread_t thread;
  atomic_store(&streaming, true);
  assert_int_equal(pthread_create(&thread, NULL, save_without_end, NULL), 0);
  enum mulligan_status first = folder_watch_wait(watch, GENEROUS_MS, NULL);
  enum mulligan_status second = folder_watch_wait(watch, GENEROUS_MS, NULL);
  atomic_store(&streaming, false);
  pthread_join(thread, NULL);
  assert_int_equal(first, MULLIGAN_OK);
  assert_int_equal(second, MULLIGAN_OK);
  folder_watch_close(watch);
}

static void *wake(void *watch) {
  folder_watch_wake(watch);
  return NULL;
}

static void another_thread_ends_the_wait(void **state) {
  (void)state;
  struct folder_watch *watch = watch_tree();
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wake, watch), 0);
  assert_int_equal(folder_watch_wait(watch, -1, NULL), MULLIGAN_BUSY);
  pthread_join(thread, NULL);
  put("tree/routes/a.lua", "return 2");
  folder_watch_wake(watch);
  assert_int_equal(folder_watch_wait(watch, -1, NULL), MULLIGAN_BUSY);
  assert_told(watch); /* what was seen before is not lost */
  folder_watch_close(watch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_changes_by_itself),
      cmocka_unit_test(each_way_of_saving_is_told_once),
      cmocka_unit_test(what_editors_leave_beside_a_file_is_no_change),
      cmocka_unit_test(a_new_folder_is_watched_with_all_below_it),
      cmocka_unit_test(many_files_at_once_are_one_change),
      cmocka_unit_test(the_whole_folder_may_go_and_come_back),
      cmocka_unit_test(a_folder_that_is_not_there_yet_is_waited_for),
      cmocka_unit_test(links_are_followed),
      cmocka_unit_test(a_loop_of_links_ends),
      cmocka_unit_test(a_deployment_may_turn_a_link_on_the_way),
      cmocka_unit_test(a_flood_of_events_loses_no_change),
      cmocka_unit_test(a_file_that_is_being_written_is_waited_for),
      cmocka_unit_test(a_stream_of_saves_postpones_nothing_for_ever),
      cmocka_unit_test(another_thread_ends_the_wait),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
