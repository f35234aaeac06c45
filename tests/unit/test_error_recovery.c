/**
 * test_error_recovery.c - an error whose reference was handed out is found again, whatever happens to the disk or the
 * process.
 */
#include "error_world.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* The child tells each reference after its wait returned, and is killed in the midst of it. */
struct teller {
  struct world *world;
  int pipe;
};

static void *tell_references(void *context) {
  struct teller *teller = context;
  for (;;) {
    char reference[MULLIGAN_REFERENCE_SIZE];
    if (record(teller->world, "killed soon", reference) != MULLIGAN_OK ||
        write(teller->pipe, reference, sizeof reference) != sizeof reference)
      _exit(1);
  }
}

static void a_killed_process_loses_nothing_it_told(void **state) {
  struct world *world = *state;
  for (int round = 0; round < 8; round++) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
      struct teller teller = {.world = world, .pipe = ends[1]};
      pthread_t threads[4];
      open_log(world);
      for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, tell_references, &teller);
      pthread_join(threads[0], NULL);
      _exit(1);
    }
    close(ends[1]);
    char(*told)[MULLIGAN_REFERENCE_SIZE] = calloc(100000, sizeof *told);
    size_t count_told = 0;
    size_t last = 1 + (size_t)rand() % 200;
    while (count_told < last &&
           read(ends[0], told[count_told], sizeof *told) == (ssize_t)sizeof *told) /* whole: pipes do not split these */
      count_told++;
    assert_int_equal(count_told, last);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (count_told < 100000 && read(ends[0], told[count_told], sizeof *told) == (ssize_t)sizeof *told)
      count_told++;
    close(ends[0]);
    for (size_t i = 0; i < count_told; i++)
      assert_found(world, told[i], "killed soon");
    free(told);
  }
}

static void a_removed_database_is_made_anew_at_the_next_start(void **state) {
  struct world *world = *state;
  char before[MULLIGAN_REFERENCE_SIZE], after[MULLIGAN_REFERENCE_SIZE], last[MULLIGAN_REFERENCE_SIZE];
  open_log(world);
  assert_int_equal(record(world, "before", before), MULLIGAN_OK);
  unlink(world->database);
  assert_int_equal(record(world, "after", after), MULLIGAN_OK);
  assert_found(world, after, "after");
  assert_int_equal(record(world, "last", last), MULLIGAN_OK);
  close_log(world);
  assert_false(file_exists(world->database));
  assert_found(world, after, "after");
  open_log(world);
  assert_found(world, after, "after");
  assert_found(world, last, "last");
  assert_int_equal(ask(world, "SELECT count(*) FROM error_log"), 2);
}

static void a_database_moved_away_and_back_loses_nothing(void **state) {
  struct world *world = *state;
  char references[3][MULLIGAN_REFERENCE_SIZE];
  char *away = file_join(world->folder, "away.db");
  open_log(world);
  assert_int_equal(record(world, "before", references[0]), MULLIGAN_OK);
  assert_int_equal(rename(world->database, away), 0);
  assert_int_equal(record(world, "meanwhile", references[1]), MULLIGAN_OK);
  assert_found(world, references[1], "meanwhile");
  assert_int_equal(rename(away, world->database), 0);
  assert_int_equal(record(world, "afterwards", references[2]), MULLIGAN_OK);
  close_log(world);
  assert_found(world, references[0], "before");
  assert_found(world, references[1], "meanwhile");
  assert_found(world, references[2], "afterwards");
  assert_int_equal(ask(world, "SELECT count(*) FROM error_log"), 3);
  free(away);
}

/** Moves all into errors.db, whose WAL would otherwise still have a sound copy of every page. */
static void checkpoint(struct world *world) {
  struct write_lock *lock;
  struct store *store;
  char *path = file_join(world->folder, "errors.lock");
  assert_int_equal(write_lock_open(&lock, path, NULL), MULLIGAN_OK);
  assert_int_equal(store_open(&store, world->database, STORE_READ_WRITE, lock, NULL), MULLIGAN_OK);
  assert_int_equal(store_checkpoint(store, NULL), MULLIGAN_OK);
  store_close(store);
  write_lock_close(lock);
  free(path);
}

/** Whatever is done to errors.db while the log is open, references resolve meanwhile, and from the database afterwards.
 */
