/**
 * test_store_transaction.c - transactions, what stops them, and what they leave in the file.
 */
#include "base/clock.h"
#include "store_world.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

/* ---- transactions ---- */

static void test_a_rollback_leaves_nothing(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  write_sql(world->store, "INSERT INTO person (name) VALUES ('a'), ('b')");
  assert_int_equal(store_transaction(world->store), 0);
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  uint64_t number = store_transaction(world->store);
  assert_true(number > 0);
  assert_int_equal(run(world->store, "DELETE FROM person WHERE name = 'a'", NULL), MULLIGAN_OK);
  struct store_statement *reading = prepare(world->store, "SELECT id FROM person");
  bool row;
  assert_int_equal(store_step(reading, &row, NULL), MULLIGAN_OK);
  store_rollback(world->store);
  store_rollback(world->store); /* fine when none is open */
  assert_int_equal(store_step(reading, &row, &fault), MULLIGAN_ERROR);
  assert_says(&fault, "rolled back");
  store_finish(reading);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM person"), 2);
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_true(store_transaction(world->store) != number);
  store_rollback(world->store);
}

static void test_a_step_is_undone_alone(void **state) {
  struct world *world = *state;
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, "INSERT INTO person (name) VALUES ('outer')", NULL), MULLIGAN_OK);
  assert_int_equal(store_savepoint(world->store, 1, NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, "INSERT INTO person (name) VALUES ('kept')", NULL), MULLIGAN_OK);
  assert_int_equal(store_savepoint(world->store, 2, NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, "INSERT INTO person (name) VALUES ('undone')", NULL), MULLIGAN_OK);
  assert_int_equal(store_rollback_savepoint(world->store, 2, NULL), MULLIGAN_OK);
  assert_int_equal(store_release_savepoint(world->store, 1, NULL), MULLIGAN_OK);
  assert_int_equal(store_commit(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM person"), 2);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM person WHERE name = 'undone'"), 0);
}

static void test_readers_see_what_is_committed(void **state) {
  struct world *world = *state;
  struct store *reader = open_store(world, STORE_READ_ONLY);
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, "INSERT INTO person (name) VALUES ('a')", NULL), MULLIGAN_OK);
  assert_int_equal(ask(reader, "SELECT count(*) FROM person"), 0);
  assert_int_equal(store_commit(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(ask(reader, "SELECT count(*) FROM person"), 1);
  store_close(reader);
}

static void test_the_turn_to_write_ends_at_the_deadline(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  struct store *other = open_store(world, STORE_READ_WRITE);
  store_set_write_wait(other, 0);
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(store_begin_write(other, &fault), MULLIGAN_BUSY);
  assert_says(&fault, "write.lock");
  assert_false(store_in_transaction(other));
  store_set_write_wait(other, INT64_C(60000000000));
  assert_int_equal(store_begin_write_until(other, clock_monotonic_ns(), &fault), MULLIGAN_BUSY);
  store_rollback(world->store);
  assert_int_equal(store_begin_write(other, &fault), MULLIGAN_OK);
  store_close(other); /* gives the lock back */
  assert_int_equal(store_begin_write(world->store, &fault), MULLIGAN_OK);
  store_rollback(world->store);
}

/* SQLite ends the whole transaction when the disk is full; later writes must not commit by themselves. */
static void test_a_full_disk_loses_the_whole_transaction_and_nothing_else(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  write_sql(world->store, "CREATE TABLE blob (b)");
  assert_int_equal(store_execute(world->store, "PRAGMA max_page_count = 20", NULL), MULLIGAN_OK);
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, "INSERT INTO person (name) VALUES ('before')", NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, "INSERT INTO blob VALUES (zeroblob(1000000))", &fault), MULLIGAN_FULL);
  assert_says(&fault, world->path);
  assert_says(&fault, "full");
  enum mulligan_status next = run(world->store, "INSERT INTO person (name) VALUES ('after')", &fault);
  enum mulligan_status end = store_commit(world->store, &fault);
  assert_int_equal(next, end);
  assert_false(store_in_transaction(world->store));
  /* Either both small rows are there or none: what SQLite kept is what the commit said. */
  assert_int_equal(ask(world->store, "SELECT count(*) FROM person"), end == MULLIGAN_OK ? 2 : 0);
}

/* ---- limits ---- */

static bool always(void *context) {
  ++*(int *)context;
  return true;
}

static const char endless[] = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

static void test_a_long_statement_is_stopped(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  int asked = 0;
  store_set_interrupt(world->store, always, &asked);
  assert_int_equal(run(world->store, endless, &fault), MULLIGAN_INTERRUPTED);
  assert_true(asked > 0);
  store_set_interrupt(world->store, NULL, NULL);
  assert_int_equal(ask(world->store, "SELECT 1"), 1);
}

