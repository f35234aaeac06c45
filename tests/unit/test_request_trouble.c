/**
 * test_request_trouble.c - the request log with too much to keep, and with files that are broken, locked or gone.
 */
#include "request_world.h"

#include "base/taint.h"
#include "data/request_queue.h"
#include "data/write_lock.h"

#include <pthread.h>
#include <sys/stat.h>

static void only_so_many_rows_are_kept(void **state) {
  struct world *world = *state;
  world->options.most_rows = 100;
  open_log(world);
  for (int i = 0; i < 7; i++) {
    add_many(world, 50);
    request_log_flush(world->log);
  }
  assert_int_equal(ask(world, "SELECT count(*) FROM request_log"), 100);
  assert_int_equal(ask(world, "SELECT min(request_id) FROM request_log"), 250);
  assert_int_equal(ask(world, "SELECT sum(requests) FROM request_minute"), 350);
  close_log(world);

  /* With fewer allowed at the next start, the rest goes, too, though it is more than one step removes. */
  world->options.most_rows = 10;
  open_log(world);
  await_rows(world, 10);
}

static void only_so_long_are_rows_kept(void **state) {
  struct world *world = *state;
  open_log(world);
  struct request_entry entry = request(world);
  entry.started_at -= INT64_C(3600000000);
  add(world, &entry);
  add_many(world, 3);
  request_log_flush(world->log);
  assert_int_equal(ask(world, "SELECT count(*) FROM request_log"), 4);
  close_log(world);
  world->options.keep_us = INT64_C(600000000);
  open_log(world);
  await_rows(world, 3);
  assert_int_equal(ask(world, "SELECT sum(requests) FROM request_minute"), 3);
}

static void a_restart_goes_on_where_it_was(void **state) {
  struct world *world = *state;
  for (int i = 1; i <= 3; i++) {
    open_log(world);
    add_many(world, 10);
    close_log(world); /* writes what is queued */
    assert_int_equal(ask(world, "SELECT count(*) FROM request_log"), 10 * i);
    assert_int_equal(ask(world, "SELECT max(id) FROM request_log"), 10 * i);
  }
  char *lines = content(world, "logs/access.log");
  assert_int_equal(count_lines(lines), 30);
  free(lines);
}

static void a_moved_file_is_made_anew(void **state) {
  struct world *world = *state;
  char *from = path_of(world, "logs/access.log"), *to = path_of(world, "logs/moved");
  open_log(world);
  add_many(world, 2);
  request_log_flush(world->log);
  assert_int_equal(rename(from, to), 0);
  request_log_reopen(world->log);
  add_many(world, 3);
  request_log_flush(world->log);
  char *moved = content(world, "logs/moved"), *lines = content(world, "logs/access.log");
  assert_int_equal(count_lines(moved), 2);
  assert_int_equal(count_lines(lines), 3);
  free(moved);
  free(lines);
  free(from);
  free(to);
}

static void a_full_file_gives_way(void **state) {
  struct world *world = *state;
  world->options.file_bytes = 10240;
  world->options.old_files = 10;
  open_log(world);
  add_many(world, 500);
  close_log(world);
  int lines = 0, files = 0;
  for (int i = 0; i <= 10; i++) {
    char name[32];
    snprintf(name, sizeof name, i > 0 ? "logs/access.log.%d" : "logs/access.log", i);
    char *text = content(world, name);
    assert_true(strlen(text) < 12 * 1024);
    files += *text != '\0';
    lines += count_lines(text);
    free(text);
  }
  assert_int_equal(lines, 500);
  assert_true(files > 3);
}

/* Nobody waits for room: what has none is dropped, and said to be. */
static void a_full_queue_drops_and_counts(void **state) {
  struct world *world = *state;
  struct request_queue *queue = request_queue_create(1000);
  char bytes[300] = {0};
  for (int i = 0; i < 10; i++)
    assert_int_equal(request_queue_push(queue, bytes, sizeof bytes), i < 3);
  assert_int_equal(request_queue_take_dropped(queue), 7);
  struct request_batch batch = {0};
  assert_true(request_queue_take(queue, &batch, 0));
  assert_int_equal(batch.length, 900);
  assert_true(request_queue_push(queue, bytes, sizeof bytes));
  assert_int_equal(request_queue_take_dropped(queue), 0);
  request_batch_release(&batch);
  request_queue_destroy(queue);

  world->options.queue_bytes = 1000;
  open_log(world);
  static char path[2000];
  memset(path, 'a', sizeof path - 1);
  for (int i = 0; i < 5; i++) {
    struct request_entry entry = request(world);
    entry.texts[REQUEST_FIELD_PATH] = request_span_of(path);
    entry.taint = taint_create();
    add(world, &entry);
  }
  add_many(world, 1);
  request_log_flush(world->log);
  assert_int_equal(ask(world, "SELECT count FROM request_dropped WHERE reason = 'the queue was full'"), 5);
  assert_int_equal(ask(world, "SELECT sum(requests) FROM request_minute"), 1);
}

