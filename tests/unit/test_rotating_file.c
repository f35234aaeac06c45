/**
 * test_rotating_file.c - a rotating file loses and tears no line, whatever threads, processes, tools and disks do to
 * it.
 */
#include "base/rotating_file.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "remove_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 8, LINES = 5000, WRITERS = 8, SMALL = 10240, MANY = 1000, PATIENCE_S = 30 };

static char top[64];    /* a folder of this test's own */
static char folder[96]; /* below it, where the log is */
static pid_t test_process;

static int make_top(void **state) {
  (void)state;
  snprintf(top, sizeof top, "/tmp/rotating-XXXXXX");
  assert_non_null(mkdtemp(top));
  snprintf(folder, sizeof folder, "%s/logs", top);
  return 0;
}

static int remove_top(void **state) {
  (void)state;
  return remove_tree(top);
}

/** Fails the test; in a child, whose tests are the parent's, ends it. */
static void give_up(const char *why) {
  if (getpid() != test_process) {
    fprintf(stderr, "%s\n", why);
    _exit(99);
  }
  fail_msg("%s", why);
}

static const char *path_of(const char *name) {
  static char path[4][256];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

/** The path of NAME (0) or of an old file. */
static const char *numbered(int number) {
  char name[32] = "app.log";
  if (number > 0)
    snprintf(name, sizeof name, "app.log.%d", number);
  return path_of(name);
}

static size_t note(int64_t lost, char *out, size_t size) {
  return (size_t)snprintf(out, size, "%lld lost\n", (long long)lost);
}

static struct rotating_file *open_file(int64_t most, int old) {
  struct rotating_file *file;
  struct fault fault;
  if (rotating_file_open(&file, folder, "app.log", most, old, note, &fault) != MULLIGAN_OK)
    give_up(fault.message);
  return file;
}

static bool append(struct rotating_file *file, const char *line) {
  return rotating_file_append(file, line, strlen(line), 1);
}

/** The whole of a file; the caller frees it. */
static char *content(const char *path) {
  struct buf buf;
  struct fault fault;
  buf_init(&buf, 1 << 28);
  if (file_read(path, &buf, &fault) != MULLIGAN_OK)
    give_up(fault.message);
  char *text = strdup(buf.data ? buf.data : "");
  buf_release(&buf);
  return text;
}

static void assert_content(const char *path, const char *expected) {
  char *text = content(path);
  assert_string_equal(text, expected);
  free(text);
}

static void put_text(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

/** Appends a line again and again, since what happened outside is noticed only by and by, until `there` exists. */
static void append_until(struct rotating_file *file, const char *line, const char *there) {
  int64_t end = clock_monotonic_ns() + PATIENCE_S * INT64_C(1000000000);
  while (!file_exists(there)) {
    append(file, line);
    usleep(2000);
    assert_true(clock_monotonic_ns() < end);
  }
}

/* ---- many writers ---- */

struct writer {
  struct rotating_file *file;
  int number;
  int lines;
};

/** Lines of many lengths: `WRITER COUNT LENGTH ~~~~~`. */
static void *write_lines(void *argument) {
  const struct writer *writer = argument;
  for (int i = 0; i < writer->lines; i++) {
    char line[256];
    int padding = (i * 7 + writer->number) % 150;
    int length = snprintf(line, sizeof line, "%d %d %d ", writer->number, i, padding);
    memset(line + length, '~', (size_t)padding);
    memcpy(line + length + padding, "\n", 2);
    if (!rotating_file_append(writer->file, line, (size_t)(length + padding + 1), 1))
      break; /* which whoever reads the files finds out */
  }
  return NULL;
}

static void write_with_threads(struct rotating_file *file, int first, int threads, int lines) {
  pthread_t ids[THREADS];
  struct writer writers[THREADS];
  for (int i = 0; i < threads; i++) {
    writers[i] = (struct writer){file, first + i, lines};
    if (pthread_create(&ids[i], NULL, write_lines, &writers[i]) != 0)
      give_up("no thread");
  }
  for (int i = 0; i < threads; i++)
    pthread_join(ids[i], NULL);
}

/** Every line is whole, and each writer's stand in order, from the oldest file to the newest; none is missing. */
static void assert_all_there(int writers, int lines, int64_t most) {
  int next[WRITERS] = {0}, newest = MANY;
  while (newest > 0 && !file_exists(numbered(newest)))
    newest--;
  assert_true(newest > 2);
  for (int number = newest; number >= 0; number--) {
    char *text = content(numbered(number));
    if (most > 0)
      assert_true((int64_t)strlen(text) <= most);
    for (char *line = text, *end; *line; line = end + 1) {
      end = strchr(line, '\n');
      int writer = -1, count = -1, padding = 0, length = 0;
      bool whole = end != NULL && sscanf(line, "%d %d %d%n", &writer, &count, &padding, &length) == 3 &&
                   line[length] == ' ' && (int)strspn(line + length + 1, "~") == padding &&
                   line + length + 1 + padding == end;
      if (!whole || writer < 0 || writer >= writers || count != next[writer])
        fail_msg("%s: %.200s", numbered(number), line);
      next[writer]++;
    }
    free(text);
  }
  for (int i = 0; i < writers; i++)
    assert_int_equal(next[i], lines);
}

static void no_line_is_lost_or_torn_by_many_threads_and_rotations(void **state) {
  (void)state;
  struct rotating_file *file = open_file(SMALL, MANY);
  write_with_threads(file, 0, THREADS, LINES);
  assert_int_equal(rotating_file_lost(file), 0);
  rotating_file_close(file);
  assert_all_there(THREADS, LINES, SMALL);
}

static void processes_on_one_folder_do_not_destroy_each_others_files(void **state) {
  (void)state;
  enum { PROCESSES = 4, EACH = WRITERS / PROCESSES, FEW = 2000 };
  pid_t children[PROCESSES];
  for (int i = 0; i < PROCESSES; i++) {
    children[i] = fork();
    assert_true(children[i] >= 0);
    if (children[i] == 0) {
      struct rotating_file *file = open_file(SMALL, MANY);
      write_with_threads(file, i * EACH, EACH, FEW);
      int64_t lost = rotating_file_lost(file);
      rotating_file_close(file);
      _exit(lost == 0 ? 0 : 1);
    }
  }
  for (int i = 0; i < PROCESSES; i++) {
    int status;
    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_int_equal(status, 0);
  }
  assert_all_there(WRITERS, FEW, 0);
}

static void lines_that_belong_together_stay_together(void **state) {
  (void)state;
  struct rotating_file *file = open_file(30, 3);
  append(file, "before\n");
  static const char three[] = "the first line\nthe second line\nthe third line\n"; /* more than a file may hold */
  assert_true(rotating_file_append(file, three, strlen(three), 3));
  append(file, "after\n");
  rotating_file_close(file);
  assert_content(numbered(2), "before\n");
  assert_content(numbered(1), three);
  assert_content(numbered(0), "after\n");
}

/* ---- how many are kept ---- */

static void only_so_many_old_files_are_kept(void **state) {
  (void)state;
  struct rotating_file *file = open_file(4, 3);
  for (int i = 0; i < 10; i++) {
    char line[] = {(char)('a' + i), '\n', '\0'};
    assert_true(append(file, line) && append(file, line));
  }
  rotating_file_close(file);
  assert_content(numbered(0), "j\nj\n");
  assert_content(numbered(1), "i\ni\n");
  assert_content(numbered(3), "g\ng\n");
  assert_false(file_exists(numbered(4)));

  file = open_file(4, 1); /* fewer than before: the others go at the next rotation */
  append(file, "k\n");
  rotating_file_close(file);
  assert_content(numbered(1), "j\nj\n");
  assert_false(file_exists(numbered(2)));
  assert_false(file_exists(numbered(3)));
}

static void without_old_files_there_is_one(void **state) {
  (void)state;
  struct rotating_file *file = open_file(4, 0);
  for (int i = 0; i < 5; i++)
    assert_true(append(file, "a\n"));
  rotating_file_close(file);
  assert_content(numbered(0), "a\n");
  assert_false(file_exists(numbered(1)));
}

static void a_file_is_continued_by_the_next_start(void **state) {
  (void)state;
  struct rotating_file *file = open_file(100, 1);
  append(file, "one\n");
  rotating_file_close(file);
  put_text(path_of("other"), "");
  FILE *torn = fopen(numbered(0), "a");
  fputs("half a line of a crash", torn);
  fclose(torn);
  file = open_file(100, 1);
  append(file, "two\n");
  rotating_file_close(file);
  assert_content(numbered(0), "one\nhalf a line of a crash\ntwo\n");
}

/* ---- tools and people ---- */

static void a_removed_file_is_made_anew(void **state) {
  (void)state;
  struct rotating_file *file = open_file(1 << 20, 2);
  append(file, "one\n");
  assert_int_equal(unlink(numbered(0)), 0);
  append_until(file, "two\n", numbered(0));
  append(file, "three\n");
  rotating_file_close(file);
  char *text = content(numbered(0));
  assert_memory_equal(text, "two\n", 4);
  assert_non_null(strstr(text, "three\n"));
  free(text);
}

static void a_removed_folder_is_made_anew(void **state) {
  (void)state;
  struct rotating_file *file = open_file(1 << 20, 2);
  append(file, "one\n");
  assert_int_equal(unlink(numbered(0)), 0);
  assert_int_equal(rmdir(folder), 0);
  append_until(file, "two\n", numbered(0));
  rotating_file_close(file);
}

static void a_replaced_file_is_gone_over_to(void **state) {
  (void)state;
  struct rotating_file *file = open_file(1 << 20, 2);
  append(file, "one\n");
  put_text(path_of("new"), "from outside\n");
  assert_int_equal(rename(path_of("new"), numbered(0)), 0);
  char *text = NULL;
  for (int64_t end = clock_monotonic_ns() + PATIENCE_S * INT64_C(1000000000); !text || !strstr(text, "two\n");) {
    assert_true(clock_monotonic_ns() < end);
    append(file, "two\n");
    usleep(2000);
    free(text);
    text = content(numbered(0));
  }
  assert_memory_equal(text, "from outside\ntwo\n", 17);
  free(text);
  rotating_file_close(file);
}

static void a_moved_file_is_left_at_once_when_asked(void **state) {
  (void)state;
  struct rotating_file *file = open_file(1 << 20, 2);
  append(file, "one\n");
  assert_int_equal(rename(numbered(0), path_of("moved")), 0);
  append(file, "two\n"); /* not looked at yet: goes with the file, which loses nothing */
  rotating_file_reopen(file);
  append(file, "three\n");
  rotating_file_close(file);
  char *moved = content(path_of("moved")), *current = content(numbered(0)), all[64];
  snprintf(all, sizeof all, "%s%s", moved, current);
  assert_string_equal(all, "one\ntwo\nthree\n");
  assert_non_null(strstr(current, "three\n"));
  free(moved);
  free(current);
}

static void only_a_regular_file_is_written(void **state) {
  (void)state;
  struct rotating_file *file;
  struct fault fault;
  assert_int_equal(mkdir(folder, 0700), 0);
  put_text(path_of("target"), "");
  assert_int_equal(symlink("target", numbered(0)), 0);
  assert_int_equal(rotating_file_open(&file, folder, "app.log", SMALL, 1, note, &fault), MULLIGAN_INVALID);
  assert_null(file);
  assert_non_null(strstr(fault.message, "app.log: it is a symbolic link"));
  unlink(numbered(0));
  assert_int_equal(mkfifo(numbered(0), 0600), 0);
  assert_int_equal(rotating_file_open(&file, folder, "app.log", SMALL, 1, note, &fault), MULLIGAN_INVALID);
  assert_non_null(strstr(fault.message, "app.log: it is not a regular file"));
  unlink(numbered(0));
  assert_int_equal(mkdir(numbered(0), 0700), 0);
  assert_int_equal(rotating_file_open(&file, folder, "app.log", SMALL, 1, note, &fault), MULLIGAN_INVALID);
  rmdir(numbered(0));
  assert_content(path_of("target"), "");
}

static void a_folder_that_cannot_be_made_is_named(void **state) {
  (void)state;
  struct rotating_file *file;
  struct fault fault;
  put_text(folder, "a file");
  assert_int_equal(rotating_file_open(&file, folder, "app.log", SMALL, 1, note, &fault), MULLIGAN_INVALID);
  assert_non_null(strstr(fault.message, folder));
}

static void others_may_not_read_it(void **state) {
  (void)state;
  mode_t mask = umask(022);
  struct rotating_file *file = open_file(4, 1);
  append(file, "one\n");
  append(file, "two\n");
  rotating_file_close(file);
  umask(mask);
  struct stat about;
  assert_int_equal(stat(folder, &about), 0);
  assert_int_equal(about.st_mode & 0777, 0700);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(stat(numbered(i), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
  }
}

/* ---- what cannot be done ---- */

static void a_rotation_that_fails_costs_no_line(void **state) {
  (void)state;
  struct rotating_file *file = open_file(8, 1);
  assert_int_equal(mkdir(numbered(1), 0700), 0);
  errno = 4711;
  for (int i = 0; i < 3; i++)
    assert_true(append(file, "a line\n"));
  assert_int_equal(errno, 4711);
  assert_int_equal(rotating_file_lost(file), 0);
  rotating_file_close(file);
  assert_content(numbered(0), "a line\na line\na line\n");
}

static void nobody_waits_for_a_process_that_was_stopped_while_rotating(void **state) {
  (void)state;
  struct rotating_file *file = open_file(8, 1);
  append(file, "one\n");
  int other = open(numbered(0), O_RDWR | O_CLOEXEC);
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1};
  assert_int_equal(fcntl(other, F_OFD_SETLK, &all), 0);
  append(file, "two\n");
  append(file, "three\n");
  assert_content(numbered(0), "one\ntwo\nthree\n");
  close(other);
  append(file, "four\n");
  rotating_file_close(file);
  assert_content(numbered(1), "one\ntwo\nthree\n");
  assert_content(numbered(0), "four\n");
}

static void set_limit(rlim_t most) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_limit_on_the_size_of_files_rotates(void **state) {
  (void)state;
  struct rotating_file *file = open_file(1 << 20, 2);
  append(file, "the first line\n");
  set_limit(20); /* within the second line */
  bool written = append(file, "the second line\n");
  set_limit(RLIM_INFINITY);
  assert_true(written);
  assert_int_equal(rotating_file_lost(file), 0);
  rotating_file_close(file);
  assert_content(numbered(1), "the first line\n");
  assert_content(numbered(0), "the second line\n");
}

static void what_could_not_be_written_is_counted_and_told(void **state) {
  (void)state;
  struct rotating_file *file = open_file(1 << 20, 2);
  append(file, "the first line\n");
  set_limit(5);
  errno = 0;
  bool lost = !append(file, "the second line\n") && !rotating_file_append(file, "a\nb\nc\n", 6, 3);
  int error = rotating_file_error(file);
  set_limit(RLIM_INFINITY);
  assert_true(lost);
  assert_int_equal(error, EFBIG);
  assert_int_equal(errno, 0);
  assert_true(rotating_file_lost(file) >= 4);
  int64_t end = clock_monotonic_ns() + PATIENCE_S * INT64_C(1000000000);
  while (!append(file, "the last line\n"))
    assert_true(clock_monotonic_ns() < end);
  assert_int_equal(rotating_file_error(file), 0);
  char expected[128];
  snprintf(expected, sizeof expected, "%lld lost\nthe last line\n", (long long)rotating_file_lost(file));
  rotating_file_close(file);
  assert_content(numbered(0), expected);
  assert_content(numbered(1), "the first line\n");
}

static void a_torn_line_becomes_a_blank_one_where_others_write_too(void **state) {
  (void)state;
  struct rotating_file *file = open_file(1 << 20, 1), *other = open_file(1 << 20, 1);
  append(file, "the first line\n");
  set_limit(20); /* within the second line, which then is the first one of a new file */
  bool written = append(file, "the second line\n");
  set_limit(RLIM_INFINITY);
  assert_true(written);
  rotating_file_close(file);
  rotating_file_close(other);
  assert_content(numbered(1), "the first line\n    \n");
  assert_content(numbered(0), "the second line\n");
}

/** In a process of its own: writes into a tiny file system until that is full, then makes room. 0 if all was well; 77
 * if none can be mounted here. */
static int fill_a_disk(void) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return 77;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mkdir(folder, 0700) != 0 ||
      mount("none", folder, "tmpfs", 0, "size=1m") != 0)
    return 77;
  FILE *ballast = fopen(path_of("ballast"), "w");
  for (int i = 0; i < 512 * 1024; i++)
    fputc('x', ballast);
  fclose(ballast);

  struct rotating_file *file = open_file(1 << 20, 2);
  char line[1001];
  memset(line, '~', sizeof line);
  line[999] = '\n';
  line[1000] = '\0';
  int written = 0;
  while (append(file, line))
    written++;
  append(file, line);
  if (rotating_file_error(file) != ENOSPC || rotating_file_lost(file) != 2 || written < 10)
    return 2;
  unlink(path_of("ballast"));
  int64_t end = clock_monotonic_ns() + PATIENCE_S * INT64_C(1000000000);
  while (!append(file, "room again\n"))
    if (clock_monotonic_ns() > end)
      return 4;
  int64_t lost = rotating_file_lost(file);
  rotating_file_close(file);
  /* All that was written is there, whole; then what was not is told, at once or in parts. */
  char *text = content(numbered(0)), *at = text;
  for (int i = 0; i < written; i++, at += 1000)
    if (strncmp(at, line, 1000) != 0)
      return 3;
  long long told;
  for (int read = 0; sscanf(at, "%lld lost%n", &told, &read) == 1 && at[read] == '\n'; at += read + 1)
    lost -= told;
  int result = lost == 0 && strcmp(at, "room again\n") == 0 ? 0 : 5;
  free(text);
  return result;
}