static void test_an_interrupted_write_takes_its_transaction_along(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  int asked = 0;
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(run(world->store, "INSERT INTO person (name) VALUES ('before')", NULL), MULLIGAN_OK);
  store_set_interrupt(world->store, always, &asked);
  assert_int_equal(run(world->store,
                       "INSERT INTO person (name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                       " SELECT i FROM n",
                       &fault),
                   MULLIGAN_INTERRUPTED);
  store_set_interrupt(world->store, NULL, NULL);
  assert_true(store_in_transaction(world->store)); /* its owner still has to end it */
  assert_int_equal(run(world->store, "INSERT INTO person (name) VALUES ('after')", &fault), MULLIGAN_INTERRUPTED);
  assert_says(&fault, "already rolled back");
  assert_int_equal(run(world->store, "SELECT 1", &fault), MULLIGAN_INTERRUPTED);
  assert_int_equal(store_savepoint(world->store, 1, &fault), MULLIGAN_INTERRUPTED);
  assert_int_equal(store_commit(world->store, &fault), MULLIGAN_INTERRUPTED);
  assert_says(&fault, "nothing was committed");
  assert_int_equal(ask(world->store, "SELECT count(*) FROM person"), 0);
  write_sql(world->store, "INSERT INTO person (name) VALUES ('next')");
}

static void test_a_commit_is_never_stopped_halfway(void **state) {
  struct world *world = *state;
  int asked = 0;
  store_set_interrupt(world->store, always, &asked);
  for (int i = 0; i < 3000; i++) { /* enough for the count of steps of COMMIT itself to come round */
    assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
    assert_int_equal(store_commit(world->store, NULL), MULLIGAN_OK);
  }
}

static struct store *interrupted;

static void interrupt(int number) {
  (void)number;
  store_interrupt(interrupted);
}

/* Sends this thread a signal every millisecond until it is stopped by a `period_us` of 0. */
static void send_signals(struct store *store, long period_us) {
  interrupted = store;
  struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {.it_interval.tv_usec = period_us, .it_value.tv_usec = period_us};
  setitimer(ITIMER_REAL, &often, NULL);
}

static void test_a_signal_handler_can_stop_a_statement(void **state) {
  struct world *world = *state;
  send_signals(world->store, 1000);
  assert_int_equal(run(world->store, endless, NULL), MULLIGAN_INTERRUPTED);
  send_signals(world->store, 0);
}

static void test_a_signal_handler_never_stops_a_commit(void **state) {
  struct world *world = *state;
  send_signals(world->store, 100);
  for (int i = 0; i < 300; i++) {
    assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
    assert_int_equal(store_commit(world->store, NULL), MULLIGAN_OK);
  }
  send_signals(world->store, 0);
}

struct told {
  int count;
  char last[128];
  int64_t duration_ns;
};

static void note(void *context, const char *sql, int64_t duration_ns) {
  struct told *told = context;
  told->count++;
  snprintf(told->last, sizeof told->last, "%s", sql);
  told->duration_ns = duration_ns;
}

static void test_every_statement_is_told_of(void **state) {
  struct world *world = *state;
  struct told told = {0};
  store_set_trace(world->store, note, &told);
  ask(world->store, "SELECT 41 + 1 UNION ALL SELECT 2");
  assert_int_equal(told.count, 1);
  assert_string_equal(told.last, "SELECT 41 + 1 UNION ALL SELECT 2");
  assert_true(told.duration_ns >= 0);
  write_sql(world->store, "INSERT INTO person (name) VALUES ('a')");
  assert_int_equal(store_begin_write(world->store, NULL), MULLIGAN_OK);
  run(world->store, "INSERT INTO person (name) VALUES (NULL)", NULL);
  assert_string_equal(told.last, "INSERT INTO person (name) VALUES (NULL)");
  store_rollback(world->store);
  store_set_trace(world->store, NULL, NULL);
  int count = told.count;
  ask(world->store, "SELECT 1");
  assert_int_equal(told.count, count);
}

/* ---- the file ---- */

static enum mulligan_status try_open(const char *path, enum store_mode mode, struct fault *fault) {
  struct store *store = NULL;
  enum mulligan_status status = store_open(&store, path, mode, NULL, fault);
  store_close(store);
  return status;
}