static void a_database_that_is_none_is_set_aside(void **state) {
  struct world *world = *state;
  char *path = path_of(world, "requests.db"), *broken = path_of(world, "requests.db.broken");
  static char garbage[8192];
  memset(garbage, 'x', sizeof garbage);
  assert_int_equal(file_replace(path, garbage, sizeof garbage, 0600, NULL), MULLIGAN_OK);
  open_log(world);
  add_many(world, 5);
  request_log_flush(world->log);
  char *lines = content(world, "logs/access.log");
  assert_int_equal(count_lines(lines), 5);
  free(lines);
  await_rows(world, 5);
  assert_true(file_exists(broken));
  free(path);
  free(broken);
}

static void a_database_that_is_removed_is_made_anew(void **state) {
  struct world *world = *state;
  char *path = path_of(world, "requests.db");
  open_log(world);
  add_many(world, 5);
  request_log_flush(world->log);
  assert_int_equal(unlink(path), 0);
  add_many(world, 3);
  request_log_flush(world->log);
  assert_int_equal(ask(world, "SELECT count(*) FROM request_log"), 3);
  free(path);
}

/* While somebody else has the database, lines are written and rows wait. */
static void a_locked_database_is_waited_for(void **state) {
  struct world *world = *state;
  struct write_lock *lock;
  char *path = path_of(world, "requests.lock");
  open_log(world);
  add_many(world, 1);
  request_log_flush(world->log);
  assert_int_equal(write_lock_open(&lock, path, NULL), MULLIGAN_OK);
  assert_int_equal(write_lock_take(lock, clock_monotonic_ns() + INT64_C(10000000000), NULL), MULLIGAN_OK);
  add_many(world, 4);
  request_log_flush(world->log);
  char *lines = content(world, "logs/access.log");
  assert_int_equal(count_lines(lines), 5);
  free(lines);
  assert_int_equal(ask(world, "SELECT count(*) FROM request_log"), 1);
  write_lock_give(lock);
  await_rows(world, 5);
  assert_int_equal(ask(world, "SELECT sum(requests) FROM request_minute"), 5);
  write_lock_close(lock);
  free(path);
}

/* A folder without room for either is no reason to fail, nor to forget that something is missing. */
static void unwritable_files_are_told_and_come_back(void **state) {
  struct world *world = *state;
  char *logs = path_of(world, "logs"), *database = path_of(world, "requests.db");
  assert_int_equal(file_replace(logs, "", 0, 0600, NULL), MULLIGAN_OK);
  assert_int_equal(mkdir(database, 0700), 0);
  open_log(world);
  add_many(world, 5);
  request_log_flush(world->log);
  assert_int_equal(unlink(logs), 0);
  assert_int_equal(rmdir(database), 0);
  int64_t until = clock_monotonic_ns() + PATIENCE_S * INT64_C(1000000000);
  while (!file_exists(database) && clock_monotonic_ns() < until)
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
  await_rows(world, 5);
  assert_int_equal(ask(world, "SELECT count FROM request_dropped WHERE reason = 'access.log could not be written'"), 5);
  int lines = 0;
  while (lines == 0 && clock_monotonic_ns() < until) {
    add_many(world, 1);
    request_log_flush(world->log);
    char *text = content(world, "logs/access.log");
    lines = count_lines(text);
    free(text);
  }
  assert_true(lines > 0);
  free(logs);
  free(database);
}

enum { THREADS = 4, EACH = 3000 };

static void *add_from_a_thread(void *context) {
  struct world *world = context;
  buf_init(&world->scratch, 1 << 20);
  add_many(world, EACH);
  buf_release(&world->scratch);
  return NULL;
}

static void many_threads_lose_nothing(void **state) {
  struct world *world = *state;
  pthread_t threads[THREADS];
  struct world own[THREADS];
  open_log(world);
  for (int i = 0; i < THREADS; i++) {
    own[i] = *world;
    assert_int_equal(pthread_create(&threads[i], NULL, add_from_a_thread, &own[i]), 0);
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  close_log(world);
  char *lines = content(world, "logs/access.log");
  assert_int_equal(count_lines(lines), THREADS * EACH);
  free(lines);
  assert_int_equal(ask(world, "SELECT sum(requests) FROM request_minute"), THREADS * EACH);
  assert_int_equal(ask(world, "SELECT count(*) FROM request_log"), THREADS * EACH);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(only_so_many_rows_are_kept, set_up, tear_down),
      cmocka_unit_test_setup_teardown(only_so_long_are_rows_kept, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_restart_goes_on_where_it_was, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_moved_file_is_made_anew, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_full_file_gives_way, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_full_queue_drops_and_counts, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_database_that_is_none_is_set_aside, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_database_that_is_removed_is_made_anew, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_locked_database_is_waited_for, set_up, tear_down),
      cmocka_unit_test_setup_teardown(unwritable_files_are_told_and_come_back, set_up, tear_down),
      cmocka_unit_test_setup_teardown(many_threads_lose_nothing, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
