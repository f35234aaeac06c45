/**
 * test_spool.c - lines that wait on disk: in order, whole, taken over once, whatever crashed in between.
 */
#include "base/buf.h"
#include "base/file.h"
#include "data/spool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 1 << 20 };

struct world {
  char folder[64];
  char inner[96]; /* the spool's own folder; not there at first */
  char path[128];
  char refused[160];
  struct spool *spool;
  struct buf seen;             /* what the visits saw, with a "|" after each line and "." for the end */
  enum mulligan_status answer; /* what a visit returns for lines that contain `on` */
  const char *on;
};

static int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-spool-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  snprintf(world->inner, sizeof world->inner, "%s/spool", world->folder);
  snprintf(world->path, sizeof world->path, "%s/lines", world->inner);
  snprintf(world->refused, sizeof world->refused, "%s.refused", world->path);
  world->spool = spool_create(world->inner, "lines", MOST);
  assert_non_null(world->spool);
  buf_init(&world->seen, 16 * MOST);
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  struct world *world = *state;
  spool_destroy(world->spool);
  buf_release(&world->seen);
  unlink(world->path);
  unlink(world->refused);
  rmdir(world->inner);
  rmdir(world->folder);
  free(world);
  return 0;
}

static enum mulligan_status see(void *context, const char *line, size_t length, struct fault *fault) {
  struct world *world = context;
  if (line == NULL) {
    buf_add_char(&world->seen, '.');
    return MULLIGAN_OK;
  }
  buf_add(&world->seen, line, length);
  buf_add_char(&world->seen, '|');
  if (world->on != NULL && memmem(line, length, world->on, strlen(world->on)) != NULL)
    return fault_set(fault, world->answer, "not this one");
  return MULLIGAN_OK;
}

static void append(struct world *world, const char *lines) {
  assert_int_equal(spool_append(world->spool, lines, strlen(lines), NULL), MULLIGAN_OK);
}

static int64_t drain(struct world *world) {
  int64_t refused = 0;
  buf_clear(&world->seen, SIZE_MAX);
  assert_int_equal(spool_drain(world->spool, see, world, &refused, NULL), MULLIGAN_OK);
  return refused;
}

static const char *read_lines(struct world *world) {
  buf_clear(&world->seen, SIZE_MAX);
  assert_int_equal(spool_read(world->spool, see, world, NULL), MULLIGAN_OK);
  return world->seen.data;
}

/** Writes bytes at the file's end, as a crash may have left them. */
static void leave(const char *path, const char *bytes) {
  FILE *file = fopen(path, "ab");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, strlen(bytes), file), strlen(bytes));
  fclose(file);
}

static void lines_come_back_in_order_and_once(void **state) {
  struct world *world = *state;
  assert_true(spool_is_empty(world->spool));
  append(world, "one\ntwo\n");
  append(world, "three\n");
  assert_false(spool_is_empty(world->spool));
  assert_string_equal(read_lines(world), "one|two|three|");
  assert_int_equal(drain(world), 0);
  assert_string_equal(world->seen.data, "one|two|three|.");
  assert_true(spool_is_empty(world->spool));
  drain(world);
  assert_string_equal(world->seen.data, ".");
}

static void an_empty_or_missing_spool_reads_as_nothing(void **state) {
  struct world *world = *state;
  assert_string_equal(read_lines(world), "");
  assert_int_equal(spool_append(world->spool, "", 0, NULL), MULLIGAN_OK);
  assert_false(file_exists(world->path));
}

static void a_torn_line_is_passed_over_and_stays_alone(void **state) {
  struct world *world = *state;
  append(world, "whole\n");
  leave(world->path, "to");
  assert_string_equal(read_lines(world), "whole|");
  append(world, "after\n");
  world->on = "to";
  world->answer = MULLIGAN_INVALID;
  assert_int_equal(drain(world), 1);
  assert_string_equal(world->seen.data, "whole|to|after|.");
}

static void a_torn_last_line_is_set_aside_when_drained(void **state) {
  struct world *world = *state;
  append(world, "whole\n");
  leave(world->path, "torn");
  assert_int_equal(drain(world), 1);
  assert_string_equal(world->seen.data, "whole|.");
  assert_true(spool_is_empty(world->spool));
  struct buf aside;
  buf_init(&aside, MOST);
  assert_int_equal(file_read(world->refused, &aside, NULL), MULLIGAN_OK);
  assert_string_equal(aside.data, "torn\n");
  buf_release(&aside);
}