static void test_a_database_that_cannot_be_opened_says_why(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  char path[128];
  snprintf(path, sizeof path, "%s/absent.db", world->folder);
  assert_int_equal(try_open(path, STORE_READ_ONLY, &fault), MULLIGAN_MISSING);
  assert_says(&fault, path);
  assert_int_equal(size_of(path), -1);
  assert_int_equal(try_open("/nonexistent/folder/app.db", STORE_READ_WRITE, &fault), MULLIGAN_MISSING);
  assert_says(&fault, "/nonexistent/folder/app.db");
  assert_int_equal(try_open(world->folder, STORE_READ_WRITE, &fault), MULLIGAN_ERROR);
  assert_says(&fault, "is a folder");

  int file = open(path, O_WRONLY | O_CREAT, 0600);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(write(file, "this is no database ", 20), 20);
  close(file);
  assert_int_equal(try_open(path, STORE_READ_WRITE, &fault), MULLIGAN_CORRUPT);
  assert_says(&fault, path);
  unlink(path);
}

/* Root may write everything, so this is tried as nobody. */
static void test_a_file_that_cannot_be_written_is_refused_at_once(void **state) {
  struct world *world = *state;
  store_close(world->store);
  world->store = NULL;
  chmod(world->folder, 0755);
  chmod(world->path, 0444);
  pid_t pid = fork();
  if (pid == 0) {
    struct fault fault = {0};
    if (geteuid() == 0 && setuid(65534) != 0)
      _exit(2);
    _exit(try_open(world->path, STORE_READ_WRITE, &fault) == MULLIGAN_READONLY && strstr(fault.message, world->path) &&
                  strstr(fault.message, "writable")
              ? 0
              : 1);
  }
  int how;
  assert_int_equal(waitpid(pid, &how, 0), pid);
  assert_true(WIFEXITED(how));
  assert_int_equal(WEXITSTATUS(how), 0);
}

static void test_a_read_only_store_writes_nothing(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  struct store *reader = open_store(world, STORE_READ_ONLY);
  assert_int_equal(store_begin_write(reader, &fault), MULLIGAN_READONLY);
  assert_says(&fault, world->path);
  assert_int_equal(run(reader, "INSERT INTO person (name) VALUES ('a')", &fault), MULLIGAN_DENIED);
  store_close(reader);
}

static void test_a_damaged_page_is_corruption(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  write_sql(world->store,
            "CREATE TABLE big (b); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <"
            " 2000) INSERT INTO big SELECT hex(randomblob(50)) FROM n");
  assert_int_equal(store_checkpoint(world->store, NULL), MULLIGAN_OK);
  store_close(world->store);
  int file = open(world->path, O_WRONLY);
  char garbage[4096];
  memset(garbage, 0xa5, sizeof garbage);
  for (off_t at = 10 * 4096; at < 20 * 4096; at += 4096)
    assert_int_equal(pwrite(file, garbage, sizeof garbage, at), sizeof garbage);
  close(file);
  world->store = open_store(world, STORE_READ_WRITE);
  assert_int_equal(run(world->store, "SELECT sum(length(b)) FROM big", &fault), MULLIGAN_CORRUPT);
  assert_says(&fault, world->path);
}

static void test_the_wal_moves_into_the_file_as_it_grows(void **state) {
  struct world *world = *state;
  write_sql(world->store, "CREATE TABLE big (b)");
  off_t before = size_of(world->path), largest = 0;
  for (int i = 0; i < 40; i++) { /* each of about 120 pages */
    write_sql(world->store, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)"
                            " INSERT INTO big SELECT zeroblob(4000) FROM n");
    largest = size_of(world->wal) > largest ? size_of(world->wal) : largest;
  }
  assert_true(size_of(world->path) > before + 3000 * 4096);
  assert_true(largest < 1400 * 4200); /* 4800 pages were written */
  assert_int_equal(ask(world->store, "SELECT count(*) FROM big"), 40 * 120);
  assert_int_equal(store_checkpoint(world->store, NULL), MULLIGAN_OK);
  assert_int_equal(size_of(world->wal), 0);
}

static void test_closing_leaves_the_wal_alone(void **state) {
  struct world *world = *state;
  write_sql(world->store, "INSERT INTO person (name) VALUES ('in the WAL')");
  off_t file = size_of(world->path), wal = size_of(world->wal);
  assert_true(wal > 0);
  store_close(world->store);
  assert_int_equal(size_of(world->path), file);
  assert_int_equal(size_of(world->wal), wal);
  world->store = open_store(world, STORE_READ_WRITE);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM person"), 1);
}