static void survives(struct world *world, void (*damage)(struct world *world)) {
  char first[MULLIGAN_REFERENCE_SIZE], references[5][MULLIGAN_REFERENCE_SIZE];
  open_log(world);
  assert_int_equal(record(world, "sound", first), MULLIGAN_OK);
  checkpoint(world);
  damage(world);
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(record(world, "meanwhile", references[i]), MULLIGAN_OK);
    assert_found(world, references[i], "meanwhile");
  }
  json_t *rows;
  struct error_log_filter filter = {.limit = 50};
  assert_int_equal(error_log_list(world->folder, &filter, &rows, NULL), MULLIGAN_OK);
  assert_true(json_array_size(rows) >= 5);
  json_decref(rows);
  assert_true(file_exists(world->spool));

  char *wal = file_join(world->folder, "errors.db-wal"), *shm = file_join(world->folder, "errors.db-shm");
  unlink(world->database);
  unlink(wal);
  unlink(shm);
  free(wal);
  free(shm);
  close_log(world);
  open_log(world);
  assert_false(file_exists(world->spool));
  for (size_t i = 0; i < 5; i++)
    assert_found(world, references[i], "meanwhile");
  assert_int_equal(ask(world, "SELECT count(*) FROM error_log"), 5);
}

static void replace_by_garbage(struct world *world) {
  char *other = file_join(world->folder, "other");
  spoil(other);
  assert_int_equal(rename(other, world->database), 0);
  free(other);
}

static void overwrite_with_garbage(struct world *world) {
  spoil(world->database);
}

static void cut_to_nothing_much(struct world *world) {
  assert_int_equal(truncate(world->database, 10), 0);
}

static void replace_by_a_folder(struct world *world) {
  unlink(world->database);
  assert_int_equal(mkdir(world->database, 0700), 0);
}

static void a_database_replaced_by_garbage_stops_nobody(void **state) {
  survives(*state, replace_by_garbage);
}

static void a_database_overwritten_with_garbage_stops_nobody(void **state) {
  survives(*state, overwrite_with_garbage);
}

static void a_database_cut_short_stops_nobody(void **state) {
  survives(*state, cut_to_nothing_much);
}

static void a_folder_in_the_databases_place_stops_nobody(void **state) {
  struct world *world = *state;
  char reference[MULLIGAN_REFERENCE_SIZE];
  open_log(world);
  replace_by_a_folder(world);
  assert_int_equal(record(world, "meanwhile", reference), MULLIGAN_OK);
  assert_found(world, reference, "meanwhile");
  rmdir(world->database);
  close_log(world);
  open_log(world);
  assert_int_equal(ask(world, "SELECT count(*) FROM error_log"), 1);
}

static void garbage_at_the_start_stops_nobody(void **state) {
  struct world *world = *state;
  char reference[MULLIGAN_REFERENCE_SIZE];
  struct fault fault = {0};
  json_t *row;
  spoil(world->database);
  open_log(world);
  assert_int_equal(record(world, "at the start", reference), MULLIGAN_OK);
  assert_found(world, reference, "at the start");
  assert_int_not_equal(error_log_get(world->folder, "ERR-0000-0000", &row, &fault), MULLIGAN_OK);
  assert_non_null(strstr(fault.message, "errors.db")); /* "unknown" would be a lie */
  close_log(world);
  assert_true(file_exists(world->spool));
  unlink(world->database);
  open_log(world);
  assert_false(file_exists(world->spool));
  assert_found(world, reference, "at the start");
}

static void a_database_locked_by_another_program_stops_nobody(void **state) {
  struct world *world = *state;
  char reference[MULLIGAN_REFERENCE_SIZE];
  struct store *other;
  open_log(world);
  assert_int_equal(store_open(&other, world->database, STORE_READ_WRITE, NULL, NULL), MULLIGAN_OK);
  assert_int_equal(store_begin_write(other, NULL), MULLIGAN_OK);
  assert_int_equal(record(world, "locked out", reference), MULLIGAN_OK);
  assert_true(file_exists(world->spool));
  assert_found(world, reference, "locked out");
  store_close(other);
  close_log(world);
  assert_false(file_exists(world->spool));
  assert_found(world, reference, "locked out");
}