static void a_full_disk_tears_no_line(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0)
    _exit(fill_a_disk());
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    print_message("no file system can be mounted here\n");
    skip();
  }
  assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_top, remove_top)

int main(void) {
  signal(SIGXFSZ, SIG_IGN);
  test_process = getpid();
  const struct CMUnitTest tests[] = {
      TEST(no_line_is_lost_or_torn_by_many_threads_and_rotations),
      TEST(processes_on_one_folder_do_not_destroy_each_others_files),
      TEST(lines_that_belong_together_stay_together),
      TEST(only_so_many_old_files_are_kept),
      TEST(without_old_files_there_is_one),
      TEST(a_file_is_continued_by_the_next_start),
      TEST(a_removed_file_is_made_anew),
      TEST(a_removed_folder_is_made_anew),
      TEST(a_replaced_file_is_gone_over_to),
      TEST(a_moved_file_is_left_at_once_when_asked),
      TEST(only_a_regular_file_is_written),
      TEST(a_folder_that_cannot_be_made_is_named),
      TEST(others_may_not_read_it),
      TEST(a_rotation_that_fails_costs_no_line),
      TEST(nobody_waits_for_a_process_that_was_stopped_while_rotating),
      TEST(a_limit_on_the_size_of_files_rotates),
      TEST(a_torn_line_becomes_a_blank_one_where_others_write_too),
      TEST(what_could_not_be_written_is_counted_and_told),
      TEST(a_full_disk_tears_no_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