static void test_a_checkpoint_held_back_by_a_reader_says_so(void **state) {
  struct world *world = *state;
  struct store *reader = open_store(world, STORE_READ_ONLY);
  write_sql(world->store, "INSERT INTO person (name) VALUES ('a'), ('b')");
  struct store_statement *reading = prepare(reader, "SELECT id FROM person");
  bool row;
  assert_int_equal(store_step(reading, &row, NULL), MULLIGAN_OK);
  write_sql(world->store, "DELETE FROM person");
  assert_int_equal(store_checkpoint(world->store, NULL), MULLIGAN_BUSY);
  assert_int_equal(store_step(reading, &row, NULL), MULLIGAN_OK);
  assert_true(row); /* its snapshot is whole */
  store_finish(reading);
  assert_int_equal(store_checkpoint(world->store, NULL), MULLIGAN_OK);
  store_close(reader);
}

static void test_a_copy_has_everything(void **state) {
  struct world *world = *state;
  struct fault fault = {0};
  write_sql(world->store, "INSERT INTO person (name) VALUES ('a'); PRAGMA user_version = 12");
  struct store *copy = NULL;
  assert_int_equal(store_open(&copy, ":memory:", STORE_READ_WRITE, NULL, &fault), MULLIGAN_OK);
  assert_int_equal(store_copy(world->store, copy, &fault), MULLIGAN_OK);
  assert_int_equal(ask(copy, "SELECT count(*) FROM person"), 1);
  int64_t version = 0;
  assert_int_equal(store_version(copy, &version, &fault), MULLIGAN_OK);
  assert_int_equal(version, 12);
  write_sql(copy, "DELETE FROM person");
  assert_int_equal(ask(world->store, "SELECT count(*) FROM person"), 1);
  store_close(copy);

  char path[128];
  snprintf(path, sizeof path, "%s/copy.db", world->folder);
  assert_int_equal(store_open(&copy, path, STORE_READ_WRITE, NULL, &fault), MULLIGAN_OK);
  assert_int_equal(store_copy(world->store, copy, &fault), MULLIGAN_OK);
  assert_int_equal(ask(copy, "SELECT count(*) FROM person"), 1);
  write_sql(copy, "DELETE FROM person");
  store_close(copy);
  const char *const left[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
    char each[160];
    snprintf(each, sizeof each, "%s%s", path, left[i]);
    unlink(each);
  }
}

/* ---- many threads ---- */

static void *add_hundred(void *context) {
  struct world *world = context;
  struct store *store = open_store(world, STORE_READ_WRITE);
  store_set_write_wait(store, INT64_C(100000000000));
  void *failed = NULL;
  for (int i = 0; i < 100 && !failed; i++) {
    struct fault fault = {0};
    if (store_begin_write(store, &fault) ||
        run(store, "UPDATE person SET age = (SELECT age FROM person WHERE id = 1) + 1 WHERE id = 1", &fault) ||
        store_commit(store, &fault) || run(store, "SELECT count(*) FROM person", &fault)) {
      fprintf(stderr, "%s\n", fault.message);
      failed = world;
    }
  }
  store_close(store);
  return failed;
}

static void test_eight_threads_lose_no_increment(void **state) {
  struct world *world = *state;
  write_sql(world->store, "INSERT INTO person (id, name, age) VALUES (1, 'counter', 100)");
  pthread_t threads[8];
  for (int i = 0; i < 8; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, add_hundred, world), 0);
  for (int i = 0; i < 8; i++) {
    void *failed = NULL;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  assert_int_equal(ask(world->store, "SELECT age FROM person WHERE id = 1"), 900);
  assert_int_equal(ask(world->store, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      STORE_TEST(test_a_rollback_leaves_nothing),
      STORE_TEST(test_a_step_is_undone_alone),
      STORE_TEST(test_readers_see_what_is_committed),
      STORE_TEST(test_the_turn_to_write_ends_at_the_deadline),
      STORE_TEST(test_a_full_disk_loses_the_whole_transaction_and_nothing_else),
      STORE_TEST(test_a_long_statement_is_stopped),
      STORE_TEST(test_an_interrupted_write_takes_its_transaction_along),
      STORE_TEST(test_a_commit_is_never_stopped_halfway),
      STORE_TEST(test_a_signal_handler_can_stop_a_statement),
      STORE_TEST(test_a_signal_handler_never_stops_a_commit),
      STORE_TEST(test_every_statement_is_told_of),
      STORE_TEST(test_a_database_that_cannot_be_opened_says_why),
      STORE_TEST(test_a_file_that_cannot_be_written_is_refused_at_once),
      STORE_TEST(test_a_read_only_store_writes_nothing),
      STORE_TEST(test_a_damaged_page_is_corruption),
      STORE_TEST(test_the_wal_moves_into_the_file_as_it_grows),
      STORE_TEST(test_closing_leaves_the_wal_alone),
      STORE_TEST(test_a_checkpoint_held_back_by_a_reader_says_so),
      STORE_TEST(test_a_copy_has_everything),
      STORE_TEST(test_eight_threads_lose_no_increment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
