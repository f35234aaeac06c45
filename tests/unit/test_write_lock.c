/**
 * test_write_lock.c - one writer at a time, in turn, over threads and processes.
 */
#include "base/clock.h"
#include "data/write_lock.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t patience_ns = INT64_C(600000000000); /* never reached where a test passes */

struct world {
  char folder[64];
  char path[96];
  struct write_lock *lock;
};

static int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  snprintf(world->folder, sizeof world->folder, "/tmp/mulligan-lock-XXXXXX");
  assert_non_null(mkdtemp(world->folder));
  snprintf(world->path, sizeof world->path, "%s/write.lock", world->folder);
  assert_int_equal(write_lock_open(&world->lock, world->path, NULL), MULLIGAN_OK);
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  struct world *world = *state;
  write_lock_close(world->lock);
  unlink(world->path);
  rmdir(world->folder);
  free(world);
  return 0;
}

static enum mulligan_status take(struct write_lock *lock, struct fault *fault) {
  return write_lock_take(lock, clock_monotonic_ns() + patience_ns, fault);
}

/* A deadline that has passed asks once. */
static enum mulligan_status take_now(struct write_lock *lock, struct fault *fault) {
  return write_lock_take(lock, 0, fault);
}

/* ---- threads ---- */

struct contender {
  struct world *world;
  pthread_t thread;
  atomic_int id; /* of the kernel's; 0 until it runs */
  int number;
  int *order; /* where to note one's number, under the lock */
  int *count;
};

static void *take_in_turn(void *context) {
  struct contender *self = context;
  atomic_store(&self->id, (int)syscall(SYS_gettid));
  struct fault fault;
  if (take(self->world->lock, &fault) != MULLIGAN_OK)
    return &self->number;
  self->order[(*self->count)++] = self->number;
  write_lock_give(self->world->lock);
  return NULL;
}

/* Is a thread asleep, and for how long has it been: the same number means the same sleep. */
static bool is_asleep(int id, long *sleeps) {
  char path[64], line[512] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/status", id);
  FILE *status = fopen(path, "r");
  assert_non_null(status);
  while (fgets(line, sizeof line, status) && sscanf(line, "voluntary_ctxt_switches: %ld", sleeps) != 1)
    ;
  fclose(status);
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", id);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  assert_non_null(fgets(line, sizeof line, file));
  fclose(file);
  const char *end = strrchr(line, ')');
  assert_non_null(end);
  return end[2] == 'S';
}

/* Waits until a thread is in the one long sleep that it has before it: it is in line then. */
static void await_its_sleep(int id) {
  long before = -1, now = -1;
  for (int looks = 0; looks < 5; before = now) {
    usleep(1000);
    looks = is_asleep(id, &now) && now == before ? looks + 1 : 0;
  }
}

static void test_threads_take_turns_in_the_order_they_came(void **state) {
  struct world *world = *state;
  enum { THREADS = 6 };
  struct contender contenders[THREADS];
  int order[THREADS], count = 0;
  assert_int_equal(take(world->lock, NULL), MULLIGAN_OK);
  for (int i = 0; i < THREADS; i++) {
    contenders[i] = (struct contender){.world = world, .number = i, .order = order, .count = &count};
    assert_int_equal(pthread_create(&contenders[i].thread, NULL, take_in_turn, &contenders[i]), 0);
    while (atomic_load(&contenders[i].id) == 0)
      usleep(1000);
    await_its_sleep(atomic_load(&contenders[i].id));
  }
  write_lock_give(world->lock);
  for (int i = 0; i < THREADS; i++) {
    void *failed = NULL;
    pthread_join(contenders[i].thread, &failed);
    assert_null(failed);
  }
  assert_int_equal(count, THREADS);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(order[i], i);
}

static void *try_once(void *context) {
  struct world *world = context;
  struct fault fault = {0};
  return take_now(world->lock, &fault) == MULLIGAN_BUSY && strstr(fault.message, "in time") ? world : NULL;
}

static void test_a_thread_gives_up_at_its_deadline_and_leaves_the_queue_whole(void **state) {
  struct world *world = *state;
  assert_int_equal(take(world->lock, NULL), MULLIGAN_OK);
  for (int i = 0; i < 3; i++) {
    pthread_t thread;
    void *was_busy = NULL;
    assert_int_equal(pthread_create(&thread, NULL, try_once, world), 0);
    pthread_join(thread, &was_busy);
    assert_ptr_equal(was_busy, world);
  }
  write_lock_give(world->lock);
  assert_int_equal(take(world->lock, NULL), MULLIGAN_OK);
  write_lock_give(world->lock);
}

struct counter {
  struct world *world;
  long total; /* plain: only the lock keeps its increments apart */
};

static void *count_up(void *context) {
  struct counter *counter = context;
  for (int i = 0; i < 500; i++) {
    if (take(counter->world->lock, NULL) != MULLIGAN_OK)
      return counter;
    counter->total++;
    write_lock_give(counter->world->lock);
  }
  return NULL;
}