static void a_drain_that_fails_keeps_every_line(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  int64_t refused = 0;
  append(world, "one\nbad\nthree\n");
  world->on = "bad";
  world->answer = MULLIGAN_BUSY;
  assert_int_equal(spool_drain(world->spool, see, world, &refused, &fault), MULLIGAN_BUSY);
  assert_string_equal(fault.message, "not this one");
  assert_string_equal(world->seen.data, "one|bad|");
  world->on = NULL;
  assert_int_equal(drain(world), 0);
  assert_string_equal(world->seen.data, "one|bad|three|.");
}

static void a_full_spool_says_so_and_keeps_what_it_has(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  char *big = malloc(MOST);
  memset(big, 'x', MOST);
  big[MOST - 1] = '\n';
  append(world, "small\n");
  assert_int_equal(spool_append(world->spool, big, MOST, &fault), MULLIGAN_FULL);
  assert_non_null(strstr(fault.message, world->path));
  assert_string_equal(read_lines(world), "small|");
  free(big);
}

static void damage_without_line_breaks_does_not_eat_the_memory(void **state) {
  struct world *world = *state;
  append(world, "one\n");
  FILE *file = fopen(world->path, "ab");
  for (int i = 0; i < 20; i++) {
    static char megabyte[1 << 20];
    memset(megabyte, 'z', sizeof megabyte);
    assert_int_equal(fwrite(megabyte, 1, sizeof megabyte, file), sizeof megabyte);
  }
  fputs("\ntwo\n", file);
  fclose(file);
  assert_string_equal(read_lines(world), "one|two|");
}

/* One of many who append at once. */
static void *append_many(void *context) {
  struct world *world = context;
  for (int i = 0; i < 50; i++) {
    char line[64];
    int length = snprintf(line, sizeof line, "line %lx %d\n", (unsigned long)pthread_self(), i);
    if (spool_append(world->spool, line, (size_t)length, NULL) != MULLIGAN_OK)
      return world;
  }
  return NULL;
}

static void many_threads_tear_no_line(void **state) {
  struct world *world = *state;
  pthread_t threads[8];
  for (size_t i = 0; i < 8; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, append_many, world), 0);
  for (size_t i = 0; i < 8; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  read_lines(world);
  int lines = 0;
  for (char *at = world->seen.data; *at != '\0'; at = strchr(at, '|') + 1, lines++)
    assert_memory_equal(at, "line ", 5);
  assert_int_equal(lines, 8 * 50);
}

/* Another process appends while this one drains: nothing is lost between the two, nothing comes twice. */
static void processes_share_a_spool(void **state) {
  struct world *world = *state;
  enum { LINES = 300 };
  pid_t child = fork();
  if (child == 0) {
    struct spool *own = spool_create(world->inner, "lines", MOST);
    for (int i = 0; i < LINES; i++) {
      char line[32];
      int length = snprintf(line, sizeof line, "child %d\n", i);
      if (spool_append(own, line, (size_t)length, NULL) != MULLIGAN_OK)
        _exit(1);
    }
    _exit(0);
  }
  struct buf all;
  buf_init(&all, MOST);
  int status = -1;
  bool ended = false;
  while (!ended) {
    ended = waitpid(child, &status, WNOHANG) == child;
    drain(world);
    buf_add(&all, world->seen.data, world->seen.length - 1);
  }
  assert_int_equal(status, 0);
  char *at = all.data;
  for (int i = 0; i < LINES; i++) {
    char expected[32];
    int length = snprintf(expected, sizeof expected, "child %d|", i);
    assert_memory_equal(at, expected, (size_t)length);
    at += length;
  }
  assert_string_equal(at, "");
  buf_release(&all);
}

static void a_place_that_cannot_be_written_is_named(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  leave(world->inner, "a file where the folder should be");
  assert_int_not_equal(spool_append(world->spool, "x\n", 2, &fault), MULLIGAN_OK);
  assert_non_null(strstr(fault.message, world->inner));
  unlink(world->inner);
  append(world, "x\n");
  assert_string_equal(read_lines(world), "x|");
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(lines_come_back_in_order_and_once),
      TEST(an_empty_or_missing_spool_reads_as_nothing),
      TEST(a_torn_line_is_passed_over_and_stays_alone),
      TEST(a_torn_last_line_is_set_aside_when_drained),
      TEST(a_drain_that_fails_keeps_every_line),
      TEST(a_full_spool_says_so_and_keeps_what_it_has),
      TEST(damage_without_line_breaks_does_not_eat_the_memory),
      TEST(many_threads_tear_no_line),
      TEST(processes_share_a_spool),
      TEST(a_place_that_cannot_be_written_is_named),
  };
  return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