static void a_spool_is_taken_over_once_and_a_torn_line_hurts_nobody(void **state) {
  struct world *world = *state;
  char references[20][MULLIGAN_REFERENCE_SIZE];
  spoil(world->database);
  open_log(world);
  for (size_t i = 0; i < 20; i++)
    assert_int_equal(record(world, "spooled", references[i]), MULLIGAN_OK);
  close_log(world);

  struct buf lines;
  buf_init(&lines, 1 << 24);
  assert_int_equal(file_read(world->spool, &lines, NULL), MULLIGAN_OK);
  size_t whole = lines.length;
  buf_add_text(&lines, "{\"ref\":\"ERR-0000-0000\",\"occurred_at\":1}\n{\"ref\":\"ERR-TORN");
  unlink(world->database);
  for (int round = 0; round < 3; round++) {
    /* As after a crash between the commit and the file's removal. */
    assert_int_equal(file_replace(world->spool, lines.data, round == 2 ? whole / 2 : lines.length, 0600, NULL),
                     MULLIGAN_OK);
    open_log(world);
    close_log(world);
    assert_false(file_exists(world->spool));
    assert_int_equal(count(world), 20);
    assert_int_equal(ask(world, "SELECT total FROM error_group"), 20);
    assert_int_equal(ask(world, "SELECT sum(count) FROM error_hour"), 20);
  }
  for (size_t i = 0; i < 20; i++)
    assert_found(world, references[i], "spooled");
  buf_release(&lines);
}

static void a_spooled_cause_keeps_its_place(void **state) {
  struct world *world = *state;
  spoil(world->database);
  open_log(world);
  struct error_record *made = make("outer");
  made->cause = make("inner");
  char reference[MULLIGAN_REFERENCE_SIZE];
  memcpy(reference, made->reference, sizeof reference);
  assert_int_equal(error_log_record(world->log, made, true, NULL), MULLIGAN_OK);
  for (int round = 0; round < 2; round++) { /* out of the spool, then out of the database */
    json_t *outer = get(world, reference);
    assert_found(world, text_of(outer, "cause_ref"), "inner");
    json_decref(outer);
    if (round == 0) {
      unlink(world->database);
      close_log(world);
      open_log(world);
    }
  }
  assert_int_equal(count(world), 2);
}

/* As an ordinary user, since nothing is read-only to root. */
static void a_read_only_folder_stops_nobody(void **state) {
  struct world *world = *state;
  chmod(world->folder, 0555);
  pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0)
      _exit(2);
    struct error_log_options options = {.folder = world->folder, .scrub = world->scrub, .release = "1", .host = "h"};
    if (error_log_open(&world->log, &options, NULL) != MULLIGAN_OK)
      _exit(3);
    struct fault fault = {0};
    if (error_log_record(world->log, make("nowhere to go"), true, &fault) != MULLIGAN_ERROR)
      _exit(4);
    if (error_log_record(world->log, make("nowhere to go"), false, NULL) != MULLIGAN_OK)
      _exit(5);
    error_log_close(world->log);
    scrub_destroy(world->scrub);
    free(world);
    _exit(strstr(fault.message, "log only") != NULL ? 0 : 6);
  }
  int status;
  waitpid(child, &status, 0);
  chmod(world->folder, 0700);
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_colliding_reference_loses_neither_error(void **state) {
  struct world *world = *state;
  open_log(world);
  for (int i = 0; i < 2; i++) {
    struct error_record *made = make(i == 0 ? "first" : "second");
    made->occurred_at += i;
    snprintf(made->reference, sizeof made->reference, "ERR-AAAA-AAAA");
    assert_int_equal(error_log_record(world->log, made, true, NULL), MULLIGAN_OK);
  }
  assert_found(world, "ERR-AAAA-AAAA", "first");
  assert_int_equal(count(world), 2);
  assert_int_equal(ask(world, "SELECT count(*) FROM error_log WHERE ref = 'ERR-AAAA-AAAA~2'"), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_killed_process_loses_nothing_it_told),
      TEST(a_removed_database_is_made_anew_at_the_next_start),
      TEST(a_database_moved_away_and_back_loses_nothing),
      TEST(a_database_replaced_by_garbage_stops_nobody),
      TEST(a_database_overwritten_with_garbage_stops_nobody),
      TEST(a_database_cut_short_stops_nobody),
      TEST(a_folder_in_the_databases_place_stops_nobody),
      TEST(garbage_at_the_start_stops_nobody),
      TEST(a_database_locked_by_another_program_stops_nobody),
      TEST(a_spool_is_taken_over_once_and_a_torn_line_hurts_nobody),
      TEST(a_spooled_cause_keeps_its_place),
      TEST(a_read_only_folder_stops_nobody),
      TEST(a_colliding_reference_loses_neither_error),
  };
  return cmocka_run_group_tests_name("error_recovery", tests, NULL, NULL);
}