static void test_only_one_thread_is_inside(void **state) {
  struct counter counter = {.world = *state};
  pthread_t threads[8];
  for (int i = 0; i < 8; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, count_up, &counter), 0);
  for (int i = 0; i < 8; i++) {
    void *failed = NULL;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  assert_int_equal(counter.total, 8 * 500);
}

/* ---- processes ---- */

struct other {
  pid_t pid;
  int said, told; /* pipes: what it says, what it is told */
};

/* Starts a process that does `work` with a lock of its own on the same file, and ends when that returns. */
static struct other start_process(struct world *world, void (*work)(struct write_lock *lock, int say, int hear)) {
  int out[2], in[2];
  assert_int_equal(pipe(out), 0);
  assert_int_equal(pipe(in), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    close(out[0]);
    close(in[1]);
    struct write_lock *lock;
    if (write_lock_open(&lock, world->path, NULL) != MULLIGAN_OK)
      _exit(1);
    work(lock, out[1], in[0]);
    _exit(0);
  }
  close(out[1]);
  close(in[0]);
  return (struct other){.pid = pid, .said = out[0], .told = in[1]};
}

static void await_word(const struct other *other) {
  char word;
  assert_int_equal(read(other->said, &word, 1), 1);
}

static void end_process(struct other *other, int signal) {
  if (signal)
    kill(other->pid, signal);
  else
    assert_int_equal(write(other->told, "!", 1), 1);
  int how;
  assert_int_equal(waitpid(other->pid, &how, 0), other->pid);
  if (!signal)
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  close(other->said);
  close(other->told);
}

static void hold(struct write_lock *lock, int say, int hear) {
  char word;
  if (take(lock, NULL) != MULLIGAN_OK || write(say, "!", 1) != 1 || read(hear, &word, 1) != 1)
    _exit(1);
  write_lock_give(lock);
}

static void test_another_process_keeps_this_one_out(void **state) {
  struct world *world = *state;
  struct other other = start_process(world, hold);
  await_word(&other);
  struct fault fault = {0};
  assert_int_equal(take_now(world->lock, &fault), MULLIGAN_BUSY);
  assert_int_equal(fault.status, MULLIGAN_BUSY);
  assert_non_null(strstr(fault.message, "another process"));
  assert_non_null(strstr(fault.message, world->path));
  end_process(&other, 0);
  assert_int_equal(take_now(world->lock, &fault), MULLIGAN_OK);
  write_lock_give(world->lock);
}

static void test_a_killed_process_leaves_no_lock_behind(void **state) {
  struct world *world = *state;
  struct other other = start_process(world, hold);
  await_word(&other);
  end_process(&other, SIGKILL);
  assert_int_equal(take_now(world->lock, NULL), MULLIGAN_OK);
  write_lock_give(world->lock);
}

/* Takes the lock again the moment it has given it. */
static void hog(struct write_lock *lock, int say, int hear) {
  struct pollfd told = {.fd = hear, .events = POLLIN};
  for (bool said = false; poll(&told, 1, 0) == 0; said = true) {
    if (take(lock, NULL) != MULLIGAN_OK || (!said && write(say, "!", 1) != 1))
      _exit(1);
    usleep(1000);
    write_lock_give(lock);
  }
}

static void test_a_busy_process_does_not_starve_this_one(void **state) {
  struct world *world = *state;
  struct other other = start_process(world, hog);
  await_word(&other);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(take(world->lock, NULL), MULLIGAN_OK);
    write_lock_give(world->lock);
  }
  end_process(&other, 0);
}

/* ---- the file ---- */

static void test_a_deleted_lock_file_still_keeps_writers_apart(void **state) {
  struct world *world = *state;
  assert_int_equal(unlink(world->path), 0);
  struct write_lock *newcomer;
  assert_int_equal(write_lock_open(&newcomer, world->path, NULL), MULLIGAN_OK);
  assert_int_equal(take(newcomer, NULL), MULLIGAN_OK);
  assert_int_equal(take_now(world->lock, NULL), MULLIGAN_BUSY);
  write_lock_give(newcomer);
  assert_int_equal(take(world->lock, NULL), MULLIGAN_OK);
  assert_int_equal(take_now(newcomer, NULL), MULLIGAN_BUSY);
  write_lock_give(world->lock);
  write_lock_close(newcomer);
}

static void test_a_lock_in_no_folder_says_which(void **state) {
  (void)state;
  struct fault fault = {0};
  struct write_lock *lock = (struct write_lock *)&fault;
  assert_int_equal(write_lock_open(&lock, "/nonexistent/folder/write.lock", &fault), MULLIGAN_MISSING);
  assert_null(lock);
  assert_non_null(strstr(fault.message, "/nonexistent/folder/write.lock"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_another_process_keeps_this_one_out, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_killed_process_leaves_no_lock_behind, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_busy_process_does_not_starve_this_one, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_deleted_lock_file_still_keeps_writers_apart, set_up, tear_down),
      cmocka_unit_test(test_a_lock_in_no_folder_says_which),
      cmocka_unit_test_setup_teardown(test_threads_take_turns_in_the_order_they_came, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_thread_gives_up_at_its_deadline_and_leaves_the_queue_whole, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_only_one_thread_is_inside, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
